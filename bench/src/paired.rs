//! Ratios: everyone does a short block, in an order that is drawn anew each
//! round, and is compared with the others of the same round.
//!
//! The machine's speed drifts by half within seconds, so that times taken one
//! after the other say little. A ratio of two blocks side by side does not
//! drift; the median over the rounds forgets the round that something else
//! got into.

use crate::contest::{Contender, Contest};
use crate::load::{Load, Used};
use crate::machine::Machine;
use crate::peer::Answer;
use crate::place::Place;
use crate::rounds::{self, Series, proved};
use crate::statistics::{Estimate, Random};
use nsteps::error::Result;
use nsteps::sandbox::Sandbox;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::thread::sleep;

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// How many rounds.
    pub rounds: usize,
    /// How often each does it in a round.
    pub block: u32,
}

impl Extent {
    /// What figures to be quoted need.
    pub const FULL: Extent = Extent { rounds: 30, block: 20 };
    /// What shows that everything works.
    pub const SHORT: Extent = Extent { rounds: 4, block: 8 };
}

/// Who the others are compared with, where they take part.
pub const BASES: &[&str] = &["c", "floor", "rust"];

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
    /// The row's name.
    pub name: String,
    /// Of everyone who took part.
    pub figures: Vec<Figures>,
    /// Who did not, and why.
    pub absent: Vec<(String, String)>,
    /// What else used the machine.
    pub used: Used,
    /// Whether to believe it.
    pub verdict: Verdict,
}

/// Whether a row counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// Every proof was right.
    Proved,
    /// Nobody can do it here, and why.
    NotPossible(String),
    /// Somebody did not do it: no figure of this row counts.
    Wrong(String),
}

/// What one contender achieved, in nanoseconds and in ratios.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Figures {
    /// The column's name.
    pub name: String,
    /// Of all times.
    pub min: f64,
    /// The median of the blocks' medians.
    pub median: f64,
    /// What 99 of a hundred times stay below, as far as blocks tell.
    pub p99: f64,
    /// The effect's digest, where the effect was looked at beforehand.
    pub digest: Option<String>,
    /// What each block proved.
    pub proof: String,
    /// This one divided by each of [`BASES`].
    pub against: BTreeMap<String, Estimate>,
}

/// The sandboxes of a run.
#[derive(Debug)]
pub struct Places {
    /// On one processor.
    pub one: Place,
    /// On two, where there are two.
    pub two: Option<Place>,
}

impl Places {
    /// Every sandbox, to run something else in.
    pub fn sandboxes(&mut self) -> impl Iterator<Item = &mut Sandbox> {
        [&mut self.one].into_iter().chain(&mut self.two).map(Place::sandbox)
    }

    fn ask(&mut self, contender: &Contender, count: u32) -> Result<Answer> {
        let place = match &mut self.two {
            Some(two) if contender.two => two,
            _ => &mut self.one,
        };
        place.ask(contender.peer, &contender.line, count, &contender.arguments)
    }
}

/// Holds a contest.
pub fn hold(
    contest: Contest,
    extent: Extent,
    places: &mut Places,
    random: &mut Random,
) -> Outcome {
    let before = Load::now();
    let Contest { name, contenders, absent, drain } = contest;
    let mut outcome = Outcome {
        name,
        figures: Vec::new(),
        absent,
        used: Used::default(),
        verdict: Verdict::Proved,
    };
    if contenders.is_empty() {
        let why = outcome.absent.first().map(|(_, why)| why.clone());
        outcome.verdict = Verdict::NotPossible(why.unwrap_or_default());
        return outcome;
    }
    // A first block nobody counts: it warms up, and shows who cannot.
    let mut refused = Vec::new();
    for contender in &contenders {
        match places.ask(contender, 2) {
            Ok(answer) => {
                let wanted = contender.proof.of(2);
                let proved = proved(&contender.name, &wanted, Ok(answer));
                if let Err(verdict) = proved {
                    outcome.verdict = verdict;
                }
            }
            Err(error) => refused.push((contender, error.message)),
        }
        sleep(drain);
    }
    outcome.judge(&refused, contenders.len());

    if outcome.verdict != Verdict::Proved {
        return outcome;
    }
    let held = rounds::hold(contenders.len(), extent.rounds, random, |at| {
        let contender = &contenders[at];
        let answer = places.ask(contender, extent.block);
        sleep(drain);
        proved(&contender.name, &contender.proof.of(extent.block), answer)
    });
    match held {
        Ok(blocks) => {
            outcome.used = before.since();
            outcome.count_up(&contenders, &blocks, extent);
        }
        Err(verdict) => outcome.verdict = verdict,
    }
    outcome
}

impl Outcome {
    /// What nobody can do is not possible here. What only some cannot do is
    /// wrong with them.
    fn judge(&mut self, refused: &[(&Contender, String)], all: usize) {
        let Some((who, why)) = refused.first() else { return };
        self.verdict = if refused.len() == all {
            let words = refused.iter().find(|(it, _)| it.name == "c");
            Verdict::NotPossible(words.map_or(why, |(_, why)| why).clone())
        } else {
            Verdict::Wrong(format!("{} fails: {why}", who.name))
        };
    }

    fn count_up(
        &mut self,
        contenders: &[Contender],
        blocks: &[Vec<Answer>],
        extent: Extent,
    ) {
        let series: Vec<Series> =
            blocks.iter().map(|it| Series::of(it, extent.block)).collect();
        let base = |name: &&'static str| {
            let at = contenders.iter().position(|it| it.name == *name)?;
            Some((*name, &series[at]))
        };
        let bases: Vec<_> = BASES.iter().filter_map(base).collect();
        for (contender, series) in contenders.iter().zip(&series) {
            let against = bases.iter().filter_map(|(name, base)| {
                Some(((*name).to_owned(), series.against(base)?))
            });
            self.figures.push(Figures {
                name: contender.name.clone(),
                min: series.min,
                median: series.median(),
                p99: series.p99,
                digest: contender.digest.clone(),
                proof: contender.proof.of(extent.block),
                against: against.collect(),
            });
        }
    }

    /// The figures of a column.
    pub fn of(&self, name: &str) -> Option<&Figures> {
        self.figures.iter().find(|figures| figures.name == name)
    }

    /// One column divided by another.
    pub fn ratio(&self, name: &str, base: &str) -> Option<&Estimate> {
        self.of(name)?.against.get(base)
    }
}
