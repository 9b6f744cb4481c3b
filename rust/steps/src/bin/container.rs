//! container: an init, its payload and a root directory, apart from the rest.
//!
//! Follows all five posts, which aim at this: unshare_init and pivot_root, and
//! lo brought up.
//!
//! - <https://man7.org/linux/man-pages/man2/unshare.2.html>
//! - <https://man7.org/linux/man-pages/man2/fork.2.html>
//! - <https://man7.org/linux/man-pages/man2/sethostname.2.html>
//! - <https://man7.org/linux/man-pages/man2/mount.2.html>
//! - <https://man7.org/linux/man-pages/man2/pivot_root.2.html>
//! - <https://man7.org/linux/man-pages/man2/wait.2.html>
//! - <https://man7.org/linux/man-pages/man7/netdevice.7.html>

#![no_main]

use nix::sched::CloneFlags;
use nix::unistd::sethostname;
use steps::{
    Call, Failure, NewRoot, Payload, bring_lo_up, enter_new_root, fill_dev,
    fork_and_reap, new_root, unshare_and_init,
};

const FLAGS: CloneFlags = CloneFlags::CLONE_NEWUTS
    .union(CloneFlags::CLONE_NEWPID)
    .union(CloneFlags::CLONE_NEWNS)
    .union(CloneFlags::CLONE_NEWIPC)
    .union(CloneFlags::CLONE_NEWNET);

/// Init: PID 1, the first child of the launcher after its unshare. It exists to
/// set up the container and to wait for every process in it, orphans too. It
/// ends when it has no child left, with the status of the payload.
fn init(root: NewRoot, payload: &Payload<'_>) -> Result<i32, Failure> {
    sethostname("doqueru").call("sethostname")?;
    enter_new_root(root, fill_dev)?;
    bring_lo_up()?;

    fork_and_reap(payload)
}

fn main() -> ! {
    let root = new_root();
    unshare_and_init(FLAGS, |payload| init(root, payload))
}

steps::start!(main);
