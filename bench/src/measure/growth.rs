//! The curves of how costs grow, and how each is measured.
//!
//! [`CURVES`] is the only list of them. Most are measured by peers of different
//! sizes ([`peers`]). Network namespaces, of which the kernel has one list for
//! all processes, are made more and fewer in turns ([`networks`]). The last
//! kind runs several launchers at the same time ([`launchers`]).

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
    /// What grows, and its unit.
    pub x: (&'static str, &'static str),
    /// What that costs or yields, and its unit.
    pub y: (&'static str, &'static str),
    /// The way in which it is measured.
    pub how: How,
}

/// How a curve is measured.
#[derive(Debug)]
pub enum How {
    /// Each point is measured by peers of that size.
    Peers {
        /// The property in which the peers are large.
        size: Size,
        /// The sizes, in the order of the table.
        sizes: &'static [u32],
        /// The operations that the peers perform, if they can.
        operations: &'static [&'static str],
    },
    /// Peers of one size, while different numbers of networks exist.
    Networks {
        /// The numbers of networks.
        sizes: &'static [u32],
        /// The operations that the peers perform.
        operations: &'static [&'static str],
    },
    /// Networks are made and dropped without a pause; counted in each second.
    Rate,
    /// The time that the kernel needs to tear the networks down.
    Teardown {
        /// The numbers of networks that were made.
        sizes: &'static [u32],
    },
    /// A row of `launch`, by several launchers at the same time.
    Launchers {
        /// The name of the row.
        launch: &'static str,
        /// The numbers of launchers.
        sizes: &'static [u32],
    },
}

/// A child of a parent that has grown, made in each way.
const CHILDREN: &[&str] =
    &["clone/fork/none", "clone/vfork/none", "spawn/none"];

/// The y axis of most curves: the time of one call.
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

/// The kernel nests 32 levels at most: the sandbox is one, and the measured
/// operation makes another.
const DEPTHS: &[u32] = &[0, 1, 2, 5, 10, 20, 30];

const LAUNCHES: (&str, &str) = ("launches", "per second");
const LAUNCHERS: &[u32] = &[1, 2, 4];

impl Growing {
    /// Measures every point of the curve. If something fails, the curve's
    /// verdict says so.
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
