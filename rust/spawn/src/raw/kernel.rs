//! The system calls of the child, each as one safe function.
//!
//! The C library has most of them too. Its functions report through `errno`,
//! a variable that the child shares with the thread that made it, some are
//! points of cancellation, and for ids they signal all threads.

use std::ffi::{CStr, c_int, c_long, c_ulong};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;

use super::call::{Result, call};
use super::strings::Strings;

/// The size of the kernel's set of signals, in bytes.
const SIGNALS: usize = 8;

/// The arguments of a call, the rest of them zero.
fn fill<const N: usize>(given: [usize; N]) -> [usize; 6] {
    let mut all = [0; 6];
    for (to, from) in all.iter_mut().zip(given) {
        *to = from;
    }
    all
}

/// A number as an argument: the kernel looks at its low half where it takes an
/// int.
fn int(value: c_int) -> usize {
    value as isize as usize
}

fn text(value: &CStr) -> usize {
    value.as_ptr().addr_with_exposed()
}

/// The address of something that a call reads or writes.
trait Address {
    fn addr_with_exposed(self) -> usize;
}

impl<T> Address for *const T {
    fn addr_with_exposed(self) -> usize {
        self.expose_provenance()
    }
}

impl<T> Address for *mut T {
    fn addr_with_exposed(self) -> usize {
        self.expose_provenance()
    }
}

/// A call whose arguments are numbers.
///
/// # Safety
///
/// The call `number` takes no pointer among them.
unsafe fn numbers<const N: usize>(
    number: c_long,
    arguments: [usize; N],
) -> Result<usize> {
    // SAFETY: no argument is a pointer, the caller says; so no memory of ours
    // is read or written.
    unsafe { call(number, fill(arguments)) }
}

/// exit_group(2): ends the process, and nothing else.
pub(crate) fn exit(status: c_int) -> ! {
    loop {
        // SAFETY: exit_group takes a number, and does not return.
        let _ = unsafe { numbers(libc::SYS_exit_group, [int(status)]) };
    }
}

/// execve(2): becomes a program, or returns the errno.
pub(crate) fn execute(
    program: &CStr,
    arguments: &Strings,
    environment: &Strings,
) -> c_int {
    let arguments = [
        text(program),
        arguments.as_ptr().addr_with_exposed(),
        environment.as_ptr().addr_with_exposed(),
    ];
    // SAFETY: execve reads three strings or vectors of strings; a `CStr` ends
    // with NUL and a `Strings` with a null, and both outlive the call.
    let executed = unsafe { call(libc::SYS_execve, fill(arguments)) };
    executed.err().unwrap_or(libc::EINVAL)
}

/// rt_sigprocmask(2): sets the signals that are blocked; returns those that
/// were.
pub(crate) fn set_mask(mask: u64) -> Result<u64> {
    let mut before = 0u64;
    let arguments = [
        int(libc::SIG_SETMASK),
        ptr::from_ref(&mask).addr_with_exposed(),
        (&raw mut before).addr_with_exposed(),
        SIGNALS,
    ];
    // SAFETY: the call reads one set of the given size and writes another one:
    // two live integers of that size.
    unsafe { call(libc::SYS_rt_sigprocmask, fill(arguments)) }?;
    Ok(before)
}

/// The kernel's `struct sigaction`: handler, flags, restorer, mask.
type Disposition = [usize; 4];

/// rt_sigaction(2) with one of the two dispositions that run nothing.
pub(crate) fn set_disposition(signal: c_int, ignored: bool) -> Result<()> {
    let handler = if ignored { libc::SIG_IGN } else { libc::SIG_DFL };
    let new: Disposition = [handler, 0, 0, 0];
    let arguments =
        [int(signal), (&raw const new).addr_with_exposed(), 0, SIGNALS];
    // SAFETY: the call reads one disposition, a live array of its size, and
    // writes none. Neither disposition is a function that could be called.
    unsafe { call(libc::SYS_rt_sigaction, fill(arguments)) }.map(drop)
}

/// Whether a function would be called for a signal: rt_sigaction(2).
pub(crate) fn has_handler(signal: c_int) -> Result<bool> {
    let mut old: Disposition = [0; 4];
    let arguments =
        [int(signal), 0, (&raw mut old).addr_with_exposed(), SIGNALS];
    // SAFETY: the call writes one disposition to a live array of its size.
    unsafe { call(libc::SYS_rt_sigaction, fill(arguments)) }?;
    let [handler, ..] = old;
    Ok(handler != libc::SIG_DFL && handler != libc::SIG_IGN)
}

/// openat(2) with an absolute path: a new descriptor, closed on exec.
pub(crate) fn open(path: &CStr, flags: c_int, mode: u32) -> Result<c_int> {
    let flags = flags | libc::O_CLOEXEC;
    let arguments =
        [int(libc::AT_FDCWD), text(path), int(flags), mode as usize];
    // SAFETY: openat reads a string, which a `CStr` is and which outlives it.
    let opened = unsafe { call(libc::SYS_openat, fill(arguments)) };
    opened.map(|fd| fd as c_int)
}

/// openat(2) below a directory, for writing.
pub(crate) fn open_in(directory: c_int, path: &CStr) -> Result<c_int> {
    let flags = libc::O_CLOEXEC | libc::O_WRONLY;
    let arguments = [int(directory), text(path), int(flags)];
    // SAFETY: openat reads a string, which a `CStr` is and which outlives it.
    let opened = unsafe { call(libc::SYS_openat, fill(arguments)) };
    opened.map(|fd| fd as c_int)
}

/// write(2), all of it or an error.
pub(crate) fn write(fd: c_int, bytes: &[u8]) -> Result<()> {
    let start = bytes.as_ptr().addr_with_exposed();
    let arguments = [int(fd), start, bytes.len()];
    // SAFETY: write reads the bytes of the slice and no more.
    let written = unsafe { call(libc::SYS_write, fill(arguments)) }?;
    // A file of /proc takes what it is given at once or not at all.
    if written == bytes.len() { Ok(()) } else { Err(libc::EIO) }
}

/// close(2).
pub(crate) fn close(fd: c_int) {
    // SAFETY: close takes a number. The callers pass a descriptor that they
    // have opened in the child's own table.
    let _ = unsafe { numbers(libc::SYS_close, [int(fd)]) };
}

/// setns(2).
pub(crate) fn join(fd: c_int, kinds: c_int) -> Result<()> {
    // SAFETY: setns takes two numbers.
    unsafe { numbers(libc::SYS_setns, [int(fd), int(kinds)]) }.map(drop)
}

/// unshare(2) of namespaces.
pub(crate) fn unshare(kinds: c_int) -> Result<()> {
    // SAFETY: unshare takes a number; the callers pass flags of namespaces,
    // which leave memory and descriptors alone.
    unsafe { numbers(libc::SYS_unshare, [int(kinds)]) }.map(drop)
}

/// setresuid(2) with one id thrice, for this process alone.
pub(crate) fn set_user(id: u32) -> Result<()> {
    let id = id as usize;
    // SAFETY: setresuid takes three numbers.
    unsafe { numbers(libc::SYS_setresuid, [id, id, id]) }.map(drop)
}

/// setresgid(2) with one id thrice, for this process alone.
pub(crate) fn set_group(id: u32) -> Result<()> {
    let id = id as usize;
    // SAFETY: setresgid takes three numbers.
    unsafe { numbers(libc::SYS_setresgid, [id, id, id]) }.map(drop)
}

/// setgroups(2), for this process alone.
pub(crate) fn set_groups(groups: &[u32]) -> Result<()> {
    let start = groups.as_ptr().addr_with_exposed();
    // SAFETY: setgroups reads as many ids as it is told, those of the slice.
    unsafe { call(libc::SYS_setgroups, fill([groups.len(), start])) }.map(drop)
}

/// setsid(2).
pub(crate) fn start_session() -> Result<()> {
    // SAFETY: setsid takes nothing.
    unsafe { numbers(libc::SYS_setsid, []) }.map(drop)
}

/// setpgid(2) of the calling process.
pub(crate) fn set_process_group(group: c_int) -> Result<()> {
    // SAFETY: setpgid takes two numbers.
    unsafe { numbers(libc::SYS_setpgid, [0, int(group)]) }.map(drop)
}

/// TIOCSCTTY of ioctl_tty(2).
pub(crate) fn take_terminal(fd: c_int) -> Result<()> {
    // TIOCSCTTY has another type in each C library.
    let request = libc::TIOCSCTTY as usize;
    // SAFETY: this request takes a number, 0: the terminal of no other session.
    unsafe { numbers(libc::SYS_ioctl, [int(fd), request, 0]) }.map(drop)
}

/// sethostname(2).
pub(crate) fn set_hostname(name: &[u8]) -> Result<()> {
    let start = name.as_ptr().addr_with_exposed();
    // SAFETY: sethostname reads as many bytes as it is told, those of the slice.
    unsafe { call(libc::SYS_sethostname, fill([start, name.len()])) }.map(drop)
}

/// setdomainname(2).
pub(crate) fn set_domainname(name: &[u8]) -> Result<()> {
    let arguments = [name.as_ptr().addr_with_exposed(), name.len()];
    // SAFETY: setdomainname reads as many bytes as it is told, those of the
    // slice.
    unsafe { call(libc::SYS_setdomainname, fill(arguments)) }.map(drop)
}

/// Sets the flag IFF_UP of `lo`: a socket and SIOCSIFFLAGS of netdevice(7).
pub(crate) fn bring_lo_up() -> Result<()> {
    let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC;
    let arguments = [int(libc::AF_INET), int(kind), 0];
    // SAFETY: socket takes three numbers.
    let socket = unsafe { numbers(libc::SYS_socket, arguments) }?;
    let mut request = libc::ifreq {
        ifr_name: [0; libc::IFNAMSIZ],
        ifr_ifru: libc::__c_anonymous_ifr_ifru {
            ifru_flags: libc::IFF_UP as i16,
        },
    };
    for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
        *to = *from as _;
    }
    // SIOCSIFFLAGS has another type in each C library.
    let number = libc::SIOCSIFFLAGS as usize;
    let arguments = [socket, number, (&raw const request).addr_with_exposed()];
    // SAFETY: this request reads one ifreq, which is alive.
    let done = unsafe { call(libc::SYS_ioctl, fill(arguments)) };
    close(socket as c_int);
    done.map(drop)
}

/// A socket of netlink(7) with a protocol; nix has no name for that of xfrm.
pub(crate) fn netlink(protocol: c_int) -> Result<OwnedFd> {
    let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
    let arguments = [int(libc::AF_NETLINK), int(kind), int(protocol)];
    // SAFETY: socket takes three numbers.
    let made = unsafe { numbers(libc::SYS_socket, arguments) }?;
    // SAFETY: the kernel has just made the descriptor, and nothing else owns
    // it.
    Ok(unsafe { OwnedFd::from_raw_fd(made as c_int) })
}

/// mount(2). `None` for what the kernel does not look at.
pub(crate) fn mount(
    source: Option<&CStr>,
    target: &CStr,
    kind: Option<&CStr>,
    flags: c_ulong,
    options: Option<&CStr>,
) -> Result<()> {
    let arguments = [
        source.map_or(0, text),
        text(target),
        kind.map_or(0, text),
        flags as usize,
        options.map_or(0, text),
    ];
    // SAFETY: mount reads up to four strings, each a live `CStr` or null where
    // null may be; the options of all file systems with a `CStr` are text.
    unsafe { call(libc::SYS_mount, fill(arguments)) }.map(drop)
}

/// open_tree(2) with OPEN_TREE_CLONE: a descriptor of a copy of the mount at
/// `path`, with those below it if `recursive`.
pub(crate) fn clone_tree(path: &CStr, recursive: bool) -> Result<c_int> {
    let below = if recursive { libc::AT_RECURSIVE as u32 } else { 0 };
    let flags = libc::OPEN_TREE_CLONE | libc::OPEN_TREE_CLOEXEC | below;
    let arguments = [int(libc::AT_FDCWD), text(path), flags as usize];
    // SAFETY: open_tree reads a string, which a `CStr` is and which outlives it.
    let opened = unsafe { call(libc::SYS_open_tree, fill(arguments)) };
    opened.map(|fd| fd as c_int)
}

/// open_tree(2) with OPEN_TREE_NAMESPACE: a new mount namespace that holds a
/// copy of the mount at `path` with those below it, and nothing else. Before
/// Linux 7.0 it fails with `EINVAL`.
pub(crate) fn open_namespace_of(path: &CStr) -> Result<OwnedFd> {
    /// linux/mount.h
    const OPEN_TREE_NAMESPACE: u32 = 1 << 1;
    let flags = OPEN_TREE_NAMESPACE
        | libc::OPEN_TREE_CLOEXEC
        | libc::AT_RECURSIVE as u32;
    let arguments = [int(libc::AT_FDCWD), text(path), flags as usize];
    // SAFETY: open_tree reads a string, which a `CStr` is and which outlives it.
    let made = unsafe { call(libc::SYS_open_tree, fill(arguments)) }?;
    // SAFETY: the kernel has just made the descriptor, and nothing else owns
    // it.
    Ok(unsafe { OwnedFd::from_raw_fd(made as c_int) })
}

/// move_mount(2) of a tree from its descriptor to a path.
pub(crate) fn attach_tree(tree: c_int, target: &CStr) -> Result<()> {
    let flags = libc::MOVE_MOUNT_F_EMPTY_PATH as usize;
    let from = text(c"");
    let arguments = [int(tree), from, int(libc::AT_FDCWD), text(target), flags];
    // SAFETY: move_mount reads two strings, both of them a live `CStr`.
    unsafe { call(libc::SYS_move_mount, fill(arguments)) }.map(drop)
}

/// mount_setattr(2): sets attributes of the mount that `directory` and `path`
/// name, and of those below it if `recursive`; and the propagation unless it is
/// 0.
pub(crate) fn set_attributes(
    directory: c_int,
    path: &CStr,
    attributes: u64,
    propagation: u64,
    recursive: bool,
) -> Result<()> {
    let attributes = libc::mount_attr {
        attr_set: attributes,
        attr_clr: 0,
        propagation,
        userns_fd: 0,
    };
    let below = if recursive { libc::AT_RECURSIVE } else { 0 };
    let arguments = [
        int(directory),
        text(path),
        int(libc::AT_EMPTY_PATH | below),
        (&raw const attributes).addr_with_exposed(),
        size_of::<libc::mount_attr>(),
    ];
    // SAFETY: mount_setattr reads a string and a struct of the size that it is
    // told; both are alive.
    unsafe { call(libc::SYS_mount_setattr, fill(arguments)) }.map(drop)
}

/// pivot_root(2).
pub(crate) fn pivot_root(new: &CStr, old: &CStr) -> Result<()> {
    let arguments = [text(new), text(old)];
    // SAFETY: pivot_root reads two strings, both of them a live `CStr`.
    unsafe { call(libc::SYS_pivot_root, fill(arguments)) }.map(drop)
}

/// umount2(2) with MNT_DETACH.
pub(crate) fn detach(target: &CStr) -> Result<()> {
    let arguments = [text(target), int(libc::MNT_DETACH)];
    // SAFETY: umount2 reads a string, which a `CStr` is and which outlives it.
    unsafe { call(libc::SYS_umount2, fill(arguments)) }.map(drop)
}

/// chdir(2).
pub(crate) fn change_directory(path: &CStr) -> Result<()> {
    // SAFETY: chdir reads a string, which a `CStr` is and which outlives it.
    unsafe { call(libc::SYS_chdir, fill([text(path)])) }.map(drop)
}

/// mkdirat(2).
pub(crate) fn make_directory(path: &CStr, mode: u32) -> Result<()> {
    let arguments = [int(libc::AT_FDCWD), text(path), mode as usize];
    // SAFETY: mkdirat reads a string, which a `CStr` is and which outlives it.
    unsafe { call(libc::SYS_mkdirat, fill(arguments)) }.map(drop)
}

/// mknodat(2): an empty regular file.
pub(crate) fn make_file(path: &CStr, mode: u32) -> Result<()> {
    let mode = libc::S_IFREG | mode;
    let arguments = [int(libc::AT_FDCWD), text(path), mode as usize, 0];
    // SAFETY: mknodat reads a string, which a `CStr` is and which outlives it.
    unsafe { call(libc::SYS_mknodat, fill(arguments)) }.map(drop)
}

/// symlinkat(2): `path` leads to `target`.
pub(crate) fn make_link(target: &CStr, path: &CStr) -> Result<()> {
    let arguments = [text(target), int(libc::AT_FDCWD), text(path)];
    // SAFETY: symlinkat reads two strings, both of them a live `CStr`.
    unsafe { call(libc::SYS_symlinkat, fill(arguments)) }.map(drop)
}

/// umask(2), which does not fail.
pub(crate) fn set_umask(mask: u32) {
    // SAFETY: umask takes a number.
    let _ = unsafe { numbers(libc::SYS_umask, [mask as usize]) };
}

/// prlimit(2) of the calling process.
pub(crate) fn set_limit(resource: u32, soft: u64, hard: u64) -> Result<()> {
    let limit = libc::rlimit64 { rlim_cur: soft, rlim_max: hard };
    let limit = (&raw const limit).addr_with_exposed();
    let arguments = [0, resource as usize, limit, 0];
    // SAFETY: prlimit reads one limit, which is alive, and writes none.
    unsafe { call(libc::SYS_prlimit64, fill(arguments)) }.map(drop)
}

/// PR_SET_NO_NEW_PRIVS of prctl(2).
pub(crate) fn give_up_new_privileges() -> Result<()> {
    let arguments = [int(libc::PR_SET_NO_NEW_PRIVS), 1, 0, 0, 0];
    // SAFETY: this operation of prctl takes numbers.
    unsafe { numbers(libc::SYS_prctl, arguments) }.map(drop)
}

/// PR_CAPBSET_DROP of prctl(2).
pub(crate) fn drop_from_bounding_set(capability: u32) -> Result<()> {
    let arguments = [int(libc::PR_CAPBSET_DROP), capability as usize, 0, 0, 0];
    // SAFETY: this operation of prctl takes numbers.
    unsafe { numbers(libc::SYS_prctl, arguments) }.map(drop)
}

/// PR_CAPBSET_READ of prctl(2): whether a capability is in the bounding set,
/// `EINVAL` if the kernel has no such capability.
pub(crate) fn is_in_bounding_set(capability: u32) -> Result<bool> {
    let arguments = [int(libc::PR_CAPBSET_READ), capability as usize, 0, 0, 0];
    // SAFETY: this operation of prctl takes numbers.
    unsafe { numbers(libc::SYS_prctl, arguments) }.map(|is| is != 0)
}

/// PR_SET_PDEATHSIG of prctl(2).
pub(crate) fn set_parent_death_signal(signal: c_int) -> Result<()> {
    let arguments = [int(libc::PR_SET_PDEATHSIG), int(signal), 0, 0, 0];
    // SAFETY: this operation of prctl takes numbers.
    unsafe { numbers(libc::SYS_prctl, arguments) }.map(drop)
}

/// The header of capget(2) and capset(2), version 3, for the calling process.
#[repr(C)]
struct CapabilityHeader {
    version: u32,
    pid: c_int,
}

const OF_SELF: CapabilityHeader =
    CapabilityHeader { version: 0x2008_0522, pid: 0 };

/// The sets of capget(2) and capset(2): effective, permitted, inheritable; the
/// low half of the capabilities, then the high one.
type CapabilitySets = [[u32; 3]; 2];

/// capget(2), then capset(2) with what of each set is in `kept`.
pub(crate) fn keep_capabilities(kept: u64) -> Result<()> {
    let mut header = OF_SELF;
    let mut sets: CapabilitySets = [[0; 3]; 2];
    let arguments = [
        (&raw mut header).addr_with_exposed(),
        (&raw mut sets).addr_with_exposed(),
    ];
    // SAFETY: capget writes the version to the header if it does not know it,
    // and for version 3 two structs of three words each: the array.
    unsafe { call(libc::SYS_capget, fill(arguments)) }?;
    for (half, kept) in sets.iter_mut().zip([kept as u32, (kept >> 32) as u32])
    {
        for set in half {
            *set &= kept;
        }
    }
    let arguments = [
        (&raw mut header).addr_with_exposed(),
        (&raw const sets).addr_with_exposed(),
    ];
    // SAFETY: capset reads what capget has written, and may write the header.
    unsafe { call(libc::SYS_capset, fill(arguments)) }.map(drop)
}

/// F_DUPFD_CLOEXEC of fcntl(2): a copy of a descriptor, from `lowest` on.
pub(crate) fn duplicate_from(fd: c_int, lowest: c_int) -> Result<c_int> {
    let arguments = [int(fd), int(libc::F_DUPFD_CLOEXEC), int(lowest)];
    // SAFETY: this operation of fcntl takes numbers, and closes nothing.
    unsafe { numbers(libc::SYS_fcntl, arguments) }.map(|fd| fd as c_int)
}

/// F_SETFD of fcntl(2): the descriptor stays open on exec.
pub(crate) fn keep_on_exec(fd: c_int) -> Result<()> {
    let arguments = [int(fd), int(libc::F_SETFD), 0];
    // SAFETY: this operation of fcntl takes numbers.
    unsafe { numbers(libc::SYS_fcntl, arguments) }.map(drop)
}

/// dup3(2): `number` means the same as `fd`, and stays open on exec. It must
/// only be called in a child, whose table of descriptors is its own.
pub(crate) fn duplicate_to(fd: c_int, number: c_int) -> Result<()> {
    // SAFETY: dup3 takes numbers. What it closes is an entry of the child's
    // table, in which no Rust value owns anything.
    unsafe { numbers(libc::SYS_dup3, [int(fd), int(number), 0]) }.map(drop)
}

/// close_range(2) with CLOSE_RANGE_CLOEXEC: the descriptors from `first` to
/// `last` are closed on exec.
pub(crate) fn close_on_exec(first: u32, last: u32) -> Result<()> {
    let flags = libc::CLOSE_RANGE_CLOEXEC as usize;
    let arguments = [first as usize, last as usize, flags];
    // SAFETY: close_range takes numbers, and closes nothing now.
    unsafe { numbers(libc::SYS_close_range, arguments) }.map(drop)
}

/// Waits until one of two descriptors is readable, without a bound, or only
/// looks: ppoll(2). `None` if neither is.
pub(crate) fn readable(
    descriptors: [c_int; 2],
    wait: bool,
) -> Result<Option<usize>> {
    let mut polled = descriptors.map(|fd| libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    });
    let now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    let bound = if wait { ptr::null() } else { &raw const now };
    let arguments = [
        (&raw mut polled).addr_with_exposed(),
        polled.len(),
        bound.addr_with_exposed(),
        0,
        SIGNALS,
    ];
    // SAFETY: ppoll writes as many pollfds as it is told, those of the array,
    // and reads one timespec or none.
    unsafe { call(libc::SYS_ppoll, fill(arguments)) }?;
    Ok(polled.iter().position(|it| it.revents != 0))
}

/// pidfd_open(2): a descriptor of a process, closed on exec, or with
/// PIDFD_THREAD (Linux 6.9) of a thread.
pub(crate) fn open_pidfd(id: c_int, flags: u32) -> Result<OwnedFd> {
    // SAFETY: pidfd_open takes two numbers.
    let opened =
        unsafe { numbers(libc::SYS_pidfd_open, [int(id), flags as usize]) }?;
    // SAFETY: the kernel has just made the descriptor, and nothing else owns
    // it.
    Ok(unsafe { OwnedFd::from_raw_fd(opened as c_int) })
}

/// A copy of a descriptor for the caller, from `lowest` on, closed on exec.
pub(crate) fn copy_from(fd: &OwnedFd, lowest: c_int) -> Result<OwnedFd> {
    let copy = duplicate_from(fd.as_raw_fd(), lowest)?;
    // SAFETY: the kernel has just made the descriptor, and nothing else owns
    // it.
    Ok(unsafe { OwnedFd::from_raw_fd(copy) })
}

/// NS_GET_NSTYPE of ioctl_nsfs(2): the flag CLONE_NEW* of a namespace.
pub(crate) fn namespace_kind(fd: c_int) -> Result<c_int> {
    /// linux/nsfs.h
    const NS_GET_NSTYPE: usize = 0xb703;
    // SAFETY: this request takes nothing. Another kind of file answers ENOTTY,
    // or takes the number for a request of its own, which has no pointer.
    let kind = unsafe { numbers(libc::SYS_ioctl, [int(fd), NS_GET_NSTYPE, 0]) };
    kind.map(|kind| kind as c_int)
}

/// Which file something is, whatever path leads to it: the numbers of its
/// device, and its inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    device: (u32, u32),
    inode: u64,
}

/// The working directory: statx(2).
pub(crate) fn current_directory() -> Result<Identity> {
    let mut found = std::mem::MaybeUninit::<libc::statx>::zeroed();
    let arguments = [
        int(libc::AT_FDCWD),
        text(c"."),
        0,
        libc::STATX_INO as usize,
        found.as_mut_ptr().addr_with_exposed(),
    ];
    // SAFETY: statx reads a string and writes one struct, which is alive.
    unsafe { call(libc::SYS_statx, fill(arguments)) }?;
    // SAFETY: it consists of numbers, for which zero is a value.
    let found = unsafe { found.assume_init() };
    let device = (found.stx_dev_major, found.stx_dev_minor);
    Ok(Identity { device, inode: found.stx_ino })
}

/// process_madvise(2) about no range at all: whether a process, the one whose
/// memory the caller borrows, still has it. ESRCH: it has given it up, on its
/// way to its end. No permission is needed for memory that is the caller's own.
pub(crate) fn has_our_memory(pidfd: c_int) -> Result<()> {
    let arguments = [int(pidfd), 0, 0, int(libc::MADV_COLD), 0];
    // SAFETY: process_madvise reads as many ranges as it is told, none, and so
    // advises about no memory.
    unsafe { numbers(libc::SYS_process_madvise, arguments) }.map(drop)
}

/// getppid(2): 0 if the parent is outside of the pid namespace of the caller.
pub(crate) fn parent() -> c_int {
    // SAFETY: getppid takes nothing, and does not fail.
    unsafe { numbers(libc::SYS_getppid, []) }.unwrap_or(0) as c_int
}

/// gettid(2).
pub(crate) fn thread_id() -> c_int {
    // SAFETY: gettid takes nothing, and does not fail.
    unsafe { numbers(libc::SYS_gettid, []) }.unwrap_or(0) as c_int
}

/// pidfd_send_signal(2).
pub(crate) fn send_signal(pidfd: c_int, signal: c_int) -> Result<()> {
    let arguments = [int(pidfd), int(signal), 0, 0];
    // SAFETY: pidfd_send_signal takes numbers, and null instead of a siginfo.
    unsafe { numbers(libc::SYS_pidfd_send_signal, arguments) }.map(drop)
}

/// wait4(2) for one child, interrupted by no signal: its status, or `None` if
/// it has not ended and `options` has WNOHANG.
pub(crate) fn wait(pid: c_int, options: c_int) -> Result<Option<c_int>> {
    let mut status: c_int = 0;
    let arguments =
        [int(pid), (&raw mut status).addr_with_exposed(), int(options), 0];
    loop {
        // SAFETY: wait4 writes one int, which is alive.
        match unsafe { call(libc::SYS_wait4, fill(arguments)) } {
            Err(libc::EINTR) => {}
            Err(errno) => return Err(errno),
            Ok(0) => return Ok(None),
            Ok(_) => return Ok(Some(status)),
        }
    }
}
