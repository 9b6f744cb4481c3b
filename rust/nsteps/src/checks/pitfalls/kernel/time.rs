//! Which process is in the time namespace that unshare(2) has made.

use super::demonstrated;
use crate::checks::pitfalls::pitfall::Evidence;
use crate::checks::session::Conditions;
use harness::found::Found;
use harness::host::machine;
use harness::scenario::Mounts;

/// The first kernel on which execve(2) enters, and on which a child may borrow
/// the memory of a caller that has called unshare(2).
const EXECVE_ENTERS: (u32, u32) = (6, 2);
const BORROWER: &str = "a child that borrows the memory (CLONE_VM|CLONE_VFORK)";

/// The caller, its children, and what they become; and when the clock can be
/// set.
pub fn execve_enters(conditions: &Conditions<'_>) -> Found<Evidence> {
    let mut cases = vec![
        ("the caller", "the old one"),
        ("a child that has a copy of the memory", "the new one"),
        (BORROWER, "the old one"),
        ("what that child becomes by execve(2)", "the new one"),
        ("what the caller becomes by execve(2)", "the new one"),
        ("the offsets, before a process is in it", "ok"),
        ("the offsets, by that child", "ok"),
        ("the offsets, after a process was in it", "EACCES"),
    ];
    if machine::kernel() < EXECVE_ENTERS {
        // Then there is no such child.
        cases.retain(|(case, _)| !case.contains("that child"));
        for (case, expected) in &mut cases {
            match *case {
                BORROWER => *expected = "EINVAL",
                "what the caller becomes by execve(2)" => {
                    *expected = "the old one";
                }
                // No process has entered before.
                "the offsets, after a process was in it" => *expected = "ok",
                _ => {}
            }
        }
    }
    demonstrated(conditions, Mounts::Private, "time_namespace", cases)
}
