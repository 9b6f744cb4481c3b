//! pivot_root: another root directory, with no way back to the old one.
//!
//! Follows Matthew Tejo and Daniel Mitre.
//!
//! - <https://man7.org/linux/man-pages/man2/clone.2.html>
//! - <https://man7.org/linux/man-pages/man2/mount.2.html>
//! - <https://man7.org/linux/man-pages/man2/pivot_root.2.html>
//! - <https://man7.org/linux/man-pages/man2/chdir.2.html>
//! - <https://man7.org/linux/man-pages/man2/umount.2.html>

#![no_main]

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::CloneFlags;
use nix::sys::stat::Mode;
use nix::unistd::{chdir, mkdir, pivot_root};
use steps::{Failure, NONE, NewRoot, clone_and_exec, must, new_root, rmdir};

const FLAGS: CloneFlags =
    CloneFlags::CLONE_NEWNS.union(CloneFlags::CLONE_NEWPID);

/// The child: PID 1 of the new namespace. It moves into the new root, becomes
/// the payload, and takes everyone with it when it ends.
fn child(root: NewRoot) -> Result<(), Failure> {
    let NewRoot { root, put_old } = root;
    let (none, tmpfs, proc) = (Some(c"none"), Some(c"tmpfs"), Some(c"proc"));

    // The kernel pivots no shared mount, because that would spread.
    let rprivate = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    must("mount", mount(NONE, c"/", NONE, rprivate, NONE))?;
    // The new root has to be a mount. A bind makes one of a directory.
    let rbind = MsFlags::MS_BIND | MsFlags::MS_REC;
    must("mount", mount(Some(root), root, NONE, rbind, NONE))?;
    // The old root needs a place, and an .old that is there is not ours.
    must("mkdir", mkdir(put_old, Mode::S_IRWXU))
        .map_err(|failure| failure.on(put_old))?;
    // Ours must not stay, or the next run would take it for somebody's.
    must("pivot_root", pivot_root(root, put_old))
        .inspect_err(|_| rmdir(put_old).unwrap_or_default())?;
    // Only a process that was at the old root itself has been moved.
    must("chdir", chdir(c"/"))?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_STRICTATIME;
    let dev = must("mount", mount(none, c"/dev", tmpfs, flags, Some(c"")));
    let flags = MsFlags::empty();
    let proc = must("mount", mount(proc, c"/proc", proc, flags, Some(c"")));
    // A plain umount is EBUSY where there are mounts below it.
    must("umount2", umount2(c"/.old", MntFlags::MNT_DETACH))?;
    must("rmdir", rmdir(c"/.old"))?;
    // Only now, so that a mount that fails leaves no .old either.
    dev.and(proc)
}

fn main() -> ! {
    let root = new_root();
    clone_and_exec(FLAGS, || child(root))
}

steps::start!(main);
