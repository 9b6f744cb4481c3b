//! The report of a comparison of launchers, and its writers: one for text, and
//! one for each file format. The writers decide nothing.

pub mod annotations;
pub mod html;
pub mod json;
pub mod junit;
pub mod letters;
pub mod markdown;
pub mod sarif;
pub mod session;
pub mod text;
pub mod writers;

use harness::host::cgroups::Shown;
use harness::host::layout::Book;
use harness::scenario::Scenario;
use launchers::consequence::Level;
use launchers::matrix::{Column, Row, Value};
use launchers::provenance::Provenance;
use launchers::record::Circumstances;
use launchers::suggest::Suggestions;
use launchers::verdict::{Judged, Outcome, Verdict};

/// The report of a comparison of launchers: everything is decided, and secrets
/// are redacted unless the caller wants them shown.
#[derive(Debug)]
pub struct Report {
    /// The launchers, in the order in which they were named.
    pub launchers: Vec<Compared>,
    /// The verdict on their differences.
    pub verdict: Verdict,
    /// The path of the file of launchers, if there is one.
    pub file: Option<String>,
    /// The reason of each waiver of the file, by its index.
    pub reasons: Vec<String>,
    /// The changes that make other launchers do as the first one, each with the
    /// launcher's index; empty unless that was tried.
    pub suggestions: Vec<(usize, Suggestions)>,
    /// A difference of this level or a higher one fails.
    pub deny: Level,
    /// The conditions: mounts and user of the sandboxes.
    pub scenario: Scenario,
    /// The cgroups that the launchers saw.
    pub cgroups: Shown,
    /// The kernel's name and release, and whether the caller is root.
    pub machine: String,
    /// The day of the comparison, as `2026-01-31`.
    pub day: String,
    /// How long all observations took, in seconds.
    pub seconds: f64,
    /// Where the pages are that explain differences.
    pub book: Book,
}

/// A launcher in a report.
#[derive(Clone, Debug)]
pub struct Compared {
    /// Its name in the file of launchers, or its command line.
    pub name: String,
    /// What the launcher did in the sandboxes.
    pub column: Column,
    /// The program that ran; `None` if this machine lacks it.
    pub program: Option<Provenance>,
    /// Its line in the file of launchers, from 1.
    pub line: Option<usize>,
    /// The day and the machine of its recording, if it did not run now.
    pub recorded: Option<Circumstances>,
}

/// A failure, in words that all writers use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The key that it is about.
    pub key: String,
    /// The launcher, by its index; `None` for a waiver.
    pub launcher: Option<usize>,
    /// How much it matters; a failure that is not a difference has the highest
    /// level.
    pub level: Level,
    /// The failure in one line.
    pub text: String,
    /// Its line in the file of launchers, from 1.
    pub line: Option<usize>,
}

impl Report {
    /// All failures: as many as [`Verdict::failures`] counts.
    pub fn failures(&self) -> Vec<Failure> {
        let mut failures = Vec::new();
        for judged in &self.verdict.differences {
            for case in &judged.cases {
                if case.outcome == Outcome::Failed {
                    failures.push(Failure {
                        key: judged.row.key.clone(),
                        launcher: Some(case.launcher),
                        level: judged.level,
                        text: self.sentence(
                            judged,
                            case.launcher,
                            case.against,
                        ),
                        line: self.launchers[case.launcher].line,
                    });
                }
            }
        }
        let faults = self.verdict.faults.iter().map(|it| Failure {
            key: it.key.clone(),
            launcher: it.launcher,
            level: Level::Security,
            text: it.text.clone(),
            line: it.line.or_else(|| self.launchers[it.launcher?].line),
        });
        failures.extend(faults);
        failures
    }

    /// A difference of two launchers, in one sentence.
    pub fn sentence(
        &self,
        judged: &Judged,
        launcher: usize,
        against: usize,
    ) -> String {
        let value = |index| value_of(&judged.row, index).to_string();
        let name = |index: usize| &self.launchers[index].name;
        let page = judged.consequence.and_then(|it| it.page);
        let page = page.map(|it| format!(" ({})", self.book.page(it)));
        let consequence =
            judged.consequence.map(|it| format!(": {}", it.sentence));
        format!(
            "{} is {} under {}, and {} under {}{}{}",
            judged.row.title(),
            value(launcher),
            name(launcher),
            value(against),
            name(against),
            consequence.unwrap_or_default(),
            page.unwrap_or_default()
        )
    }
}

/// The value of a launcher in a row.
pub fn value_of(row: &Row, launcher: usize) -> &Value {
    let shown =
        row.values.iter().find(|(_, launchers)| launchers.contains(&launcher));
    shown.map_or(&Value::NotObserved, |(value, _)| value)
}

#[cfg(test)]
pub mod tests {
    //! One report for the tests of all writers.

    use super::*;
    use harness::host::cgroups::Cgroups;
    use harness::trial::Observed;
    use launchers::date::Date;
    use launchers::policy::Policy;
    use launchers::suggest::Suggestion;
    use launchers::verdict::{Terms, decide};
    use probe::Observation;

    const FILE: &str = r#"
[[launcher]]
name = "old"
run = "runc:"
[[launcher]]
name = "new"
run = "bwrap: --unshare-net"
[[launcher]]
name = "lost"
run = "crun:"
[[launcher]]
name = "gone"
run = "youki:"
[[waive]]
key = "env.*"
why = "a <known> | reason"
[[waive]]
key = "umask"
why = "there is none"
[expect]
"ns.net" = "new"
"#;

    fn look(changes: &[(&str, &str)]) -> Observed {
        let mut payload = Observation::default();
        payload.read("env.HOME", Ok("/root"));
        let mut observed =
            Observed { payload: Some(payload), ..Observed::default() };
        for (key, change) in changes {
            observed.effect.change(*key, change);
        }
        observed
    }

    fn column(line: &str, changes: &[(&str, &str)]) -> Column {
        Column::of(line.to_owned(), vec![look(changes), look(changes)])
    }

    /// A report with a difference of each level, a waived one, a key that is
    /// not compared, a stale waiver, an expectation that is not met, a launcher
    /// that failed and one that this machine lacks.
    pub fn report() -> Report {
        let policy = Policy::parse("launchers.toml", FILE).expect("a policy");
        let mount = |what: &str| {
            format!("+ tmpfs tmpfs rw,nosuid,nodev,relatime ({what}) private")
        };
        let (one, other) = (mount("super ro"), mount("super rw"));
        let old = column(
            "runc:",
            &[
                ("capabilities.effective", "KILL"),
                ("capabilities.permitted", "KILL"),
                ("env.HOME", "/<root>"),
                ("environment.order", "sorted"),
                ("mnt./x", &one),
                ("ns.net", "new"),
                ("signals.ignored", "+SIGPIPE"),
                ("uts.hostname", "a | b"),
            ],
        );
        let changes =
            [("mnt./x", other.as_str()), ("ns.mnt", "new"), ("ns.uts", "new")];
        let mut second = look(&changes);
        second.effect.change("limits.core", "1 of 1");
        let new =
            Column::of("bwrap: --x".to_owned(), vec![look(&changes), second]);
        let failed = || Observed {
            did_not_answer: Some("the payload gave no answer".to_owned()),
            ..Observed::default()
        };
        let lost = Column::of("crun:".to_owned(), vec![failed(), failed()]);
        let gone = Column::not_started(
            "youki:".to_owned(),
            "youki is not in PATH".to_owned(),
            true,
        );
        let columns = [old, new, lost, gone];
        let names: Vec<String> =
            policy.launchers.iter().map(|it| it.name.clone()).collect();
        let verdict = decide(
            &columns,
            &Terms {
                policy: &policy,
                names: &names,
                deny: Level::Changes,
                allow_unavailable: true,
                today: Date { year: 2026, month: 6, day: 1 },
            },
        );
        let program = |name: &str| Provenance {
            path: format!("/usr/bin/{name}"),
            version: Some(format!("{name} 1.0")),
            sha256: "ab".repeat(32),
            runtime: None,
        };
        let programs = [
            Some(program("runc")),
            Some(program("bwrap")),
            Some(program("crun")),
            None,
        ];
        let subjects = columns.into_iter().zip(programs).zip(policy.launchers);
        Report {
            launchers: subjects
                .map(|((column, program), named)| Compared {
                    name: named.name,
                    column,
                    program,
                    line: Some(named.line),
                    recorded: None,
                })
                .collect(),
            verdict,
            file: policy.path,
            reasons: policy.waivers.into_iter().map(|it| it.why).collect(),
            suggestions: vec![(
                1,
                Suggestions {
                    found: vec![Suggestion {
                        change: "add --cap-drop ALL".to_owned(),
                        closes: vec!["capabilities.effective".to_owned()],
                    }],
                    line: "bwrap: --cap-drop ALL --x".to_owned(),
                    patch: None,
                    before: 3,
                    left: vec!["ns.mnt".to_owned(), "ns.uts".to_owned()],
                    stopped: false,
                },
            )],
            deny: Level::Changes,
            scenario: harness::scenario::SCENARIOS[0],
            cgroups: Shown {
                cgroups: Cgroups::Host,
                why: Some("a <reason>".to_owned()),
                writable: false,
            },
            machine: "Linux 6.18 x86_64, as root".to_owned(),
            day: "2026-06-01".to_owned(),
            seconds: 1.5,
            book: Book::default(),
        }
    }

    #[test]
    fn every_failure_of_the_verdict_is_reported() {
        let report = report();
        assert_eq!(report.failures().len(), report.verdict.failures());
        assert!(report.verdict.failures() > 5, "{:?}", report.failures());
        assert_eq!((report.verdict.errors(), report.verdict.status), (1, 2));
    }
}
