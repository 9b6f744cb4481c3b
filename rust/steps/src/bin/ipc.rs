//! ipc: System V objects and POSIX message queues of its own.
//!
//! Follows Michael Crosby and *Containers do not exist*.
//!
//! - <https://man7.org/linux/man-pages/man2/clone.2.html>
//! - <https://man7.org/linux/man-pages/man7/ipc_namespaces.7.html>

#![no_main]

use nix::sched::CloneFlags;
use steps::{Failure, clone_and_exec};

const FLAGS: CloneFlags = CloneFlags::CLONE_NEWIPC;

/// The child: exists to become the payload, and ends with it. The flag of clone
/// makes the namespace: no queue made outside is seen inside, nor the other way
/// round.
fn child() -> Result<(), Failure> {
    Ok(())
}

fn main() -> ! {
    clone_and_exec(FLAGS, child)
}

steps::start!(main);
