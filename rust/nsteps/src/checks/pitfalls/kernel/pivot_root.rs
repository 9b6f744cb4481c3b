//! When pivot_root(2) succeeds, and with which error it does not.

use super::demonstrated;
use crate::checks::inside::pivot_root::CASES;
use crate::checks::pitfalls::pitfall::Evidence;
use crate::checks::session::Conditions;
use harness::found::Found;
use harness::scenario::Mounts;

/// Every situation, in a mount namespace of its own.
pub fn errors(conditions: &Conditions<'_>) -> Found<Evidence> {
    let is_user = conditions.is_an_ordinary_user();
    let cases = CASES.iter().map(|it| (it.name, it.expected(is_user)));
    demonstrated(conditions, Mounts::Private, "pivot_root", cases)
}
