//! The words of `podman run` and `docker run`, in their parts.
//!
//! Both have the same form, `run OPTIONS IMAGE [COMMAND]`, and the same options
//! with few exceptions. The payload takes the place of the command, so that the
//! image has to be told from the values of options.

use super::cmd;
use harness::error::{Error, Result};
use harness::paths::{PROBE, PROBE_IN_CONTAINER};
use std::path::PathBuf;

/// What stands behind the colon of `podman:` and `docker:`.
pub const TAKES: &str = "run, its options and an image";

/// The options before `run` that have no value; any other has one.
const GLOBAL_FLAGS: &[&str] = &[
    "-D",
    "-r",
    "--debug",
    "--help",
    "--noout",
    "--remote",
    "--syslog",
    "--tls",
    "--tlsverify",
    "--trace",
    "--transient-store",
];

/// The options of `run` that have no value; any other has one.
const FLAGS: &[&str] = &[
    "--detach",
    "--disable-content-trust",
    "--env-host",
    "--help",
    "--http-proxy",
    "--init",
    "--interactive",
    "--no-healthcheck",
    "--no-hosts",
    "--oom-kill-disable",
    "--passwd",
    "--privileged",
    "--publish-all",
    "--quiet",
    "--read-only",
    "--read-only-tmpfs",
    "--replace",
    "--rm",
    "--rmi",
    "--rootfs",
    "--sig-proxy",
    "--tls-verify",
    "--tty",
    "--unsetenv-all",
];

/// The letters of `run` that have no value.
const LETTERS: &[char] = &['P', 'd', 'h', 'i', 'q', 't'];

/// A command line of `run`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The options of the program, which stand before `run`.
    pub global: Vec<String>,
    /// The options of `run`.
    pub options: Vec<String>,
    /// The image, or the directory of `--rootfs`.
    pub image: String,
    /// What stands behind the image, with `{}` in it; nothing where the payload
    /// is the command.
    pub command: Vec<String>,
}

impl Run {
    /// Takes the words behind the colon of `name` apart.
    ///
    /// # Errors
    ///
    /// Fails if `run` or the image is missing, if the container would be
    /// detached, or if a command without `{}` stands behind the image.
    pub fn parse(name: &str, words: &[String]) -> Result<Run> {
        let at = end_of_options(words, |word| has_value(word, GLOBAL_FLAGS));
        let (global, rest) = words.split_at(at);
        match rest.first().map(String::as_str) {
            Some("run") => {}
            Some(other) => {
                return Err(Error::new(format!(
                    "{name}: {other} is in the place of run: it takes {TAKES}"
                )));
            }
            None => {
                return Err(Error::new(format!(
                    "{name}: there is no word run: it takes {TAKES}"
                )));
            }
        }
        let rest = &rest[1..];
        let at = end_of_options(rest, |word| has_value(word, FLAGS));
        let (options, rest) = rest.split_at(at);
        let rest = match rest.first().map(String::as_str) {
            Some("--") => &rest[1..],
            _ => rest,
        };
        let Some((image, command)) = rest.split_first() else {
            return Err(Error::new(format!(
                "{name}: no image stands behind the options of run: it takes \
                 {TAKES}"
            )));
        };
        if !command.is_empty() && !command.iter().any(|it| cmd::is_place(it)) {
            return Err(Error::new(format!(
                "{name}: behind the image {image} stands the command {}: leave \
                 it out, for the payload takes its place, or write {{}} in it \
                 where the payload belongs",
                shell_words::join(command)
            )));
        }
        let run = Run {
            global: global.to_vec(),
            options: options.to_vec(),
            image: image.clone(),
            command: command.to_vec(),
        };
        if run.is_on("--detach", 'd') {
            return Err(Error::new(format!(
                "{name}: a detached container writes to a log, and its payload \
                 cannot answer: leave out --detach"
            )));
        }
        Ok(run)
    }

    /// Whether an option without a value is given, and is not `=false`.
    pub fn is_on(&self, long: &str, letter: char) -> bool {
        let is_short = |it: &str| {
            it.starts_with('-')
                && !it.starts_with("--")
                && letters(it).contains(&letter)
        };
        let is_true = |it: &str| {
            it.strip_prefix(long)
                .and_then(|it| it.strip_prefix('='))
                .is_some_and(|it| it != "false")
        };
        self.options.iter().any(|it| it == long || is_short(it) || is_true(it))
    }

    /// Whether an option is among those of `run`, with its value in the same
    /// word or in the next.
    pub fn has(&self, long: &str) -> bool {
        is_among(&self.options, long)
    }

    /// The words behind `run` that start the probe in the container, where it
    /// is bound read-only.
    pub fn with_probe(&self, arguments: &[String]) -> Vec<String> {
        self.with_payload(&[(PROBE.into(), PROBE_IN_CONTAINER)], arguments)
    }

    /// The same with these files, each bound read-only where it is named.
    pub fn with_payload(
        &self,
        bound: &[(PathBuf, &str)],
        arguments: &[String],
    ) -> Vec<String> {
        let mut words = self.options.clone();
        words.extend(
            bound.iter().map(|(from, at)| {
                format!("--volume={}:{at}:ro", from.display())
            }),
        );
        let (entry, command) = self.around(arguments);
        words.extend(entry);
        words.push(self.image.clone());
        words.extend(command);
        words
    }

    /// The option that makes the probe the entry point, where it is one, and
    /// what stands behind the image.
    ///
    /// Without a command and an option of the user's, the entry point of the
    /// image would run in the place of the payload, or take its words as
    /// arguments.
    fn around(&self, arguments: &[String]) -> (Option<String>, Vec<String>) {
        let probe = || [&[PROBE_IN_CONTAINER.to_owned()], arguments].concat();
        if !self.command.is_empty() {
            return (None, cmd::with_payload(&self.command, &probe()));
        }
        match self.has("--entrypoint") {
            true => (None, probe()),
            false => {
                let entry = format!("--entrypoint={PROBE_IN_CONTAINER}");
                (Some(entry), arguments.to_vec())
            }
        }
    }
}

/// Where a further option of `run` counts more than those before it: before the
/// image; nothing where these are no words of `run`.
pub fn before_image(words: &[String]) -> Option<usize> {
    let run = Run::parse("", words).ok()?;
    let image = words.len().checked_sub(run.command.len() + 1)?;
    let end = image.checked_sub(1)?;
    Some(if words[end] == "--" { end } else { image })
}

/// Whether an option is among these, with its value in the same word or in the
/// next.
pub fn is_among(options: &[String], long: &str) -> bool {
    options.iter().any(|it| {
        it.strip_prefix(long)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    })
}

/// Takes an option with a value out of these, and gives the value.
pub fn take(options: &mut Vec<String>, long: &str) -> Option<String> {
    let at = options
        .iter()
        .position(|it| is_among(std::slice::from_ref(it), long))?;
    let word = options.remove(at);
    match word.split_once('=') {
        Some((_, value)) => Some(value.to_owned()),
        None if at < options.len() => Some(options.remove(at)),
        None => None,
    }
}

/// Where the options end that words begin with.
fn end_of_options(words: &[String], has_value: impl Fn(&str) -> bool) -> usize {
    let mut at = 0;
    while let Some(word) = words.get(at) {
        if !word.starts_with('-') || word == "--" || word == "-" {
            break;
        }
        at += if has_value(word) { 2 } else { 1 };
    }
    at.min(words.len())
}

/// Whether the word behind an option is its value.
fn has_value(word: &str, flags: &[&str]) -> bool {
    if word.contains('=') || flags.contains(&word) {
        return false;
    }
    match word.starts_with("--") {
        true => true,
        // Behind the letter of an option with a value stands the value.
        false => {
            letters(word).len() == word.chars().count() - 1
                && word.chars().last().is_some_and(|it| !LETTERS.contains(&it))
        }
    }
}

/// The letters of a word of short options, up to the first that has a value.
fn letters(word: &str) -> Vec<char> {
    let mut found = Vec::new();
    for letter in word.chars().skip(1) {
        found.push(letter);
        if !LETTERS.contains(&letter) {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Run> {
        let words: Vec<String> =
            line.split_whitespace().map(str::to_owned).collect();
        Run::parse("podman", &words)
    }

    fn behind_run(line: &str) -> String {
        let run = parsed(line).expect("it is a command line of run");
        run.with_probe(&["--json".to_owned()]).join(" ")
    }

    #[test]
    fn the_image_is_told_from_the_values_of_options() {
        for (line, image) in [
            ("run alpine", "alpine"),
            ("run --rm -it -v /a:/b --name x alpine", "alpine"),
            ("run -itv /a:/b --env=A=b -eC=d alpine", "alpine"),
            ("--runtime crun run --rootfs /tmp/root", "/tmp/root"),
            ("--log-level=debug run --cap-add ALL -- alpine", "alpine"),
        ] {
            let run = parsed(line).expect(line);
            assert_eq!(run.image, image, "{line}");
            assert_eq!(run.command, Vec::<String>::new(), "{line}");
        }
    }

    #[test]
    fn what_is_missing_is_said() {
        for (line, words) in [
            ("", "no word run"),
            ("ps -a", "ps is in the place of run"),
            ("alpine", "alpine is in the place of run"),
            ("run", "no image"),
            ("run --name x", "no image"),
            ("run alpine sh -c ls", "the command sh -c ls"),
            ("run -d alpine", "leave out --detach"),
            ("run -itd alpine", "leave out --detach"),
            ("run --detach=true alpine", "leave out --detach"),
        ] {
            let why = parsed(line).expect_err(line).message;
            assert!(why.contains(words), "{line}: {why}");
        }
        assert!(parsed("run --detach=false -eda alpine").is_ok());
    }

    #[test]
    fn a_further_option_is_put_before_the_image() {
        let place = |line: &str| {
            let words: Vec<String> =
                line.split_whitespace().map(str::to_owned).collect();
            before_image(&words)
        };
        assert_eq!(place("run alpine"), Some(1));
        assert_eq!(place("-D run --user 1 alpine nice {}"), Some(4));
        assert_eq!(place("run -- alpine"), Some(1));
        assert_eq!(place("unshare -n"), None);
    }

    #[test]
    fn the_probe_is_the_command_or_where_it_is_asked_for() {
        let bound = "--volume=/nsteps/bin/nsteps-probe:/.nsteps-probe:ro";
        assert_eq!(
            behind_run("run --rm alpine"),
            format!("--rm {bound} --entrypoint=/.nsteps-probe alpine --json")
        );
        assert_eq!(
            behind_run("run --entrypoint tini alpine"),
            format!("--entrypoint tini {bound} alpine /.nsteps-probe --json")
        );
        assert_eq!(
            behind_run("run alpine nice {}"),
            format!("{bound} alpine nice /.nsteps-probe --json")
        );
    }
}
