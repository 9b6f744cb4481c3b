//! When pivot_root(2) succeeds, and with which error it does not.

use super::{Evidence, demonstrated};
use crate::checked::Found;
use crate::demonstrations::pivot_root::CASES;
use crate::sandbox::Mounts;
use crate::stage::Scene;

/// Every situation, in a mount namespace of its own.
pub fn errors(scene: &Scene<'_>) -> Found<Evidence> {
    let is_user = scene.is_an_ordinary_user();
    let cases = CASES.iter().map(|it| (it.name, it.expected(is_user)));
    demonstrated(scene, Mounts::Private, "pivot_root", cases)
}
