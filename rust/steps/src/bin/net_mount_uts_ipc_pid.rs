//! net_mount_uts_ipc_pid: as net_mount_uts_ipc, and the child is PID 1.
//!
//! Follows *Containers do not exist*.
//!
//! - <https://man7.org/linux/man-pages/man2/clone.2.html>
//! - <https://man7.org/linux/man-pages/man2/mount.2.html>
//! - <https://man7.org/linux/man-pages/man2/sethostname.2.html>
//! - <https://man7.org/linux/man-pages/man2/umount.2.html>
//! - <https://man7.org/linux/man-pages/man7/pid_namespaces.7.html>

#![no_main]

use nix::mount::{MsFlags, mount, umount};
use nix::sched::CloneFlags;
use nix::unistd::sethostname;
use steps::{Call, Failure, clone_and_exec, mytmp};

const FLAGS: CloneFlags = CloneFlags::CLONE_NEWNET
    .union(CloneFlags::CLONE_NEWNS)
    .union(CloneFlags::CLONE_NEWUTS)
    .union(CloneFlags::CLONE_NEWIPC)
    .union(CloneFlags::CLONE_NEWPID);

/// The child: PID 1 of the new namespace. It mounts a tmpfs, sets its host
/// name, replaces the old /proc by its own, becomes the payload, and ends with
/// it; the kernel then kills every process of the namespace.
fn child() -> Result<(), Failure> {
    let (none, tmpfs) = (Some(c"none"), Some(c"tmpfs"));
    mount(none, mytmp(), tmpfs, MsFlags::empty(), Some(c"")).call("mount")?;
    sethostname("custom_hostname").call("sethostname")?;
    umount(c"/proc").call("umount")?;
    let proc = Some(c"proc");
    mount(proc, c"/proc", proc, MsFlags::empty(), Some(c"")).call("mount")
}

fn main() -> ! {
    clone_and_exec(FLAGS, child)
}

steps::start!(main);
