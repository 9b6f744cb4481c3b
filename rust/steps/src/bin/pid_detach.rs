//! pid_detach: PID 1, with a /proc that agrees, whatever was mounted below it.
//!
//! Follows Matthew Tejo.
//!
//! - <https://man7.org/linux/man-pages/man2/clone.2.html>
//! - <https://man7.org/linux/man-pages/man2/umount.2.html>
//! - <https://man7.org/linux/man-pages/man2/mount.2.html>
//! - <https://man7.org/linux/man-pages/man7/pid_namespaces.7.html>

#![no_main]

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::CloneFlags;
use steps::{Failure, clone_and_exec, must};

/// Without CLONE_NEWNS it would trade the /proc of its parent.
const FLAGS: CloneFlags =
    CloneFlags::CLONE_NEWPID.union(CloneFlags::CLONE_NEWNS);

/// The child: PID 1 of the new namespace. It trades the old /proc for that of
/// its own namespace, becomes the payload, and takes everyone with it when it
/// ends. MNT_DETACH takes /proc away with all that is mounted below it, where a
/// plain umount is EBUSY. Where / is shared, the parent's /proc is traded too:
/// the post makes / private in the shell first.
fn child() -> Result<(), Failure> {
    must("umount2", umount2(c"/proc", MntFlags::MNT_DETACH))?;
    let proc = Some(c"proc");
    must("mount", mount(proc, c"/proc", proc, MsFlags::empty(), Some(c"")))
}

fn main() -> ! {
    clone_and_exec(FLAGS, child)
}

steps::start!(main);
