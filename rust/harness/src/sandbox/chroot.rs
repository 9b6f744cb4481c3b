//! Whether a process lives below the root of its mount namespace.
//!
//! After chroot(2) a process sees the very mount table that it would see after
//! pivot_root(2), and yet its root is a directory from which root gets out
//! again.  Only a process that enters the namespace is put at its real root.

use crate::paths::OBSERVED_PROC;
use nix::fcntl::{OFlag, open};
use nix::sched::{CloneFlags, setns};
use nix::sys::stat::{Mode, stat};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::ForkResult;
use std::ffi::CString;

/// Asked by init of a process it calls `pid`; `None` where it cannot tell.
pub fn is_chrooted(pid: i32) -> Option<bool> {
    match kernel::fork().ok()? {
        ForkResult::Parent { child } => match waitpid(child, None) {
            Ok(WaitStatus::Exited(_, 0)) => Some(false),
            Ok(WaitStatus::Exited(_, 1)) => Some(true),
            _ => None,
        },
        // The process that enters the namespace in init's place reports it by
        // its status and ends.
        ForkResult::Child => std::process::exit(match lives_below(pid) {
            Ok(false) => 0,
            Ok(true) => 1,
            Err(_) => 2,
        }),
    }
}

fn lives_below(pid: i32) -> nix::Result<bool> {
    let process = format!("{OBSERVED_PROC}/{pid}");
    // The dot: what the link leads to, and not the link.
    let root = directory(format!("{process}/root/."))?;
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC;
    let link = format!("{process}/ns/mnt");
    let namespace = open(link.as_str(), flags, Mode::empty())?;
    setns(namespace, CloneFlags::CLONE_NEWNS)?;
    Ok(directory("/".to_owned())? != root)
}

/// Which directory it is, and through which mount it is seen.
fn directory(path: String) -> nix::Result<(u64, u64)> {
    let inode = stat(path.as_str())?.st_ino;
    let path = CString::new(path).unwrap_or_default();
    Ok((kernel::mount_id(&path)?, inode))
}
