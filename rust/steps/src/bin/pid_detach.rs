//! pid_detach: PID 1, with its own /proc, even if the old one is busy.
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
use steps::{Call, Failure, clone_and_exec};

/// Without CLONE_NEWNS the child would replace its parent's /proc.
const FLAGS: CloneFlags =
    CloneFlags::CLONE_NEWPID.union(CloneFlags::CLONE_NEWNS);

/// The child: PID 1 of the new namespace. It replaces the old /proc by that of
/// its own namespace, becomes the payload, and ends with it; the kernel then
/// kills every process of the namespace. MNT_DETACH unmounts /proc with all
/// that is mounted below it, where a plain umount fails with EBUSY. If / is
/// shared, both calls also change the parent's /proc by propagation; the post
/// makes / private in a shell first.
fn child() -> Result<(), Failure> {
    umount2(c"/proc", MntFlags::MNT_DETACH).call("umount2")?;
    let proc = Some(c"proc");
    mount(proc, c"/proc", proc, MsFlags::empty(), Some(c"")).call("mount")
}

fn main() -> ! {
    clone_and_exec(FLAGS, child)
}

steps::start!(main);
