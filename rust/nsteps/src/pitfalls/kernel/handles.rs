//! What still works after the namespace it belongs to was left.

use super::Evidence;
use crate::checked::Found;
use crate::demonstrations::handles::CASES;
use crate::demonstrations::result;
use crate::sandbox::Mounts;
use crate::stage::Scene;

/// Every handle, and every name for the same.
pub fn survive(scene: &Scene<'_>) -> Found<Evidence> {
    let mut stage = scene.stage(Mounts::Private)?;
    let said = stage.demonstrate(&["handles"])?.well()?;
    let is_root = !scene.is_an_ordinary_user();
    let mut evidence = Evidence::new();
    for case in CASES.iter().filter(|it| is_root || !it.needs_root) {
        evidence.see(case.name, result(&said, case.name), case.expected);
    }
    Ok(evidence)
}
