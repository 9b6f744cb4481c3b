//! user_mapped: root inside, which is the caller outside.
//!
//! Follows JD, whose post announces the id map and does not print it.
//!
//! - <https://man7.org/linux/man-pages/man2/pipe.2.html>
//! - <https://man7.org/linux/man-pages/man2/clone.2.html>
//! - <https://man7.org/linux/man-pages/man7/user_namespaces.7.html>

#![no_main]

use nix::sched::CloneFlags;
use nix::unistd::Pid;
use steps::{Failure, Gate, clone_with_parent, map_root};

const FLAGS: CloneFlags = CloneFlags::CLONE_NEWUSER;

/// The child: waits until it is root, becomes the payload and ends with it. An
/// exec before the maps are there would cost it all capabilities.
fn child(mapped: &Gate) -> Result<(), Failure> {
    mapped.wait()
}

/// The parent: stays outside, because there it has the right to write the maps;
/// wakes the child by the pipe, waits for it and ends with it.
fn parent(pid: Pid, mapped: &Gate) -> Result<(), Failure> {
    map_root(pid)?;
    mapped.open()
}

fn main() -> ! {
    // The child waits at the gate until the parent has written the maps.
    let mapped = Gate::new().unwrap_or_else(|failure| failure.exit());
    clone_with_parent(FLAGS, || child(&mapped), |pid| parent(pid, &mapped))
}

steps::start!(main);
