//! ipc: message queues, semaphores and shared memory of its own.
//!
//! After Michael Crosby and *Containers do not exist*.
//!
//! - <https://man7.org/linux/man-pages/man2/clone.2.html>
//! - <https://man7.org/linux/man-pages/man7/ipc_namespaces.7.html>

use nix::sched::CloneFlags;
use steps::{Failure, clone_and_exec};

const FLAGS: CloneFlags = CloneFlags::CLONE_NEWIPC;

/// Nothing to prepare: a new namespace starts without a queue.
fn child() -> Result<(), Failure> {
    Ok(())
}

fn main() -> ! {
    clone_and_exec(FLAGS, child)
}
