//! net_mount: a network and a mount table of its own.
//!
//! Follows *Containers do not exist*.
//!
//! - <https://man7.org/linux/man-pages/man2/clone.2.html>
//! - <https://man7.org/linux/man-pages/man2/mount.2.html>
//! - <https://man7.org/linux/man-pages/man7/network_namespaces.7.html>
//! - <https://man7.org/linux/man-pages/man7/mount_namespaces.7.html>

#![no_main]

use nix::mount::{MsFlags, mount};
use nix::sched::CloneFlags;
use steps::{Call, Failure, clone_and_exec, mytmp};

const FLAGS: CloneFlags =
    CloneFlags::CLONE_NEWNET.union(CloneFlags::CLONE_NEWNS);

/// The child: mounts a tmpfs, becomes the payload and ends with it. The network
/// namespace needs no code: a new one is empty.
fn child() -> Result<(), Failure> {
    let (none, tmpfs) = (Some(c"none"), Some(c"tmpfs"));
    mount(none, mytmp(), tmpfs, MsFlags::empty(), Some(c"")).call("mount")
}

fn main() -> ! {
    clone_and_exec(FLAGS, child)
}

steps::start!(main);
