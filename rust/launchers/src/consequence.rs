//! What a difference does to a payload: [`CONSEQUENCES`] is the only list.
//!
//! A record is about the keys and the values that match its patterns. The first
//! record that matches is the one that is shown, so that special ones stand
//! before general ones.

use crate::matrix::{Row, Value};
use globset::Glob;

/// How much a difference matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// A payload notices nothing but the words.
    Cosmetic,
    /// A payload can observe it.
    Changes,
    /// A payload that worked stops working.
    Breaks,
    /// A payload may do more than under the other launcher.
    Security,
}

impl Level {
    /// Every level, the one that matters most first.
    pub const ALL: [Level; 4] =
        [Level::Security, Level::Breaks, Level::Changes, Level::Cosmetic];

    /// Its name on the command line and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Level::Cosmetic => "cosmetic",
            Level::Changes => "changes",
            Level::Breaks => "breaks",
            Level::Security => "security",
        }
    }
}

/// What closes a difference under the launchers of one adapter.
#[derive(Debug, PartialEq, Eq)]
pub struct Fix {
    /// The adapter's name.
    pub adapter: &'static str,
    /// A flag, or a change of config.json.
    pub change: &'static str,
}

/// What a difference does to a payload.
#[derive(Debug, PartialEq, Eq)]
pub struct Consequence {
    /// The keys it is about, a glob.
    pub key: &'static str,
    /// The values it is about, a glob: one launcher shows such a value, and
    /// another does not.
    pub value: &'static str,
    /// How much it matters.
    pub level: Level,
    /// One sentence, without a full stop.
    pub sentence: &'static str,
    /// What closes it.
    pub fixes: &'static [Fix],
}

use Level::{Breaks, Changes, Cosmetic, Security};

const fn record(
    key: &'static str,
    value: &'static str,
    level: Level,
    sentence: &'static str,
) -> Consequence {
    Consequence { key, value, level, sentence, fixes: &[] }
}

/// Every known consequence.
pub const CONSEQUENCES: &[Consequence] = &[
    record(
        "ran",
        "*",
        Breaks,
        "a launcher that runs its payload elsewhere does not run it in this \
         state",
    ),
    record(
        "signals.ignored",
        "*PIPE*",
        Breaks,
        "the payload ignores SIGPIPE: a writer in a pipeline gets EPIPE instead \
         of ending",
    ),
    record(
        "capabilities.{effective,permitted,bounding,inheritable,ambient}",
        "*",
        Security,
        "the payload has other capabilities",
    ),
    record(
        "security.no_new_privs",
        "*",
        Security,
        "where no_new_privs is not set, a set-user-ID program gains privilege",
    ),
    record(
        "security.seccomp*",
        "*",
        Security,
        "the payload has other seccomp filters",
    ),
    record(
        "ns.*",
        "*",
        Security,
        "where the namespace is not new, the payload shares it with the caller",
    ),
    record(
        "descriptors.*",
        "*",
        Changes,
        "the payload inherits other open files",
    ),
    record(
        "environment.order",
        "*",
        Cosmetic,
        "the variables come in another order",
    ),
    record(
        "said",
        "*",
        Cosmetic,
        "the launchers write other words to standard error",
    ),
];

/// The record of a row, if there is one.
pub fn of(row: &Row) -> Option<&'static Consequence> {
    CONSEQUENCES.iter().find(|it| it.is_about(row))
}

impl Consequence {
    /// Whether the key matches, and a value that some launchers show.
    fn is_about(&self, row: &Row) -> bool {
        let matches = |pattern: &str, text: &str| {
            Glob::new(pattern)
                .is_ok_and(|it| it.compile_matcher().is_match(text))
        };
        matches(self.key, &row.key)
            && row.values.iter().any(|(value, _)| match value {
                Value::Changed(change) => matches(self.value, change),
                Value::NotRead(why) => matches(self.value, why),
                _ => false,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_is_a_glob_and_every_sentence_is_one() {
        for it in CONSEQUENCES {
            assert!(Glob::new(it.key).is_ok(), "{}", it.key);
            assert!(Glob::new(it.value).is_ok(), "{}", it.value);
            assert!(!it.sentence.ends_with('.'), "{}", it.sentence);
        }
    }
}
