//! mount_fd: the same as mount_rprivate, by the calls that take descriptors.
//!
//! Beyond the posts: a mount is a descriptor first, and is attached when it is
//! complete. Linux 5.12.
//!
//! - <https://man7.org/linux/man-pages/man2/clone.2.html>
//! - <https://man7.org/linux/man-pages/man2/fsopen.2.html>
//! - <https://man7.org/linux/man-pages/man2/mount_setattr.2.html>

#![no_main]

use nix::mount::MsFlags;
use nix::sched::CloneFlags;
use steps::mount_fd::{
    fsconfig_create, fsconfig_string, fsmount, fsopen, move_mount,
    set_propagation,
};
use steps::{Call, Failure, clone_and_exec, mytmp};

const FLAGS: CloneFlags = CloneFlags::CLONE_NEWNS;

/// The child: takes / and everything below it out of their peer groups, makes
/// a tmpfs, attaches it, becomes the payload and ends with it.
fn child() -> Result<(), Failure> {
    set_propagation(c"/", MsFlags::MS_PRIVATE).call("mount_setattr")?;
    let context = fsopen(c"tmpfs").call("fsopen")?;
    fsconfig_string(&context, c"source", c"none").call("fsconfig")?;
    fsconfig_create(&context).call("fsconfig")?;
    let tmpfs = fsmount(&context).call("fsmount")?;
    move_mount(&tmpfs, mytmp()).call("move_mount")
}

fn main() -> ! {
    clone_and_exec(FLAGS, child)
}

steps::start!(main);
