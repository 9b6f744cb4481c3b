//! What the rounds of a contest came to.

use crate::record::machine::Machine;
use crate::record::series::ratios;
use crate::record::statistics::Estimate;
use crate::record::used::Used;
use crate::rows::{CAREFUL, PUBLISHED};
use serde::{Deserialize, Serialize};

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// How many rounds have all contenders.
    pub rounds: usize,
    /// After how many rounds [`BASES`](crate::rows::BASES) stop, however little is known of Rust
    /// / C.
    pub most: usize,
    /// How often each does it in a round.
    pub block: u32,
}

impl Extent {
    /// What figures to be quoted need.
    pub const FULL: Extent = Extent { rounds: 20, most: 50, block: 20 };
    /// What shows that everything works.
    pub const SHORT: Extent = Extent { rounds: 4, most: 4, block: 8 };

    /// For a contest whose every single time takes tens of milliseconds.
    pub const fn slow(self) -> Extent {
        let rounds = self.rounds.div_ceil(3);
        Extent { rounds, most: rounds, block: 4 }
    }
}

/// Everything that one run of `paired` found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// What was measured on.
    pub machine: Machine,
    /// How much was measured.
    pub extent: Extent,
    /// The arguments of the run.
    pub command: Vec<String>,
    /// In the order they were measured.
    pub outcomes: Vec<Outcome>,
}

/// What came of a contest.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// The name of the row, or of the column.
    pub name: String,
    /// The figures of each contender.
    pub figures: Vec<Figures>,
    /// Those that are absent, with the reason.
    pub absent: Vec<(String, String)>,
    /// What else used the machine.
    pub used: Used,
    /// Whether to believe it.
    pub verdict: Verdict,
}

impl Outcome {
    /// The figures of a column.
    pub fn of(&self, name: &str) -> Option<&Figures> {
        self.figures.iter().find(|figures| figures.name == name)
    }

    /// One column divided by another, round by round.
    pub fn ratios(&self, name: &str, base: &str) -> Option<Vec<f64>> {
        Some(ratios(&self.of(name)?.blocks, &self.of(base)?.blocks))
    }

    /// One column divided by another.
    pub fn ratio(&self, name: &str, base: &str) -> Option<Estimate> {
        Estimate::of(&self.ratios(name, base)?)
    }

    /// The C that Rust is compared with: the careful one where it takes part.
    pub fn base(&self) -> &'static str {
        if self.of(CAREFUL).is_some() { CAREFUL } else { PUBLISHED }
    }
}

/// Whether a row counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// Every proof was right.
    Proved,
    /// It cannot be done here, with the reason.
    NotPossible(String),
    /// A contender did not do it: no figure of this row counts.
    Wrong(String),
}

/// What one contender achieved, in nanoseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Figures {
    /// The column's name.
    pub name: String,
    /// The shortest of all times.
    pub min: f64,
    /// The median of the blocks' medians.
    pub median: f64,
    /// What 99 of a hundred times stay below, as far as blocks tell.
    pub p99: f64,
    /// The effect's digest, where the effect was looked at beforehand.
    pub digest: Option<String>,
    /// What each block proved.
    pub proof: String,
    /// The median of each block, in the order of the rounds.
    pub blocks: Vec<f64>,
}
