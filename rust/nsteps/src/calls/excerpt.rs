//! Selects from a step's traces what is the same in every run and on every
//! machine. The result is an expected file, which the book shows.

use super::page::{LEGEND, Page};
use anstream::adapter::strip_str;
use harness::error::{Context, Error, Result};
use harness::host::Equipment;
use harness::launcher::LANGUAGES;
use harness::scenario::Scenario;
use harness::step::Step;
use std::path::Path;
use trace::Recording;
use trace::align::{align, family};
use trace::prepared::{PAYLOAD, Prepared};
use trace::story::{Line, THROW_AWAY, tell};

/// The width of the text in columns: a page of the book has room for that.
const WIDTH: usize = 84;

/// Calls that every launcher makes, but not by the same calls in every libc or
/// version of a runtime: waiting for children, and ending.
const LEFT_OUT: &[&str] = &["wait4", "exit"];
/// Flags that only a libc or a runtime needs: a descriptor of the child (Go
/// since 1.23), its id in memory (glibc's fork).
const ADDED_FLAGS: &[&str] = &[
    "CLONE_PIDFD",
    "CLONE_CHILD_CLEARTID",
    "CLONE_CHILD_SETTID",
    "CLONE_PARENT_SETTID",
];
/// The flags of clone(2) that make it a fork(2).
const FORK: &str = "SIGCHLD";
/// The flags of clone(2) that make it a vfork(2).
const VFORK: &str = "CLONE_VM|CLONE_VFORK|SIGCHLD";
/// Replaces the user or group id of the caller.
const CALLER: &str = "CALLER";

/// Traces a step in every language, and returns the text for its expected file.
///
/// # Errors
///
/// Fails if a language is not built, or if the machine does not allow tracing.
pub fn of_step(step: &Step, equipment: &Equipment) -> Result<String> {
    let mut told = Vec::new();
    for launcher in LANGUAGES {
        let scenario = Scenario::natural();
        let mut prepared = Prepared::of_step(
            step,
            *launcher,
            &[PAYLOAD],
            scenario,
            equipment,
        )?;
        let traced = prepared.trace(Some(PAYLOAD), false)?;
        if traced.recording.late {
            let why = format!("{launcher} did not end: {}", traced.said);
            return Err(Error::new(why));
        }
        told.push(kept(&traced.recording));
    }
    let names: Vec<&str> = LANGUAGES.iter().map(|it| it.name()).collect();
    Ok(text(step.name, &names, &told))
}

/// Writes the current calls as the expected ones, for each of the steps that
/// can be traced on this machine; prints why the others cannot.
///
/// # Errors
///
/// Fails if a file cannot be written.
pub fn bless(
    steps: &[&'static Step],
    equipment: &Equipment,
) -> Result<Vec<String>> {
    let mut left = Vec::new();
    for step in steps {
        let file = equipment.layout.expected_calls(step);
        match of_step(step, equipment) {
            Ok(text) => write(&file, &text)
                .context(format_args!("write {}", file.display()))?,
            Err(why) => left.push(format!(
                "the calls of {} are left as they were: {why}",
                step.name
            )),
        }
    }
    Ok(left)
}

fn write(file: &Path, text: &str) -> std::io::Result<()> {
    file.parent().map_or(Ok(()), std::fs::create_dir_all)?;
    std::fs::write(file, text)
}

/// The content of the file of a step.
fn text(step: &str, names: &[&str], told: &[Vec<Line>]) -> String {
    let mut text = format!(
        "# The calls that make `{step}`, without waiting, exits and what a \
         libc or a\n# runtime adds for itself; `make bless` rewrites this.\n\n"
    );
    Page::of(names, told, 0, WIDTH).calls(&mut text, names, told, &align(told));
    text.push_str(&format!("\n{LEGEND}\n"));
    strip_str(&text).to_string()
}

/// The calls of a recording in words that are the same for every user, libc and
/// version of Go.
fn kept(recording: &Recording) -> Vec<Line> {
    tell(recording)
        .into_iter()
        .filter(|line| !is_about_a_throw_away(line))
        .filter(|line| !LEFT_OUT.contains(&family(&line.call)))
        .map(in_common_words)
        .collect()
}

/// True for a call by which Go finds out which pidfd calls the kernel has: with
/// a pidfd of itself, and with a process that does nothing.
fn is_about_a_throw_away(line: &Line) -> bool {
    let made = line.outcome.as_deref().unwrap_or("");
    let itself = line.arguments.first().is_some_and(|it| it == "itself");
    [&line.role, made].iter().any(|it| it.starts_with(THROW_AWAY))
        || (line.call == "pidfd_open" && itself)
}

/// A call under the name of its family, with the arguments of that family and
/// without what only one libc adds.
fn in_common_words(mut line: Line) -> Line {
    match line.call.as_str() {
        "fork" => line.arguments = vec![FORK.to_owned()],
        "vfork" => line.arguments = vec![VFORK.to_owned()],
        "clone" | "clone3" => {
            for flags in &mut line.arguments {
                *flags = without_added(flags);
            }
        }
        "unlinkat" => line.arguments.retain(|it| it != "AT_REMOVEDIR"),
        "write" => {
            for map in &mut line.arguments {
                *map = without_ids(map);
            }
        }
        _ => {}
    }
    line.call = family(&line.call).to_owned();
    line
}

fn without_added(flags: &str) -> String {
    let kept: Vec<&str> =
        flags.split('|').filter(|it| !ADDED_FLAGS.contains(it)).collect();
    kept.join("|")
}

/// `"0 1000 1\n"` maps the caller, whose id is different on each machine.
fn without_ids(map: &str) -> String {
    let words: Vec<&str> = map.split(' ').collect();
    match words[..] {
        [inside @ "\"0", outside, count @ "1\\n\""]
            if outside.parse::<u32>().is_ok() =>
        {
            [inside, CALLER, count].join(" ")
        }
        _ => map.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(call: &str, arguments: &[&str]) -> Line {
        Line {
            role: "launcher".to_owned(),
            call: call.to_owned(),
            arguments: arguments.iter().map(ToString::to_string).collect(),
            ..Line::default()
        }
    }

    #[test]
    fn a_fork_is_the_same_in_every_libc() {
        let musl = in_common_words(line("fork", &[]));
        let glibc = in_common_words(line(
            "clone",
            &["CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD"],
        ));
        assert_eq!(musl, glibc);
        assert_eq!(musl, line("clone", &["SIGCHLD"]));
        let old = line("clone", &["CLONE_VM|CLONE_VFORK|SIGCHLD"]);
        let new = line("clone", &["CLONE_VM|CLONE_PIDFD|CLONE_VFORK|SIGCHLD"]);
        assert_eq!(in_common_words(new), old);
        assert_eq!(in_common_words(line("vfork", &[])), old);
    }

    #[test]
    fn an_architecture_without_rmdir_removes_directories_too() {
        assert_eq!(
            in_common_words(line("unlinkat", &["\"/.old\"", "AT_REMOVEDIR"])),
            in_common_words(line("rmdir", &["\"/.old\""]))
        );
    }

    #[test]
    fn an_id_map_is_the_same_for_every_caller() {
        assert_eq!(without_ids(r#""0 1000 1\n""#), r#""0 CALLER 1\n""#);
        assert_eq!(without_ids(r#""0 0 1\n""#), r#""0 CALLER 1\n""#);
        let clocks = r#""monotonic 86400 0\nboottime 86400 0\n""#;
        assert_eq!(without_ids(clocks), clocks);
        assert_eq!(without_ids("\"deny\""), "\"deny\"");
    }

    #[test]
    fn what_go_tries_out_is_no_part_of_the_step() {
        let mut made = line("clone", &["CLONE_VM|CLONE_VFORK"]);
        made.outcome = Some(THROW_AWAY.to_owned());
        assert!(is_about_a_throw_away(&made));
        assert!(is_about_a_throw_away(&line("pidfd_open", &["itself", "0"])));
        let joined = line("pidfd_open", &["another", "0"]);
        assert!(!is_about_a_throw_away(&joined));
    }
}
