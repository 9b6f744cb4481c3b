//! The attempts of [`FACTS`](super::FACTS), each in a child of its own.

use crate::checks::inside::{
    Attempt, UNPREPARED, in_a_child, own_mounts, status_of,
};
use kernel::newer;
use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::stat::{Mode, fstat, stat};
use nix::sys::wait::waitpid;
use nix::unistd::{Gid, Uid};
use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// The number of the signal that the end of a child sends.
pub const SIGCHLD: u64 = nix::libc::SIGCHLD as u64;

/// The statuses of the program that [`execve`] executes; no errno is as large.
const OLD: i32 = UNPREPARED - 1;
const NEW: i32 = UNPREPARED - 2;

/// Makes an attempt in a child, and puts what it said in words.
///
/// # Errors
///
/// Fails if the attempt could not be prepared.
pub fn answer(name: &str, attempt: fn() -> Attempt) -> Result<String, String> {
    match status_of(name, attempt) {
        Ok(0) => Ok("ok".to_owned()),
        Ok(OLD) => Ok("the old one".to_owned()),
        Ok(NEW) => Ok("the new one".to_owned()),
        Ok(UNPREPARED) => Err("namespaces are not allowed here".to_owned()),
        Ok(raw) => Ok(format!("{:?}", Errno::from_raw(raw))),
        Err(errno) => Err(errno.desc().to_owned()),
    }
}

/// Becomes root of a new user namespace, unless the caller is root.
fn as_root() -> nix::Result<()> {
    let (uid, gid) = (Uid::effective(), Gid::effective());
    if uid.is_root() {
        return Ok(());
    }
    unshare(CloneFlags::CLONE_NEWUSER)?;
    kernel::map_root(uid, gid).map_err(|(_, errno)| errno)
}

/// As root, with mounts that no other process sees.
fn with_own_mounts() -> nix::Result<()> {
    as_root()?;
    own_mounts()
}

const CLONE_NEWTIME: CloneFlags =
    CloneFlags::from_bits_retain(nix::libc::CLONE_NEWTIME);

pub fn close_range() -> Attempt {
    // None of the descriptors of this process has such a number.
    Ok(kernel::cloexec_from(1 << 20))
}

pub fn mount_setattr() -> Attempt {
    with_own_mounts()?;
    Ok(newer::mount_attribute_of_nothing())
}

pub fn clone_newtime() -> Attempt {
    let flags = nix::libc::CLONE_NEWTIME | nix::libc::SIGCHLD;
    Ok(newer::clone_child(flags as _))
}

pub fn exit_signal() -> Attempt {
    Ok(newer::clone_child(100))
}

pub fn clone3(flags: u64, exit_signal: u64) -> Attempt {
    as_root()?;
    Ok(newer::clone3_child(flags, exit_signal))
}

pub fn borrowed_memory() -> Attempt {
    as_root()?;
    unshare(CLONE_NEWTIME)?;
    let child = match kernel::with_our_memory(Box::new(|| 0)) {
        Ok(child) => child,
        Err(errno) => return Ok(Err(errno)),
    };
    waitpid(child, None)?;
    Ok(Ok(()))
}

/// Executes this program again, as [`compare_time_namespace`] with the number of
/// the old namespace.
pub fn execve() -> Attempt {
    as_root()?;
    let old = stat("/proc/self/ns/time")?.st_ino;
    unshare(CLONE_NEWTIME)?;
    let error = Command::new("/proc/self/exe")
        .args(["time-namespace", &old.to_string()])
        .exec();
    Err(error.raw_os_error().map_or(Errno::UnknownErrno, Errno::from_raw))
}

/// Compares the caller's time namespace with the number of another one; the exit
/// status says which it is in. It is what the attempt of `time-execve` executes.
pub fn compare_time_namespace(old: u64) -> u8 {
    let status = match stat("/proc/self/ns/time") {
        Ok(now) if now.st_ino == old => OLD,
        Ok(_) => NEW,
        Err(_) => UNPREPARED,
    };
    u8::try_from(status).unwrap_or(u8::MAX)
}

pub fn open_tree() -> Attempt {
    with_own_mounts()?;
    Ok(newer::tree_as_namespace(c"/").map(drop))
}

pub fn fsmount() -> Attempt {
    with_own_mounts()?;
    Ok(newer::tmpfs_as_namespace().map(drop))
}

pub fn listmount() -> Attempt {
    Ok(newer::list_mounts().map(drop))
}

pub fn listns() -> Attempt {
    Ok(newer::list_namespaces().map(drop))
}

pub fn namespace_of_pidfd() -> Attempt {
    let own = kernel::pidfd_open(nix::unistd::getpid().as_raw())?;
    let of_pidfd = match newer::uts_namespace_of(own.as_fd()) {
        Ok(namespace) => fstat(namespace)?.st_ino,
        Err(errno) => return Ok(Err(errno)),
    };
    // Another namespace than the own one would be no success.
    match of_pidfd == stat("/proc/self/ns/uts")?.st_ino {
        true => Ok(Ok(())),
        false => Err(Errno::EBADF),
    }
}

pub fn namespace_id() -> Attempt {
    let path = "/proc/self/ns/uts";
    let namespace: File =
        open(path, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty())?.into();
    Ok(newer::namespace_id(namespace.as_fd()).map(drop))
}

/// A procfs of a new pid namespace, by the file of that.
pub fn procfs_of_namespace() -> Attempt {
    with_own_mounts()?;
    unshare(CloneFlags::CLONE_NEWPID)?;
    in_new_pid_namespace(Some("pidns=/proc/self/ns/pid"))
}

/// In a new user namespace, where the procfs of the outer one has a file under
/// which another is mounted.
pub fn procfs_beside_hidden(options: Option<&str>) -> Attempt {
    with_own_mounts()?;
    let none = None::<&str>;
    let bind = MsFlags::MS_BIND;
    mount(Some("/dev/null"), "/proc/version", none, bind, none)?;
    let (uid, gid) = (Uid::effective(), Gid::effective());
    unshare(
        CloneFlags::CLONE_NEWUSER
            | CloneFlags::CLONE_NEWNS
            | CloneFlags::CLONE_NEWPID,
    )?;
    kernel::map_root(uid, gid).map_err(|(_, errno)| errno)?;
    in_new_pid_namespace(options)
}

/// Mounts a procfs as the first process of the caller's new pid namespace.
fn in_new_pid_namespace(options: Option<&str>) -> Attempt {
    in_a_child("mount a procfs", || {
        let proc = Some("proc");
        Ok(mount(proc, "/proc", proc, MsFlags::empty(), options))
    })
}
