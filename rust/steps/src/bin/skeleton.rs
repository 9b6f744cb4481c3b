//! skeleton: a child that becomes the payload, and not one new namespace.
//!
//! Follows Michael Crosby, Daniel Mitre, Matthew Tejo and *Containers do not
//! exist*. The other steps are this one with flags, and with lines in the
//! child.
//!
//! - <https://man7.org/linux/man-pages/man2/clone.2.html>
//! - <https://man7.org/linux/man-pages/man2/execve.2.html>
//! - <https://man7.org/linux/man-pages/man2/wait.2.html>

#![no_main]

use nix::sched::CloneFlags;
use steps::{Failure, clone_and_exec};

const FLAGS: CloneFlags = CloneFlags::empty();

/// The child: exists to become the payload, and ends with it. It sees what its
/// parent sees.
fn child() -> Result<(), Failure> {
    Ok(())
}

fn main() -> ! {
    clone_and_exec(FLAGS, child)
}

steps::start!(main);
