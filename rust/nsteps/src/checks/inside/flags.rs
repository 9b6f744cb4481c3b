//! What a remount does to the flags of a mount, and to the mounts below it:
//! mount(2), "Remounting an existing mount", and mount_setattr(2).

use super::{attempt, errno, in_a_child, own_mounts, say, tmpfs};
use harness::error::{Context, Error, Result};
use harness::paths::MYTMP;
use kernel::{map_root, open_tree_clone, read_only};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::sys::statvfs::{FsFlags, statvfs};
use nix::unistd::{getegid, geteuid, mkdir};
use std::ffi::CString;
use std::os::fd::AsRawFd;
use std::path::Path;

/// A mount with two flags, a mount below it, and a place for a copy.
const MOUNT: &str = MYTMP;
const BELOW: &str = "/mytmp/below";
const COPY: &str = "/mytmp/copy";

/// A remount of this mount alone, and the two flags that it has.
const REMOUNT: MsFlags = MsFlags::MS_REMOUNT.union(MsFlags::MS_BIND);
const REPEATED: MsFlags = MsFlags::MS_NOSUID.union(MsFlags::MS_NODEV);
const READ_ONLY: MsFlags = REMOUNT.union(MsFlags::MS_RDONLY);

/// Remounts in a mount namespace, then in one of a user namespace, and prints a
/// line for each situation: result, tab, situation.
///
/// # Errors
///
/// Fails if the namespaces or the mounts cannot be made.
pub fn table(_: &[String]) -> Result<()> {
    own_mounts().context("make a mount namespace")?;
    prepare().context("make the mounts")?;
    by_bind().context("bind")?;
    by_remount().context("remount")?;
    by_descriptor().context("copy a mount")?;
    less_privileged()
}

/// The mounts; the flags of the one are not those of the one below.
fn prepare() -> nix::Result<()> {
    let none = None::<&str>;
    mount(Some("none"), MOUNT, Some("tmpfs"), REPEATED, none)?;
    for directory in [BELOW, COPY] {
        mkdir(directory, nix::sys::stat::Mode::S_IRWXU)?;
    }
    std::fs::write(format!("{MOUNT}/file"), "").map_err(errno)?;
    tmpfs(BELOW)
}

fn remount(at: &str, flags: MsFlags) -> nix::Result<()> {
    mount(None::<&str>, at, None::<&str>, flags, None::<&str>)
}

/// Prints the flags that a mount has.
fn flags_of(situation: &str, at: impl AsRef<Path>) -> nix::Result<()> {
    let flags = statvfs(at.as_ref())?.flags();
    let mut words = vec![match flags.contains(FsFlags::ST_RDONLY) {
        true => "ro",
        false => "rw",
    }];
    for (flag, word) in
        [(FsFlags::ST_NOSUID, "nosuid"), (FsFlags::ST_NODEV, "nodev")]
    {
        if flags.contains(flag) {
            words.push(word);
        }
    }
    println!("{}\t{situation}", words.join(" "));
    Ok(())
}

/// A bind that asks for a flag.
fn by_bind() -> nix::Result<()> {
    let flags = MsFlags::MS_BIND | MsFlags::MS_RDONLY;
    mount(Some(MOUNT), COPY, None::<&str>, flags, None::<&str>)?;
    flags_of("MS_BIND and MS_RDONLY: the new mount", COPY)?;
    umount2(COPY, MntFlags::empty())
}

/// A remount, and what the mount below has of it.
fn by_remount() -> nix::Result<()> {
    remount(MOUNT, READ_ONLY | REPEATED)?;
    flags_of("remount, the flags repeated: the mount", MOUNT)?;
    flags_of("remount, the flags repeated: the mount below", BELOW)?;
    remount(MOUNT, READ_ONLY | REPEATED | MsFlags::MS_REC)?;
    flags_of("remount with MS_REC: the mount below", BELOW)?;
    remount(MOUNT, READ_ONLY)?;
    flags_of("remount, the flags left out: the mount", MOUNT)?;
    remount(MOUNT, REMOUNT | REPEATED)?;
    // It cannot be undone for the mount below by a remount of the one above.
    let tried = in_a_child("mount_setattr", || {
        own_mounts()?;
        read_only(&c(MOUNT))?;
        flags_of("mount_setattr with AT_RECURSIVE: the mount", MOUNT)?;
        let below = "mount_setattr with AT_RECURSIVE: the mount below";
        Ok(flags_of(below, BELOW))
    });
    tried.and_then(|it| it)
}

/// A copy of a mount that is attached nowhere.
fn by_descriptor() -> nix::Result<()> {
    let before = mounts()?;
    let copy = open_tree_clone(&c(MOUNT))?;
    let path = format!("/proc/self/fd/{}", copy.as_raw_fd());
    read_only(&c(&path))?;
    flags_of("a copy by open_tree, made read-only: the copy", &path)?;
    flags_of("a copy by open_tree, made read-only: the mount", MOUNT)?;
    let file = format!("{path}/file");
    let found = std::fs::metadata(file).map(drop).map_err(errno);
    say("a copy by open_tree, not attached: its file", Ok(found));
    let word = if mounts()? == before { "unchanged" } else { "changed" };
    println!("{word}\ta copy by open_tree, not attached: the mount table");
    drop(copy);
    Ok(())
}

/// How many mounts there are.
fn mounts() -> nix::Result<usize> {
    let table = std::fs::read_to_string("/proc/self/mountinfo");
    Ok(table.map_err(errno)?.lines().count())
}

/// What is left of it where the mounts come from a more privileged namespace.
fn less_privileged() -> Result<()> {
    let (uid, gid) = (geteuid(), getegid());
    mount(Some("none"), COPY, Some("tmpfs"), MsFlags::MS_RDONLY, None::<&str>)
        .context("mount a read-only tmpfs")?;
    let flags = CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNS;
    unshare(flags).context("unshare")?;
    map_root(uid, gid).map_err(|(path, errno)| {
        Error::new(format!("write {path}: {}", errno.desc()))
    })?;
    for (situation, at, flags) in [
        ("user namespace, the flags left out", MOUNT, READ_ONLY),
        ("user namespace, the flags repeated", MOUNT, READ_ONLY | REPEATED),
        (
            "user namespace, the flags repeated, and noatime",
            MOUNT,
            READ_ONLY | REPEATED | MsFlags::MS_NOATIME,
        ),
        (
            "user namespace, the flags repeated, without MS_BIND",
            MOUNT,
            MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY | REPEATED,
        ),
        ("user namespace, a read-only mount made writable", COPY, REMOUNT),
    ] {
        say(situation, Ok(remount(at, flags)));
    }
    attempt("user namespace, mount_setattr", || Ok(read_only(&c(MOUNT))));
    let none = None::<&str>;
    for (situation, flags) in [
        ("user namespace, a bind without MS_REC", MsFlags::MS_BIND),
        (
            "user namespace, a bind with MS_REC",
            MsFlags::MS_BIND | MsFlags::MS_REC,
        ),
    ] {
        attempt(situation, || {
            Ok(mount(Some(MOUNT), "/tmp", none, flags, none))
        });
    }
    attempt("user namespace, a mount of its own, the flags left out", || {
        mount(Some("none"), "/tmp", Some("tmpfs"), REPEATED, none)?;
        Ok(remount("/tmp", READ_ONLY))
    });
    Ok(())
}

fn c(path: &str) -> CString {
    CString::new(path).expect("the paths here have no NUL")
}
