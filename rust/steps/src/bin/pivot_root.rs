//! pivot_root: a root directory of its own.
//!
//! After Matthew Tejo and Daniel Mitre.
//!
//! - <https://man7.org/linux/man-pages/man2/clone.2.html>
//! - <https://man7.org/linux/man-pages/man2/mount.2.html>
//! - <https://man7.org/linux/man-pages/man2/pivot_root.2.html>
//! - <https://man7.org/linux/man-pages/man2/umount.2.html>

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::CloneFlags;
use nix::sys::stat::Mode;
use nix::unistd::{chdir, mkdir, pivot_root};
use steps::{Failure, NONE, NewRoot, clone_and_exec, must, new_root, rmdir};

const FLAGS: CloneFlags =
    CloneFlags::CLONE_NEWNS.union(CloneFlags::CLONE_NEWPID);

fn child(new_root: NewRoot) -> Result<(), Failure> {
    let NewRoot { path, put_old } = new_root;

    // pivot_root refuses a shared mount, and wants new_root to be a mount.
    let rprivate = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    must("mount", mount(NONE, c"/", NONE, rprivate, NONE))?;
    let rbind = MsFlags::MS_BIND | MsFlags::MS_REC;
    must("mount", mount(Some(path), path, NONE, rbind, NONE))?;

    // A directory that is there already is somebody's: it is not used.
    must("mkdir", mkdir(put_old, Mode::S_IRWXU))
        .map_err(|failure| failure.on(put_old))?;
    must("pivot_root", pivot_root(path, put_old))?;
    // The working directory may still be one of the old root.
    must("chdir", chdir(c"/"))?;

    let dev = MsFlags::MS_NOSUID | MsFlags::MS_STRICTATIME;
    let (none, tmpfs, proc) = (Some(c"none"), Some(c"tmpfs"), Some(c"proc"));
    must("mount", mount(none, c"/dev", tmpfs, dev, Some(c"")))?;
    must("mount", mount(proc, c"/proc", proc, MsFlags::empty(), Some(c"")))?;

    // The old root goes, with every mount in it.
    must("umount2", umount2(c"/.old", MntFlags::MNT_DETACH))?;
    must("rmdir", rmdir(c"/.old"))
}

fn main() -> ! {
    let new_root = new_root();
    clone_and_exec(FLAGS, || child(new_root))
}
