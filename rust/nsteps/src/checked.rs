//! Counts checks by their outcome; the counts decide the exit status.

use harness::error::{DIFFERENT, TROUBLE};
use harness::found::{Found, Refusal};
use harness::must_run;

/// The number of checks of any kind, by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// The number of all checks.
    pub all: usize,
    /// The number of checks that are not possible on this machine.
    pub unavailable: usize,
    /// The number of those that `MUST_RUN=1` does not excuse.
    pub missed: usize,
    /// The number of checks that broke: they should have been possible.
    pub broken: usize,
    /// The number of checks that were done and did not see what is expected.
    pub unexpected: usize,
}

impl Checked {
    /// Counts one check; `is_right` says whether what it found is expected.
    pub fn count<T>(
        &mut self,
        found: &Found<T>,
        is_right: impl FnOnce(&T) -> bool,
    ) {
        self.all += 1;
        match found {
            Ok(it) => self.unexpected += usize::from(!is_right(it)),
            Err(Refusal::Unavailable(why)) => self.not_possible(why),
            Err(Refusal::Broken(_)) => self.broken += 1,
        }
    }

    /// Counts one of the checks in `all` as not possible on this machine.
    pub fn not_possible(&mut self, why: &str) {
        self.unavailable += 1;
        self.missed += usize::from(!must_run::excuses(why));
    }

    /// The exit status: 0, 1 or 2, as in diff(1).
    pub fn status(&self) -> u8 {
        // If no check was done, none has passed.
        let nothing = self.all > 0 && self.all == self.unavailable;
        let missed = must_run::demanded() && self.missed > 0;
        if self.broken > 0 || nothing || missed {
            TROUBLE
        } else if self.unexpected > 0 {
            DIFFERENT
        } else {
            0
        }
    }
}

/// `, 2 broken` for the count 2; empty for 0.
pub fn some(count: usize, what: &str) -> String {
    if count == 0 { String::new() } else { format!(", {count} {what}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_looked_at_has_not_passed() {
        let none = Checked { all: 2, unavailable: 2, ..Checked::default() };
        assert_eq!(none.status(), TROUBLE);
        let other = Checked { all: 2, unexpected: 1, ..Checked::default() };
        assert_eq!(other.status(), DIFFERENT);
        assert_eq!(Checked { broken: 1, ..other }.status(), TROUBLE);
        assert_eq!(Checked { all: 2, ..Checked::default() }.status(), 0);
        assert_eq!(Checked::default().status(), 0);
    }

    #[test]
    fn each_is_counted_once() {
        let unavailable = Refusal::Unavailable("no kernel".to_owned());
        let broken = Refusal::Broken("it broke".to_owned());
        let found = [Ok(1), Ok(2), Err(unavailable), Err(broken)];
        let mut checked = Checked::default();
        for it in &found {
            checked.count(it, |it| *it == 1);
        }
        let expected = Checked {
            all: 4,
            unavailable: 1,
            missed: 1,
            broken: 1,
            unexpected: 1,
        };
        assert_eq!(checked, expected);
    }
}
