//! Which processes a procfs shows.

use super::demonstrated;
use crate::checks::pitfalls::pitfall::Evidence;
use crate::checks::session::Conditions;
use harness::found::Found;
use harness::host::machine;
use harness::scenario::Mounts;

/// The first kernel with the mount option `pidns`.
const HAS_PIDNS: (u32, u32) = (6, 18);

/// By the launcher, by a process of the new namespace, and by an option that
/// not every kernel has.
pub fn whose(conditions: &Conditions<'_>) -> Found<Evidence> {
    const OLD: &str = "the old namespace's";
    const NEW: &str = "the new namespace's";
    let with_new = if machine::kernel() >= HAS_PIDNS { NEW } else { "EINVAL" };
    let situations = [
        ("the launcher, after unshare(CLONE_NEWPID)", OLD),
        ("a process of the new namespace", NEW),
        ("the launcher, with pidns= of the new namespace", with_new),
        ("a process of the new namespace, with pidns= of the old", "EINVAL"),
    ];
    demonstrated(conditions, Mounts::Private, "procfs", situations)
}
