//! mount: a mount table of its own, and a tmpfs in it.
//!
//! Follows Michael Crosby.
//!
//! - <https://man7.org/linux/man-pages/man2/clone.2.html>
//! - <https://man7.org/linux/man-pages/man2/mount.2.html>
//! - <https://man7.org/linux/man-pages/man7/mount_namespaces.7.html>

#![no_main]

use nix::mount::{MsFlags, mount};
use nix::sched::CloneFlags;
use steps::{Call, Failure, clone_and_exec, mytmp};

const FLAGS: CloneFlags = CloneFlags::CLONE_NEWNS;

/// The child: has a copy of its parent's mount table, adds a tmpfs to it,
/// becomes the payload and ends with it. A copy keeps the propagation: where /
/// is shared, the parent gets this tmpfs too.
fn child() -> Result<(), Failure> {
    let (none, tmpfs) = (Some(c"none"), Some(c"tmpfs"));
    mount(none, mytmp(), tmpfs, MsFlags::empty(), Some(c"")).call("mount")
}

fn main() -> ! {
    clone_and_exec(FLAGS, child)
}

steps::start!(main);
