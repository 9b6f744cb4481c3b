//! How a process in a chroot becomes the root of a mount namespace again.

use crate::error::{Context, Error, Result};
use crate::host::chroot::{NEW_ROOT_AT, leave};
use crate::host::remedy::remedy;
use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::stat::Mode;
use nix::unistd::{chdir, getcwd, pivot_root};
use std::os::fd::AsRawFd;

/// Makes the directory that is `/` in a chroot the root of our mount namespace,
/// and stays in the current directory. The mount namespace must not be shared
/// with other processes.
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
    let here = getcwd().context("find the current directory")?;
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let root = open("/", flags, Mode::empty()).context("open /")?;
    leave().map_err(|errno| failed("leave the chroot by setns", errno))?;
    let attach = |source: Option<&str>, at, flags| {
        mount(source, at, None::<&str>, MsFlags::MS_REC | flags, None::<&str>)
    };
    attach(None, "/", MsFlags::MS_SLAVE)
        .map_err(|errno| failed("mount / (propagation)", errno))?;
    let source = format!("/proc/self/fd/{}", root.as_raw_fd());
    attach(Some(&source), NEW_ROOT_AT, MsFlags::MS_BIND)
        .map_err(|errno| failed("mount the root of the chroot", errno))?;
    chdir(NEW_ROOT_AT).context("chdir to the root of the chroot")?;
    // Both names the same: the old root ends up mounted over the new one, and
    // goes with one detach (pivot_root(2), NOTES).
    pivot_root(".", ".").map_err(|errno| failed("pivot_root", errno))?;
    umount2(".", MntFlags::MNT_DETACH).context("detach the machine's root")?;
    chdir(&here).context(format_args!("chdir {}", here.display()))
}
