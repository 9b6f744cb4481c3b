//! pid_oldproc: PID 1, looking at the /proc of its parent.
//!
//! Follows Michael Crosby. It is the first try of the post: /proc still lists
//! the processes outside.
//!
//! - <https://man7.org/linux/man-pages/man2/clone.2.html>
//! - <https://man7.org/linux/man-pages/man7/pid_namespaces.7.html>

#![no_main]

use nix::sched::CloneFlags;
use steps::{Failure, clone_and_exec};

const FLAGS: CloneFlags = CloneFlags::CLONE_NEWPID;

/// The child: PID 1 of the new namespace. It becomes the payload, and when it
/// ends the kernel kills every other process of it. /proc belongs to the pid
/// namespace it was mounted in, which is still the old one.
fn child() -> Result<(), Failure> {
    Ok(())
}

fn main() -> ! {
    clone_and_exec(FLAGS, child)
}

steps::start!(main);
