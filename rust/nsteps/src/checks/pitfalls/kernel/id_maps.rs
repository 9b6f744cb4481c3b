//! What the kernel answers to a launcher that writes id maps.

use super::demonstrated;
use crate::checks::inside::id_maps::CASES;
use crate::checks::pitfalls::pitfall::Evidence;
use crate::checks::session::Conditions;
use harness::found::Found;
use harness::scenario::Mounts;

/// Every situation, in a user namespace of its own.
pub fn errors(conditions: &Conditions<'_>) -> Found<Evidence> {
    let is_root = !conditions.is_an_ordinary_user();
    let cases = CASES.iter().filter(|it| is_root || !it.needs_root);
    let cases = cases.map(|it| (it.name, it.expected));
    demonstrated(conditions, Mounts::Private, "id_maps", cases)
}
