//! What still works after the namespace it belongs to was left.

use super::Evidence;
use crate::claims::demonstrations::handles::CASES;
use crate::claims::demonstrations::result;
use crate::claims::{Found, Scene};
use crate::sandbox::Mounts;

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
