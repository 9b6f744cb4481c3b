//! When a user namespace may mount a procfs or a sysfs of its own:
//! user_namespaces(7), and mount_too_revealing() in the kernel.

use super::{Attempt, attempt, in_a_child, own_mounts, tmpfs};
use harness::error::Result;
use harness::host::machine::{SUBSET_BESIDE_HIDDEN, Version};
use harness::paths::{MYTMP, OBSERVED_PROC};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};

/// What is visible, and whether another one may be mounted then.
pub struct Case {
    /// What is visible, in a few words.
    pub name: &'static str,
    /// `ok`, or the name of the errno.
    expected: &'static str,
    /// The kernel from which on it is `ok`.
    ok_since: Option<Version>,
    /// Makes the situation, outside of the user namespace.
    prepare: fn() -> nix::Result<()>,
    /// The namespaces that are new besides the user and the mount namespace.
    flags: CloneFlags,
    /// The type of the file system that is mounted.
    pub fs_type: &'static str,
    options: (MsFlags, Option<&'static str>),
}

impl Case {
    /// What a kernel of this version answers: `ok`, or the name of the errno.
    pub fn expected(&self, version: (u32, u32)) -> &'static str {
        match self.ok_since {
            Some(since) if version >= since => "ok",
            _ => self.expected,
        }
    }
}

/// A case with a procfs, which has to be mounted in a new pid namespace.
const fn procfs(
    name: &'static str,
    expected: &'static str,
    prepare: fn() -> nix::Result<()>,
) -> Case {
    Case {
        name,
        expected,
        ok_since: None,
        prepare,
        flags: CloneFlags::CLONE_NEWPID,
        fs_type: "proc",
        options: (MsFlags::empty(), None),
    }
}

const fn sysfs(
    name: &'static str,
    expected: &'static str,
    flags: CloneFlags,
) -> Case {
    let show_one = || {
        let sysfs = Some("sysfs");
        mount(sysfs, "/tmp", sysfs, MsFlags::empty(), None::<&str>)
    };
    Case { flags, fs_type: "sysfs", ..procfs(name, expected, show_one) }
}

/// Every situation, in the order they are tried.
pub const CASES: &[Case] = &[
    procfs("an ordinary /proc, in a new pid namespace", "ok", only_proc),
    Case {
        flags: CloneFlags::empty(),
        ..procfs("the same, in the old pid namespace", "EPERM", only_proc)
    },
    procfs("/dev/null over /proc/keys, as Docker has it", "EPERM", keys_hidden),
    Case {
        options: (MsFlags::MS_RDONLY, None),
        ..procfs("the same, and a read-only one", "EPERM", keys_hidden)
    },
    Case {
        options: (MsFlags::empty(), Some("subset=pid")),
        ok_since: Some(SUBSET_BESIDE_HIDDEN),
        ..procfs("the same, and one with subset=pid", "EPERM", keys_hidden)
    },
    procfs("a tmpfs over /proc/irq", "EPERM", || {
        only_proc()?;
        tmpfs("/proc/irq")
    }),
    procfs("/proc/sys on itself, as for a read-only one", "EPERM", || {
        only_proc()?;
        bind("/proc/sys", "/proc/sys")
    }),
    procfs("a tmpfs over /proc/sys/fs/binfmt_misc", "ok", || {
        only_proc()?;
        tmpfs("/proc/sys/fs/binfmt_misc")
    }),
    procfs("/proc/keys hidden, and a whole procfs elsewhere", "ok", || {
        bind("/dev/null", "/proc/keys")
    }),
    procfs("no procfs at all", "EPERM", || {
        only_proc()?;
        umount2("/proc", MntFlags::MNT_DETACH)
    }),
    sysfs(
        "a sysfs, in the old network namespace",
        "EPERM",
        CloneFlags::empty(),
    ),
    sysfs(
        "a sysfs, in a new network namespace",
        "ok",
        CloneFlags::CLONE_NEWNET,
    ),
];

/// Unmounts the second procfs that every sandbox has: it would replace the
/// first.
fn only_proc() -> nix::Result<()> {
    umount2(OBSERVED_PROC, MntFlags::MNT_DETACH)
}

fn keys_hidden() -> nix::Result<()> {
    only_proc()?;
    bind("/dev/null", "/proc/keys")
}

fn bind(from: &str, to: &str) -> nix::Result<()> {
    let none = None::<&str>;
    mount(Some(from), to, none, MsFlags::MS_BIND, none)
}

/// Tries every case and prints a line for each: result, tab, name.
///
/// # Errors
///
/// Returns no error: the result of a case may be one.
pub fn table(_: &[String]) -> Result<()> {
    for case in CASES {
        attempt(case.name, || case.perform());
    }
    Ok(())
}

impl Case {
    fn perform(&self) -> Attempt {
        own_mounts()?;
        (self.prepare)()?;
        let own = CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNS;
        unshare(own | self.flags)?;
        let (flags, data) = self.options;
        let fs_type = Some(self.fs_type);
        // Only a child of the caller enters a new pid namespace.
        in_a_child(self.name, || {
            Ok(mount(fs_type, MYTMP, fs_type, flags, data))
        })
    }
}
