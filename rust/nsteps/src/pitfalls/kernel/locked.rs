//! What cannot be unmounted in a less privileged mount namespace.

use super::Evidence;
use crate::checked::Found;
use crate::demonstrations::result;
use crate::sandbox::Mounts;
use crate::stage::Scene;

/// Everything shared, then a user and a mount namespace.
pub fn mounts(scene: &Scene<'_>) -> Found<Evidence> {
    let mut stage = scene.stage(Mounts::Shared)?;
    let said = stage.demonstrate(&["locked_mounts"])?.well()?;
    let mut evidence = Evidence::new();
    for (attempt, described) in [
        ("of the shared mounts, still shared", "none"),
        ("of the shared mounts, slaves", "all"),
        ("umount2(\"/proc\", 0)", "EINVAL"),
        ("umount2(\"/proc\", MNT_DETACH)", "EINVAL"),
        ("the same, after making everything private", "EINVAL"),
        ("a mount of one's own on top of it", "ok"),
        ("the unmount of that", "ok"),
    ] {
        evidence.see(attempt, result(&said, attempt), described);
    }
    Ok(evidence)
}
