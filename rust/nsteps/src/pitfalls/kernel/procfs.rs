//! Which processes a procfs shows.

use super::{Evidence, demonstrated};
use crate::checked::Found;
use crate::machine;
use crate::sandbox::Mounts;
use crate::stage::Scene;

/// The first kernel with the mount option `pidns`.
const HAS_PIDNS: (u32, u32) = (6, 18);

/// By the launcher, by a process of the new namespace, and by an option that
/// not every kernel has.
pub fn whose(scene: &Scene<'_>) -> Found<Evidence> {
    const OLD: &str = "the old namespace's";
    const NEW: &str = "the new namespace's";
    let with_new = if machine::kernel() >= HAS_PIDNS { NEW } else { "EINVAL" };
    let situations = [
        ("the launcher, after unshare(CLONE_NEWPID)", OLD),
        ("a process of the new namespace", NEW),
        ("the launcher, with pidns= of the new namespace", with_new),
        ("a process of the new namespace, with pidns= of the old", "EINVAL"),
    ];
    demonstrated(scene, Mounts::Private, "procfs", situations)
}
