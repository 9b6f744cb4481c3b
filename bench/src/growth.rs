//! How costs grow: every curve, and how it is measured.
//!
//! [`CURVES`] is the only list of them. Most are measured by peers of which
//! each has one size ([`peers`]); what the kernel has only once for all is
//! made larger and smaller in turns ([`networks`]); and [`launchers`] are
//! several at the same time.

pub mod launchers;
pub mod networks;
pub mod peers;

use crate::curve::{Axis, Curve, Fit, Line, Point};
use crate::load::{Load, Used};
use crate::operation::{OPERATIONS, Operation};
use crate::paired::{Extent, Verdict};
use crate::peer::{PEERS, Peer};
use crate::place::Processors;
use crate::rounds::Series;
use nsteps::launcher::Launcher;
use nsteps::layout::Layout;
use peers::Size;

/// What figures to be quoted need.
pub const FULL: Extent = Extent { rounds: 10, most: 10, block: 10 };
/// What shows that everything works.
pub const SHORT: Extent = Extent { rounds: 2, most: 2, block: 3 };

/// A curve that can be measured.
#[derive(Debug)]
pub struct Growing {
    /// `GROUP/WHAT`.
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
            operations: &["clone/fork/none", "clone/vfork/none", "spawn/none"],
        },
    },
    Growing {
        name: "clone/threads",
        x: ("further threads of the parent", "thread"),
        y: COST,
        how: How::Peers {
            size: Size::THREADS,
            sizes: &[0, 10, 50, 100, 500],
            operations: &["clone/fork/none", "clone/vfork/none", "spawn/none"],
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

/// What all curves of a run need.
#[derive(Debug)]
pub struct Bench {
    /// Where the programs are.
    pub layout: Layout,
    /// Where to run.
    pub processors: Processors,
    /// How much to measure.
    pub extent: Extent,
}

impl Bench {
    /// Whether a little of everything will do.
    pub fn is_short(&self) -> bool {
        self.extent == SHORT
    }
}

/// What was found of a curve, before it is known whether that counts.
#[derive(Debug, Default)]
pub struct Found {
    /// In the order of the table.
    pub lines: Vec<Measured>,
    /// Which line or point is missing, and why.
    pub absent: Vec<(String, String)>,
}

/// The rounds of a line, at each of its points.
#[derive(Debug)]
pub struct Measured {
    /// Its name.
    pub name: String,
    /// What was asked for.
    pub operation: String,
    /// Where, what, and what was proved there.
    pub points: Vec<(f64, Series, String)>,
}

impl Growing {
    /// Measures the curve.
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
            Err(verdict) => (Found::default(), verdict),
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

impl Measured {
    fn line(self, x: &Axis, y: &Axis) -> Line {
        let places: Vec<f64> = self.points.iter().map(|it| it.0).collect();
        let series: Vec<Series> =
            self.points.iter().map(|it| it.1.clone()).collect();
        let points = self.points.into_iter().map(|(x, it, proof)| Point {
            x,
            min: it.min,
            median: it.median(),
            p99: it.p99,
            against_first: it.against(&series[0]),
            proof,
        });
        Line {
            name: self.name,
            operation: self.operation,
            points: points.collect(),
            fit: Fit::of(&places, &series, x, y),
        }
    }
}

/// A peer that can perform an operation, as a line of a curve.
#[derive(Clone, Debug)]
pub struct Who {
    /// `c fork`, `rust spawn`.
    pub name: String,
    /// The peer.
    pub peer: Peer,
    /// What.
    pub operation: &'static Operation,
}

/// The lines of these operations, by language; and those that there are not.
pub fn lines(
    operations: &[&str],
    can: impl Fn(Peer) -> bool,
) -> (Vec<Who>, Vec<(String, String)>) {
    let (mut lines, mut absent) = (Vec::new(), Vec::new());
    for peer in PEERS.iter().copied().filter(|peer| can(*peer)) {
        let named =
            |name: &&&str| OPERATIONS.iter().find(move |it| it.name == **name);
        for operation in operations.iter().filter_map(|it| named(&it)) {
            let parts: Vec<&str> = operation.name.split('/').collect();
            let style = if parts.len() == 3 { parts[1] } else { parts[0] };
            let name = format!("{} {style}", peer.name());
            match operation.except {
                Some((cannot, why)) if peer == Peer::Of(cannot) => {
                    absent.push((name, why.to_owned()));
                }
                _ => lines.push(Who { name, peer, operation }),
            }
        }
    }
    (lines, absent)
}

/// Whether a peer is one of the languages.
pub fn is_language(peer: Peer) -> bool {
    matches!(peer, Peer::Of(Launcher::C | Launcher::Rust | Launcher::Go))
}
