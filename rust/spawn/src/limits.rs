//! What a payload may do and use: resources and capabilities.

use std::ops::{BitOr, BitOrAssign};

/// A resource whose use is limited
/// ([getrlimit(2)](https://man7.org/linux/man-pages/man2/getrlimit.2.html)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Resource {
    /// `RLIMIT_AS`: the size of the address space, in bytes.
    AddressSpace,
    /// `RLIMIT_CORE`: the size of a core dump, in bytes.
    Core,
    /// `RLIMIT_CPU`: processor time, in seconds.
    Cpu,
    /// `RLIMIT_DATA`: data and heap, in bytes.
    Data,
    /// `RLIMIT_FSIZE`: the size of a file that is written, in bytes.
    FileSize,
    /// `RLIMIT_MEMLOCK`: memory that is locked, in bytes.
    LockedMemory,
    /// `RLIMIT_MSGQUEUE`: POSIX message queues of the user, in bytes.
    MessageQueues,
    /// `RLIMIT_NICE`: 20 minus the lowest nice value.
    Nice,
    /// `RLIMIT_NOFILE`: one more than the greatest descriptor.
    OpenFiles,
    /// `RLIMIT_NPROC`: processes and threads of the user.
    Processes,
    /// `RLIMIT_RTPRIO`: the greatest real-time priority.
    RealTimePriority,
    /// `RLIMIT_RTTIME`: processor time of a real-time process without a
    /// blocking call, in microseconds.
    RealTime,
    /// `RLIMIT_SIGPENDING`: queued signals of the user.
    PendingSignals,
    /// `RLIMIT_STACK`: the size of the stack, in bytes.
    Stack,
}

impl Resource {
    /// The value that means no limit (`RLIM_INFINITY`).
    pub const UNLIMITED: u64 = u64::MAX;

    /// The name of `RLIMIT_*`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Resource::AddressSpace => "RLIMIT_AS",
            Resource::Core => "RLIMIT_CORE",
            Resource::Cpu => "RLIMIT_CPU",
            Resource::Data => "RLIMIT_DATA",
            Resource::FileSize => "RLIMIT_FSIZE",
            Resource::LockedMemory => "RLIMIT_MEMLOCK",
            Resource::MessageQueues => "RLIMIT_MSGQUEUE",
            Resource::Nice => "RLIMIT_NICE",
            Resource::OpenFiles => "RLIMIT_NOFILE",
            Resource::Processes => "RLIMIT_NPROC",
            Resource::RealTimePriority => "RLIMIT_RTPRIO",
            Resource::RealTime => "RLIMIT_RTTIME",
            Resource::PendingSignals => "RLIMIT_SIGPENDING",
            Resource::Stack => "RLIMIT_STACK",
        }
    }

    /// The number of `RLIMIT_*`, which has another type in each C library.
    pub(crate) fn number(self) -> u32 {
        let number = match self {
            Resource::AddressSpace => libc::RLIMIT_AS,
            Resource::Core => libc::RLIMIT_CORE,
            Resource::Cpu => libc::RLIMIT_CPU,
            Resource::Data => libc::RLIMIT_DATA,
            Resource::FileSize => libc::RLIMIT_FSIZE,
            Resource::LockedMemory => libc::RLIMIT_MEMLOCK,
            Resource::MessageQueues => libc::RLIMIT_MSGQUEUE,
            Resource::Nice => libc::RLIMIT_NICE,
            Resource::OpenFiles => libc::RLIMIT_NOFILE,
            Resource::Processes => libc::RLIMIT_NPROC,
            Resource::RealTimePriority => libc::RLIMIT_RTPRIO,
            Resource::RealTime => libc::RLIMIT_RTTIME,
            Resource::PendingSignals => libc::RLIMIT_SIGPENDING,
            Resource::Stack => libc::RLIMIT_STACK,
        };
        number as u32
    }
}

/// A set of capabilities
/// ([capabilities(7)](https://man7.org/linux/man-pages/man7/capabilities.7.html)).
///
/// ```
/// use nsteps_spawn::Capabilities;
///
/// let two = Capabilities::CHOWN | Capabilities::KILL;
/// assert!(two.contains(Capabilities::KILL));
/// assert!(!two.contains(Capabilities::SYS_ADMIN));
/// assert_eq!(two.bits(), 0b100001);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Capabilities(u64);

macro_rules! capabilities {
    ($($name:ident $number:literal)*) => {
        impl Capabilities {
            $(
                #[doc = concat!("`CAP_", stringify!($name), "`")]
                pub const $name: Self = Self(1 << $number);
            )*
        }
    };
}

capabilities! {
    CHOWN 0 DAC_OVERRIDE 1 DAC_READ_SEARCH 2 FOWNER 3 FSETID 4 KILL 5 SETGID 6
    SETUID 7 SETPCAP 8 LINUX_IMMUTABLE 9 NET_BIND_SERVICE 10 NET_BROADCAST 11
    NET_ADMIN 12 NET_RAW 13 IPC_LOCK 14 IPC_OWNER 15 SYS_MODULE 16 SYS_RAWIO 17
    SYS_CHROOT 18 SYS_PTRACE 19 SYS_PACCT 20 SYS_ADMIN 21 SYS_BOOT 22
    SYS_NICE 23 SYS_RESOURCE 24 SYS_TIME 25 SYS_TTY_CONFIG 26 MKNOD 27 LEASE 28
    AUDIT_WRITE 29 AUDIT_CONTROL 30 SETFCAP 31 MAC_OVERRIDE 32 MAC_ADMIN 33
    SYSLOG 34 WAKE_ALARM 35 BLOCK_SUSPEND 36 AUDIT_READ 37 PERFMON 38 BPF 39
    CHECKPOINT_RESTORE 40
}

impl Capabilities {
    /// The set that holds no capability.
    pub const fn empty() -> Self {
        Self(0)
    }

    /// A capability by its number, for one that this crate has no name for.
    /// `None` if the number is above 63.
    pub const fn from_number(number: u32) -> Option<Self> {
        match number {
            0..=63 => Some(Self(1 << number)),
            _ => None,
        }
    }

    /// Whether all capabilities of `other` are in this set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The set as in the lines `Cap*` of
    /// [proc_pid_status(5)](https://man7.org/linux/man-pages/man5/proc_pid_status.5.html).
    pub const fn bits(self) -> u64 {
        self.0
    }
}

impl BitOr for Capabilities {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Capabilities {
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}
