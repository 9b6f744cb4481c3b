//! A check: a sentence that is checked on this machine, and its outcome.
//!
//! Claims and differences are checks. What a check sees, and what follows from
//! it, is different for both; how checks run and how outcomes are counted is
//! here.

use crate::checked::Checked;
use crate::checks::session::Conditions;
use harness::found::Found;
use harness::host::Equipment;
use harness::workers;

/// A sentence that programs in sandboxes confirm or contradict.
pub trait Check: Copy + Send + Sync {
    /// What a check saw.
    type Seen: Send;

    /// Its name in progress messages and in the names of tests.
    fn label(self) -> String;

    /// Runs its programs and observes this machine.
    ///
    /// # Errors
    ///
    /// Fails with [`Unavailable`](harness::found::Refusal::Unavailable) if this
    /// machine does not allow the check, and with
    /// [`Broken`](harness::found::Refusal::Broken) if it should have worked.
    fn check(self, conditions: &Conditions<'_>) -> Found<Self::Seen>;

    /// True if `seen` is what the project expects on every machine.
    fn is_expected(self, seen: &Self::Seen) -> bool;
}

/// Checks and their outcomes, in the order of their list.
pub type Outcomes<C> = Vec<(C, Found<<C as Check>::Seen>)>;

/// Runs checks, as many at the same time as there are processors.
pub fn run<C: Check>(checks: &[C], equipment: &Equipment) -> Outcomes<C> {
    let conditions = Conditions::new(equipment);
    let found = workers::in_order(
        checks,
        |check| check.check(&conditions),
        |check| check.label(),
    );
    checks.iter().copied().zip(found).collect()
}

/// True if a check was done and saw what is expected.
pub fn is_expected<C: Check>((check, found): &(C, Found<C::Seen>)) -> bool {
    found.as_ref().is_ok_and(|seen| check.is_expected(seen))
}

/// How many checks had which kind of outcome.
pub fn count<C: Check>(outcomes: &[(C, Found<C::Seen>)]) -> Checked {
    let mut checked = Checked::default();
    for (check, found) in outcomes {
        checked.count(found, |seen| check.is_expected(seen));
    }
    checked
}
