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
use steps::{Call, Failure, NONE, NewRoot, clone_and_exec, new_root, rmdir};

const FLAGS: CloneFlags =
    CloneFlags::CLONE_NEWNS.union(CloneFlags::CLONE_NEWPID);

/// The child: PID 1 of the new namespace. It moves into the new root, becomes
/// the payload, and ends with it; the kernel then kills every process of the
/// namespace.
fn child(root: NewRoot) -> Result<(), Failure> {
    let NewRoot { root, put_old } = root;
    let (none, tmpfs, proc) = (Some(c"none"), Some(c"tmpfs"), Some(c"proc"));
    let no_flags = MsFlags::empty();

    // pivot_root(2) refuses shared mounts, because the change would propagate.
    let rprivate = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(NONE, c"/", NONE, rprivate, NONE).call("mount")?;
    // The new root has to be a mount. A bind makes one of a directory.
    let rbind = MsFlags::MS_BIND | MsFlags::MS_REC;
    mount(Some(root), root, NONE, rbind, NONE).call("mount")?;
    // put_old has to be below the new root. mkdir fails if it exists.
    mkdir(put_old, Mode::S_IRWXU).call_on("mkdir", put_old)?;
    pivot_root(root, put_old).call("pivot_root").inspect_err(|_| {
        // mkdir of the next run would fail.
        let _ = rmdir(put_old);
    })?;
    // pivot_root changes a working directory only if it was the old root.
    chdir(c"/").call("chdir")?;
    let of_dev = MsFlags::MS_NOSUID | MsFlags::MS_STRICTATIME;
    let mounted = mount(none, c"/dev", tmpfs, of_dev, Some(c""))
        .and_then(|()| mount(proc, c"/proc", proc, no_flags, Some(c"")));
    // A plain umount fails with EBUSY if there are mounts below it.
    umount2(c"/.old", MntFlags::MNT_DETACH).call("umount2")?;
    rmdir(c"/.old").call("rmdir")?;
    // Reported only now, so that a failed mount leaves no .old behind.
    mounted.call("mount")
}

fn main() -> ! {
    let root = new_root();
    clone_and_exec(FLAGS, || child(root))
}

steps::start!(main);
