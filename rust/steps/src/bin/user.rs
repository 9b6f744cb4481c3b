//! user: a user namespace nobody has mapped an id into.
//!
//! After Michael Crosby.
//!
//! - <https://man7.org/linux/man-pages/man2/clone.2.html>
//! - <https://man7.org/linux/man-pages/man7/user_namespaces.7.html>

use nix::sched::CloneFlags;
use steps::{Failure, clone_and_exec};

const FLAGS: CloneFlags = CloneFlags::CLONE_NEWUSER;

/// Nothing to prepare: without a map every id shows as nobody.
fn child() -> Result<(), Failure> {
    Ok(())
}

fn main() -> ! {
    clone_and_exec(FLAGS, child)
}
