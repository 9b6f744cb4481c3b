//! What still works after the namespace it belongs to was left.

use super::{Evidence, demonstrated};
use crate::checked::Found;
use crate::demonstrations::handles::CASES;
use crate::sandbox::Mounts;
use crate::stage::Scene;

/// Every handle, and every name for the same.
pub fn survive(scene: &Scene<'_>) -> Found<Evidence> {
    let is_root = !scene.is_an_ordinary_user();
    let cases = CASES.iter().filter(|it| is_root || !it.needs_root);
    let cases = cases.map(|it| (it.name, it.expected));
    demonstrated(scene, Mounts::Private, "handles", cases)
}
