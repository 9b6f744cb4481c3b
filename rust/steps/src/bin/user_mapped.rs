//! user_mapped: root inside, which is the caller outside.
//!
//! Follows what JD announces: the id map that the post does not print.
//!
//! - <https://man7.org/linux/man-pages/man2/pipe.2.html>
//! - <https://man7.org/linux/man-pages/man2/clone.2.html>
//! - <https://man7.org/linux/man-pages/man7/user_namespaces.7.html>

#![no_main]

use nix::sched::CloneFlags;
use nix::unistd::Pid;
use steps::{Failure, Gate, clone_with_parent, map_root};

const FLAGS: CloneFlags = CloneFlags::CLONE_NEWUSER;

/// The child: waits to be root, becomes the payload and ends with it. An exec
/// before the maps are there would cost it all capabilities.
fn child(mapped: &Gate) -> Result<(), Failure> {
    mapped.wait()
}

/// The parent: stays outside, because there it has the right to write the maps;
/// says so through the pipe, waits for the child and ends with it.
fn parent(pid: Pid, mapped: &Gate) -> Result<(), Failure> {
    map_root(pid)?;
    mapped.open()
}

fn main() -> ! {
    // What holds the child back until the parent has written the maps.
    let mapped = Gate::new().unwrap_or_else(|failure| failure.exit());
    clone_with_parent(FLAGS, || child(&mapped), |pid| parent(pid, &mapped))
}

steps::start!(main);
