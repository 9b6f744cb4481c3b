//! net_mount_uts_ipc_pid: process ids too: five namespaces.
//!
//! After *Containers do not exist*.
//!
//! - <https://man7.org/linux/man-pages/man2/clone.2.html>
//! - <https://man7.org/linux/man-pages/man2/mount.2.html>
//! - <https://man7.org/linux/man-pages/man2/sethostname.2.html>
//! - <https://man7.org/linux/man-pages/man2/umount.2.html>

use std::ffi::CStr;

use nix::mount::{MsFlags, mount, umount};
use nix::sched::CloneFlags;
use nix::unistd::sethostname;
use steps::{Failure, clone_and_exec, must, mytmp};

const FLAGS: CloneFlags = CloneFlags::CLONE_NEWNET
    .union(CloneFlags::CLONE_NEWNS)
    .union(CloneFlags::CLONE_NEWUTS)
    .union(CloneFlags::CLONE_NEWIPC)
    .union(CloneFlags::CLONE_NEWPID);

fn child(mytmp: &CStr) -> Result<(), Failure> {
    let (none, tmpfs) = (Some(c"none"), Some(c"tmpfs"));
    must("mount", mount(none, mytmp, tmpfs, MsFlags::empty(), Some(c"")))?;
    must("sethostname", sethostname("custom_hostname"))?;
    must("umount", umount(c"/proc"))?;
    let proc = Some(c"proc");
    must("mount", mount(proc, c"/proc", proc, MsFlags::empty(), Some(c"")))
}

fn main() -> ! {
    let mytmp = mytmp();
    clone_and_exec(FLAGS, || child(mytmp))
}
