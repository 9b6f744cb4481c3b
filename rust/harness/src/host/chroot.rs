//! Whether this process is in a chroot, and the way out of it.
//!
//! In a chroot the directory `/` need not be a mount point, so its propagation
//! is not known; the kernel allows no user namespace; and pivot_root does not
//! change the root that setns(2) leads to.

use nix::fcntl::{OFlag, open};
use nix::sched::{CloneFlags, setns};
use nix::sys::stat::Mode;
use std::fs;

/// Where the new root is mounted while the old one is still there: a directory
/// that every machine has.
pub const NEW_ROOT_AT: &str = "/tmp";

/// Whether this process is in a chroot, as far as it can tell without
/// privilege: `/` is no mount point, or is not the root of the machine's init
/// in the same mount namespace.
pub fn is_here() -> bool {
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let is_mounted =
        table.lines().any(|line| line.split(' ').nth(4) == Some("/"));
    let namespace = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/mnt"));
    let root = |path: &str| {
        nix::sys::stat::stat(path).map(|it| (it.st_dev, it.st_ino))
    };
    let beside_init = matches!(
        (namespace("self"), namespace("1")),
        (Ok(own), Ok(init)) if own == init
    );
    let elsewhere = matches!(
        (root("/"), root("/proc/1/root/")),
        (Ok(own), Ok(init)) if own != init
    );
    // Without procfs there is no table, and nothing can be told.
    (!table.is_empty() && !is_mounted) || (beside_init && elsewhere)
}

/// Goes to the root of our mount namespace.
///
/// # Errors
///
/// Fails if there is no procfs, or CAP_SYS_ADMIN or CAP_SYS_CHROOT is missing.
pub fn leave() -> nix::Result<()> {
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC;
    let own = open("/proc/self/ns/mnt", flags, Mode::empty())?;
    setns(own, CloneFlags::CLONE_NEWNS)
}
