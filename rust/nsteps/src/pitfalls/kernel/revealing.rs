//! When a user namespace may mount a procfs.

use super::{Evidence, demonstrated};
use crate::checked::Found;
use crate::demonstrations::revealing::CASES;
use crate::sandbox::Mounts;
use crate::stage::Scene;

/// Every situation, in namespaces of its own.
pub fn mounts(scene: &Scene<'_>) -> Found<Evidence> {
    // A sandbox has no sysfs, and in a user namespace none can be mounted
    // where none is.
    let is_root = !scene.is_an_ordinary_user();
    let cases = CASES.iter().filter(|it| is_root || it.fs_type == "proc");
    let cases = cases.map(|it| (it.name, it.expected));
    demonstrated(scene, Mounts::Private, "revealing_mounts", cases)
}
