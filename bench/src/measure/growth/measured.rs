//! What the ways of measuring a curve have in common.

use crate::measure::place::Processors;
use crate::operation::{OPERATIONS, Operation};
use crate::peer::{PEERS, Peer};
use crate::record::curve::{Axis, Fit, Line, Point};
use crate::record::outcome::Extent;
use crate::record::series::Series;
use harness::host::layout::Layout;
use harness::launcher::Launcher;

/// The extent for figures that are published.
pub const FULL: Extent = Extent { rounds: 10, most: 10, block: 10 };

/// The extent for a quick check that everything works.
pub const SHORT: Extent = Extent { rounds: 2, most: 2, block: 3 };

/// What is needed to measure any curve of a run.
#[derive(Debug)]
pub struct Bench {
    /// The directories of the built programs.
    pub layout: Layout,
    /// The processors to measure on.
    pub processors: Processors,
    /// The number of rounds and the size of blocks.
    pub extent: Extent,
}

impl Bench {
    /// True if this is only a quick check that everything works.
    pub fn is_short(&self) -> bool {
        self.extent == SHORT
    }
}

/// The measured lines of a curve, before it is known whether they count.
#[derive(Debug, Default)]
pub struct Lines {
    /// The lines, in the order of the table.
    pub lines: Vec<Measured>,
    /// The lines or points that are missing, with the reason.
    pub absent: Vec<(String, String)>,
}

/// The rounds of a line, at each of its points.
#[derive(Debug)]
pub struct Measured {
    /// The name of the line: a peer, and how it makes a process.
    pub name: String,
    /// The operation that was measured, as `clone/fork/none`.
    pub operation: String,
    /// For each point: its `x`, the values of all rounds, and the proof.
    pub points: Vec<(f64, Series, String)>,
}

impl Measured {
    /// Makes the line of the curve, with the law that it follows.
    pub fn line(self, x: &Axis, y: &Axis) -> Line {
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
pub struct Performer {
    /// The name of the line, as `c fork` or `rust spawn`.
    pub name: String,
    /// The peer that performs it.
    pub peer: Peer,
    /// The operation that it performs.
    pub operation: &'static Operation,
}

/// The lines of these operations, by language; and the languages that have
/// none, with the reason.
pub fn lines(
    operations: &[&str],
    can: impl Fn(Peer) -> bool,
) -> (Vec<Performer>, Vec<(String, String)>) {
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
                _ => lines.push(Performer { name, peer, operation }),
            }
        }
    }
    (lines, absent)
}

/// True if the peer is one of the three languages.
pub fn is_language(peer: Peer) -> bool {
    matches!(peer, Peer::Of(Launcher::C | Launcher::Rust | Launcher::Go))
}
