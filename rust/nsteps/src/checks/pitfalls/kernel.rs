//! What the kernel does that affects every language alike, each with a check.
//!
//! [`SURPRISES`] is the only list of them, and each has its page in
//! `docs/src/kernel`.  A page has a table of situations and what comes of them,
//! and a check has the same one: run as root, a check shows every row of the
//! one in the other, word for word, and a test compares.

mod flags;
mod groups;
mod handles;
mod id_maps;
mod inodes;
mod locked;
mod pivot_root;
mod procfs;
mod propagation;
mod revealing;
mod time;

use crate::checks::inside::result;
use crate::checks::pitfalls::pitfall::{Affected, Evidence, Pitfall};
use crate::checks::session::Conditions;
use harness::found::Found;
use harness::scenario::Mounts;

const fn surprise(
    slug: &'static str,
    about: &'static str,
    check: fn(&Conditions<'_>) -> Found<Evidence>,
) -> Pitfall {
    Pitfall { slug, about, affects: &[Affected::Kernel], check }
}

/// Has something demonstrated, and sees what comes of each situation.
fn demonstrated<'t>(
    conditions: &Conditions<'_>,
    mounts: Mounts,
    name: &str,
    situations: impl IntoIterator<Item = (&'t str, &'t str)>,
) -> Found<Evidence> {
    let said = conditions.session(mounts)?.demonstrate(&[name])?.well()?;
    let mut evidence = Evidence::new();
    for (situation, described) in situations {
        evidence.see(situation, result(&said, situation)?, described);
    }
    Ok(evidence)
}

/// Every surprise, in the order of the book.
pub const SURPRISES: &[Pitfall] = &[
    surprise(
        "inode-reuse",
        "a namespace has the number of one that has ended",
        inodes::used_again,
    ),
    surprise(
        "propagation",
        "/ is private, and the host loses a mount all the same",
        propagation::without_ms_rec,
    ),
    surprise(
        "locked-mounts",
        "in a user namespace umount /proc is EINVAL",
        locked::mounts,
    ),
    surprise(
        "mount-flags",
        "a remount makes one mount read-only, and drops its other flags",
        flags::mounts,
    ),
    surprise(
        "proc-in-a-user-namespace",
        "one hidden file, and no new /proc may be mounted",
        revealing::mounts,
    ),
    surprise(
        "whose-procfs",
        "a procfs shows the namespace of the process that mounts it",
        procfs::whose,
    ),
    surprise(
        "kill-0",
        "from a new pid namespace kill(0) still reaches the launcher's group",
        groups::kill_0,
    ),
    surprise(
        "handles-that-survive",
        "a namespace isolates names; what is open stays open",
        handles::survive,
    ),
    surprise(
        "id-maps",
        "EPERM or EINVAL, by what was written before",
        id_maps::errors,
    ),
    surprise(
        "execve-enters-the-time-namespace",
        "unshare(CLONE_NEWTIME) is not about children only",
        time::execve_enters,
    ),
    surprise(
        "pivot-root-errors",
        "EBUSY or EINVAL, by case",
        pivot_root::errors,
    ),
];
