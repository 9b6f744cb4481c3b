//! What cannot be unmounted in a less privileged mount namespace.

use super::demonstrated;
use crate::checks::pitfalls::pitfall::Evidence;
use crate::checks::session::Conditions;
use harness::found::Found;
use harness::scenario::Mounts;

/// Everything shared, then a user and a mount namespace.
pub fn mounts(conditions: &Conditions<'_>) -> Found<Evidence> {
    let cases = [
        ("of the shared mounts, still shared", "none"),
        ("of the shared mounts, slaves", "all"),
        ("umount2(\"/proc\", 0)", "EINVAL"),
        ("umount2(\"/proc\", MNT_DETACH)", "EINVAL"),
        ("the same, after making everything private", "EINVAL"),
        ("a mount of one's own on top of it", "ok"),
        ("the unmount of that", "ok"),
    ];
    demonstrated(conditions, Mounts::Shared, "locked_mounts", cases)
}
