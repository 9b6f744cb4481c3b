//! What still works after the namespace it belongs to was left.

use super::demonstrated;
use crate::checks::inside::handles::CASES;
use crate::checks::pitfalls::pitfall::Evidence;
use crate::checks::session::Conditions;
use harness::found::Found;
use harness::scenario::Mounts;

/// Every handle, and every name for the same.
pub fn survive(conditions: &Conditions<'_>) -> Found<Evidence> {
    let is_root = !conditions.is_an_ordinary_user();
    let cases = CASES.iter().filter(|it| is_root || !it.needs_root);
    let cases = cases.map(|it| (it.name, it.expected));
    demonstrated(conditions, Mounts::Private, "handles", cases)
}
