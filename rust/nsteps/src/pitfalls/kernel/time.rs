//! Who is in the time namespace that unshare(2) has made.

use super::Evidence;
use crate::checked::Found;
use crate::demonstrations::result;
use crate::sandbox::Mounts;
use crate::stage::Scene;

/// The caller, its child, and what it becomes; and when the clock can be set.
pub fn execve_enters(scene: &Scene<'_>) -> Found<Evidence> {
    let mut stage = scene.stage(Mounts::Private)?;
    let said = stage.demonstrate(&["time_namespace"])?.well()?;
    let mut evidence = Evidence::new();
    for (who, described) in [
        ("the caller", "the old one"),
        ("its child", "the new one"),
        ("what the caller becomes by execve(2)", "the new one"),
        ("the offsets, before anyone is in it", "ok"),
        ("the offsets, after its child was", "EACCES"),
    ] {
        evidence.see(who, result(&said, who), described);
    }
    Ok(evidence)
}
