//! Whether this process is in a chroot, and how it becomes the root of a mount
//! namespace again.
//!
//! In a chroot the directory `/` need not be a mount point, so that nothing can
//! be said of its propagation; the kernel allows no user namespace; and a pivot
//! does not change the root to which setns(2) leads.

use crate::error::{Context, Error, Result};
use crate::remedy::remedy;
use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, setns};
use nix::sys::stat::Mode;
use nix::unistd::{chdir, getcwd, pivot_root};
use std::fs;
use std::os::fd::AsRawFd;

/// Where the new root is mounted while the old one is still there: a directory
/// that every machine has.
pub const SITE: &str = "/tmp";

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

/// Makes the directory that `/` is in a chroot the root of our mount namespace,
/// which must be one of our own, and stays in the present directory.
///
/// # Errors
///
/// Fails if a call fails, and names the call and its remedy.
pub fn become_root() -> Result<()> {
    let failed = |call: &str, errno: Errno| {
        let advice = remedy(call, errno)
            .map_or(String::new(), |advice| format!(": {advice}"));
        Error::new(format!("{call}: {}{advice}", errno.desc()))
    };
    let here = getcwd().context("find the present directory")?;
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let root = open("/", flags, Mode::empty()).context("open /")?;
    leave().map_err(|errno| failed("leave the chroot by setns", errno))?;
    let attach = |source: Option<&str>, at, flags| {
        mount(source, at, None::<&str>, MsFlags::MS_REC | flags, None::<&str>)
    };
    attach(None, "/", MsFlags::MS_SLAVE)
        .map_err(|errno| failed("mount / (propagation)", errno))?;
    let source = format!("/proc/self/fd/{}", root.as_raw_fd());
    attach(Some(&source), SITE, MsFlags::MS_BIND)
        .map_err(|errno| failed("mount the root of the chroot", errno))?;
    chdir(SITE).context("chdir to the root of the chroot")?;
    // Both names the same: the old root ends up mounted over the new one, and
    // goes with one detach (pivot_root(2), NOTES).
    pivot_root(".", ".").map_err(|errno| failed("pivot_root", errno))?;
    umount2(".", MntFlags::MNT_DETACH).context("detach the machine's root")?;
    chdir(&here).context(format_args!("chdir {}", here.display()))
}
