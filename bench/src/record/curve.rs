//! The growth curves, as they are written to `target/bench/growth.json`.

use crate::record::machine::Machine;
use crate::record::outcome::{Extent, Verdict};
use crate::record::statistics::Estimate;
use crate::record::used::Used;
use serde::{Deserialize, Serialize};

/// The results of one run of `growth`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// The machine that the run measured on.
    pub machine: Machine,
    /// The number of rounds and the size of blocks.
    pub extent: Extent,
    /// The arguments of the run.
    pub command: Vec<String>,
    /// The curves, in the order they were measured.
    pub curves: Vec<Curve>,
}

/// A growth curve: what grows, and what it costs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Curve {
    /// The name of the curve, `GROUP/WHAT`, such as `clone/memory`.
    pub name: String,
    /// What grows, from point to point.
    pub x: Axis,
    /// What it costs or yields.
    pub y: Axis,
    /// The lines, one for each way of doing it.
    pub lines: Vec<Line>,
    /// The lines or points that are missing, with the reason.
    pub absent: Vec<(String, String)>,
    /// What else used the machine during the measurement.
    pub used: Used,
    /// Whether the curve counts, and if not, why.
    pub verdict: Verdict,
}

/// What the numbers of an axis mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Axis {
    /// The quantity in words, as a reader of the chapter sees it.
    pub label: String,
    /// The unit: `ns`, `GiB`, `thread`, `per second`.
    pub unit: String,
}

/// The points of one language and one operation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Line {
    /// The language and the way: `c fork`, `rust vfork`, `go spawn`.
    pub name: String,
    /// The operation of the peer, such as `clone/fork/none`.
    pub operation: String,
    /// In the order of `x`.
    pub points: Vec<Point>,
    /// The law that `y` follows, if it could be found.
    pub fit: Option<Fit>,
}

/// The values measured at one `x`, in the units of the axes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Point {
    /// The size at this point, in the unit of the x axis.
    pub x: f64,
    /// The smallest of all values.
    pub min: f64,
    /// The median of the blocks' medians.
    pub median: f64,
    /// The 99th percentile of the values, estimated from blocks.
    pub p99: f64,
    /// The ratio to the first point of the same line and the same round.
    pub against_first: Option<Estimate>,
    /// The size that the peer proved before the measurement, and what each
    /// block proved.
    pub proof: String,
}

/// The law that a line follows, and its parameters.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fit {
    /// Which of the laws it follows best.
    pub law: Law,
    /// The parameter `begin` of [`Law`], for the figure.
    pub begin: f64,
    /// How much one more unit of `x` adds to `y`, over the rounds.
    pub slope: Estimate,
    /// The exponent of `x` with which the growth over the first point
    /// increases; if the law is `Power`, that of `y` itself. `None` if there is
    /// no growth.
    pub exponent: Option<Estimate>,
    /// The law in words: `constant`, `+20.1 ms per GiB, exponent 1.02`.
    pub words: String,
}

/// The possible laws of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Law {
    /// The last point is within 10 % of the first, or is not different beyond
    /// the noise.
    Constant,
    /// `y = begin + slope * x`.
    Linear,
    /// `y = begin * x ^ exponent`; if the first `x` is 0, this is added to the
    /// `y` of the first point.
    Power,
}
