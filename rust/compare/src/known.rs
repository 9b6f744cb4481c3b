//! The differences that are explained. Each has a page in
//! `docs/src/differences/`, and a complete comparison fails if one that every
//! machine shows is not seen.

use crate::subject::Subject;
use harness::launcher::Launcher;
use harness::scenario::Scenario;

/// What makes a launcher differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The language's runtime causes it.
    Runtime,
    /// A library of the language causes it.
    Library,
    /// The published program causes it.
    Published,
    /// The control launcher causes it, and no language does.
    Control,
}

impl Cause {
    /// The name of the cause in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Cause::Runtime => "the language's runtime",
            Cause::Library => "a library",
            Cause::Published => "the program as published",
            Cause::Control => "the control itself",
        }
    }
}

/// Whether every machine shows a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Every machine does; if the difference is not seen any more, its
    /// explanation is stale.
    Always,
    /// Only some versions of the installed programs do.
    Sometimes,
}

/// A difference between launchers that is understood: what it is, and where it
/// may appear.
#[derive(Debug, PartialEq, Eq)]
pub struct KnownDifference {
    /// The stem of its page's file name.
    pub slug: &'static str,
    /// The difference in one line, without a full stop.
    pub about: &'static str,
    /// Where the difference comes from.
    pub cause: Cause,
    /// Whether every machine shows it.
    pub seen: Seen,
    /// True if every trial of its launchers shows it on a machine on which one
    /// trial does. A report then names it once and not in every cell.
    pub everywhere: bool,
    /// Where it may appear: each pattern names launchers, keys and, if they
    /// matter, subjects.
    pub patterns: &'static [Pattern],
}

impl KnownDifference {
    /// Its page, in the book.
    pub fn page(&self) -> String {
        format!("differences/{}.md", self.slug)
    }
}

/// Where a difference may appear.
#[derive(Debug, PartialEq, Eq)]
pub struct Pattern {
    /// The launchers that behave otherwise than the other ones.
    pub launchers: &'static [Launcher],
    /// On which subjects (`STEP` or `STEP:SITUATION`, `*` at either end);
    /// empty: all.
    pub subjects: &'static [&'static str],
    /// In which scenarios (`MOUNTS/IDENTITY`, `*` at either end); empty: all.
    pub scenarios: &'static [&'static str],
    /// On which keys (`*` at either end).
    pub keys: &'static [&'static str],
    /// With which values (`*` at either end; `-` for none); empty: any.
    pub values: &'static [&'static str],
    /// True if it depends on the installed versions. Such a value is neither
    /// expected nor required.
    pub varies: bool,
}

impl Pattern {
    /// True if it may appear on this subject, as [`explanation`] decides.
    pub fn may_show_on(&self, subject: &str) -> bool {
        self.subjects.is_empty()
            || self.subjects.iter().any(|it| fits(it, subject))
    }

    /// True if it may appear on this key.
    pub fn is_about(&self, key: &str) -> bool {
        self.keys.iter().any(|it| fits(it, key))
    }
}

/// The known difference that explains this value of this launcher, if there is
/// one.
pub fn explanation(
    subject: &Subject,
    scenario: Scenario,
    launcher: Launcher,
    key: &str,
    value: Option<&str>,
) -> Option<&'static KnownDifference> {
    find(subject, scenario, launcher, key, value).map(|(known, _)| known)
}

/// Whether the explanation of this value says that it depends on the installed
/// versions, so that it is neither expected nor required.
pub fn varies(
    subject: &Subject,
    scenario: Scenario,
    launcher: Launcher,
    key: &str,
    value: Option<&str>,
) -> bool {
    find(subject, scenario, launcher, key, value)
        .is_some_and(|(_, pattern)| pattern.varies)
}

/// The first known difference with a pattern that fits, and that pattern.
fn find(
    subject: &Subject,
    scenario: Scenario,
    launcher: Launcher,
    key: &str,
    value: Option<&str>,
) -> Option<(&'static KnownDifference, &'static Pattern)> {
    let subject = subject.to_string();
    let scenario = scenario.to_string();
    let value = value.unwrap_or("-");
    let any = |patterns: &[&str], text: &str| {
        patterns.is_empty() || patterns.iter().any(|it| fits(it, text))
    };
    KNOWN_DIFFERENCES.iter().find_map(|known| {
        let pattern = known.patterns.iter().find(|pattern| {
            pattern.launchers.contains(&launcher)
                && any(pattern.subjects, &subject)
                && any(pattern.scenarios, &scenario)
                && any(pattern.keys, key)
                && any(pattern.values, value)
        })?;
        Some((known, pattern))
    })
}

/// Whether a text fits a pattern with a `*` at its beginning, end or both.
pub(crate) fn fits(pattern: &str, text: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(""), _) => true,
        (Some(_), Some(_)) => text.contains(pattern.trim_matches('*')),
        (Some(end), None) => text.ends_with(end),
        (None, Some(start)) => text.starts_with(start),
        (None, None) => pattern == text,
    }
}

/// Every explained difference, in the order reports list them.
pub const KNOWN_DIFFERENCES: &[KnownDifference] = &[
    KnownDifference {
        slug: "exit-status",
        about: "C ends with 0 whatever happened, Go with 2 and a panic",
        cause: Cause::Published,
        seen: Seen::Always,
        everywhere: false,
        patterns: &[
            Pattern {
                launchers: &[Launcher::C],
                keys: &["exit"],
                values: &["0", "1"],
                ..ANYWHERE
            },
            Pattern {
                launchers: &[Launcher::Go],
                keys: &["exit"],
                values: &["2"],
                ..ANYWHERE
            },
            Pattern {
                launchers: &[Launcher::Go],
                keys: &["message"],
                // os/exec reports a failed clone and a failed exec with the
                // same message.
                values: &["panic: *", "fork/exec *"],
                ..ANYWHERE
            },
            Pattern {
                // As published, these two print nothing if the exec fails.
                launchers: &[Launcher::C],
                subjects: &["pid_detach:*", "pivot_root:*"],
                keys: &["message"],
                values: &["-"],
                ..ANYWHERE
            },
        ],
    },
    KnownDifference {
        slug: "script-without-shebang",
        about: "the execvp of the GNU C library hands the script to a shell",
        cause: Cause::Library,
        seen: Seen::Always,
        everywhere: false,
        patterns: &[
            Pattern {
                launchers: &[Launcher::C],
                subjects: &["*:no_shebang"],
                keys: &["*"],
                ..ANYWHERE
            },
            Pattern {
                launchers: BUILT_FOR_THE_GNU_C_LIBRARY,
                subjects: &["*:no_shebang"],
                keys: &["stdout"],
                values: &["run by a shell"],
                varies: true,
                ..ANYWHERE
            },
            Pattern {
                launchers: BUILT_FOR_THE_GNU_C_LIBRARY,
                subjects: &["*:no_shebang"],
                keys: &["exit"],
                values: &["0"],
                varies: true,
                ..ANYWHERE
            },
            Pattern {
                launchers: BUILT_FOR_THE_GNU_C_LIBRARY,
                subjects: &["*:no_shebang"],
                keys: &["message"],
                values: &["-"],
                varies: true,
                ..ANYWHERE
            },
        ],
    },
    KnownDifference {
        slug: "stdio-at-exec",
        about: "what C printed before clone appears last when piped, or never",
        cause: Cause::Library,
        seen: Seen::Always,
        everywhere: false,
        patterns: &[Pattern {
            launchers: &[Launcher::C],
            subjects: &["*:order"],
            keys: &["stdout"],
            ..ANYWHERE
        }],
    },
    KnownDifference {
        slug: "payload-pid",
        about: "the threads of a Go init use up pids before the payload",
        cause: Cause::Runtime,
        seen: Seen::Always,
        everywhere: false,
        patterns: &[Pattern {
            launchers: &[Launcher::Go],
            subjects: &["unshare_init", "container", "rootless"],
            keys: &["processes.pid"],
            ..ANYWHERE
        }],
    },
    KnownDifference {
        slug: "rlimit-nofile",
        about: "Go up to 1.19.8 or 1.20.3 hands on its raised limit of files",
        cause: Cause::Runtime,
        seen: Seen::Sometimes,
        everywhere: true,
        patterns: &[Pattern {
            launchers: &[Launcher::Go],
            keys: &["limits.nofile"],
            varies: true,
            ..ANYWHERE
        }],
    },
    KnownDifference {
        slug: "control",
        about: "unshare(1) works through a shell: its environment, its status",
        cause: Cause::Control,
        seen: Seen::Always,
        everywhere: false,
        patterns: &[Pattern {
            launchers: &[Launcher::Unshare],
            keys: &["env.PWD", "environment.order", "exit"],
            ..ANYWHERE
        }],
    },
];

/// Rust, if this command is built for glibc: the steps in Rust are built for
/// the same target.
const BUILT_FOR_THE_GNU_C_LIBRARY: &[Launcher] =
    if cfg!(target_env = "gnu") { &[Launcher::Rust] } else { &[] };

/// The values of the fields that a pattern does not set: they restrict nothing.
/// A pattern has to set `launchers`.
const ANYWHERE: Pattern = Pattern {
    launchers: &[],
    subjects: &[],
    scenarios: &[],
    keys: &[],
    values: &[],
    varies: false,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_varies_with_the_c_library_is_known_for_that_library_only() {
        let subject = Subject { step: "uts", situation: Some(SCRIPT.into()) };
        let varies = |value| {
            let scenario = Scenario::natural();
            varies(&subject, scenario, Launcher::Rust, "stdout", Some(value))
        };
        assert_eq!(varies("run by a shell"), cfg!(target_env = "gnu"));
        assert!(!varies("something else"));
    }

    const SCRIPT: &str = "no_shebang";

    #[test]
    fn patterns_have_a_star_at_an_end_or_none() {
        assert!(fits("exit", "exit") && !fits("exit", "exits"));
        assert!(fits("mnt.*", "mnt./proc") && !fits("mnt.*", "ns.mnt"));
        assert!(fits("*exit_3", "uts:exit_3") && fits("*", "anything"));
        assert!(fits("*init*", "unshare_init:term"));
    }
}
