//! Which process is in the time namespace that unshare(2) has made.

use super::demonstrated;
use crate::checks::pitfalls::pitfall::Evidence;
use crate::checks::session::Conditions;
use harness::found::Found;
use harness::scenario::Mounts;

/// The caller, its children, and what they become; and when the clock can be
/// set.
pub fn execve_enters(conditions: &Conditions<'_>) -> Found<Evidence> {
    let cases = [
        ("the caller", "the old one"),
        ("a child that has a copy of the memory", "the new one"),
        (
            "a child that borrows the memory (CLONE_VM|CLONE_VFORK)",
            "the old one",
        ),
        ("what that child becomes by execve(2)", "the new one"),
        ("what the caller becomes by execve(2)", "the new one"),
        ("the offsets, before a process is in it", "ok"),
        ("the offsets, by that child", "ok"),
        ("the offsets, after a process was in it", "EACCES"),
    ];
    demonstrated(conditions, Mounts::Private, "time_namespace", cases)
}
