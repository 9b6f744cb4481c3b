//! net_mount_uts_ipc: as net_mount_uts, and with its own message queues.
//!
//! Follows *Containers do not exist*.
//!
//! - <https://man7.org/linux/man-pages/man2/clone.2.html>
//! - <https://man7.org/linux/man-pages/man2/mount.2.html>
//! - <https://man7.org/linux/man-pages/man2/sethostname.2.html>
//! - <https://man7.org/linux/man-pages/man7/ipc_namespaces.7.html>

#![no_main]

use nix::mount::{MsFlags, mount};
use nix::sched::CloneFlags;
use nix::unistd::sethostname;
use steps::{Call, Failure, clone_and_exec, mytmp};

const FLAGS: CloneFlags = CloneFlags::CLONE_NEWNET
    .union(CloneFlags::CLONE_NEWNS)
    .union(CloneFlags::CLONE_NEWUTS)
    .union(CloneFlags::CLONE_NEWIPC);

/// The child: mounts a tmpfs, sets its host name, becomes the payload and ends
/// with it. The ipc namespace takes one more flag and no call.
fn child() -> Result<(), Failure> {
    let (none, tmpfs) = (Some(c"none"), Some(c"tmpfs"));
    mount(none, mytmp(), tmpfs, MsFlags::empty(), Some(c"")).call("mount")?;
    sethostname("custom_hostname").call("sethostname")
}

fn main() -> ! {
    clone_and_exec(FLAGS, child)
}

steps::start!(main);
