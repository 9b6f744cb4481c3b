//! The results of a contest after its rounds.

use crate::record::machine::Machine;
use crate::record::series::ratios;
use crate::record::statistics::Estimate;
use crate::record::used::Used;
use crate::rows::{CAREFUL, PUBLISHED};
use serde::{Deserialize, Serialize};

/// The number of rounds and the size of blocks of a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// The number of rounds in which all contenders take part.
    pub rounds: usize,
    /// The number of rounds after which [`BASES`](crate::rows::BASES) stop,
    /// even if little is known about Rust / C.
    pub most: usize,
    /// The number of operations in a block.
    pub block: u32,
}

impl Extent {
    /// For figures that are published.
    pub const FULL: Extent = Extent { rounds: 20, most: 50, block: 20 };
    /// For a quick check that everything works.
    pub const SHORT: Extent = Extent { rounds: 4, most: 4, block: 8 };

    /// The extent for a contest in which one operation takes tens of
    /// milliseconds.
    pub const fn slow(self) -> Extent {
        let rounds = self.rounds.div_ceil(3);
        Extent { rounds, most: rounds, block: 4 }
    }
}

/// The results of one run of `paired`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// The machine that the run measured on.
    pub machine: Machine,
    /// The number of rounds and the size of blocks.
    pub extent: Extent,
    /// The arguments of the run.
    pub command: Vec<String>,
    /// The outcomes, in the order they were measured.
    pub outcomes: Vec<Outcome>,
}

/// The results of a contest.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// The name of the row, or of the column.
    pub name: String,
    /// The figures of each contender.
    pub figures: Vec<Figures>,
    /// Those that are absent, with the reason.
    pub absent: Vec<(String, String)>,
    /// What else used the machine during the measurement.
    pub used: Used,
    /// Whether the row counts, and if not, why.
    pub verdict: Verdict,
}

impl Outcome {
    /// The figures of the column of that name.
    pub fn of(&self, name: &str) -> Option<&Figures> {
        self.figures.iter().find(|figures| figures.name == name)
    }

    /// The times of one column divided by those of another, for each round.
    pub fn ratios(&self, name: &str, base: &str) -> Option<Vec<f64>> {
        Some(ratios(&self.of(name)?.blocks, &self.of(base)?.blocks))
    }

    /// The times of one column divided by those of another, with the interval.
    pub fn ratio(&self, name: &str, base: &str) -> Option<Estimate> {
        Estimate::of(&self.ratios(name, base)?)
    }

    /// The column of C that Rust is compared with: careful C if it takes part.
    pub fn base(&self) -> &'static str {
        if self.of(CAREFUL).is_some() { CAREFUL } else { PUBLISHED }
    }
}

/// Whether the figures of a row count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// Every answer had the proof that was wanted.
    Proved,
    /// It is not possible on this machine, with the reason.
    NotPossible(String),
    /// A contender did not do it, with the reason: no figure of this row
    /// counts.
    Wrong(String),
}

/// The figures of one contender, in nanoseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Figures {
    /// The name of the column.
    pub name: String,
    /// The shortest of all times.
    pub min: f64,
    /// The median of the blocks' medians.
    pub median: f64,
    /// The 99th percentile of the times, estimated from blocks.
    pub p99: f64,
    /// The digest of the effect, if the effect was checked before.
    pub digest: Option<String>,
    /// The proof that each block gave.
    pub proof: String,
    /// The median of each block, in the order of the rounds.
    pub blocks: Vec<f64>,
}
