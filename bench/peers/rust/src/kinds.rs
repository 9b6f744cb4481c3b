//! The kinds of namespaces, and which of them a process shares with another.

use std::ffi::CStr;

use nix::sched::CloneFlags;
use nix::sys::stat::stat;

use crate::refuse;

/// A kind of namespace, as clone(2) and /proc name it.
pub struct Kind {
    /// Its name, as in /proc/PID/ns.
    pub name: &'static str,
    /// Of two kinds a process has a second namespace, in which its next child
    /// will be: unshare changes that one.
    pub path: &'static CStr,
    /// The flag of clone(2) that makes one.
    pub flag: CloneFlags,
}

/// The newest flag, which nix does not name.
pub const CLONE_NEWTIME: CloneFlags =
    CloneFlags::from_bits_retain(libc::CLONE_NEWTIME);

/// Every kind, in the order of its name.
pub const KINDS: [Kind; 8] = [
    Kind {
        name: "cgroup",
        path: c"/proc/thread-self/ns/cgroup",
        flag: CloneFlags::CLONE_NEWCGROUP,
    },
    Kind {
        name: "ipc",
        path: c"/proc/thread-self/ns/ipc",
        flag: CloneFlags::CLONE_NEWIPC,
    },
    Kind {
        name: "mnt",
        path: c"/proc/thread-self/ns/mnt",
        flag: CloneFlags::CLONE_NEWNS,
    },
    Kind {
        name: "net",
        path: c"/proc/thread-self/ns/net",
        flag: CloneFlags::CLONE_NEWNET,
    },
    Kind {
        name: "pid",
        path: c"/proc/thread-self/ns/pid_for_children",
        flag: CloneFlags::CLONE_NEWPID,
    },
    Kind {
        name: "time",
        path: c"/proc/thread-self/ns/time_for_children",
        flag: CLONE_NEWTIME,
    },
    Kind {
        name: "user",
        path: c"/proc/thread-self/ns/user",
        flag: CloneFlags::CLONE_NEWUSER,
    },
    Kind {
        name: "uts",
        path: c"/proc/thread-self/ns/uts",
        flag: CloneFlags::CLONE_NEWUTS,
    },
];

/// The namespaces of the posts.
pub const SIX: CloneFlags = CloneFlags::CLONE_NEWCGROUP
    .union(CloneFlags::CLONE_NEWIPC)
    .union(CloneFlags::CLONE_NEWNS)
    .union(CloneFlags::CLONE_NEWNET)
    .union(CloneFlags::CLONE_NEWPID)
    .union(CloneFlags::CLONE_NEWUTS);

/// The namespaces of all kinds.
pub const ALL: CloneFlags =
    SIX.union(CLONE_NEWTIME).union(CloneFlags::CLONE_NEWUSER);

/// One number for each kind of namespace; 0 where the kernel does not say.
pub type Inodes = [u64; KINDS.len()];

/// Reads in which namespaces the caller is. It allocates nothing: a child that
/// shares its parent's memory calls it.
pub fn look() -> Inodes {
    KINDS.map(|kind| stat(kind.path).map_or(0, |seen| seen.st_ino))
}

/// Returns the kinds in which the comparison of the two gives `same`, as a set
/// of bits.
pub fn set(one: &Inodes, other: &Inodes, same: bool) -> u32 {
    let pairs = one.iter().zip(other).enumerate();
    pairs.fold(0, |set, (i, (a, b))| set | u32::from((a == b) == same) << i)
}

/// Returns the flags of a set of kinds: their names with a + in between.
pub fn flags_of(set: &str) -> CloneFlags {
    if set == "none" {
        return CloneFlags::empty();
    }
    let flag = |name| match KINDS.iter().find(|kind| kind.name == name) {
        Some(kind) => kind.flag,
        None => refuse(&format!("no such set of namespaces: {set}")),
    };
    set.split('+').map(flag).collect()
}
