//! The rows of the group `library`: what the crate nsteps-spawn takes to start a
//! program, beside what other libraries take for the same.

use crate::peer::{Parent, Peer};
use crate::rows::{CRATE, WARM};
use harness::launcher::Launcher;

/// A row of the group.
#[derive(Debug)]
pub struct Row {
    /// The name of the row.
    pub name: &'static str,
    /// The row in words.
    pub about: &'static str,
    /// The new namespaces that a witness must see in every column, except
    /// those of [`BARE`].
    pub set: &'static str,
    /// Its columns.
    pub ways: &'static [Way],
}

/// A column: its name, the peer that is asked, and for which operation.
pub type Way = (&'static str, Peer, &'static str);

const C: Peer = Peer::Of(Launcher::C);
const GO: Peer = Peer::Of(Launcher::Go);
const SMALL: Peer = Peer::Library(Parent::Small);
const GIBIBYTE: Peer = Peer::Library(Parent::Grown("memory", 1024));
const GIBIBYTES: Peer = Peer::Library(Parent::Grown("memory", 8192));
const THREADS: Peer = Peer::Library(Parent::Grown("threads", 500));
const MOUNTS: Peer = Peer::Library(Parent::Grown("mounts", 5000));

const FIVE: &str = "cgroup+ipc+mnt+net+uts";
const SIX: &str = "cgroup+ipc+mnt+net+pid+uts";

/// The column of a program without any namespace, by hand: what the warm
/// launches are compared with.
pub const BARE: &str = "bare";

/// The column of the system calls of the floor in the process of the crate.
pub const BY_HAND: &str = "by hand";

/// Every row, in the order tables list them.
pub const ROWS: &[Row] = &[
    Row {
        name: "library/none",
        about: "without a namespace",
        set: "none",
        ways: &[
            ("floor", Peer::Floor, "spawn/none"),
            (BY_HAND, SMALL, "hand/none"),
            (CRATE, SMALL, "crate/none"),
            ("crate, not prepared", SMALL, "unprepared/none"),
            ("posix_spawn of glibc", C, "spawn/none"),
            ("std Command", SMALL, "command/none"),
            ("std Command, pre_exec", SMALL, "pre_exec/none"),
            ("nix clone", SMALL, "nix/none"),
            ("os/exec", GO, "spawn/none"),
        ],
    },
    Row {
        name: "library/first",
        about: "without a namespace, until the first instruction",
        set: "none",
        ways: &[
            ("floor", Peer::Floor, "spawn/first/none"),
            (BY_HAND, SMALL, "hand/first"),
            (CRATE, SMALL, "crate/first"),
        ],
    },
    Row {
        name: "library/five",
        about: "five namespaces, all that a process can enter without a fork",
        set: FIVE,
        ways: &[
            ("floor", Peer::Floor, "spawn/cgroup+ipc+mnt+net+uts"),
            (CRATE, SMALL, "crate/five"),
            ("fork, unshare, exec of glibc", C, "spawn/cgroup+ipc+mnt+net+uts"),
            ("std Command, pre_exec", SMALL, "pre_exec/five"),
            ("nix clone", SMALL, "nix/five"),
            ("os/exec", GO, "spawn/cgroup+ipc+mnt+net+uts"),
        ],
    },
    Row {
        name: "library/six",
        about: "six namespaces",
        set: SIX,
        ways: &[
            ("floor", Peer::Floor, "spawn/cgroup+ipc+mnt+net+pid+uts"),
            (CRATE, SMALL, "crate/six"),
            ("nix clone", SMALL, "nix/six"),
            ("os/exec", GO, "spawn/cgroup+ipc+mnt+net+pid+uts"),
        ],
    },
    Row {
        name: "library/box",
        about: "six namespaces, a host name, a root, a procfs and a tmpfs",
        set: SIX,
        ways: &[
            ("floor", SMALL, "hand/box"),
            (CRATE, SMALL, "crate/box"),
            ("template", SMALL, "template/box"),
            (WARM, SMALL, "warm/box"),
            ("reused", SMALL, "reused/box"),
            (BARE, SMALL, "bare/box"),
            ("template, 5000 mounts", MOUNTS, "template/box"),
            ("crate, 5000 mounts", MOUNTS, "crate/box"),
        ],
    },
    Row {
        name: "library/parent",
        about: "without a namespace, from a larger parent",
        set: "none",
        ways: &[
            (CRATE, SMALL, "crate/none"),
            ("crate, 1 GiB", GIBIBYTE, "crate/none"),
            ("crate, 8 GiB", GIBIBYTES, "crate/none"),
            ("crate, 500 threads", THREADS, "crate/none"),
            ("std Command, 1 GiB", GIBIBYTE, "command/none"),
            ("std Command, pre_exec, 1 GiB", GIBIBYTE, "pre_exec/none"),
            ("nix clone, 1 GiB", GIBIBYTE, "nix/none"),
        ],
    },
];
