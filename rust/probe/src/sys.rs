//! The system calls that nix does not wrap, each as one safe function.
//!
//! All `unsafe` of the library is here.
//! Every call below only reads, with one exception that says so
//! ([`message_queues`]), and none needs `/proc`.

use std::ffi::{CStr, c_char, c_int, c_long, c_uint, c_ulong};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;

use crate::observation::Unread;

/// The answer of a system call that returns a descriptor it opened.
///
/// # Safety
/// A non-negative `answer` must be a descriptor that nothing else owns.
unsafe fn opened(answer: c_long) -> nix::Result<OwnedFd> {
    let fd = Errno::result(answer)?;
    let fd = RawFd::try_from(fd).map_err(|_| Errno::EBADF)?;
    // SAFETY: from_raw_fd wants an open descriptor that nothing else owns;
    // our caller promises that.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

// Namespaces: ioctl_nsfs(2).

nix::ioctl_none!(ns_get_userns, 0xb7, 1);
nix::ioctl_none!(ns_get_parent, 0xb7, 2);
nix::ioctl_read!(ns_get_id, 0xb7, 13, u64);

/// The id of a namespace, which the kernel never uses again (Linux 6.18).
pub(crate) fn namespace_id(namespace: BorrowedFd<'_>) -> nix::Result<u64> {
    let mut id = 0;
    // SAFETY: the ioctl wants an open descriptor and a place for eight
    // bytes; the borrow and `id` outlive the call.
    unsafe { ns_get_id(namespace.as_raw_fd(), &mut id) }?;
    Ok(id)
}

/// The user namespace that owns a namespace.
pub(crate) fn namespace_owner(
    namespace: BorrowedFd<'_>,
) -> nix::Result<OwnedFd> {
    // SAFETY: the ioctl wants an open descriptor; the borrow is one.
    let answer = unsafe { ns_get_userns(namespace.as_raw_fd()) };
    // SAFETY: NS_GET_USERNS answers with a new descriptor.
    unsafe { opened(answer?.into()) }
}

/// Opens the namespace in which a user or pid namespace was made:
/// `NS_GET_PARENT` of ioctl_nsfs(2), Linux 4.9.
///
/// # Errors
///
/// Fails with `EPERM` if that one is neither the caller's nor below it, and with
/// `EINVAL` for a namespace of another kind.
pub fn namespace_parent(namespace: BorrowedFd<'_>) -> nix::Result<OwnedFd> {
    // SAFETY: the ioctl wants an open descriptor; the borrow is one.
    let answer = unsafe { ns_get_parent(namespace.as_raw_fd()) };
    // SAFETY: NS_GET_PARENT answers with a new descriptor.
    unsafe { opened(answer?.into()) }
}

/// A pidfd of the calling process.
pub(crate) fn own_pidfd() -> nix::Result<OwnedFd> {
    let pid = nix::unistd::getpid().as_raw();
    // SAFETY: pidfd_open takes two integers and touches no memory of ours.
    let answer = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    // SAFETY: pidfd_open answers with a new descriptor.
    unsafe { opened(answer) }
}

/// A namespace of the process behind a pidfd, by the number of the request:
/// `PIDFD_GET_CGROUP_NAMESPACE` and its nine successors (Linux 6.11).
pub(crate) fn namespace_of(
    pidfd: BorrowedFd<'_>,
    request: u8,
) -> nix::Result<OwnedFd> {
    let request = nix::request_code_none!(0xff, request);
    // SAFETY: these requests take no argument; the borrow is open.
    let answer = unsafe { libc::ioctl(pidfd.as_raw_fd(), request as _, 0) };
    // SAFETY: they answer with a new descriptor.
    unsafe { opened(answer.into()) }
}

// Descriptors.

/// True if a descriptor with the number `fd` is open.
pub(crate) fn is_open(fd: RawFd) -> bool {
    // SAFETY: F_GETFD takes no argument, and any number may be asked about.
    unsafe { libc::fcntl(fd, libc::F_GETFD) != -1 }
}

/// The status flags of the open file `fd`.
pub(crate) fn status_flags(fd: RawFd) -> nix::Result<c_int> {
    // SAFETY: F_GETFL takes no argument, and any number may be asked about.
    Errno::result(unsafe { libc::fcntl(fd, libc::F_GETFL) })
}

/// What fstat(2) returns for `fd`.
pub(crate) fn file_at(fd: RawFd) -> nix::Result<libc::stat> {
    let mut stat = MaybeUninit::zeroed();
    // SAFETY: fstat writes one stat to the place it is given, which outlives
    // the call; any number may be asked about.
    Errno::result(unsafe { libc::fstat(fd, stat.as_mut_ptr()) })?;
    // SAFETY: it was zeroed before the kernel wrote to it, and a stat is
    // integers.
    Ok(unsafe { stat.assume_init() })
}

/// What statx(2) returns about a file, as far as the probe uses it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct File {
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// Major and minor number of the superblock that it is on.
    pub(crate) device: (u32, u32),
    pub(crate) inode: u64,
    /// Major and minor number of the device that it represents.
    pub(crate) stands_for: (u32, u32),
    /// The mount through which it was reached, by the id of mountinfo; `None`
    /// before Linux 5.8.
    pub(crate) mount: Option<u64>,
}

/// struct statx of linux/stat.h.
#[repr(C)]
struct Statx {
    mask: u32,
    block_size: u32,
    attributes: u64,
    links: u32,
    uid: u32,
    gid: u32,
    mode: u16,
    _spare: u16,
    inode: u64,
    _size_blocks_attributes_times: [u64; 11],
    stands_for: [u32; 2],
    device: [u32; 2],
    mount: u64,
    _later: [u64; 13],
}

/// Reads the attributes of a file without following a link in the last place,
/// without causing an automount and without asking a server for what is not
/// known yet: a reading must not hang. With an empty path it reads the file at
/// `fd`.
pub(crate) fn look(fd: RawFd, path: &CStr) -> nix::Result<File> {
    const AT_STATX_DONT_SYNC: c_int = 0x4000;
    const STATX_MNT_ID: u32 = 0x1000;
    let flags = libc::AT_SYMLINK_NOFOLLOW
        | libc::AT_NO_AUTOMOUNT
        | libc::AT_EMPTY_PATH
        | AT_STATX_DONT_SYNC;
    let mut found = MaybeUninit::<Statx>::zeroed();
    // SAFETY: statx reads the string, which ends in NUL, and writes one
    // structure of 256 bytes to `found`, which is that and outlives the call.
    Errno::result(unsafe {
        libc::syscall(
            libc::SYS_statx,
            fd,
            path.as_ptr(),
            flags,
            libc::STATX_BASIC_STATS | STATX_MNT_ID,
            found.as_mut_ptr(),
        )
    })?;
    // SAFETY: it was zeroed before the kernel wrote to it, and is integers.
    let found = unsafe { found.assume_init() };
    Ok(File {
        mode: found.mode.into(),
        uid: found.uid,
        gid: found.gid,
        device: found.device.into(),
        inode: found.inode,
        stands_for: found.stands_for.into(),
        mount: (found.mask & STATX_MNT_ID != 0).then_some(found.mount),
    })
}

/// Opens the file that a path leads to from `fd`.
pub(crate) fn open_at(
    fd: RawFd,
    path: &CStr,
    flags: c_int,
) -> nix::Result<OwnedFd> {
    let flags = flags | libc::O_CLOEXEC;
    // SAFETY: openat reads the string, which ends in NUL; without O_CREAT it
    // takes no mode.
    let answer = unsafe { libc::openat(fd, path.as_ptr(), flags) };
    // SAFETY: openat answers with a new descriptor.
    unsafe { opened(answer.into()) }
}

/// True if a terminal is open at `fd`.
pub(crate) fn is_terminal(fd: RawFd) -> bool {
    // SAFETY: isatty takes any number.
    unsafe { libc::isatty(fd) == 1 }
}

// Signals, past the C library, which hides the signals it uses itself.

/// The kernel's set of signals: one bit for each of 1 to 64.
const SIGNAL_SET: usize = 8;

/// The blocked signals, bit 0 for signal 1.
pub(crate) fn blocked_signals() -> nix::Result<u64> {
    let mut set = 0u64;
    // SAFETY: with no new set, rt_sigprocmask only writes the old one, of
    // the eight bytes it is told, to `set`.
    Errno::result(unsafe {
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            libc::SIG_BLOCK,
            std::ptr::null::<u64>(),
            &mut set as *mut u64,
            SIGNAL_SET,
        )
    })?;
    Ok(set)
}

/// The signals that wait for being unblocked, of the thread and of the process,
/// bit 0 for signal 1.
pub(crate) fn pending_signals() -> nix::Result<u64> {
    let mut set = 0u64;
    // SAFETY: rt_sigpending writes as many bytes as it is told, eight, to `set`.
    Errno::result(unsafe {
        libc::syscall(libc::SYS_rt_sigpending, &mut set as *mut u64, SIGNAL_SET)
    })?;
    Ok(set)
}

/// True if `signal` is ignored.
pub(crate) fn is_ignored(signal: c_int) -> nix::Result<bool> {
    // The kernel's sigaction is at most five words; its first is the handler
    // (on MIPS, where it is the second, this reads the flags).
    let mut action = [0 as c_ulong; 8];
    // SAFETY: with no new action, rt_sigaction only writes the old one to
    // `action`, which is larger than any architecture's.
    Errno::result(unsafe {
        libc::syscall(
            libc::SYS_rt_sigaction,
            signal,
            std::ptr::null::<c_ulong>(),
            action.as_mut_ptr(),
            SIGNAL_SET,
        )
    })?;
    Ok(action[0] == libc::SIG_IGN as c_ulong)
}

// Attributes of the process: prctl(2) and its neighbours.

/// A prctl(2) that returns a number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Attribute {
    NoNewPrivs,
    Seccomp,
    Securebits,
    Dumpable,
    TimerSlack,
    /// True if transparent huge pages are off.
    ThpDisable,
    /// Bits: 1 if memory may not become executable, 2 if children may again.
    Mdwe,
    /// True if equal pages of memory are merged.
    MemoryMerge,
    /// How a process ends whose memory is broken: 0 late, 1 early, 2 as the
    /// system has it.
    MceKill,
    /// True if this capability is in the bounding set.
    Bounding(u32),
    /// True if this capability is in the ambient set.
    Ambient(u32),
}

/// Reads one attribute of the calling process.
pub(crate) fn attribute(attribute: Attribute) -> nix::Result<c_int> {
    let (option, two, three): (c_int, c_ulong, c_ulong) = match attribute {
        Attribute::NoNewPrivs => (libc::PR_GET_NO_NEW_PRIVS, 0, 0),
        Attribute::Seccomp => (libc::PR_GET_SECCOMP, 0, 0),
        Attribute::Securebits => (libc::PR_GET_SECUREBITS, 0, 0),
        Attribute::Dumpable => (libc::PR_GET_DUMPABLE, 0, 0),
        Attribute::TimerSlack => (libc::PR_GET_TIMERSLACK, 0, 0),
        Attribute::ThpDisable => (libc::PR_GET_THP_DISABLE, 0, 0),
        // linux/prctl.h; libc has no names for two of these.
        Attribute::Mdwe => (66, 0, 0),
        Attribute::MemoryMerge => (68, 0, 0),
        Attribute::MceKill => (libc::PR_MCE_KILL_GET, 0, 0),
        Attribute::Bounding(capability) => {
            (libc::PR_CAPBSET_READ, capability.into(), 0)
        }
        Attribute::Ambient(capability) => (
            libc::PR_CAP_AMBIENT,
            libc::PR_CAP_AMBIENT_IS_SET as c_ulong,
            capability.into(),
        ),
    };
    let zero: c_ulong = 0;
    // SAFETY: each of these options reads its arguments as numbers.
    Errno::result(unsafe { libc::prctl(option, two, three, zero, zero) })
}

/// The largest packet of a network interface, in bytes: netdevice(7).
pub(crate) fn largest_packet(name: &str) -> nix::Result<c_int> {
    // SAFETY: all members are numbers or arrays of them, for which 0 is a value.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    // A NUL stays at the end.
    let places = request.ifr_name.iter_mut().take(libc::IFNAMSIZ - 1);
    for (place, byte) in places.zip(name.bytes()) {
        *place = byte as c_char;
    }
    let kind = nix::sys::socket::SockType::Datagram;
    let socket = nix::sys::socket::socket(
        nix::sys::socket::AddressFamily::Inet,
        kind,
        nix::sys::socket::SockFlag::SOCK_CLOEXEC,
        None,
    )?;
    // SAFETY: this request reads the name of an `ifreq`, which ends with NUL, and
    // writes a number into it.
    let done = unsafe {
        libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFMTU as _, &raw mut request)
    };
    // SAFETY: the request has written this member of the union.
    Errno::result(done).map(|_| unsafe { request.ifr_ifru.ifru_mtu })
}

/// How many bytes a pipe holds.
pub(crate) fn pipe_size(fd: RawFd) -> nix::Result<c_int> {
    // SAFETY: F_GETPIPE_SZ takes no argument, and reads no memory.
    Errno::result(unsafe { libc::fcntl(fd, libc::F_GETPIPE_SZ) })
}

/// A prctl(2) that writes its result to an address.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Written {
    Pdeathsig,
    ChildSubreaper,
}

/// Reads one attribute of the calling process.
pub(crate) fn written(attribute: Written) -> nix::Result<c_int> {
    let option = match attribute {
        Written::Pdeathsig => libc::PR_GET_PDEATHSIG,
        Written::ChildSubreaper => libc::PR_GET_CHILD_SUBREAPER,
    };
    let mut answer: c_int = 0;
    let zero: c_ulong = 0;
    let place = &mut answer as *mut c_int;
    // SAFETY: both options write one int to `place`, which outlives the call.
    Errno::result(unsafe { libc::prctl(option, place, zero, zero, zero) })?;
    Ok(answer)
}

/// Effective, permitted and inheritable capabilities, one bit for each.
pub(crate) fn capabilities() -> nix::Result<[u64; 3]> {
    // _LINUX_CAPABILITY_VERSION_3, for the calling thread.
    let mut header: [u32; 2] = [0x2008_0522, 0];
    // Two times the three sets: the low halves, then the high ones.
    let mut sets = [0u32; 6];
    // SAFETY: version 3 reads the eight bytes of the header and writes two
    // structures of three words each, which is what `sets` holds.
    Errno::result(unsafe {
        libc::syscall(libc::SYS_capget, header.as_mut_ptr(), sets.as_mut_ptr())
    })?;
    let [e, p, i, e_high, p_high, i_high] = sets.map(u64::from);
    Ok([e | (e_high << 32), p | (p_high << 32), i | (i_high << 32)])
}

/// The nice value, from -20 to 19; with 19 the process yields to others.
pub(crate) fn nice() -> nix::Result<c_long> {
    // The system call answers 20 - nice, so that -1 is always a failure.
    // SAFETY: getpriority takes two integers.
    let answer =
        unsafe { libc::syscall(libc::SYS_getpriority, libc::PRIO_PROCESS, 0) };
    Ok(20 - Errno::result(answer)?)
}

/// The scheduling policy, with SCHED_RESET_ON_FORK or'ed in.
pub(crate) fn scheduling_policy() -> nix::Result<c_long> {
    // SAFETY: sched_getscheduler takes one integer.
    Errno::result(unsafe { libc::syscall(libc::SYS_sched_getscheduler, 0) })
}

/// The priority of the process's input and output: the class in the bits from
/// 13 on, and below it the level.
pub(crate) fn io_priority() -> nix::Result<c_long> {
    const IOPRIO_WHO_PROCESS: c_int = 1;
    // SAFETY: ioprio_get takes two integers.
    Errno::result(unsafe {
        libc::syscall(libc::SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0)
    })
}

/// The memory policy of the calling thread and the first 1024 of its nodes, one
/// bit for each.
pub(crate) fn memory_policy() -> nix::Result<(c_int, [u64; 16])> {
    let (mut mode, mut nodes) = (0 as c_int, [0u64; 16]);
    // SAFETY: get_mempolicy writes one int to `mode`, and as many bits as it
    // is told to `nodes`, which has that many; both outlive the call.
    Errno::result(unsafe {
        libc::syscall(
            libc::SYS_get_mempolicy,
            &mut mode as *mut c_int,
            nodes.as_mut_ptr(),
            1024 as c_ulong,
            std::ptr::null::<u8>(),
            0 as c_ulong,
        )
    })?;
    Ok((mode, nodes))
}

/// True if an interval timer is armed: ITIMER_REAL, which alarm(2) uses too,
/// ITIMER_VIRTUAL or ITIMER_PROF.
pub(crate) fn is_armed(timer: c_int) -> nix::Result<bool> {
    // struct itimerval: seconds and microseconds of the interval, then of what
    // is left, each a long in the kernel's own structure.
    let mut timer_value = [0 as c_long; 4];
    // SAFETY: getitimer writes four longs to the array, which outlives the
    // call.
    Errno::result(unsafe {
        libc::syscall(libc::SYS_getitimer, timer, timer_value.as_mut_ptr())
    })?;
    Ok(timer_value[2] != 0 || timer_value[3] != 0)
}

/// The execution domain and its flags.
pub(crate) fn personality() -> nix::Result<c_int> {
    // SAFETY: personality takes one integer, and this one only asks.
    Errno::result(unsafe { libc::personality(0xffff_ffff) })
}

/// The current directory as the kernel writes it: with `(unreachable)/...` if
/// it is outside of the root, which the C library's getcwd hides.
pub(crate) fn current_directory() -> nix::Result<Vec<u8>> {
    let mut path = vec![0u8; libc::PATH_MAX as usize];
    // SAFETY: getcwd writes at most the length it is told to `path`.
    let length = Errno::result(unsafe {
        libc::syscall(libc::SYS_getcwd, path.as_mut_ptr(), path.len())
    })?;
    // The length counts the NUL at the end.
    path.truncate(usize::try_from(length).unwrap_or(1).saturating_sub(1));
    Ok(path)
}

/// The strings of the environment, exactly as the launcher passed them.
///
/// std's reader drops a string that has no `=` in it, but a launcher that
/// passes one should be noticed.
pub(crate) fn environment() -> Vec<Vec<u8>> {
    unsafe extern "C" {
        static environ: *const *const c_char;
    }
    let mut strings = Vec::new();
    // SAFETY: the C library sets `environ` before main; nothing in this crate
    // changes the environment.
    let mut next = unsafe { environ };
    while !next.is_null() {
        // SAFETY: not null, so it points into the array, whose last element
        // is the null pointer we stop at.
        let string = unsafe { *next };
        if string.is_null() {
            break;
        }
        // SAFETY: every element before the last is a string that ends in NUL
        // and lives as long as the process.
        let text = unsafe { CStr::from_ptr(string) };
        strings.push(text.to_bytes().to_vec());
        // SAFETY: this element was not the last, so one more is in the array.
        next = unsafe { next.add(1) };
    }
    strings
}

// System V IPC.

/// The three kinds of System V objects.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SystemV {
    Queues,
    Segments,
    Semaphores,
}

/// One of these objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Object {
    /// 0 for a private one.
    pub(crate) key: u32,
    pub(crate) mode: u32,
    /// How many messages are in a queue.
    pub(crate) messages: u64,
}

/// Large enough for every structure that the calls below write: the largest,
/// msqid64_ds, is 120 bytes.
type SystemVBuffer = [u64; 32];

impl SystemV {
    /// `INFO`, `STAT` and `STAT_ANY` of linux/msg.h, shm.h and sem.h.
    fn commands(self) -> [c_int; 3] {
        match self {
            SystemV::Queues => [12, 11, 13],
            SystemV::Segments => [14, 13, 15],
            SystemV::Semaphores => [19, 18, 20],
        }
    }

    fn control(
        self,
        index: c_long,
        command: c_int,
        buffer: &mut SystemVBuffer,
    ) -> nix::Result<c_long> {
        let place = buffer.as_mut_ptr();
        Errno::result(match self {
            // SAFETY: the three commands above only write one structure,
            // smaller than the buffer, to it.
            SystemV::Queues => unsafe {
                libc::syscall(libc::SYS_msgctl, index, command, place)
            },
            // SAFETY: as above.
            SystemV::Segments => unsafe {
                libc::syscall(libc::SYS_shmctl, index, command, place)
            },
            // SAFETY: as above; a set has no number of a semaphore here.
            SystemV::Semaphores => unsafe {
                libc::syscall(libc::SYS_semctl, index, 0, command, place)
            },
        })
    }

    /// All objects.
    pub(crate) fn objects(self) -> nix::Result<Vec<Object>> {
        let [info, stat, stat_any] = self.commands();
        let mut buffer = [0; 32];
        let last = self.control(0, info, &mut buffer)?;
        let mut objects = Vec::new();
        for index in 0..=last {
            // Since Linux 4.17 every process may read about every object, as in
            // /proc/sysvipc; before that one needs read access.
            let seen = self
                .control(index, stat_any, &mut buffer)
                .or_else(|_| self.control(index, stat, &mut buffer));
            match seen {
                // Each of the structures begins with an ipc64_perm: the key,
                // four ids and the mode. In msqid64_ds three times and the
                // number of bytes come before that of the messages.
                Ok(_) => objects.push(Object {
                    key: half(buffer[0], 0),
                    mode: half(buffer[2], 4) & 0o777,
                    messages: match self {
                        SystemV::Queues => buffer[10],
                        _ => 0,
                    },
                }),
                // There is no object with this index.
                Err(Errno::EINVAL | Errno::EIDRM) => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(objects)
    }
}

/// The number of four bytes at a place in one of eight.
fn half(word: u64, at: usize) -> u32 {
    let bytes = word.to_ne_bytes();
    u32::from_ne_bytes(std::array::from_fn(|it| bytes[at + it]))
}

// POSIX message queues.

/// The root of the filesystem of this IPC namespace's message queues.
///
/// It is mounted nowhere: fsmount(2) makes a mount that exists only as this
/// descriptor, so the mount table stays as it is. It takes CAP_SYS_ADMIN over
/// the mount and the IPC namespace.
pub(crate) fn message_queues() -> Result<OwnedFd, Unread> {
    const FSOPEN_CLOEXEC: c_uint = 1;
    const FSCONFIG_CMD_CREATE: c_uint = 6;
    const FSMOUNT_CLOEXEC: c_uint = 1;
    // SAFETY: fsopen reads the string, which ends in NUL.
    let answer = unsafe {
        libc::syscall(libc::SYS_fsopen, c"mqueue".as_ptr(), FSOPEN_CLOEXEC)
    };
    // SAFETY: fsopen answers with a new descriptor.
    let context = unsafe { opened(answer) }
        .map_err(|errno| Unread::new("fsopen mqueue", errno))?;
    // SAFETY: FSCONFIG_CMD_CREATE takes no key, no value and no number.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_fsconfig,
            context.as_raw_fd(),
            FSCONFIG_CMD_CREATE,
            std::ptr::null::<c_char>(),
            std::ptr::null::<c_char>(),
            0,
        )
    };
    Errno::result(answer)
        .map_err(|errno| Unread::new("fsconfig mqueue", errno))?;
    // SAFETY: fsmount takes three integers.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_fsmount,
            context.as_raw_fd(),
            FSMOUNT_CLOEXEC,
            0,
        )
    };
    // SAFETY: fsmount answers with a new descriptor.
    unsafe { opened(answer) }
        .map_err(|errno| Unread::new("fsmount mqueue", errno))
}

// The mount table without /proc: listmount(2) and statmount(2), Linux 6.8.

// New system calls have one number on every architecture but alpha; libc does
// not have these everywhere yet.
const SYS_STATMOUNT: c_long = 457;
const SYS_LISTMOUNT: c_long = 458;

/// struct mnt_id_req, first version: size and spare, mount, parameter.
type MountRequest = [u64; 3];

fn mount_request(mount: u64, parameter: u64) -> MountRequest {
    // The size is the first of two 32-bit words that share the first element.
    let size = size_of::<MountRequest>() as u32;
    let mut first = [0; 8];
    first[..4].copy_from_slice(&size.to_ne_bytes());
    [u64::from_ne_bytes(first), mount, parameter]
}

/// The 64-bit ids of all mounts under the caller's root.
pub(crate) fn list_mounts() -> nix::Result<Vec<u64>> {
    const LSMT_ROOT: u64 = u64::MAX;
    let mut mounts = Vec::new();
    loop {
        let last = mounts.last().copied().unwrap_or(0);
        let request = mount_request(LSMT_ROOT, last);
        let mut some = [0u64; 256];
        // SAFETY: listmount reads a request of the size it says, and writes
        // at most as many ids as it is told.
        let count = Errno::result(unsafe {
            libc::syscall(
                SYS_LISTMOUNT,
                request.as_ptr(),
                some.as_mut_ptr(),
                some.len(),
                0,
            )
        })?;
        let count = usize::try_from(count).unwrap_or(0);
        mounts.extend_from_slice(some.get(..count).unwrap_or(&some));
        if count < some.len() {
            return Ok(mounts);
        }
    }
}

/// The bytes of a struct statmount, with the values that `mask` asks for.
pub(crate) fn stat_mount(mount: u64, mask: u64) -> nix::Result<Vec<u8>> {
    let request = mount_request(mount, mask);
    // Options of overlays can be as long as a page each; the kernel returns
    // EOVERFLOW if it needs more.
    let mut bytes = vec![0u8; 16 << 10];
    loop {
        // SAFETY: statmount reads a request of the size it says, and writes
        // at most the length it is told to `bytes`.
        let answer = Errno::result(unsafe {
            libc::syscall(
                SYS_STATMOUNT,
                request.as_ptr(),
                bytes.as_mut_ptr(),
                bytes.len(),
                0,
            )
        });
        match answer {
            Ok(_) => return Ok(bytes),
            Err(Errno::EOVERFLOW) if bytes.len() < 1 << 20 => {
                bytes.resize(bytes.len() * 4, 0);
            }
            Err(errno) => return Err(errno),
        }
    }
}
