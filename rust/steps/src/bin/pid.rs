//! pid: PID 1, with a /proc of its own namespace.
//!
//! Follows Michael Crosby and *Containers do not exist*.
//!
//! - <https://man7.org/linux/man-pages/man2/clone.2.html>
//! - <https://man7.org/linux/man-pages/man2/umount.2.html>
//! - <https://man7.org/linux/man-pages/man2/mount.2.html>
//! - <https://man7.org/linux/man-pages/man7/pid_namespaces.7.html>

#![no_main]

use nix::mount::{MsFlags, mount, umount};
use nix::sched::CloneFlags;
use steps::{Call, Failure, clone_and_exec};

/// Without CLONE_NEWNS the child would replace its parent's /proc.
const FLAGS: CloneFlags =
    CloneFlags::CLONE_NEWPID.union(CloneFlags::CLONE_NEWNS);

/// The child: PID 1 of the new namespace. It replaces the old /proc by that of
/// its own namespace, becomes the payload, and ends with it; the kernel then
/// kills every process of the namespace. The umount fails with EBUSY if
/// something is mounted below /proc, and where / is shared the parent's /proc
/// is replaced, too.
fn child() -> Result<(), Failure> {
    umount(c"/proc").call("umount")?;
    let proc = Some(c"proc");
    mount(proc, c"/proc", proc, MsFlags::empty(), Some(c"")).call("mount")
}

fn main() -> ! {
    clone_and_exec(FLAGS, child)
}

steps::start!(main);
