//! Mounts that a less privileged mount namespace may not unmount:
//! mount_namespaces(7), "Restrictions on mount namespaces".

use super::{make_private, say, tmpfs};
use crate::checks::session::propagation;
use harness::error::{Context, Error, Result};
use kernel::map_root;
use nix::mount::{MntFlags, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};

const PROC: &str = "/proc";

/// Makes a user and a mount namespace and tries to unmount /proc there. Prints
/// a line per attempt: result, tab, attempt.
///
/// # Errors
///
/// Fails if the namespaces cannot be made, if an id map cannot be written, or
/// if the mount table cannot be read.
pub fn mounts(_: &[String]) -> Result<()> {
    let shared = tagged("shared:")?;
    let (uid, gid) = (geteuid(), getegid());
    let flags = CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNS;
    unshare(flags).context("unshare")?;
    map_root(uid, gid).map_err(|(path, errno)| {
        Error::new(format!("write {path}: {}", errno.desc()))
    })?;
    how_many("still shared", tagged("shared:")?, shared);
    how_many("slaves", tagged("master:")?, shared);
    let unmount = |flags| umount2(PROC, flags);
    say("umount2(\"/proc\", 0)", Ok(unmount(MntFlags::empty())));
    let detached = unmount(MntFlags::MNT_DETACH);
    say("umount2(\"/proc\", MNT_DETACH)", Ok(detached));
    let detached = make_private().map(|()| unmount(MntFlags::MNT_DETACH));
    say("the same, after making everything private", detached);
    say("a mount of one's own on top of it", Ok(tmpfs(PROC)));
    say("the unmount of that", Ok(unmount(MntFlags::empty())));
    Ok(())
}

/// The number of mounts whose propagation contains `tag`.
fn tagged(tag: &str) -> Result<usize> {
    let table = std::fs::read_to_string("/proc/self/mountinfo")
        .context("read /proc/self/mountinfo")?;
    let has = |line: &&str| propagation(line).contains(tag);
    Ok(table.lines().filter(has).count())
}

/// Prints for how many of the shared mounts it is so: none, some or all.
fn how_many(what: &str, some: usize, all: usize) {
    let words = match some {
        0 => "none",
        some if some == all => "all",
        _ => "some",
    };
    println!("{words}\tof the shared mounts, {what}");
}
