//! network: no interface but its own lo, which is down.
//!
//! Follows Michael Crosby, *Containers do not exist* and JD, whose program is
//! in Go.
//!
//! - <https://man7.org/linux/man-pages/man2/clone.2.html>
//! - <https://man7.org/linux/man-pages/man7/network_namespaces.7.html>

#![no_main]

use nix::sched::CloneFlags;
use steps::{Failure, clone_and_exec};

const FLAGS: CloneFlags = CloneFlags::CLONE_NEWNET;

/// The child: exists to become the payload, and ends with it. The flag of clone
/// makes the namespace.
fn child() -> Result<(), Failure> {
    Ok(())
}

fn main() -> ! {
    clone_and_exec(FLAGS, child)
}

steps::start!(main);
