//! container: all of it, the end every post aims at.
//!
//! After all five posts.
//!
//! - <https://man7.org/linux/man-pages/man2/unshare.2.html>
//! - <https://man7.org/linux/man-pages/man2/fork.2.html>
//! - <https://man7.org/linux/man-pages/man2/pivot_root.2.html>
//! - <https://man7.org/linux/man-pages/man7/netdevice.7.html>

use nix::sched::CloneFlags;
use nix::unistd::sethostname;
use steps::{
    Failure, NewRoot, bring_lo_up, enter_new_root, must, new_root,
    unshare_and_init,
};

const FLAGS: CloneFlags = CloneFlags::CLONE_NEWUTS
    .union(CloneFlags::CLONE_NEWPID)
    .union(CloneFlags::CLONE_NEWNS)
    .union(CloneFlags::CLONE_NEWIPC)
    .union(CloneFlags::CLONE_NEWNET);

/// PID 1 of the container: the launcher's first child after unshare.
///
/// It exists to make the place ready, because only a process inside can, and
/// to reap whoever loses a parent in it. It ends when no child is left, with
/// the payload's status; the kernel then ends the namespace.
fn init(new_root: NewRoot) -> Result<(), Failure> {
    must("sethostname", sethostname("doqueru"))?;
    enter_new_root(new_root)?;
    bring_lo_up()
}

fn main() -> ! {
    let new_root = new_root();
    unshare_and_init(FLAGS, || init(new_root))
}
