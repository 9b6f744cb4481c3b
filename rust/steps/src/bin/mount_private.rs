//! mount_private: a tmpfs that stays inside even where / is shared.
//!
//! Follows JD.
//!
//! - <https://man7.org/linux/man-pages/man2/clone.2.html>
//! - <https://man7.org/linux/man-pages/man2/mount.2.html>
//! - <https://man7.org/linux/man-pages/man7/mount_namespaces.7.html>

#![no_main]

use nix::mount::{MsFlags, mount};
use nix::sched::CloneFlags;
use steps::{Call, Failure, NONE, clone_and_exec, mytmp};

const FLAGS: CloneFlags = CloneFlags::CLONE_NEWNS;

/// The child: takes / out of its peer group, adds a tmpfs, becomes the payload
/// and ends with it. Without MS_REC this is / and nothing mounted below it:
/// where /proc is shared, what happens under /proc still happens outside.
fn child() -> Result<(), Failure> {
    mount(NONE, c"/", NONE, MsFlags::MS_PRIVATE, NONE).call("mount")?;
    let (none, tmpfs) = (Some(c"none"), Some(c"tmpfs"));
    mount(none, mytmp(), tmpfs, MsFlags::empty(), Some(c"")).call("mount")
}

fn main() -> ! {
    clone_and_exec(FLAGS, child)
}

steps::start!(main);
