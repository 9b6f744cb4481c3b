//! Measures ratios: each contender does a short block, in an order that rotates
//! from round to round, and is compared with the others of the same round.
//!
//! The speed of the machine changes by half within a second, so times that are
//! taken one after the other cannot be compared. A ratio of two neighbouring
//! blocks does not drift, and the median over the rounds excludes a round that
//! another process disturbed. The contenders that are compared most have
//! neighbouring blocks: the floor, both C and Rust come together, before all
//! others in one round and after them in the next ([`rounds::order`]).
//!
//! Some causes of a slow machine last for minutes. So the rounds of a row are
//! spread over a run, in several passes through all rows.

use crate::judge::agreement::doubt;
use crate::measure::contest::{Contender, Contest};
use crate::measure::load::Load;
use crate::measure::place::Place;
use crate::measure::rounds::{self, proved};
use crate::operation::drain;
use crate::record::answer::Answer;
use crate::record::outcome::{Extent, Figures, Outcome, Verdict};
use crate::record::series::Series;
use crate::record::used::Used;
use crate::rows::{BASES, CAREFUL, PUBLISHED};
use harness::error::Result;
use harness::sandbox::Sandbox;
use std::thread::sleep;
use std::time::Duration;

/// The wait between the blocks of [`BASES`]. The kernel tears down what they
/// all made after the last one.
const PAUSE: Duration = drain(false);

/// How many rounds a pass has. A pass starts new peers, because the speed of a
/// peer also depends on its position in memory, which is random.
pub const PASS: usize = 10;

/// The sandboxes of a run, in which the peers live.
#[derive(Debug)]
pub struct Places {
    /// The sandbox whose peers have one processor.
    pub one: Place,
    /// The sandbox whose peers have two processors, if the machine has two.
    pub two: Option<Place>,
}

impl Places {
    /// Every sandbox, for other commands.
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

    fn renew(&mut self) -> Result<()> {
        self.one.renew()?;
        self.two.as_mut().map_or(Ok(()), Place::renew)
    }
}

/// A contest that is being measured.
#[derive(Debug)]
pub struct Standing {
    contest: Contest,
    /// The blocks of each contender, in the order of the rounds.
    blocks: Vec<Vec<Answer>>,
    used: Used,
    verdict: Verdict,
}

/// Measures a contest from beginning to end.
pub fn hold(contest: Contest, extent: Extent, places: &mut Places) -> Outcome {
    Standing::of(contest).finish(extent, places)
}

impl Standing {
    /// A contest before its first round.
    pub fn of(contest: Contest) -> Standing {
        let verdict = match contest.absent.first() {
            _ if !contest.contenders.is_empty() => Verdict::Proved,
            why => Verdict::NotPossible(
                why.map(|(_, why)| why.clone()).unwrap_or_default(),
            ),
        };
        let blocks = vec![Vec::new(); contest.contenders.len()];
        Standing { contest, blocks, used: Used::default(), verdict }
    }

    /// A contest that has failed before its first round, with the reason.
    pub fn wrong(name: &str, why: String) -> Standing {
        let verdict = Verdict::Wrong(why);
        Standing { verdict, ..Standing::of(Contest::empty(name, PAUSE)) }
    }

    /// Measures until no more rounds are wanted, and returns the outcome.
    pub fn finish(mut self, extent: Extent, places: &mut Places) -> Outcome {
        while !self.is_over(extent) {
            self.pass(extent, places);
        }
        self.outcome(extent)
    }

    /// Measures the rounds of one pass, with new peers, if more are wanted.
    pub fn pass(&mut self, extent: Extent, places: &mut Places) {
        if self.is_over(extent) {
            return;
        }
        let before = Load::now();
        if let Err(verdict) = self.compete(extent, places) {
            self.verdict = verdict;
        }
        self.used = self.used.or(before.since());
    }

    fn compete(
        &mut self,
        extent: Extent,
        places: &mut Places,
    ) -> std::result::Result<(), Verdict> {
        let extent = self.contest.extent(extent);
        let Contest { contenders, drain, .. } = &self.contest;
        let (bases, others): (Vec<usize>, Vec<usize>) = (0..contenders.len())
            .partition(|at| BASES.contains(&&*contenders[*at].name));
        places.renew().map_err(|it| Verdict::Wrong(it.message))?;
        rehearse(contenders, *drain, places)?;
        let begin = self.rounds();
        for round in begin..extent.most.min(begin + PASS) {
            let mut block = |at: usize, pause: Duration| {
                let contender = &contenders[at];
                let answer = places.ask(contender, extent.block);
                sleep(pause);
                proved(
                    &contender.name,
                    &contender.proof.of(extent.block),
                    answer,
                )
            };
            let blocks = &mut self.blocks;
            for close in [round % 2 == 0, round % 2 == 1] {
                if close {
                    rounds::one(&bases, round, blocks, |at| block(at, PAUSE))?;
                    sleep(drain.saturating_sub(PAUSE));
                } else if round < extent.rounds {
                    let block = |at| block(at, *drain);
                    rounds::one(&others, round, blocks, block)?;
                }
            }
        }
        Ok(())
    }

    fn rounds(&self) -> usize {
        self.blocks.iter().map(Vec::len).max().unwrap_or(0)
    }

    /// True if no more rounds are wanted.
    fn is_over(&self, extent: Extent) -> bool {
        let extent = self.contest.extent(extent);
        self.verdict != Verdict::Proved
            || self.rounds() >= extent.most
            || (self.rounds() >= extent.rounds && self.is_sure(extent))
    }

    /// True if the ratio of Rust / C is known well enough, that of careful C
    /// first; also if there is no such ratio.
    fn is_sure(&self, extent: Extent) -> bool {
        let Contest { name, contenders, .. } = &self.contest;
        let series = |name: &str| {
            let at = contenders.iter().position(|it| it.name == name)?;
            Some(Series::of(&self.blocks[at], extent.block))
        };
        let base = series(CAREFUL).or_else(|| series(PUBLISHED));
        let ratio = series("rust").zip(base);
        let ratio = ratio.and_then(|(rust, c)| rust.against(&c));
        ratio.is_none_or(|it| it.doubt() <= doubt(name))
    }

    fn outcome(self, extent: Extent) -> Outcome {
        let extent = self.contest.extent(extent);
        let Contest { name, contenders, absent, .. } = self.contest;
        let proved = self.verdict == Verdict::Proved;
        let all = contenders.into_iter().zip(self.blocks);
        let all = all.filter(|_| proved);
        Outcome {
            name,
            figures: all
                .map(|(contender, it)| {
                    Figures::of(contender, &it, extent.block)
                })
                .collect(),
            absent,
            used: self.used,
            verdict: self.verdict,
        }
    }
}

/// Asks each contender for a block that is not counted: it warms up, and shows
/// which contender cannot do it. If none can, it is not possible on this
/// machine; if only some cannot, that is wrong.
fn rehearse(
    contenders: &[Contender],
    drain: Duration,
    places: &mut Places,
) -> std::result::Result<(), Verdict> {
    let mut refused = Vec::new();
    for contender in contenders {
        match places.ask(contender, 2) {
            Ok(answer) => {
                proved(&contender.name, &contender.proof.of(2), Ok(answer))?;
            }
            Err(error) => refused.push((&contender.name, error.message)),
        }
    }
    sleep(drain);
    let Some((name, why)) = refused.first() else { return Ok(()) };
    Err(if refused.len() == contenders.len() {
        let words = refused.iter().find(|(name, _)| *name == "c");
        Verdict::NotPossible(words.map_or(why, |(_, why)| why).clone())
    } else {
        Verdict::Wrong(format!("{name} fails: {why}"))
    })
}

impl Figures {
    fn of(contender: Contender, blocks: &[Answer], block: u32) -> Figures {
        let series = Series::of(blocks, block);
        Figures {
            name: contender.name,
            min: series.min,
            median: series.median(),
            p99: series.p99,
            digest: contender.digest,
            proof: contender.proof.of(block),
            blocks: series.medians,
        }
    }
}
