//! The system calls that nix does not wrap, each as one safe function.
//!
//! All `unsafe` code of the harness, the tracer and the command is in this
//! crate. That of the probe is in `rust/probe`.

mod id_map;

pub use id_map::map_root;

use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal};
use std::ffi::CString;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::atomic::AtomicU32;

/// Forks a process that has one thread.
///
/// # Errors
///
/// Fails as fork(2) does, and with `EDEADLK` if the caller has other threads:
/// their locks would stay locked in the child for ever.
pub fn fork() -> nix::Result<nix::unistd::ForkResult> {
    let threads =
        std::fs::read_dir("/proc/self/task").map(Iterator::count).unwrap_or(1);
    if threads > 1 {
        return Err(Errno::EDEADLK);
    }
    // SAFETY: fork(2) demands that the child of a threaded process calls only
    // async-signal-safe functions; there is no other thread, as counted above.
    // (Where /proc cannot be read the only caller is the sandbox, which never
    // starts one.)
    unsafe { nix::unistd::fork() }
}

/// Has a child that borrows the memory of a process with one thread, which
/// stands still until the child has become another program or has ended.
///
/// # Errors
///
/// Fails as clone(2) does.
pub fn with_our_memory(
    child: nix::sched::CloneCb<'_>,
) -> nix::Result<nix::unistd::Pid> {
    use nix::sched::CloneFlags;
    let mut stack = vec![0; 1 << 20];
    let flags = CloneFlags::CLONE_VM | CloneFlags::CLONE_VFORK;
    // SAFETY: clone(2) demands a stack that lasts as long as the child uses it
    // and memory that no other thread changes: CLONE_VFORK lets the only other
    // thread, this one, go on when the child has left both.
    unsafe { nix::sched::clone(child, &mut stack, flags, Some(libc::SIGCHLD)) }
}

/// Puts every signal back to its default and unblocks all: a launcher starts
/// from the same state whatever this process inherited.
pub fn default_signals() {
    let default =
        SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    for signal in Signal::iterator() {
        // SAFETY: sigaction(2) demands that a handler be async-signal-safe;
        // SIG_DFL is no handler.  SIGKILL and SIGSTOP answer EINVAL, which
        // changes nothing.
        let _ = unsafe { nix::sys::signal::sigaction(signal, &default) };
    }
    // The signals the C library keeps for itself have no name; an ignored one
    // would reach the launcher all the same (differences.md: signals 32, 33).
    for signal in 32..=64 {
        let mut kernel_default = [0u64; 4];
        // SAFETY: rt_sigaction(2) reads one kernel sigaction, 32 bytes here:
        // the array, all zero, which means SIG_DFL, no flags, no mask.
        unsafe {
            libc::syscall(
                libc::SYS_rt_sigaction,
                signal,
                kernel_default.as_mut_ptr(),
                std::ptr::null_mut::<u64>(),
                8usize,
            )
        };
    }
    let _ = SigSet::empty().thread_set_mask();
}

/// Puts SIGCHLD back to its default: a caller may have left it ignored, and
/// then waitpid(2) answers ECHILD for children that have ended.
pub fn default_sigchld() {
    // SAFETY: sigaction(2) demands that a handler be async-signal-safe; SIG_DFL
    // is no handler.
    let _ = unsafe {
        nix::sys::signal::signal(Signal::SIGCHLD, SigHandler::SigDfl)
    };
}

/// Marks every descriptor from `first` on as close-on-exec.
///
/// # Errors
///
/// Fails with `ENOSYS` before Linux 5.11.
pub fn cloexec_from(first: RawFd) -> nix::Result<()> {
    // SAFETY: close_range(2) with CLOSE_RANGE_CLOEXEC closes nothing now, so
    // no owner of a descriptor loses it.
    let result = unsafe {
        libc::syscall(
            libc::SYS_close_range,
            first,
            libc::c_uint::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        )
    };
    Errno::result(result).map(drop)
}

/// Becomes another program, by PATH as execvpe(3) has it.
pub fn execvpe(argv: &[CString], environment: &[CString]) -> Errno {
    let path = environment
        .iter()
        .find_map(|entry| entry.to_bytes().strip_prefix(b"PATH="))
        .unwrap_or(b"/usr/bin:/bin");
    let program = argv[0].to_bytes();
    if program.contains(&b'/') {
        return match nix::unistd::execve(&argv[0], argv, environment) {
            Ok(never) => match never {},
            Err(errno) => errno,
        };
    }
    let mut answer = Errno::ENOENT;
    for dir in path.split(|&byte| byte == b':') {
        let mut file = dir.to_vec();
        file.push(b'/');
        file.extend_from_slice(program);
        let Ok(file) = CString::new(file) else { continue };
        match nix::unistd::execve(&file, argv, environment) {
            Ok(never) => match never {},
            Err(Errno::ENOENT | Errno::ENOTDIR) => {}
            Err(errno) => answer = errno,
        }
    }
    answer
}

/// Makes the mount at `path` and everything below it read-only.
///
/// A bind remount would have to repeat the flags the kernel has locked;
/// [mount_setattr(2)](https://man7.org/linux/man-pages/man2/mount_setattr.2.html)
/// only adds.
///
/// # Errors
///
/// Fails with `ENOSYS` before Linux 5.12.
pub fn read_only(path: &CString) -> nix::Result<()> {
    let attributes = [libc::MOUNT_ATTR_RDONLY, 0, 0, 0];
    // SAFETY: mount_setattr(2) reads a path and 32 bytes of struct mount_attr
    // (attr_set, attr_clr, propagation, userns_fd); both outlive the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            path.as_ptr(),
            libc::AT_RECURSIVE,
            attributes.as_ptr(),
            size_of_val(&attributes),
        )
    };
    Errno::result(result).map(drop)
}

/// Makes a System V queue with that key: something an ipc namespace hides.
///
/// # Errors
///
/// Fails as msgget(2) does.
pub fn message_queue(key: i32) -> nix::Result<i32> {
    // SAFETY: msgget(2) takes two integers and touches no memory of ours.
    let result =
        unsafe { libc::msgget(key, libc::IPC_CREAT | libc::IPC_EXCL | 0o600) };
    Errno::result(result)
}

/// Makes a System V shared memory segment with that key, or finds it.
///
/// # Errors
///
/// Fails as shmget(2) does.
pub fn shared_memory(key: i32, create: bool) -> nix::Result<i32> {
    let flags = if create { libc::IPC_CREAT | 0o600 } else { 0 };
    // SAFETY: shmget(2) takes three integers and touches no memory of ours.
    let result = unsafe { libc::shmget(key, size_of::<AtomicU32>(), flags) };
    Errno::result(result)
}

/// Attaches a segment of [`shared_memory`] for as long as this process lives.
///
/// # Errors
///
/// Fails as shmat(2) does.
pub fn attach(id: i32) -> nix::Result<&'static AtomicU32> {
    // SAFETY: no address is asked for, so no mapping of ours is replaced.
    let at = unsafe { libc::shmat(id, std::ptr::null(), 0) };
    // The one error has no address of its own.
    if at.addr() == usize::MAX {
        return Err(Errno::last());
    }
    // SAFETY: the kernel attaches at a page of its own, the segment is at
    // least that large, is never detached, and its zeros are what an atomic
    // may be made of.
    Ok(unsafe { &*at.cast::<AtomicU32>() })
}

/// Sets or clears the soft limit of open files, keeping the hard one.
///
/// # Errors
///
/// Fails as setrlimit(2) does.
pub fn limit_open_files(soft: u64) -> nix::Result<()> {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, soft.min(hard), hard)
}

/// Duplicates `fd` onto standard descriptor `number`, without close-on-exec.
///
/// # Errors
///
/// Fails as dup2(2) does.
pub fn install(fd: BorrowedFd<'_>, number: RawFd) -> nix::Result<()> {
    if fd.as_raw_fd() == number {
        // dup2 onto itself would leave close-on-exec set.
        use nix::fcntl::{FcntlArg, FdFlag, fcntl};
        return fcntl(fd, FcntlArg::F_SETFD(FdFlag::empty())).map(drop);
    }
    // SAFETY: dup2(2) closes what `number` was; the callers install 0, 1 and
    // 2 in a process about to exec, where nothing owns them any more.
    Errno::result(unsafe { libc::dup2(fd.as_raw_fd(), number) }).map(drop)
}

/// Opens a pidfd: a handle that names this very process and no later one.
///
/// # Errors
///
/// Fails as
/// [pidfd_open(2)](https://man7.org/linux/man-pages/man2/pidfd_open.2.html)
/// does.
pub fn pidfd_open(pid: i32) -> nix::Result<OwnedFd> {
    // SAFETY: pidfd_open(2) takes two integers and touches no memory of ours.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    Errno::result(fd).map(|fd| own(fd as RawFd))
}

/// Kills the process behind a pidfd.
///
/// # Errors
///
/// Fails with `ESRCH` if it is gone already.
pub fn pidfd_kill(pidfd: &OwnedFd) -> nix::Result<()> {
    // SAFETY: pidfd_send_signal(2) with a null siginfo reads no memory.
    let result = unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            pidfd.as_raw_fd(),
            libc::SIGKILL,
            std::ptr::null::<libc::siginfo_t>(),
            0,
        )
    };
    Errno::result(result).map(drop)
}

/// Takes ownership of a descriptor the kernel has just handed over.
pub fn own(fd: RawFd) -> OwnedFd {
    use std::os::fd::FromRawFd;
    // SAFETY: the callers pass what a system call has just returned, or
    // recvmsg(2) installed for SCM_RIGHTS: open, and owned by nothing else.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// Clones the mount at `path` without attaching it anywhere: the superblock
/// stays alive as long as the descriptor, and the mount itself can go.
///
/// # Errors
///
/// Fails as
/// [open_tree(2)](https://man7.org/linux/man-pages/man2/open_tree.2.html) does;
/// with `ENOSYS` before Linux 5.2.
pub fn open_tree_clone(path: &CString) -> nix::Result<OwnedFd> {
    // SAFETY: open_tree(2) reads a path, which outlives the call.
    let fd = unsafe {
        libc::syscall(
            libc::SYS_open_tree,
            libc::AT_FDCWD,
            path.as_ptr(),
            libc::OPEN_TREE_CLONE | libc::OPEN_TREE_CLOEXEC,
        )
    };
    Errno::result(fd).map(|fd| own(fd as RawFd))
}

/// The id of the mount a path lies on.
///
/// # Errors
///
/// Fails as [statx(2)](https://man7.org/linux/man-pages/man2/statx.2.html)
/// does; the mount id needs Linux 5.8.
pub fn mount_id(path: &CString) -> nix::Result<u64> {
    // SAFETY: struct statx is made of integers; zero is a value for each.
    let mut answer: libc::statx = unsafe { std::mem::zeroed() };
    // SAFETY: statx(2) reads a path and writes one struct statx; both are
    // ours and outlive the call.
    let result = unsafe {
        libc::statx(
            libc::AT_FDCWD,
            path.as_ptr(),
            libc::AT_SYMLINK_NOFOLLOW,
            libc::STATX_MNT_ID,
            &mut answer,
        )
    };
    Errno::result(result)?;
    Ok(answer.stx_mnt_id)
}

/// How far a traced process goes before it stops again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// The beginning or the end of its next system call.
    Call,
    /// A signal, a new process, another program.
    Event,
}

/// Lets a stopped tracee go on, with the signal it was stopped for, or 0.
///
/// nix wants a signal that has a name; the C libraries use two that have
/// none (32 and 33).
///
/// # Errors
///
/// Fails with `ESRCH` if it was killed meanwhile.
pub fn go_on(pid: i32, until: Until, signal: i32) -> nix::Result<()> {
    let request = match until {
        Until::Call => libc::PTRACE_SYSCALL,
        Until::Event => libc::PTRACE_CONT,
    };
    // SAFETY: PTRACE_SYSCALL and PTRACE_CONT take a pid and a signal by value
    // and touch no memory of ours.
    let result = unsafe {
        libc::syscall(
            libc::SYS_ptrace,
            libc::c_long::from(request),
            libc::c_long::from(pid),
            0 as libc::c_long,
            libc::c_long::from(signal),
        )
    };
    Errno::result(result).map(drop)
}

/// One side of a system call at which a tracee has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallStop {
    /// It is about to begin.
    Entry {
        /// The architecture these numbers belong to: `AUDIT_ARCH_*`.
        architecture: u32,
        /// The call's number.
        number: u64,
        /// Its arguments as they are in registers.
        arguments: [u64; 6],
    },
    /// It has come back; an error is below zero.
    Exit {
        /// What the call returned.
        result: i64,
    },
    /// Neither of the two has happened before the deadline.
    Neither,
}

/// What a tracee stopped at a system call is doing (`PTRACE_GET_SYSCALL_INFO`
/// of [ptrace(2)](https://man7.org/linux/man-pages/man2/ptrace.2.html)); nix
/// has it for glibc only.
///
/// # Errors
///
/// Fails with `EIO` before Linux 5.3.
pub fn call_stop(pid: i32) -> nix::Result<CallStop> {
    const GET_SYSCALL_INFO: libc::c_long = 0x420e;
    /// `struct ptrace_syscall_info`; its union is made of 64-bit words, but
    /// for the last byte of an exit, which says again what the sign says.
    #[repr(C)]
    #[derive(Default)]
    struct Info {
        op: u8,
        padding: [u8; 3],
        architecture: u32,
        instruction_pointer: u64,
        stack_pointer: u64,
        words: [u64; 8],
    }
    let mut info = Info::default();
    // SAFETY: the request writes at most as many bytes as its address
    // argument says, here the size of the struct that its data argument
    // points to; any bytes are values of these integers.
    let result = unsafe {
        libc::syscall(
            libc::SYS_ptrace,
            GET_SYSCALL_INFO,
            libc::c_long::from(pid),
            size_of::<Info>(),
            &raw mut info,
        )
    };
    Errno::result(result)?;
    let [first, arguments @ .., _] = info.words;
    Ok(match info.op {
        1 => CallStop::Entry {
            architecture: info.architecture,
            number: first,
            arguments,
        },
        2 => CallStop::Exit { result: first.cast_signed() },
        _ => CallStop::Neither,
    })
}

/// The next news of any tracee or child, as a wait(2) status, or `None` when
/// there is none just now.
///
/// nix's waitpid answers `EINVAL` where a signal without a name is involved,
/// and then the news is lost.
///
/// # Errors
///
/// Fails with `ECHILD` if no child is left.
pub fn news() -> nix::Result<Option<(i32, i32)>> {
    let mut status = 0;
    // SAFETY: waitpid(2) writes one int, to which we point.
    let pid = unsafe {
        libc::waitpid(-1, &raw mut status, libc::__WALL | libc::WNOHANG)
    };
    let pid = Errno::result(pid)?;
    Ok((pid > 0).then_some((pid, status)))
}

/// Sets the domain name of the uts namespace.
///
/// # Errors
///
/// Fails as
/// [setdomainname(2)](https://man7.org/linux/man-pages/man2/setdomainname.2.html)
/// does.
pub fn set_domain_name(name: &std::ffi::CStr) -> nix::Result<()> {
    let length = name.count_bytes();
    // SAFETY: setdomainname(2) reads `length` bytes, which is what the string
    // has before its NUL; it outlives the call.
    let result = unsafe { libc::setdomainname(name.as_ptr(), length) };
    Errno::result(result).map(drop)
}

/// Makes the directory that was inherited as descriptor `number` the present
/// one; nix wants a descriptor that this process owns as a value.
///
/// # Errors
///
/// Fails with `EBADF` if nothing was inherited under that number.
pub fn change_directory_to(number: RawFd) -> nix::Result<()> {
    // SAFETY: fchdir(2) takes an integer and touches no memory of ours.
    Errno::result(unsafe { libc::fchdir(number) }).map(drop)
}
