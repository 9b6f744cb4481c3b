//! What lets an ordinary user make namespaces: a user namespace.

use harness::error::{Context, Result};
use harness::host::remedy::refused;
use kernel::map_root;
use nix::sched::{CloneFlags, setns, unshare};
use nix::unistd::{getegid, geteuid};
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;

const OWN: &str = "/proc/self/ns/user";

/// Enters a user namespace in which the caller is root, unless it is root. This
/// process must have one thread.
///
/// # Errors
///
/// Fails if user namespaces are forbidden here, with the remedy.
pub fn become_root() -> Result<()> {
    let (uid, gid) = (geteuid(), getegid());
    if uid.is_root() {
        return Ok(());
    }
    unshare(CloneFlags::CLONE_NEWUSER)
        .map_err(|errno| refused("unshare a user namespace", errno))?;
    map_root(uid, gid).map_err(|(path, errno)| refused(&path, errno))
}

/// The user namespace of this process.
///
/// # Errors
///
/// Fails if there is no procfs.
pub fn own() -> Result<OwnedFd> {
    let file = File::open(OWN).context(format_args!("open {OWN}"))?;
    Ok(file.into())
}

/// Enters a user namespace, unless this process is in it. It must have one
/// thread.
///
/// # Errors
///
/// Fails if it belongs to another user.
pub fn enter(namespace: OwnedFd) -> Result<()> {
    let own = File::from(own()?);
    let other = File::from(namespace);
    let which = |file: &File| -> Result<(u64, u64)> {
        let data = file.metadata().context("look at a user namespace")?;
        Ok((data.dev(), data.ino()))
    };
    if which(&own)? == which(&other)? {
        return Ok(());
    }
    setns(other.as_fd(), CloneFlags::CLONE_NEWUSER)
        .context("join the user namespace of the daemon")
}
