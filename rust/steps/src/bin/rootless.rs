//! rootless: the container of an ordinary user.
//!
//! Beyond the posts. The user namespace comes first, because it owns the others
//! and gives the right to make them.
//!
//! - <https://man7.org/linux/man-pages/man2/pipe.2.html>
//! - <https://man7.org/linux/man-pages/man2/clone.2.html>
//! - <https://man7.org/linux/man-pages/man2/unshare.2.html>
//! - <https://man7.org/linux/man-pages/man2/fork.2.html>
//! - <https://man7.org/linux/man-pages/man2/sethostname.2.html>
//! - <https://man7.org/linux/man-pages/man2/wait.2.html>
//! - <https://man7.org/linux/man-pages/man7/user_namespaces.7.html>

#![no_main]

use nix::sched::CloneFlags;
use nix::unistd::{Pid, sethostname};
use steps::{
    Call, Failure, Gate, NewRoot, Payload, bring_lo_up, clone_with_parent,
    enter_new_root, fill_dev, fork_and_reap, map_root, new_root,
    unshare_and_init,
};

const FLAGS: CloneFlags = CloneFlags::CLONE_NEWUTS
    .union(CloneFlags::CLONE_NEWPID)
    .union(CloneFlags::CLONE_NEWNS)
    .union(CloneFlags::CLONE_NEWIPC)
    .union(CloneFlags::CLONE_NEWNET);

/// Init: PID 1, child of the child. It sets up the container, waits for every
/// process in it, and ends when it has no child left. It mounts its /proc while
/// the old root is still attached: in a user namespace the kernel allows a new
/// procfs only beside one that is fully visible.
fn init(root: NewRoot, payload: &Payload<'_>) -> Result<i32, Failure> {
    sethostname("doqueru").call("sethostname")?;
    enter_new_root(root, fill_dev)?;
    bring_lo_up()?;

    fork_and_reap(payload)
}

/// The child: in the new user namespace. It waits until it is root, unshares
/// the rest as the launcher of `container` does, and ends with init.
fn child(mapped: &Gate, root: NewRoot) -> Result<(), Failure> {
    mapped.wait()?;
    unshare_and_init(FLAGS, |payload| init(root, payload))
}

/// The parent: writes the maps from outside, wakes the child, ends with it.
fn parent(pid: Pid, mapped: &Gate) -> Result<(), Failure> {
    map_root(pid)?;
    mapped.open()
}

fn main() -> ! {
    let root = new_root();
    // The child waits at the gate until the parent has written the maps.
    let mapped = Gate::new().unwrap_or_else(|failure| failure.exit());
    let child = || child(&mapped, root);
    clone_with_parent(CloneFlags::CLONE_NEWUSER, child, |pid| {
        parent(pid, &mapped)
    })
}

steps::start!(main);
