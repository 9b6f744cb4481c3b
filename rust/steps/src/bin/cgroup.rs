//! cgroup: a view of the cgroups that has its own cgroup for root.
//!
//! Beyond the posts. Every line of /proc/self/cgroup ends in `:/`.
//!
//! - <https://man7.org/linux/man-pages/man2/clone.2.html>
//! - <https://man7.org/linux/man-pages/man7/cgroup_namespaces.7.html>

#![no_main]

use nix::sched::CloneFlags;
use steps::{Failure, clone_and_exec};

const FLAGS: CloneFlags = CloneFlags::CLONE_NEWCGROUP;

/// The child: exists to become the payload, and ends with it. It has not moved:
/// only the names have become relative to where it was at clone.
fn child() -> Result<(), Failure> {
    Ok(())
}

fn main() -> ! {
    clone_and_exec(FLAGS, child)
}

steps::start!(main);
