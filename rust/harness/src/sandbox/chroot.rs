//! Whether a process lives below the root of its mount namespace.
//!
//! After chroot(2) a process sees the same mount table as after pivot_root(2),
//! but a process with privileges can leave its root again. A process that
//! enters the mount namespace starts at the real root, which shows the
//! difference.

use crate::paths::OBSERVED_PROC;
use nix::fcntl::{OFlag, open};
use nix::sched::{CloneFlags, setns};
use nix::sys::stat::{Mode, stat};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::ForkResult;
use std::ffi::CString;

/// Asks the question about the process with this pid in init's namespace;
/// `None` if it cannot be answered. Called by init.
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
    // With the dot it is the directory that the link leads to, not the link.
    let root = directory(format!("{process}/root/."))?;
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC;
    let link = format!("{process}/ns/mnt");
    let namespace = open(link.as_str(), flags, Mode::empty())?;
    setns(namespace, CloneFlags::CLONE_NEWNS)?;
    Ok(directory("/".to_owned())? != root)
}

/// The identity of a directory, and that of the mount through which it is seen.
fn directory(path: String) -> nix::Result<(u64, u64)> {
    let inode = stat(path.as_str())?.st_ino;
    let path = CString::new(path).unwrap_or_default();
    Ok((kernel::mount_id(&path)?, inode))
}
