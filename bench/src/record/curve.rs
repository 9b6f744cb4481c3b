//! How a cost grows: the curves of `growth`, as they are written to
//! `target/bench/growth.json`.

use crate::record::machine::Machine;
use crate::record::outcome::{Extent, Verdict};
use crate::record::statistics::Estimate;
use crate::record::used::Used;
use serde::{Deserialize, Serialize};

/// Everything that one run of `growth` found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// What was measured on.
    pub machine: Machine,
    /// How much was measured.
    pub extent: Extent,
    /// The arguments of the run.
    pub command: Vec<String>,
    /// In the order they were measured.
    pub curves: Vec<Curve>,
}

/// One thing that grows, and what it costs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Curve {
    /// `GROUP/WHAT`, such as `clone/memory`.
    pub name: String,
    /// What grows, from point to point.
    pub x: Axis,
    /// What that costs or yields.
    pub y: Axis,
    /// One for each way of doing it.
    pub lines: Vec<Line>,
    /// Which line or point is missing, and why.
    pub absent: Vec<(String, String)>,
    /// What else used the machine.
    pub used: Used,
    /// Whether to believe it.
    pub verdict: Verdict,
}

/// What the numbers of one direction are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Axis {
    /// In words, for people.
    pub label: String,
    /// One of it: `ns`, `GiB`, `thread`, `per second`.
    pub unit: String,
}

/// Points of one language and one operation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Line {
    /// The language and the way: `c fork`, `rust vfork`, `go spawn`.
    pub name: String,
    /// What was asked of the peer: `clone/fork/none`.
    pub operation: String,
    /// In the order of `x`.
    pub points: Vec<Point>,
    /// How `y` follows `x`.
    pub fit: Option<Fit>,
}

/// What was measured where `x` was that large, in the units of the axes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Point {
    /// How large that is here, in the unit of the axis.
    pub x: f64,
    /// The smallest of all values.
    pub min: f64,
    /// The median of the blocks' medians.
    pub median: f64,
    /// What 99 of a hundred values stay below, as far as blocks tell.
    pub p99: f64,
    /// Divided by the first point of the same line and the same round.
    pub against_first: Option<Estimate>,
    /// What the peer proved of its size before anything was timed, and of
    /// each block.
    pub proof: String,
}

/// How a line goes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fit {
    /// Which of the laws it follows best.
    pub law: Law,
    /// For the figure: `begin` in the words of [`Law`].
    pub begin: f64,
    /// What one more unit of `x` adds to `y`, over the rounds.
    pub slope: Estimate,
    /// By which power of `x` grows what is added to the first point; where
    /// the law is `Power`, `y` itself. None where nothing is added.
    pub exponent: Option<Estimate>,
    /// The same for people: `constant`, `+20.1 ms per GiB, exponent 1.02`.
    pub words: String,
}

/// What a line looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Law {
    /// The last point is within 10 % of the first, or not to be told from it.
    Constant,
    /// `y = begin + slope * x`.
    Linear,
    /// `y = begin * x ^ exponent`; where the first `x` is 0, `y` is that
    /// first point's and this on top of it.
    Power,
}
