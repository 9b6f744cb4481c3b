//! The performance targets, and whether a record reaches them.

use crate::judge::extra;
use crate::library::{BARE, BY_HAND};
use crate::record::stored::Record;
use crate::rows::{CAREFUL, CRATE, PROCESS, SIX, WARM};

/// A performance target: a limit for one figure in some rows.
#[derive(Debug)]
pub struct Target {
    /// The target in words; no two targets have the same.
    pub what: &'static str,
    /// The rows in which it applies.
    pub rows: Rows,
    /// The figure that is compared with the limits.
    pub figure: Figure,
    /// The limit that the figure has to keep.
    pub must: f64,
    /// The stricter limit that the figure should keep.
    pub goal: f64,
}

/// The rows or the points of a curve to which a target applies.
#[derive(Clone, Copy, Debug)]
pub enum Rows {
    /// In every row of these groups.
    Groups(&'static [&'static str]),
    /// In the rows of these names.
    These(&'static [&'static str]),
    /// In the row of every step.
    Steps,
    /// On these lines of the named curve, at the point where `x` is this value.
    Curve(&'static str, f64, &'static [&'static str]),
}

/// A figure of a record, and in which direction it has to keep the limit.
#[derive(Clone, Copy, Debug)]
pub enum Figure {
    /// The upper bound of the interval of one column divided by another, at
    /// most.
    Upper(&'static str, &'static str),
    /// One column divided by another, at most.
    Ratio(&'static str, &'static str),
    /// One column divided by another, at least.
    Times(&'static str, &'static str),
    /// The fastest of the columns whose names end with the first text, divided
    /// by the second column, at least.
    Others(&'static str, &'static str),
    /// The value at that point of a line divided by its first value, at most.
    Growth,
    /// The system calls that Rust makes more than C and has no reason for, at
    /// most.
    Calls,
}

const KERNEL_BOUND: &[&str] = &["clone", "unshare", "setns", "pivot_root"];
const AGAINST_THE_FLOOR: &[&str] = &[
    "launch/skeleton",
    "launch/network",
    "launch/pid",
    "launch/pivot_root",
    SIX,
];

/// The text of the targets that have reasons below.
const KERNEL: &str = "what the kernel decides: Rust / C, upper bound";
const SPAWN: &str = "the language's own way to start a program: Rust / C";
const STEPS: &str = "the launch of each step: Rust / the careful C";
const UNSHARE: &str = "all six namespaces: unshare(1) / Rust";
const CRUN: &str = "all six namespaces: crun / Rust";
const RUNC: &str = "all six namespaces: runc / Rust";
const CRATE_ALONE: &str = "the crate, without a namespace / floor";
const UNSHARE_WARM: &str = "unshare(1) / nsteps warm";
const BWRAP_WARM: &str = "bwrap / nsteps warm";
const CRUN_WARM: &str = "crun / nsteps warm";
const RUNC_WARM: &str = "runc / nsteps warm";
const THREADS: &str = "500 threads in the parent / none";

const fn at_six(
    what: &'static str,
    other: &'static str,
    must: f64,
    goal: f64,
) -> Target {
    let figure = Figure::Times(other, "rust");
    Target { what, rows: Rows::These(&[SIX]), figure, must, goal }
}

const fn by_process(
    what: &'static str,
    other: &'static str,
    must: f64,
    goal: f64,
) -> Target {
    let figure = Figure::Times(other, WARM);
    Target { what, rows: Rows::These(&[PROCESS]), figure, must, goal }
}

const fn from_a_parent(what: &'static str, column: &'static str) -> Target {
    let figure = Figure::Ratio(column, CRATE);
    let rows = Rows::These(&["library/parent"]);
    Target { what, rows, figure, must: 1.15, goal: 1.05 }
}

/// Every target, in the order of the chapter.
pub const TARGETS: &[Target] = &[
    Target {
        what: KERNEL,
        rows: Rows::Groups(KERNEL_BOUND),
        figure: Figure::Upper("rust", "c"),
        must: 1.05,
        goal: 1.02,
    },
    Target {
        what: SPAWN,
        rows: Rows::These(&["spawn/none"]),
        figure: Figure::Ratio("rust", "c"),
        must: 0.80,
        goal: 0.80,
    },
    Target {
        what: STEPS,
        rows: Rows::Steps,
        figure: Figure::Ratio("rust", CAREFUL),
        must: 1.02,
        goal: 1.00,
    },
    Target {
        what: "whole launches: Rust / floor",
        rows: Rows::These(AGAINST_THE_FLOOR),
        figure: Figure::Ratio("rust", "floor"),
        must: 1.25,
        goal: 1.10,
    },
    at_six(UNSHARE, "unshare", 2.0, 2.25),
    at_six("all six namespaces: bwrap / Rust", "bwrap", 2.75, 3.25),
    at_six(CRUN, "crun", 5.0, 6.2),
    at_six(RUNC, "runc", 20.0, 25.0),
    Target {
        what: "4 GiB in the parent / none",
        rows: Rows::Curve("clone/memory", 4.0, &["rust vfork", "rust spawn"]),
        figure: Figure::Growth,
        must: 1.4,
        goal: 1.4,
    },
    Target {
        what: THREADS,
        rows: Rows::Curve(
            "clone/threads",
            500.0,
            &["rust vfork", "rust spawn"],
        ),
        figure: Figure::Growth,
        must: 1.6,
        goal: 1.6,
    },
    Target {
        what: CRATE_ALONE,
        rows: Rows::These(&["library/none", "library/first"]),
        figure: Figure::Ratio(CRATE, "floor"),
        must: 1.10,
        goal: 1.05,
    },
    Target {
        what: "the crate, cold: namespaces / floor",
        rows: Rows::These(&["library/five", "library/six", "library/box"]),
        figure: Figure::Ratio(CRATE, "floor"),
        must: 1.10,
        goal: 1.03,
    },
    Target {
        what: "the crate, warm / a program without a namespace",
        rows: Rows::These(&["library/box"]),
        figure: Figure::Ratio(WARM, BARE),
        must: 3.0,
        goal: 2.2,
    },
    by_process(UNSHARE_WARM, "unshare", 4.0, 6.0),
    by_process(BWRAP_WARM, "bwrap", 7.0, 10.0),
    by_process(CRUN_WARM, "crun", 9.0, 15.0),
    by_process(RUNC_WARM, "runc", 40.0, 60.0),
    from_a_parent("the crate, 8 GiB in the parent / none", "crate, 8 GiB"),
    from_a_parent(
        "the crate, 500 threads in the parent / none",
        "crate, 500 threads",
    ),
    Target {
        what: "the crate, a template, 5000 mounts in the parent / none",
        rows: Rows::These(&["library/box"]),
        figure: Figure::Ratio("template, 5000 mounts", "template"),
        must: 1.15,
        goal: 1.05,
    },
    Target {
        what: "the fastest of the others / the crate",
        rows: Rows::These(&["library/none", "library/five", "library/six"]),
        figure: Figure::Others("", CRATE),
        must: 1.0,
        goal: 1.0,
    },
    Target {
        what: "the same, 1 GiB in the parent",
        rows: Rows::These(&["library/parent"]),
        figure: Figure::Others(", 1 GiB", "crate, 1 GiB"),
        must: 1.0,
        goal: 2.0,
    },
    Target {
        what: "system calls beyond C's that have no reason",
        rows: Rows::Steps,
        figure: Figure::Calls,
        must: 0.0,
        goal: 0.0,
    },
];

/// Why a target is not met in some rows, found by profiling.
#[derive(Debug)]
pub struct Reason {
    /// The words of the target, as [`Target::what`] has them.
    pub target: &'static str,
    /// The rows or lines that it explains.
    pub rows: &'static [&'static str],
    /// The reason, in one or two sentences.
    pub why: &'static str,
}

const fn of_warm(target: &'static str) -> Reason {
    let why = "The program nsteps starts first, then asks its daemon, which has \
               to wake up, and gives its payload more than the others do here: \
               a /dev with the usual devices, each bound from the host, and lo \
               up. In one process, and without these, warm is far from cold: \
               see `library/box`.";
    Reason { target, rows: &[PROCESS], why }
}

/// Every reason. A reason for a target that is met is stale.
pub const REASONS: &[Reason] = &[
    Reason {
        target: KERNEL,
        rows: &["unshare/none"],
        why: "The call does nothing and takes 0.4 us: what is above the target \
              is 0.02 us, of a time that has two readings of the clock in it.",
    },
    Reason {
        target: STEPS,
        rows: &[
            "launch/skeleton",
            "launch/mount_private",
            "launch/mount_rprivate",
            "launch/uts",
            "launch/ipc",
            "launch/pid_oldproc",
            "launch/pid_detach",
            "launch/user",
            "launch/net_mount_uts",
            "launch/pivot_root",
            "launch/cgroup",
        ],
        why: "The same system calls, or fewer, and two page faults more of \
              ten: Rust's library has thread-local data and statics of its \
              own, on pages beside those of musl. See the counters.",
    },
    Reason {
        target: STEPS,
        rows: &[
            "launch/user_mapped",
            "launch/unshare_init",
            "launch/container",
            "launch/time",
            "launch/rootless",
        ],
        why: "Here the child gets a copy of the memory, and both have the page \
              faults. In three of them the musl that rustc brings blocks \
              signals around the copy, three rt_sigprocmask(2), where the \
              machine's does not.",
    },
    Reason {
        target: STEPS,
        rows: &["launch/join"],
        why: "Four page faults more: the code that writes sixteen paths lies \
              on pages that no other step needs.",
    },
    Reason {
        target: UNSHARE,
        rows: &[SIX],
        why: "The floor is not far enough ahead either: most of the time is \
              the kernel's, and unshare(1) leaves it less to do, with \
              chroot(2) and no tmpfs. What it loses is the start of glibc, \
              dozens of CPUID instructions: where one traps for longer than \
              here, the distance is larger.",
    },
    Reason {
        target: CRUN,
        rows: &[SIX],
        why: "The floor is not far enough ahead either: the kernel's share \
              is the same for both, and what crun does beyond it, the start \
              of glibc and its libraries above all, costs less where CPUID \
              traps for a shorter time.",
    },
    Reason {
        target: CRATE_ALONE,
        rows: &["library/first"],
        why: "The kernel makes a pidfd, and there are five calls that the floor \
              leaves out: signals are blocked around the clone and set before \
              the program, as std sets them. A part is the larger process: the \
              calls of the floor from within it, `by hand`, take longer too.",
    },
    of_warm(UNSHARE_WARM),
    of_warm(BWRAP_WARM),
    of_warm(CRUN_WARM),
    of_warm(RUNC_WARM),
    Reason {
        target: THREADS,
        rows: &["rust vfork"],
        why: "A child that exits in its parent's memory: acct_collect() of \
              the kernel's process accounting then adds up every mapping of \
              it, and a thread has two; in a profile of 500 threads it and \
              the walk take a quarter of the time, and none without. C's is \
              the same curve. A child that becomes a program leaves that \
              memory first: `rust spawn` does not grow.",
    },
];

/// What a record says about a target in one row.
#[derive(Debug)]
pub struct Finding {
    /// The target that the finding is about.
    pub target: &'static Target,
    /// The name of the row or of the line.
    pub row: String,
    /// The measured figure; `None` if the row has none.
    pub figure: Option<f64>,
}

/// How well a target is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Met {
    /// The stricter limit, [`Target::goal`], is kept.
    Goal,
    /// The limit, [`Target::must`], is kept.
    Must,
    /// Neither of the two limits is kept.
    Not,
    /// The row has no such figure.
    Unknown,
}

impl Met {
    /// The verdict in the words of the chapter.
    pub const fn words(self) -> &'static str {
        match self {
            Met::Goal => "goal",
            Met::Must => "met",
            Met::Not => "**not met**",
            Met::Unknown => "**not measured**",
        }
    }
}

impl Target {
    /// True if the figure must not be above the limit, false if not below.
    pub fn is_at_most(&self) -> bool {
        !matches!(self.figure, Figure::Times(..) | Figure::Others(..))
    }

    /// Which limit of the target a figure keeps.
    pub fn met(&self, figure: Option<f64>) -> Met {
        let Some(figure) = figure.filter(|it| it.is_finite()) else {
            return Met::Unknown;
        };
        let reaches = |mark: f64| match self.is_at_most() {
            true => figure <= mark,
            false => figure >= mark,
        };
        match (reaches(self.must), reaches(self.goal)) {
            (true, true) => Met::Goal,
            (true, false) => Met::Must,
            _ => Met::Not,
        }
    }

    fn rows(&self, record: &Record) -> Vec<String> {
        let rows = record.rows().filter(|row| match self.rows {
            Rows::Groups(groups) => {
                groups.contains(&row.split('/').next().unwrap_or_default())
            }
            Rows::Steps => row.starts_with("launch/") && *row != SIX,
            Rows::These(_) | Rows::Curve(..) => false,
        });
        match self.rows {
            Rows::These(names) | Rows::Curve(_, _, names) => {
                names.iter().map(ToString::to_string).collect()
            }
            Rows::Groups(_) | Rows::Steps => rows.map(str::to_owned).collect(),
        }
    }

    fn measured(&self, record: &Record, row: &str) -> Option<f64> {
        let ratio = |column, base| {
            record.ratio(row, column, base).map(|it| it.estimate)
        };
        match self.figure {
            Figure::Upper(column, base) => Some(ratio(column, base)?.high),
            Figure::Ratio(column, base) | Figure::Times(column, base) => {
                Some(ratio(column, base)?.median)
            }
            Figure::Others(end, base) => {
                let outcome = record.outcomes(row).next()?;
                let names = outcome.figures.iter().map(|it| it.name.as_str());
                let names = names.filter(|name| {
                    name.ends_with(end)
                        && !["floor", BY_HAND, base].contains(name)
                        && !name.starts_with(CRATE)
                });
                let all = names.filter_map(|name| ratio(name, base));
                all.map(|it| it.median).min_by(f64::total_cmp)
            }
            Figure::Growth => {
                let Rows::Curve(curve, x, _) = self.rows else { return None };
                let lines = &record.curve(curve)?.lines;
                let line = lines.iter().find(|it| it.name == row)?;
                let point = line.points.iter().find(|it| it.x == x)?;
                Some(point.against_first.as_ref()?.median)
            }
            Figure::Calls => {
                record.counters.of(row, "rust")?;
                record.counters.of(row, "c")?;
                let calls = extra::unnamed(&record.counters, row);
                // An empty sum of floats is -0.
                let more: u64 = calls.iter().map(|(_, more)| more).sum();
                Some(more as f64)
            }
        }
    }

    /// The figure of the floor in a row, if it stood in Rust's place: the best
    /// possible figure.
    pub fn of_the_floor(&self, record: &Record, row: &str) -> Option<f64> {
        let ratio = match self.figure {
            Figure::Ratio(_, base) if base != "floor" => {
                record.ratio(row, "floor", base)
            }
            Figure::Times(other, _) => record.ratio(row, other, "floor"),
            _ => None,
        };
        ratio.map(|it| it.estimate.median)
    }

    /// What a record says about the target, row by row, without the rows that
    /// cannot be measured on that machine.
    pub fn findings(&'static self, record: &Record) -> Vec<Finding> {
        self.rows(record)
            .into_iter()
            .map(|row| {
                let figure = self.measured(record, &row);
                Finding { target: self, row, figure }
            })
            .collect()
    }
}

impl Finding {
    /// Which limit of its target it keeps.
    pub fn met(&self) -> Met {
        self.target.met(self.figure)
    }

    /// The reason why the target is not met here, if one is known.
    pub fn reason(&self) -> Option<&'static Reason> {
        REASONS.iter().find(|it| it.is_of(self))
    }
}

impl Reason {
    fn is_of(&self, finding: &Finding) -> bool {
        self.target == finding.target.what && self.rows.contains(&&*finding.row)
    }
}

/// The faults of the reasons, one line each: a target that is not met and has
/// no reason, and a reason that is no longer needed.
pub fn faults(record: &Record) -> Vec<String> {
    let findings: Vec<Finding> =
        TARGETS.iter().flat_map(|it| it.findings(record)).collect();
    let mut wrong = judge(&findings, REASONS);
    for target in TARGETS {
        if !findings.iter().any(|it| it.target.what == target.what) {
            wrong.push(format!("{}: measured in no row", target.what));
        }
    }
    for call in extra::stale(&record.counters) {
        wrong.push(format!("{call}: Rust does not make that many more: EXTRA"));
    }
    wrong
}

/// The findings that need a reason and have none, and the reasons that no
/// finding needs.
fn judge(findings: &[Finding], reasons: &[Reason]) -> Vec<String> {
    let mut wrong = Vec::new();
    for it in findings {
        let (what, row) = (it.target.what, &it.row);
        let has_a_reason = reasons.iter().any(|reason| reason.is_of(it));
        match it.met() {
            Met::Goal | Met::Must if has_a_reason => wrong.push(format!(
                "{what}: {row} is met: remove its reason from REASONS"
            )),
            Met::Not | Met::Unknown if !has_a_reason => {
                let figure = it.figure.map(|it| format!("{it:.3}"));
                wrong.push(format!(
                    "{what}: {row} is {}, must be {}: say why in REASONS",
                    figure.as_deref().unwrap_or("not known"),
                    it.target.must
                ));
            }
            _ => {}
        }
    }
    for reason in reasons {
        for row in reason.rows {
            let of = |it: &Finding| reason.is_of(it) && it.row == *row;
            if !findings.iter().any(of) {
                let what = reason.target;
                wrong.push(format!(
                    "{what}: {row}: a reason for no such target"
                ));
            }
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn named(part: &str) -> &'static Target {
        let target = TARGETS.iter().find(|it| it.what.contains(part));
        target.expect("it is on the list")
    }

    #[test]
    fn less_is_better_of_a_ratio() {
        let kernel = named("kernel");
        assert_eq!(kernel.met(Some(1.01)), Met::Goal);
        assert_eq!(kernel.met(Some(1.03)), Met::Must);
        assert_eq!(kernel.met(Some(1.06)), Met::Not);
        assert_eq!(kernel.met(None), Met::Unknown);
        assert_eq!(kernel.met(Some(f64::NAN)), Met::Unknown);
    }

    #[test]
    fn more_is_better_against_other_launchers() {
        let runc = named("runc");
        assert_eq!(runc.met(Some(26.0)), Met::Goal);
        assert_eq!(runc.met(Some(21.0)), Met::Must);
        assert_eq!(runc.met(Some(19.0)), Met::Not);
    }

    #[test]
    fn a_goal_is_at_least_as_hard_as_what_must_be() {
        for target in TARGETS {
            assert!(target.met(Some(target.goal)) == Met::Goal);
            assert!(target.met(Some(target.must)) <= Met::Must);
        }
    }

    #[test]
    fn targets_have_different_texts() {
        let words: BTreeSet<&str> = TARGETS.iter().map(|it| it.what).collect();
        assert_eq!(words.len(), TARGETS.len());
    }

    #[test]
    fn what_is_not_met_needs_a_reason_and_what_is_met_none() {
        let target = named("kernel");
        let finding =
            |figure| Finding { target, row: "unshare/uts".to_owned(), figure };
        let reason = |rows| Reason { target: target.what, rows, why: "why" };
        let (good, bad) = (finding(Some(1.0)), finding(Some(1.2)));
        assert!(judge(&[good], &[]).is_empty());
        assert!(judge(&[bad], &[reason(&["unshare/uts"])]).is_empty());
        for (figure, reasons, words) in [
            (Some(1.2), vec![], "is 1.200, must be 1.05"),
            (None, vec![], "is not known"),
            (Some(1.0), vec![reason(&["unshare/uts"])], "is met: remove"),
        ] {
            let wrong = judge(&[finding(figure)], &reasons);
            assert_eq!(wrong.len(), 1);
            assert!(wrong[0].contains(words), "{wrong:?}");
        }
        let nowhere = judge(&[finding(Some(1.0))], &[reason(&["unshare/net"])]);
        assert!(nowhere[0].contains("no such target"), "{nowhere:?}");
    }
}
