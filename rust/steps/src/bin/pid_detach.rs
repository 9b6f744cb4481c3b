//! pid_detach: process ids of its own, the old /proc detached.
//!
//! After Matthew Tejo.
//!
//! MNT_DETACH takes /proc away with all that is mounted below it.
//!
//! - <https://man7.org/linux/man-pages/man2/clone.2.html>
//! - <https://man7.org/linux/man-pages/man2/umount.2.html>
//! - <https://man7.org/linux/man-pages/man2/mount.2.html>
//! - <https://man7.org/linux/man-pages/man7/pid_namespaces.7.html>

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::CloneFlags;
use steps::{Failure, clone_and_exec, must};

const FLAGS: CloneFlags =
    CloneFlags::CLONE_NEWPID.union(CloneFlags::CLONE_NEWNS);

fn child() -> Result<(), Failure> {
    must("umount2", umount2(c"/proc", MntFlags::MNT_DETACH))?;
    let proc = Some(c"proc");
    must("mount", mount(proc, c"/proc", proc, MsFlags::empty(), Some(c"")))
}

fn main() -> ! {
    clone_and_exec(FLAGS, child)
}
