//! skeleton: clone without a flag, exec and wait: what every step adds to.
//!
//! After Michael Crosby, *Containers do not exist*, Matthew Tejo and Daniel
//! Mitre.
//!
//! - <https://man7.org/linux/man-pages/man2/clone.2.html>
//! - <https://man7.org/linux/man-pages/man3/execvp.3.html>

use nix::sched::CloneFlags;
use steps::{Failure, clone_and_exec};

const FLAGS: CloneFlags = CloneFlags::empty();

/// Nothing to prepare: without a flag nothing has changed.
fn child() -> Result<(), Failure> {
    Ok(())
}

fn main() -> ! {
    clone_and_exec(FLAGS, child)
}
