//! cgroup: its own cgroup as the root of all it sees.
//!
//! Beyond the posts.
//!
//! - <https://man7.org/linux/man-pages/man2/clone.2.html>
//! - <https://man7.org/linux/man-pages/man7/cgroup_namespaces.7.html>

use nix::sched::CloneFlags;
use steps::{Failure, clone_and_exec};

const FLAGS: CloneFlags = CloneFlags::CLONE_NEWCGROUP;

/// Nothing to prepare: the cgroup of the caller is the new root.
fn child() -> Result<(), Failure> {
    Ok(())
}

fn main() -> ! {
    clone_and_exec(FLAGS, child)
}
