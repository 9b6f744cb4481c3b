//! mount_private: a mount table of its own, `/` private, what is below it not.
//!
//! After JD.
//!
//! Without MS_REC the call is about the one mount on `/`: a mount below it
//! that is shared stays shared.
//!
//! - <https://man7.org/linux/man-pages/man2/clone.2.html>
//! - <https://man7.org/linux/man-pages/man2/mount.2.html>
//! - <https://man7.org/linux/man-pages/man7/mount_namespaces.7.html>

use std::ffi::CStr;

use nix::mount::{MsFlags, mount};
use nix::sched::CloneFlags;
use steps::{Failure, NONE, clone_and_exec, must, mytmp};

const FLAGS: CloneFlags = CloneFlags::CLONE_NEWNS;

fn child(mytmp: &CStr) -> Result<(), Failure> {
    let private = MsFlags::MS_PRIVATE;
    must("mount", mount(NONE, c"/", NONE, private, NONE))?;
    let (none, tmpfs) = (Some(c"none"), Some(c"tmpfs"));
    must("mount", mount(none, mytmp, tmpfs, MsFlags::empty(), Some(c"")))
}

fn main() -> ! {
    let mytmp = mytmp();
    clone_and_exec(FLAGS, || child(mytmp))
}
