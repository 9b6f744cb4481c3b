//! Who is in the time namespace that unshare(2) has made.

use super::{Evidence, demonstrated};
use crate::checked::Found;
use crate::sandbox::Mounts;
use crate::stage::Scene;

/// The caller, its child, and what it becomes; and when the clock can be set.
pub fn execve_enters(scene: &Scene<'_>) -> Found<Evidence> {
    let cases = [
        ("the caller", "the old one"),
        ("its child", "the new one"),
        ("what the caller becomes by execve(2)", "the new one"),
        ("the offsets, before anyone is in it", "ok"),
        ("the offsets, after its child was", "EACCES"),
    ];
    demonstrated(scene, Mounts::Private, "time_namespace", cases)
}
