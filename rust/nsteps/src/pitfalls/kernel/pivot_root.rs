//! When pivot_root(2) succeeds, and with which error it does not.

use super::Evidence;
use crate::checked::Found;
use crate::demonstrations::pivot_root::CASES;
use crate::demonstrations::result;
use crate::sandbox::Mounts;
use crate::stage::Scene;

/// Every situation, in a mount namespace of its own.
pub fn errors(scene: &Scene<'_>) -> Found<Evidence> {
    let mut stage = scene.stage(Mounts::Private)?;
    let said = stage.demonstrate(&["pivot_root"])?.well()?;
    let mut evidence = Evidence::new();
    for case in CASES {
        let described = case.expected(scene.is_an_ordinary_user());
        evidence.see(case.name, result(&said, case.name), described);
    }
    Ok(evidence)
}
