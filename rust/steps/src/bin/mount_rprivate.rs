//! mount_rprivate: a mount table from which nothing spreads to the outside.
//!
//! Follows Daniel Mitre, and Matthew Tejo, who runs mount(8) for it.
//!
//! - <https://man7.org/linux/man-pages/man2/clone.2.html>
//! - <https://man7.org/linux/man-pages/man2/mount.2.html>
//! - <https://man7.org/linux/man-pages/man7/mount_namespaces.7.html>

#![no_main]

use nix::mount::{MsFlags, mount};
use nix::sched::CloneFlags;
use steps::{Call, Failure, NONE, clone_and_exec, mytmp};

const FLAGS: CloneFlags = CloneFlags::CLONE_NEWNS;

/// The child: takes / and everything below it out of their peer groups, adds a
/// tmpfs, becomes the payload and ends with it. MS_REC adds everything below /
/// to the change.
fn child() -> Result<(), Failure> {
    let rprivate = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(NONE, c"/", NONE, rprivate, NONE).call("mount")?;
    let (none, tmpfs) = (Some(c"none"), Some(c"tmpfs"));
    mount(none, mytmp(), tmpfs, MsFlags::empty(), Some(c"")).call("mount")
}

fn main() -> ! {
    clone_and_exec(FLAGS, child)
}

steps::start!(main);
