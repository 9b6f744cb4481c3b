//! The transcripts of the book: each block `console` of a page is run, and has
//! to show what its commands print.
//!
//! `NSTEPS_WRITE=1 cargo test -p nsteps --test book` writes the outputs again.
//! A command is a line that begins with `$ `, and the lines with `> ` after it.
//! What follows is its output, standard error included. `…` in a line stands
//! for any text: it is for what is different in each run, and is kept when
//! outputs are written.
//!
//! The line `<!-- $CGROUP: CONTROLLER -->` before a block gives its commands a
//! cgroup in which others can be made and limited.

mod availability;
mod elsewhere;
mod pages_written;

use availability::unavailable;
use elsewhere::elsewhere;
use harness::found::NEEDS_ROOT;
use harness::host::cgroup::Made;
use harness::host::layout::Layout;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The line before a transcript.
const OPENS: &str = "```console";
const CLOSES: &str = "```";

/// Around the controller of the cgroup that the next block has.
const CGROUP: [&str; 2] = ["<!-- $CGROUP: ", " -->"];

/// Separates the outputs of two commands.
const SEPARATOR: char = '\u{1e}';

/// The timeout of the commands of a block, in seconds.
const BOUND: &str = "60";

/// Where the commands run: in new namespaces, on a host called `host`, with
/// nothing in /tmp.
const PLACE: &[&str] = &[
    "--mount",
    "--uts",
    "--ipc",
    "--net",
    "--pid",
    "--fork",
    "--mount-proc",
    "--kill-child",
];

/// The repository is mounted at /mnt, because it may be below /tmp.
const PREPARE: &str = "hostname host && mount --rbind \"$2\" /mnt && \
                       mount -t tmpfs none /tmp && cd /tmp && \
                       NSTEPS_ROOT=/mnt && PATH=\"/mnt/target/bin:$PATH\" && \
                       export NSTEPS_ROOT PATH && \
                       exec timeout --signal=KILL \"$3\" sh -c \"$4\" sh";

fn main() -> ExitCode {
    let layout = Layout::find().unwrap_or_else(|it| panic!("{}", it.message));
    let book = layout.root().join("docs/src");
    let mut pages = Vec::new();
    collect(&book, &mut pages).expect("the pages of the book can be read");
    pages.sort();
    let mut trials = vec![
        Trial::ignorable_test("a_wrong_output_is_found", wrong_output),
        Trial::ignorable_test(
            "a_block_without_its_cgroup_is_not_looked_at",
            without_its_cgroup,
        ),
        Trial::test("a_wildcard_stands_for_any_text", wildcard),
    ];
    for page in pages {
        let name = page.strip_prefix(&book).unwrap_or(&page).display();
        trials.push(Trial::ignorable_test(name.to_string(), move || {
            tried(&page)
        }));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// The pages below a directory that have a transcript.
fn collect(dir: &Path, pages: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, pages)?;
        } else if path.extension().is_some_and(|it| it == "md")
            && fs::read_to_string(&path)?.lines().any(|it| it == OPENS)
        {
            pages.push(path);
        }
    }
    Ok(())
}

/// Runs the blocks of a page, and compares or writes their outputs.
fn tried(page: &Path) -> Result<Completion, Failed> {
    let text = fs::read_to_string(page)?;
    let Looked { now, wrong, not_run } = looked_at(&text)?;
    if pages_written::demanded() {
        fs::write(page, now)?;
    } else if !wrong.is_empty() {
        return Err(wrong.join("\n").into());
    }
    match not_run {
        None => Ok(Completion::Completed),
        Some(why) => unavailable(&why),
    }
}

/// What became of the blocks of a page.
#[derive(Default)]
struct Looked {
    /// The text of the page with the current outputs.
    now: String,
    /// What differs from the page.
    wrong: Vec<String>,
    /// Why this machine does not allow some of the blocks.
    not_run: Option<String>,
}

fn looked_at(text: &str) -> Result<Looked, Failed> {
    let Looked { mut now, mut wrong, mut not_run } = Looked::default();
    let mut lines = text.lines();
    let mut before = "";
    while let Some(line) = lines.next() {
        now.push_str(line);
        now.push('\n');
        if line != OPENS {
            before = line;
            continue;
        }
        let block: Vec<&str> =
            lines.by_ref().take_while(|line| *line != CLOSES).collect();
        let said = commands(&block);
        let outputs = match run(&said, controller(before))? {
            Ok(outputs) => outputs,
            Err(why) => {
                not_run = Some(why);
                for line in block.iter().chain(&[CLOSES]) {
                    now.push_str(line);
                    now.push('\n');
                }
                continue;
            }
        };
        for ((command, old), new) in said.iter().zip(&outputs) {
            let new: Vec<&str> =
                new.trim_end().lines().map(str::trim_end).collect();
            now.push_str(&format!("$ {}\n", command.replace('\n', "\n> ")));
            for line in merge(old, &new) {
                now.push_str(line);
                now.push('\n');
            }
            if !same(old, &new) {
                wrong.push(format!(
                    "$ {command}\nthe page:\n{}\nit printed:\n{}\n",
                    old.join("\n"),
                    new.join("\n")
                ));
            }
        }
        now.push_str(CLOSES);
        now.push('\n');
    }
    Ok(Looked { now, wrong, not_run })
}

/// The controller that the line before a block names.
fn controller(line: &str) -> Option<&str> {
    line.strip_prefix(CGROUP[0])?.strip_suffix(CGROUP[1])
}

/// The commands of a block, each with the lines of its output.
fn commands<'a>(block: &[&'a str]) -> Vec<(String, Vec<&'a str>)> {
    let mut said: Vec<(String, Vec<&str>)> = Vec::new();
    for line in block {
        if let Some(command) = line.strip_prefix("$ ") {
            said.push((command.to_owned(), Vec::new()));
            continue;
        }
        let Some((command, output)) = said.last_mut() else { continue };
        match line.strip_prefix("> ") {
            Some(more) if output.is_empty() => {
                command.push('\n');
                command.push_str(more);
            }
            _ => output.push(line),
        }
    }
    said
}

/// The output of each command, with a cgroup of this controller; or why this
/// machine does not allow it.
fn run(
    said: &[(String, Vec<&str>)],
    controller: Option<&str>,
) -> Result<Result<Vec<String>, String>, Failed> {
    let script: String = said
        .iter()
        .map(|(command, _)| {
            format!("{{ {command}\n}} 2>&1; printf '{SEPARATOR}'\n")
        })
        .collect();
    let mut command = match elsewhere(PLACE, PREPARE)? {
        Ok(command) => command,
        Err(why) => return Ok(Err(why)),
    };
    let layout = Layout::find().map_err(|it| it.message)?;
    let made = controller.map(|it| Made::limited_by(it, &layout)).transpose();
    let made = match made {
        Ok(made) => made,
        Err(why) if nix::unistd::geteuid().is_root() => {
            return Ok(Err(why.message));
        }
        Err(why) => return Ok(Err(format!("{NEEDS_ROOT}: {}", why.message))),
    };
    if let Some(made) = &made {
        command.env("CGROUP", made.directory());
    }
    command.arg(layout.root()).args([BOUND, &script]).env("LC_ALL", "C");
    let output = command.output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let outputs: Vec<String> =
        text.split_terminator(SEPARATOR).map(str::to_owned).collect();
    if outputs.len() != said.len() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!(
            "{} of {} commands ended within {BOUND} s: {text}{errors}",
            outputs.len(),
            said.len()
        )
        .into());
    }
    Ok(Ok(outputs))
}

/// The new lines, except that an old line with a wildcard is kept if it fits.
fn merge<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<&'a str> {
    if same(old, new) {
        return old.to_vec();
    }
    let with = |line: &'a str| {
        let fitting = |it: &&&str| it.contains('…') && fits(it, line);
        old.iter().find(fitting).copied().unwrap_or(line)
    };
    new.iter().map(|line| with(line)).collect()
}

fn same(old: &[&str], new: &[&str]) -> bool {
    old.len() == new.len()
        && old.iter().zip(new).all(|(pattern, line)| fits(pattern, line))
}

/// True if a line fits a pattern, in which `…` is any text.
fn fits(pattern: &str, line: &str) -> bool {
    let mut parts = pattern.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

fn wrong_output() -> Result<Completion, Failed> {
    let page = format!("{OPENS}\n$ echo one\ntwo\n{CLOSES}\n");
    let Looked { now, wrong, not_run } = looked_at(&page)?;
    if let Some(why) = not_run {
        return unavailable(&why);
    }
    if wrong.len() == 1 && now == page.replace("two", "one") {
        return Ok(Completion::Completed);
    }
    Err(format!("echo prints `one`: {wrong:?}\n{now}").into())
}

/// A cgroup that no machine has: its block is kept, and the page has not
/// passed.
fn without_its_cgroup() -> Result<Completion, Failed> {
    let [before, after] = CGROUP;
    let page = format!(
        "{before}none{after}\n{OPENS}\n$ echo one\ntwo\n{CLOSES}\n{OPENS}\n\
         $ echo one\none\n{CLOSES}\n"
    );
    let Looked { now, wrong, not_run } = looked_at(&page)?;
    let why = not_run.ok_or("a block without its cgroup was run")?;
    if now != page || !wrong.is_empty() {
        return Err(format!("{why}: {wrong:?}\n{now}").into());
    }
    Ok(Completion::Completed)
}

fn wildcard() -> Result<(), Failed> {
    let cases = [
        ("a … c", "a b c", true),
        ("a…", "a", true),
        ("…", "", true),
        ("a … c", "a b d", false),
        ("a", "ab", false),
        ("a…b…c", "a-b-c", true),
        ("a…b…c", "a-c-b", false),
    ];
    for (pattern, line, right) in cases {
        if fits(pattern, line) != right {
            return Err(format!("{pattern:?} and {line:?}").into());
        }
    }
    Ok(())
}
