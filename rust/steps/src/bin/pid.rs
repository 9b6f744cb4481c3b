//! pid: process ids of its own, and a /proc that shows them.
//!
//! After Michael Crosby and *Containers do not exist*.
//!
//! The payload is PID 1, and the new /proc shows it alone. umount(2)
//! refuses where something is mounted below /proc.
//!
//! - <https://man7.org/linux/man-pages/man2/clone.2.html>
//! - <https://man7.org/linux/man-pages/man2/umount.2.html>
//! - <https://man7.org/linux/man-pages/man2/mount.2.html>
//! - <https://man7.org/linux/man-pages/man7/pid_namespaces.7.html>

use nix::mount::{MsFlags, mount, umount};
use nix::sched::CloneFlags;
use steps::{Failure, clone_and_exec, must};

const FLAGS: CloneFlags =
    CloneFlags::CLONE_NEWPID.union(CloneFlags::CLONE_NEWNS);

fn child() -> Result<(), Failure> {
    must("umount", umount(c"/proc"))?;
    let proc = Some(c"proc");
    must("mount", mount(proc, c"/proc", proc, MsFlags::empty(), Some(c"")))
}

fn main() -> ! {
    clone_and_exec(FLAGS, child)
}
