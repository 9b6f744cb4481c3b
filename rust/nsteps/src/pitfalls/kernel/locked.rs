//! What cannot be unmounted in a less privileged mount namespace.

use super::{Evidence, demonstrated};
use crate::checked::Found;
use crate::sandbox::Mounts;
use crate::stage::Scene;

/// Everything shared, then a user and a mount namespace.
pub fn mounts(scene: &Scene<'_>) -> Found<Evidence> {
    let cases = [
        ("of the shared mounts, still shared", "none"),
        ("of the shared mounts, slaves", "all"),
        ("umount2(\"/proc\", 0)", "EINVAL"),
        ("umount2(\"/proc\", MNT_DETACH)", "EINVAL"),
        ("the same, after making everything private", "EINVAL"),
        ("a mount of one's own on top of it", "ok"),
        ("the unmount of that", "ok"),
    ];
    demonstrated(scene, Mounts::Shared, "locked_mounts", cases)
}
