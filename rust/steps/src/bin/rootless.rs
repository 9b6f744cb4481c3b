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
    Failure, Gate, NewRoot, bring_lo_up, enter_new_root, fill_dev,
    fork_and_exec, map_root, must, new_root, unshare_and_init,
};

const FLAGS: CloneFlags = CloneFlags::CLONE_NEWUTS
    .union(CloneFlags::CLONE_NEWPID)
    .union(CloneFlags::CLONE_NEWNS)
    .union(CloneFlags::CLONE_NEWIPC)
    .union(CloneFlags::CLONE_NEWNET);

/// Init: PID 1, child of the child. It furnishes the container, waits for every
/// process in it, and ends when it has no child left. Its /proc is mounted
/// while the old root is still there: a user namespace may mount one only where
/// it sees a whole one, and may not unmount that. The lines in which it forks
/// the payload and waits are the skeleton's.
fn init(root: NewRoot) -> Result<(), Failure> {
    must("sethostname", sethostname("doqueru"))?;
    enter_new_root(root, fill_dev)?;
    bring_lo_up()
}

/// The child: in the new user namespace. It waits to be root there, unshares
/// the rest as the launcher of `container` does, and ends with init.
fn child(mapped: &Gate, root: NewRoot) -> Result<(), Failure> {
    mapped.wait()?;
    unshare_and_init(FLAGS, || init(root))
}

/// The parent: writes the maps from outside, says so, ends with the child.
fn parent(pid: Pid, mapped: &Gate) -> Result<(), Failure> {
    map_root(pid)?;
    mapped.open()
}

fn main() -> ! {
    let root = new_root();
    // What holds the child back until the parent has written the maps.
    let mapped = Gate::new().unwrap_or_else(|failure| failure.exit());
    let child = || child(&mapped, root);
    fork_and_exec(CloneFlags::CLONE_NEWUSER, child, |pid| parent(pid, &mapped))
}

steps::start!(main);
