//! How costs grow: every curve, and how it is measured.
//!
//! [`CURVES`] is the only list of them. Most are measured by peers of which
//! each has one size ([`peers`]); what the kernel has only once for all is
//! made larger and smaller in turns ([`networks`]); and [`launchers`] are
//! several at the same time.

pub mod launchers;
pub mod measured;
pub mod networks;
pub mod peers;

use crate::measure::load::Load;
use crate::record::curve::{Axis, Curve};
use crate::record::outcome::Verdict;
use crate::record::used::Used;
use measured::{Bench, Lines};
use peers::Size;

/// A curve that can be measured.
#[derive(Debug)]
pub struct Growing {
    /// The name of the curve, `GROUP/WHAT`.
    pub name: &'static str,
    /// What grows, and one of it.
    pub x: (&'static str, &'static str),
    /// What that costs or yields, and in what it is counted.
    pub y: (&'static str, &'static str),
    /// How it is measured.
    pub how: How,
}

/// How a curve is measured.
#[derive(Debug)]
pub enum How {
    /// Each point by peers that are that large.
    Peers {
        /// In which respect.
        size: Size,
        /// How large, in the order of the table.
        sizes: &'static [u32],
        /// What they are asked for, as far as they can.
        operations: &'static [&'static str],
    },
    /// By peers that stay as they are, while so many networks live.
    Networks {
        /// How many.
        sizes: &'static [u32],
        /// What they are asked for.
        operations: &'static [&'static str],
    },
    /// Networks made and dropped without a pause, second by second.
    Rate,
    /// How long the kernel then needs to tear them down.
    Teardown {
        /// How many were made.
        sizes: &'static [u32],
    },
    /// A row of `launch`, by several at the same time.
    Launchers {
        /// Which.
        launch: &'static str,
        /// How many.
        sizes: &'static [u32],
    },
}

/// A child whose parent has grown, in each way to make one.
const CHILDREN: &[&str] =
    &["clone/fork/none", "clone/vfork/none", "spawn/none"];

/// What one call costs.
const COST: (&str, &str) = ("what one takes", "ns");

/// Every curve, in the order they are measured.
pub const CURVES: &[Growing] = &[
    Growing {
        name: "clone/memory",
        x: ("resident memory of the parent", "GiB"),
        y: COST,
        how: How::Peers {
            size: Size::MEMORY,
            sizes: &[0, 64, 256, 1024, 4096],
            operations: CHILDREN,
        },
    },
    Growing {
        name: "clone/threads",
        x: ("further threads of the parent", "thread"),
        y: COST,
        how: How::Peers {
            size: Size::THREADS,
            sizes: &[0, 10, 50, 100, 500],
            operations: CHILDREN,
        },
    },
    Growing {
        name: "mnt/mounts",
        x: ("further mounts in the namespace that is copied", "mount"),
        y: COST,
        how: How::Peers {
            size: Size::MOUNTS,
            sizes: &[0, 100, 1000, 5000],
            operations: &["unshare/mnt", "clone/vfork/mnt"],
        },
    },
    Growing {
        name: "net/live",
        x: ("further network namespaces that are alive", "network"),
        y: COST,
        how: How::Networks {
            sizes: &[0, 100, 300, 1000],
            operations: &["unshare/net", "clone/vfork/net"],
        },
    },
    Growing {
        name: "net/rate",
        x: ("time since the first was made", "s"),
        y: ("network namespaces made and dropped", "per second"),
        how: How::Rate,
    },
    Growing {
        name: "net/teardown",
        x: ("network namespaces made and dropped at once", "network"),
        y: ("until the kernel has torn them down", "ns"),
        how: How::Teardown { sizes: &[0, 100, 300, 1000, 3000] },
    },
    Growing {
        name: "user/depth",
        x: ("user namespaces above the one it is made in", "level"),
        y: COST,
        how: How::Peers {
            size: Size::USER,
            sizes: DEPTHS,
            operations: &[
                "unshare/user",
                "clone/fork/user",
                "clone/vfork/user",
            ],
        },
    },
    Growing {
        name: "pid/depth",
        x: ("pid namespaces above the one it is made in", "level"),
        y: COST,
        how: How::Peers {
            size: Size::PID,
            sizes: DEPTHS,
            operations: &["unshare/pid", "clone/fork/pid", "clone/vfork/pid"],
        },
    },
    Growing {
        name: "launch/skeleton",
        x: ("launchers at the same time", "launcher"),
        y: LAUNCHES,
        how: How::Launchers { launch: "launch/skeleton", sizes: LAUNCHERS },
    },
    Growing {
        name: "launch/six",
        x: ("launchers at the same time", "launcher"),
        y: LAUNCHES,
        how: How::Launchers { launch: "launch/six", sizes: LAUNCHERS },
    },
];

/// The kernel nests 32 levels at most: the sandbox is one, and what is
/// measured makes another.
const DEPTHS: &[u32] = &[0, 1, 2, 5, 10, 20, 30];

const LAUNCHES: (&str, &str) = ("launches", "per second");
const LAUNCHERS: &[u32] = &[1, 2, 4];

impl Growing {
    /// Measures every point of the curve; what fails is a verdict of the curve.
    pub fn measure(&self, bench: &mut Bench) -> Curve {
        let before = Load::now();
        let found = match &self.how {
            How::Peers { size, sizes, operations } => {
                peers::measure(size, sizes, operations, bench)
            }
            How::Networks { sizes, operations } => {
                networks::live(sizes, operations, bench)
            }
            How::Rate => networks::rate(bench),
            How::Teardown { sizes } => networks::teardown(sizes, bench),
            How::Launchers { launch, sizes } => {
                launchers::measure(launch, sizes, bench)
            }
        };
        let axis = |(label, unit): (&str, &str)| Axis {
            label: label.to_owned(),
            unit: unit.to_owned(),
        };
        let (x, y) = (axis(self.x), axis(self.y));
        let (found, verdict) = match found {
            Ok(found) => (found, Verdict::Proved),
            Err(verdict) => (Lines::default(), verdict),
        };
        let lines = found.lines.into_iter().map(|it| it.line(&x, &y)).collect();
        Curve {
            name: self.name.to_owned(),
            x,
            y,
            lines,
            absent: found.absent,
            used: match verdict {
                Verdict::Proved => before.since(),
                _ => Used::default(),
            },
            verdict,
        }
    }
}
