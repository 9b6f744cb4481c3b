//! pid_oldproc: process ids of its own, seen through the old /proc.
//!
//! After Michael Crosby's first try: the payload is PID 1, and ps(1) still
//! shows everything, because it reads a /proc that was mounted outside.
//!
//! - <https://man7.org/linux/man-pages/man2/clone.2.html>
//! - <https://man7.org/linux/man-pages/man7/pid_namespaces.7.html>

use nix::sched::CloneFlags;
use steps::{Failure, clone_and_exec};

const FLAGS: CloneFlags = CloneFlags::CLONE_NEWPID;

/// Nothing to prepare: /proc stays, and that is the mistake.
fn child() -> Result<(), Failure> {
    Ok(())
}

fn main() -> ! {
    clone_and_exec(FLAGS, child)
}
