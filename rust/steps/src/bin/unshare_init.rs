//! unshare_init: a PID 1 that is not the payload.
//!
//! After Daniel Mitre.
//!
//! - <https://man7.org/linux/man-pages/man2/unshare.2.html>
//! - <https://man7.org/linux/man-pages/man2/fork.2.html>
//! - <https://man7.org/linux/man-pages/man2/mount.2.html>
//! - <https://man7.org/linux/man-pages/man2/sethostname.2.html>
//! - <https://man7.org/linux/man-pages/man7/pid_namespaces.7.html>

use nix::mount::{MsFlags, mount};
use nix::sched::CloneFlags;
use nix::unistd::sethostname;
use steps::{Failure, NONE, must, unshare_and_init};

const FLAGS: CloneFlags = CloneFlags::CLONE_NEWUTS
    .union(CloneFlags::CLONE_NEWPID)
    .union(CloneFlags::CLONE_NEWNS);

/// PID 1 of the new namespace: the launcher's first child after unshare.
///
/// It exists to adopt the orphans of the namespace and to reap them, which is
/// the kernel's demand on every PID 1 and nothing a payload knows of. It
/// prepares, starts the payload, and ends when no child is left.
fn init() -> Result<(), Failure> {
    let rprivate = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    must("mount", mount(NONE, c"/", NONE, rprivate, NONE))?;
    must("sethostname", sethostname("doqueru"))?;
    let proc = Some(c"proc");
    must("mount", mount(proc, c"/proc", proc, MsFlags::empty(), Some(c"")))
}

fn main() -> ! {
    unshare_and_init(FLAGS, init)
}
