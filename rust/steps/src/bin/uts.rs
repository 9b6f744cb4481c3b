//! uts: a host name of its own.
//!
//! Follows Michael Crosby, Daniel Mitre and *Containers do not exist*.
//!
//! - <https://man7.org/linux/man-pages/man2/clone.2.html>
//! - <https://man7.org/linux/man-pages/man2/sethostname.2.html>
//! - <https://man7.org/linux/man-pages/man7/uts_namespaces.7.html>

#![no_main]

use nix::sched::CloneFlags;
use nix::unistd::sethostname;
use steps::{Call, Failure, clone_and_exec};

const FLAGS: CloneFlags = CloneFlags::CLONE_NEWUTS;

/// The child: starts with a copy of its parent's host name, changes the copy,
/// becomes the payload and ends with it.
fn child() -> Result<(), Failure> {
    sethostname("myhostname").call("sethostname")
}

fn main() -> ! {
    clone_and_exec(FLAGS, child)
}

steps::start!(main);
