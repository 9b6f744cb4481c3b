//! user_mapped: a user namespace whose root is the caller.
//!
//! What JD announces.
//!
//! Only the outside may say who a namespace's ids are, so the launcher
//! writes the maps. Until then the child waits: an exec without a map would
//! cost it every capability.
//!
//! - <https://man7.org/linux/man-pages/man2/clone.2.html>
//! - <https://man7.org/linux/man-pages/man2/pipe.2.html>
//! - <https://man7.org/linux/man-pages/man7/user_namespaces.7.html>

use nix::sched::CloneFlags;
use nix::unistd::Pid;
use steps::{Failure, Gate, fork_and_exec, map_root};

const FLAGS: CloneFlags = CloneFlags::CLONE_NEWUSER;

fn child(mapped: &Gate) -> Result<(), Failure> {
    mapped.wait()
}

fn parent(pid: Pid, mapped: &Gate) -> Result<(), Failure> {
    map_root(pid)?;
    mapped.open()
}

fn main() -> ! {
    let mapped = Gate::new().unwrap_or_else(|failure| failure.exit());
    fork_and_exec(FLAGS, || child(&mapped), |pid| parent(pid, &mapped))
}
