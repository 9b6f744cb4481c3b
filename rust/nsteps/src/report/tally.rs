//! How many comparisons had which outcome, and the exit status.

use crate::checked::Checked;
use compare::comparison::{Comparison, Standing};
use compare::known::KnownDifference;
use harness::error::TROUBLE;

/// The number of comparisons, by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Comparisons that have the same effect in every language.
    pub same: usize,
    /// Comparisons in which some differ, and the reason is known.
    pub explained: usize,
    /// Those of `explained` in which they differ only in what every trial of a
    /// launcher shows.
    pub everywhere: usize,
    /// Comparisons in which fewer than two launchers were observed.
    pub not_compared: usize,
    /// The number of trials, by outcome. A difference belongs to a comparison.
    pub checked: Checked,
}

impl Tally {
    /// Counts comparisons by their outcome.
    pub fn of(comparisons: &[Comparison]) -> Tally {
        let mut tally = Tally::default();
        for it in comparisons {
            tally.checked.all += it.launchers.len();
            tally.checked.broken += it.broken.len();
            for (_, why) in &it.unavailable {
                tally.checked.not_possible(why);
            }
            match it.standing() {
                Standing::NotCompared => tally.not_compared += 1,
                Standing::Same => tally.same += 1,
                Standing::SameButEverywhere => {
                    tally.explained += 1;
                    tally.everywhere += 1;
                }
                Standing::Explained => tally.explained += 1,
                Standing::Differs => tally.checked.unexpected += 1,
            }
        }
        tally
    }

    /// The exit status: 0, 1 or 2, as in diff(1); 2 if nothing was compared.
    pub fn status(&self) -> u8 {
        let Tally { same, explained, not_compared, checked, .. } = self;
        let nothing = same + explained + checked.unexpected == 0;
        if nothing && *not_compared > 0 { TROUBLE } else { checked.status() }
    }
}

/// The exit status of a comparison: 0, 1 or 2, as in diff(1).
pub fn status(
    comparisons: &[Comparison],
    stale: &[&'static KnownDifference],
) -> u8 {
    let mut tally = Tally::of(comparisons);
    tally.checked.unexpected += stale.len();
    tally.status()
}
