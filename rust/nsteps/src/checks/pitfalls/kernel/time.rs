//! Which process is in the time namespace that unshare(2) has made.

use super::demonstrated;
use crate::checks::inside::time::BORROWER;
use crate::checks::pitfalls::pitfall::Evidence;
use crate::checks::session::Conditions;
use harness::found::Found;
use harness::host::machine;
use harness::scenario::Mounts;

/// The caller, its children, and what they become; and when the clock can be
/// set.
pub fn execve_enters(conditions: &Conditions<'_>) -> Found<Evidence> {
    // What is seen, and what was before; `None`: there was no such child.
    let cases = [
        ("the caller", "the old one", Some("the old one")),
        (
            "a child that has a copy of the memory",
            "the new one",
            Some("the new one"),
        ),
        (BORROWER, "the old one", Some("EINVAL")),
        ("what that child becomes by execve(2)", "the new one", None),
        (
            "what the caller becomes by execve(2)",
            "the new one",
            Some("the old one"),
        ),
        ("the offsets, before a process is in it", "ok", Some("ok")),
        ("the offsets, by that child", "ok", None),
        // No process has entered before.
        ("the offsets, after a process was in it", "EACCES", Some("ok")),
    ];
    let enters = machine::kernel() >= machine::EXECVE_ENTERS_TIME;
    let cases = cases.into_iter().filter_map(|(case, now, before)| {
        Some((case, if enters { now } else { before? }))
    });
    demonstrated(conditions, Mounts::Private, "time_namespace", cases)
}
