//! unshare_init: PID 1 is an init, and the payload its child.
//!
//! Follows Daniel Mitre.
//!
//! - <https://man7.org/linux/man-pages/man2/unshare.2.html>
//! - <https://man7.org/linux/man-pages/man2/fork.2.html>
//! - <https://man7.org/linux/man-pages/man2/mount.2.html>
//! - <https://man7.org/linux/man-pages/man2/sethostname.2.html>
//! - <https://man7.org/linux/man-pages/man2/wait.2.html>
//! - <https://man7.org/linux/man-pages/man7/pid_namespaces.7.html>

#![no_main]

use nix::mount::{MsFlags, mount};
use nix::sched::CloneFlags;
use nix::unistd::sethostname;
use steps::{Call, Failure, NONE, Payload, fork_and_reap, unshare_and_init};

const FLAGS: CloneFlags = CloneFlags::CLONE_NEWUTS
    .union(CloneFlags::CLONE_NEWPID)
    .union(CloneFlags::CLONE_NEWNS);

/// Init: PID 1, the first child of the launcher after its unshare. It exists
/// because a pid namespace lives only as long as its PID 1, and because orphans
/// become children of PID 1, which has to wait for them. It ends when it has no
/// child left, with the status of the payload.
fn init(payload: &Payload<'_>) -> Result<i32, Failure> {
    let rprivate = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(NONE, c"/", NONE, rprivate, NONE).call("mount")?;
    sethostname("doqueru").call("sethostname")?;
    let proc = Some(c"proc");
    mount(proc, c"/proc", proc, MsFlags::empty(), Some(c"")).call("mount")?;

    fork_and_reap(payload)
}

fn main() -> ! {
    unshare_and_init(FLAGS, init)
}

steps::start!(main);
