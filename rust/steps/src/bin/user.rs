//! user: the overflow id, because no id of the new user namespace is mapped.
//!
//! Follows Michael Crosby.
//!
//! - <https://man7.org/linux/man-pages/man2/clone.2.html>
//! - <https://man7.org/linux/man-pages/man7/user_namespaces.7.html>

#![no_main]

use nix::sched::CloneFlags;
use steps::{Failure, clone_and_exec};

const FLAGS: CloneFlags = CloneFlags::CLONE_NEWUSER;

/// The child: exists to become the payload, and ends with it. It has every
/// capability in its namespace, and loses them all in exec: without a map it is
/// not root there but the overflow user, 65534.
fn child() -> Result<(), Failure> {
    Ok(())
}

fn main() -> ! {
    clone_and_exec(FLAGS, child)
}

steps::start!(main);
