//! When a user namespace may mount a procfs.

use super::Evidence;
use crate::checked::Found;
use crate::demonstrations::result;
use crate::demonstrations::revealing::CASES;
use crate::sandbox::Mounts;
use crate::stage::Scene;

/// Every situation, in namespaces of its own.
pub fn mounts(scene: &Scene<'_>) -> Found<Evidence> {
    let mut stage = scene.stage(Mounts::Private)?;
    let said = stage.demonstrate(&["revealing_mounts"])?.well()?;
    let mut evidence = Evidence::new();
    // A sandbox has no sysfs, and in a user namespace none can be mounted
    // where none is.
    let is_root = !scene.is_an_ordinary_user();
    for case in CASES.iter().filter(|it| is_root || it.fs_type == "proc") {
        evidence.see(case.name, result(&said, case.name), case.expected);
    }
    Ok(evidence)
}
