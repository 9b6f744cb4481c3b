//! What the kernel answers to a launcher that writes id maps.

use super::{Evidence, demonstrated};
use crate::checked::Found;
use crate::demonstrations::id_maps::CASES;
use crate::sandbox::Mounts;
use crate::stage::Scene;

/// Every situation, in a user namespace of its own.
pub fn errors(scene: &Scene<'_>) -> Found<Evidence> {
    let is_root = !scene.is_an_ordinary_user();
    let cases = CASES.iter().filter(|it| is_root || !it.needs_root);
    let cases = cases.map(|it| (it.name, it.expected));
    demonstrated(scene, Mounts::Private, "id_maps", cases)
}
