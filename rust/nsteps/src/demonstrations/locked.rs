//! What a less privileged mount namespace may not take away:
//! mount_namespaces(7), "Restrictions on mount namespaces".

use super::say;
use crate::error::{Context, Result};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};

const PROC: &str = "/proc";

/// Goes into a user and a mount namespace and tries to get rid of /proc:
/// result, tab, attempt.
///
/// # Errors
///
/// There is no such namespace to be had, or no map for it.
pub fn mounts(_: &[String]) -> Result<()> {
    let shared = tagged("shared:")?;
    let (uid, gid) = (geteuid(), getegid());
    let flags = CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNS;
    unshare(flags).context("unshare")?;
    for (file, text) in [
        ("setgroups", "deny".to_owned()),
        ("uid_map", format!("0 {uid} 1")),
        ("gid_map", format!("0 {gid} 1")),
    ] {
        let path = format!("/proc/self/{file}");
        std::fs::write(&path, text).context(format_args!("write {path}"))?;
    }
    how_many("still shared", tagged("shared:")?, shared);
    how_many("slaves", tagged("master:")?, shared);
    let none = None::<&str>;
    let unmount = |flags| umount2(PROC, flags);
    say("umount2(\"/proc\", 0)", Ok(unmount(MntFlags::empty())));
    let detached = unmount(MntFlags::MNT_DETACH);
    say("umount2(\"/proc\", MNT_DETACH)", Ok(detached));
    let rprivate = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    let private = mount(none, "/", none, rprivate, none);
    let detached = private.map(|()| unmount(MntFlags::MNT_DETACH));
    say("the same, after making everything private", detached);
    let (tmpfs, no_flags) = (Some("tmpfs"), MsFlags::empty());
    let on_top = mount(Some("none"), PROC, tmpfs, no_flags, none);
    say("a mount of one's own on top of it", Ok(on_top));
    say("the unmount of that", Ok(unmount(MntFlags::empty())));
    Ok(())
}

/// How many mounts have such a tag.
fn tagged(tag: &str) -> Result<usize> {
    let table = std::fs::read_to_string("/proc/self/mountinfo")
        .context("read /proc/self/mountinfo")?;
    let has = |line: &&str| {
        let mut tags = line.split(' ').skip(6).take_while(|it| *it != "-");
        tags.any(|it| it.starts_with(tag))
    };
    Ok(table.lines().filter(has).count())
}

/// Says how many of the mounts that were shared.
fn how_many(what: &str, some: usize, all: usize) {
    let words = match some {
        0 => "none",
        some if some == all => "all",
        _ => "some",
    };
    println!("{words}\tof the shared mounts, {what}");
}
