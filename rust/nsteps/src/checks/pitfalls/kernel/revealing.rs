//! When a user namespace may mount a procfs.

use super::demonstrated;
use crate::checks::inside::revealing::CASES;
use crate::checks::pitfalls::pitfall::Evidence;
use crate::checks::session::Conditions;
use harness::found::Found;
use harness::host::machine;
use harness::scenario::Mounts;

/// Every situation, in namespaces of its own.
pub fn mounts(conditions: &Conditions<'_>) -> Found<Evidence> {
    // A sandbox has no sysfs, and in a user namespace none can be mounted
    // where none is.
    let is_root = !conditions.is_an_ordinary_user();
    let cases = CASES.iter().filter(|it| is_root || it.fs_type == "proc");
    let cases = cases.map(|it| (it.name, it.expected(machine::kernel())));
    demonstrated(conditions, Mounts::Private, "revealing_mounts", cases)
}
