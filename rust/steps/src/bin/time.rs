//! time: clocks of its own, a day ahead.
//!
//! Beyond the posts.
//!
//! clone(2) has no room for this flag: its bit lies in the exit signal.
//! unshare(2) knows it, and moves not the caller but its next child, so the
//! offsets can be written in between.
//!
//! - <https://man7.org/linux/man-pages/man2/unshare.2.html>
//! - <https://man7.org/linux/man-pages/man2/fork.2.html>
//! - <https://man7.org/linux/man-pages/man7/time_namespaces.7.html>

use nix::sched::{CloneFlags, unshare};
use steps::{Failure, fork_and_exec, must, require_command, write_file};

/// nix does not name it; unshare passes on what it is given.
const FLAGS: CloneFlags = CloneFlags::from_bits_retain(libc::CLONE_NEWTIME);

/// In seconds and nanoseconds.
const OFFSETS: &str = "monotonic 86400 0\nboottime 86400 0\n";

/// Nothing to prepare: the child is born with the new clocks.
fn child() -> Result<(), Failure> {
    Ok(())
}

/// In the launcher, and before the first member is there: with it the
/// offsets are settled.
fn set_the_clocks() -> Result<(), Failure> {
    must("unshare", unshare(FLAGS))?;
    write_file("/proc/self/timens_offsets", OFFSETS)
}

fn main() -> ! {
    require_command();
    set_the_clocks().unwrap_or_else(|failure| failure.exit());
    // A fork, because older kernels do not let a child share its memory
    // with a launcher whose clocks are others.
    fork_and_exec(CloneFlags::empty(), child, |_| Ok(()))
}
