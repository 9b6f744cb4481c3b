//! Which process is in the time namespace that unshare(2) has made.

use super::{Evidence, demonstrated};
use crate::checked::Found;
use crate::sandbox::Mounts;
use crate::stage::Scene;

/// The caller, its children, and what they become; and when the clock can be
/// set.
pub fn execve_enters(scene: &Scene<'_>) -> Found<Evidence> {
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
    demonstrated(scene, Mounts::Private, "time_namespace", cases)
}
