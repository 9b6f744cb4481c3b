//! rootless: the container of an ordinary user.
//!
//! Beyond the posts.
//!
//! The user namespace comes first: its root may then make the others. /proc
//! is mounted over and not unmounted, because the mounts a user namespace
//! inherits are locked.
//!
//! - <https://man7.org/linux/man-pages/man2/clone.2.html>
//! - <https://man7.org/linux/man-pages/man2/unshare.2.html>
//! - <https://man7.org/linux/man-pages/man2/pivot_root.2.html>
//! - <https://man7.org/linux/man-pages/man7/user_namespaces.7.html>

use nix::sched::CloneFlags;
use nix::unistd::{Pid, sethostname};
use steps::{
    Failure, Gate, NewRoot, bring_lo_up, enter_new_root, fork_and_exec,
    map_root, must, new_root, unshare_and_init,
};

const FIRST: CloneFlags = CloneFlags::CLONE_NEWUSER;
const FLAGS: CloneFlags = CloneFlags::CLONE_NEWUTS
    .union(CloneFlags::CLONE_NEWPID)
    .union(CloneFlags::CLONE_NEWNS)
    .union(CloneFlags::CLONE_NEWIPC)
    .union(CloneFlags::CLONE_NEWNET);

/// Root once the map is there. It launches the container in its turn, and
/// ends as that ends.
fn child(mapped: &Gate, new_root: NewRoot) -> Result<(), Failure> {
    mapped.wait()?;
    unshare_and_init(FLAGS, || init(new_root))
}

fn parent(pid: Pid, mapped: &Gate) -> Result<(), Failure> {
    map_root(pid)?;
    mapped.open()
}

/// PID 1 of the container: the first child after unshare.
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
    let mapped = Gate::new().unwrap_or_else(|failure| failure.exit());
    fork_and_exec(
        FIRST,
        || child(&mapped, new_root),
        |pid| parent(pid, &mapped),
    )
}
