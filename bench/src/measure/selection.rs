//! Which rows a command line selects.
//!
//! `cargo bench -- WORD...` passes the same words to every target. So each
//! target knows what the others measure and which options they take: it does
//! nothing if the words select rows of another target, and a word that no
//! target knows is an error in all.

use crate::library;
use crate::operation::{OPERATIONS, Operation};
use crate::peer::PEERS;
use crate::rows::{EXEC, FIRST, PROCESS, launches};
use harness::error::{Error, Result};

/// The groups that criterion measures too; of the other groups only ratios are
/// measured.
pub const BY_CRITERION: &[&str] = &["clone", "unshare", "setns", "pivot_root"];

/// Criterion's options that take a value. (Its command line has no public
/// description: this is `--help` of 0.8.)
const WITH_VALUE: &[&str] = &[
    "-b",
    "-c",
    "-s",
    "--baseline",
    "--baseline-lenient",
    "--color",
    "--confidence-level",
    "--format",
    "--load-baseline",
    "--measurement-time",
    "--noise-threshold",
    "--nresamples",
    "--output-format",
    "--plotting-backend",
    "--profile-time",
    "--sample-size",
    "--save-baseline",
    "--significance-level",
    "--warm-up-time",
];

/// Criterion's options that take no value.
const ALONE: &[&str] = &[
    "-n",
    "-v",
    "--bench",
    "--discard-baseline",
    "--exact",
    "--list",
    "--nocapture",
    "--noplot",
    "--quick",
    "--quiet",
    "--show-output",
    "--verbose",
];

/// The help text about the words and options.
pub fn help() -> String {
    format!(
        "usage: cargo bench [--bench TARGET] -- [PART...] [OPTION...]\n\n\
         Measures the rows that have a PART in their names, taken literally.\n\
         TARGET is paired (ratios), absolute (criterion), growth or counters; \
         without one it\nis the first two.\n\n  \
         --list   name the rows, and measure nothing\n  \
         --exact  a PART is the whole name\n\n\
         Criterion's options are taken, too, and change what it does:\n  \
         {}\nand with a value:\n  {}\n\n\
         NSTEPS_BENCH=short in the environment measures a little of everything.",
        ALONE.join(" "),
        WITH_VALUE.join(" ")
    )
}

/// The rows that a command line selects.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Parts of names, taken literally; an empty list selects everything.
    parts: Vec<String>,
    /// True if a part must be the whole name.
    exact: bool,
    /// True if the names are to be printed, and nothing is measured.
    pub list: bool,
}

impl Selection {
    /// Reads a command line that all targets of `cargo bench` get.
    ///
    /// # Errors
    ///
    /// Fails for an option that no target has, or a part of a name that no row
    /// has.
    pub fn of(arguments: &[String]) -> Result<Selection> {
        let names: Vec<String> = rows().chain(benchmarks()).collect();
        Selection::among(&names, arguments)
    }

    /// Reads a command line that selects among these names.
    ///
    /// # Errors
    ///
    /// Fails for an option that no target has, or a part that none of the names
    /// has.
    pub fn among(names: &[String], arguments: &[String]) -> Result<Selection> {
        let mut selection = Selection::default();
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let option = word.split_once('=').map_or(&**word, |(it, _)| it);
            if !word.starts_with('-') {
                selection.parts.push(word.clone());
            } else if WITH_VALUE.contains(&option) {
                if option == word {
                    words.next();
                }
            } else if !ALONE.contains(&option) {
                return Err(Error::new(format!(
                    "no such option: {word}: cargo bench -- --help names them"
                )));
            }
        }
        selection.exact = arguments.iter().any(|it| it == "--exact");
        selection.list = arguments.iter().any(|it| it == "--list");
        let unknown = selection
            .parts
            .iter()
            .find(|part| !names.iter().any(|name| selection.fits(part, name)));
        match unknown {
            None => Ok(selection),
            Some(part) => Err(Error::new(format!(
                "no row has `{part}` in its name: the groups are {}; cargo \
                 bench -- --list names the rows",
                groups(names).join(", ")
            ))),
        }
    }

    fn fits(&self, part: &str, name: &str) -> bool {
        if self.exact { name == part } else { name.contains(part) }
    }

    /// Returns whether a row of that name is selected.
    pub fn wants(&self, name: &str) -> bool {
        self.parts.is_empty()
            || self.parts.iter().any(|part| self.fits(part, name))
    }
}

/// The names of all rows, in the order tables list them.
pub fn rows() -> impl Iterator<Item = String> {
    OPERATIONS
        .iter()
        .map(|operation| operation.name.to_owned())
        .chain([EXEC.to_owned()])
        .chain(launches())
        .chain(FIRST.iter().map(ToString::to_string))
        .chain(library::ROWS.iter().map(|row| row.name.to_owned()))
        .chain([PROCESS.to_owned()])
}

/// True if criterion measures an operation: each namespace alone, none, and the
/// sets that have a name. The combinations of the posts would take half as much
/// time again, and show nothing new.
pub fn is_by_criterion(operation: &Operation) -> bool {
    BY_CRITERION.contains(&operation.group()) && !operation.name.contains('+')
}

/// The names of criterion's benchmarks: `ROW/PEER`.
fn benchmarks() -> impl Iterator<Item = String> {
    OPERATIONS.iter().filter(|it| is_by_criterion(it)).flat_map(|operation| {
        PEERS.iter().map(|peer| operation.benchmark(*peer))
    })
}

fn groups(names: &[String]) -> Vec<&str> {
    let mut groups: Vec<&str> = Vec::new();
    for (group, _) in names.iter().filter_map(|name| name.split_once('/')) {
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[&str]) -> Result<Selection> {
        let words: Vec<_> = words.iter().map(ToString::to_string).collect();
        Selection::of(&words)
    }

    #[test]
    fn without_a_word_everything_is_wanted() {
        let selection = of(&["--bench"]).expect("cargo says this");
        assert!(rows().all(|row| selection.wants(&row)));
    }

    #[test]
    fn a_part_of_a_name_is_taken_literally() {
        let selection = of(&["mnt+pid"]).expect("rows have it");
        assert!(selection.wants("clone/vfork/mnt+pid"));
        assert!(selection.wants("clone/vfork/mnt+pid+uts"));
        assert!(!selection.wants("unshare/mnt"));
    }

    #[test]
    fn exactly_a_name_is_only_that() {
        let selection =
            of(&["clone/vfork/mnt+pid", "--exact"]).expect("it is a row");
        assert!(!selection.wants("clone/vfork/mnt+pid+uts"));
        assert!(of(&["clone/vfork", "--exact"]).is_err());
    }

    #[test]
    fn a_peer_of_criterion_is_known_to_the_other_target_too() {
        let selection = of(&["unshare/uts/c"]).expect("criterion has it");
        assert!(of(&["clone/vfork/mnt+pid/c"]).is_err());
        assert!(!rows().any(|row| selection.wants(&row)));
        assert!(of(&["launch/uts/c"]).is_err());
    }

    #[test]
    fn the_value_of_an_option_is_no_part_of_a_name() {
        for words in [["--save-baseline", "main"], ["-s", "main"]] {
            let selection = of(&words).expect("criterion has it");
            assert!(selection.wants("launch/six"));
        }
        assert!(of(&["--sample-size=20"]).is_ok());
    }

    #[test]
    fn an_unknown_word_is_an_error_that_lists_the_known_ones() {
        let error = of(&["launch", "nosuchrow"]).expect_err("no row has it");
        assert!(error.message.contains("`nosuchrow`"), "{error}");
        assert!(error.message.contains("clone, unshare, setns"), "{error}");
        assert!(of(&["--nosuchoption"]).is_err());
    }
}
