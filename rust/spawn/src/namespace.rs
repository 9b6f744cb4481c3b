//! Kinds of namespaces, and the clocks of a time namespace.

use std::fmt;
use std::io;
use std::ops::{BitOr, BitOrAssign};
use std::os::fd::{AsFd, AsRawFd};

use nix::sys::statfs::fstatfs;

use crate::raw::kernel;

/// A set of kinds of namespaces, as of
/// [namespaces(7)](https://man7.org/linux/man-pages/man7/namespaces.7.html).
///
/// ```
/// use nsteps_spawn::Namespace;
///
/// let two = Namespace::UTS | Namespace::NET;
/// assert!(two.contains(Namespace::NET));
/// assert!(!two.contains(Namespace::PID));
/// assert_eq!(format!("{two:?}"), "Namespace(net|uts)");
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Namespace(i32);

impl Namespace {
    /// Control groups: `/` of `/proc/PID/cgroup` and of a mounted cgroup file
    /// system is the cgroup of the payload.
    pub const CGROUP: Self = Self(libc::CLONE_NEWCGROUP);
    /// System V IPC objects and POSIX message queues.
    pub const IPC: Self = Self(libc::CLONE_NEWIPC);
    /// The table of mounts. A new one is a copy, in which all mounts are made
    /// private, see [`Command::propagation`](crate::Command::propagation).
    pub const MNT: Self = Self(libc::CLONE_NEWNS);
    /// Network devices, addresses, routes, sockets. A new one has `lo`, which
    /// is down.
    pub const NET: Self = Self(libc::CLONE_NEWNET);
    /// Process ids. The payload is PID 1 of a new one; when it ends, the kernel
    /// kills all processes in it.
    pub const PID: Self = Self(libc::CLONE_NEWPID);
    /// Offsets of the clocks `CLOCK_MONOTONIC` and `CLOCK_BOOTTIME`. A new one
    /// needs Linux 6.2, see [`Command::time_offset`](crate::Command::time_offset).
    pub const TIME: Self = Self(0x80);
    /// User and group ids, and capabilities. A new one owns the other new
    /// namespaces of the same launch.
    pub const USER: Self = Self(libc::CLONE_NEWUSER);
    /// Host name and domain name.
    pub const UTS: Self = Self(libc::CLONE_NEWUTS);

    /// The set that holds no kind.
    pub const fn empty() -> Self {
        Self(0)
    }

    /// The set of all eight kinds.
    pub const fn all() -> Self {
        let mut all = 0;
        let mut at = 0;
        while at < NAMES.len() {
            all |= NAMES[at].0.0;
            at += 1;
        }
        Self(all)
    }

    /// Whether all kinds of `other` are in this set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The kinds of this set that are not in `other`.
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(crate) const fn from_flags(flags: i32) -> Self {
        Self(flags)
    }

    /// The kind of the namespace that a file of `/proc/PID/ns` stands for
    /// ([ioctl_nsfs(2)](https://man7.org/linux/man-pages/man2/ioctl_nsfs.2.html)).
    ///
    /// # Errors
    ///
    /// Fails with `EINVAL` if the descriptor is of another file.
    ///
    /// ```
    /// use nsteps_spawn::Namespace;
    ///
    /// let file = std::fs::File::open("/proc/self/ns/net").unwrap();
    /// assert_eq!(Namespace::of(&file).unwrap(), Namespace::NET);
    /// ```
    pub fn of(file: &impl AsFd) -> io::Result<Self> {
        /// linux/magic.h
        const NSFS_MAGIC: u64 = 0x6e73_6673;
        let file = file.as_fd();
        let system = fstatfs(file)?.filesystem_type().0;
        // Its type is another one in each C library; a magic number fits all.
        if system as u64 & 0xffff_ffff != NSFS_MAGIC {
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        let kind = kernel::namespace_kind(file.as_raw_fd());
        kind.map(Self).map_err(io::Error::from_raw_os_error)
    }

    /// Whether there is no kind in this set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The flags `CLONE_NEW*` of
    /// [clone(2)](https://man7.org/linux/man-pages/man2/clone.2.html).
    pub const fn flags(self) -> i32 {
        self.0
    }
}

/// The kinds by their names in `/proc/PID/ns`.
const NAMES: [(Namespace, &str); 8] = [
    (Namespace::CGROUP, "cgroup"),
    (Namespace::IPC, "ipc"),
    (Namespace::MNT, "mnt"),
    (Namespace::NET, "net"),
    (Namespace::PID, "pid"),
    (Namespace::TIME, "time"),
    (Namespace::USER, "user"),
    (Namespace::UTS, "uts"),
];

impl BitOr for Namespace {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Namespace {
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}

impl fmt::Display for Namespace {
    /// The names of the kinds as in `/proc/PID/ns`, with `|` between them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = NAMES.iter().filter(|(kind, _)| self.contains(*kind));
        for (at, (_, name)) in names.enumerate() {
            let between = if at == 0 { "" } else { "|" };
            write!(f, "{between}{name}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Namespace({self})")
    }
}

/// A clock that a time namespace has its own offset of
/// ([time_namespaces(7)](https://man7.org/linux/man-pages/man7/time_namespaces.7.html)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Clock {
    /// `CLOCK_MONOTONIC`, and the clocks that are made of it.
    Monotonic,
    /// `CLOCK_BOOTTIME`, which counts while the machine is suspended as well.
    Boottime,
}

impl Clock {
    /// The name in `/proc/PID/timens_offsets`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Clock::Monotonic => "monotonic",
            Clock::Boottime => "boottime",
        }
    }
}
