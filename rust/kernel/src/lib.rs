//! Safe functions for the system calls that nix lacks, or that nix offers only
//! as unsafe functions. Where rustix has the call, its wrapper is used, but
//! errors have the type of nix.
//!
//! All `unsafe` code of the harness, the tracer and the command is in this
//! crate. That of the probe is in `rust/probe`.

mod id_map;
pub mod newer;

pub use id_map::{map_ids, map_root};

use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal};
use rustix::fs::{AtFlags, CWD, StatxFlags};
use rustix::mount::OpenTreeFlags;
use rustix::process::{Pid, PidfdFlags};
use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::CString;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::atomic::AtomicU32;

/// The value of `AUDIT_ARCH_*` for this machine, if it is known: linux/audit.h.
pub const AUDIT_ARCH: Option<u32> = if cfg!(target_arch = "x86_64") {
    Some(0xc000_003e)
} else if cfg!(target_arch = "aarch64") {
    Some(0xc000_00b7)
} else if cfg!(target_arch = "riscv64") {
    Some(0xc000_00f3)
} else {
    None
};

/// Forks the calling process, which must have one thread.
///
/// # Errors
///
/// Fails as fork(2) does, and with `EDEADLK` if the caller has other threads: a
/// lock that one of them holds would stay locked in the child.
pub fn fork() -> nix::Result<nix::unistd::ForkResult> {
    single()?;
    // SAFETY: fork(2) demands that the child of a threaded process calls only
    // async-signal-safe functions; there is no other thread, as counted above.
    // If /proc cannot be read, one thread is assumed; the only caller in that
    // case is the sandbox, which starts none.
    unsafe { nix::unistd::fork() }
}

/// Fails with `EDEADLK` if the calling process has more than one thread.
fn single() -> nix::Result<()> {
    let threads =
        std::fs::read_dir("/proc/self/task").map(Iterator::count).unwrap_or(1);
    if threads > 1 { Err(Errno::EDEADLK) } else { Ok(()) }
}

/// Runs `child` in a new process that shares the memory of the caller, and
/// returns its pid. The caller must have one thread. It is suspended until the
/// child has called execve(2) or has ended.
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
    // and memory that no other thread changes: CLONE_VFORK suspends the only
    // other thread, which is this one, until the child uses neither any more.
    unsafe { nix::sched::clone(child, &mut stack, flags, Some(libc::SIGCHLD)) }
}

/// The seccomp filters of a process, the newest first: each the bytes of its
/// instructions. The process is stopped for as long as they are read, and must
/// have no tracer.
///
/// # Errors
///
/// Fails as ptrace(2) does, and with `EACCES` if the caller has no
/// `CAP_SYS_ADMIN` in the initial user namespace; with `ETIMEDOUT` if the
/// process does not stop before `until`.
pub fn seccomp_filters(
    pid: nix::unistd::Pid,
    until: std::time::Instant,
) -> nix::Result<Vec<Vec<u8>>> {
    let none = std::ptr::null_mut::<libc::c_void>();
    let pid = pid.as_raw();
    // SAFETY: PTRACE_SEIZE takes numbers; it touches no memory of ours.
    Errno::result(unsafe {
        libc::ptrace(libc::PTRACE_SEIZE, pid, none, none)
    })?;
    // SAFETY: PTRACE_INTERRUPT takes numbers; it touches no memory of ours.
    let asked =
        unsafe { libc::ptrace(libc::PTRACE_INTERRUPT, pid, none, none) };
    let filters = Errno::result(asked)
        .and_then(|_| stopped(pid, until))
        .and_then(|()| filters_of_stopped(pid));
    // SAFETY: PTRACE_DETACH takes numbers; it touches no memory of ours.
    let left = unsafe { libc::ptrace(libc::PTRACE_DETACH, pid, none, none) };
    let filters = filters?;
    Errno::result(left)?;
    Ok(filters)
}

/// Waits until a process that we trace has stopped.
fn stopped(pid: i32, until: std::time::Instant) -> nix::Result<()> {
    use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
    let flags = WaitPidFlag::WNOHANG | WaitPidFlag::__WALL;
    loop {
        match waitpid(nix::unistd::Pid::from_raw(pid), Some(flags)) {
            Ok(WaitStatus::StillAlive) => {}
            Ok(WaitStatus::Exited(..) | WaitStatus::Signaled(..)) => {
                return Err(Errno::ESRCH);
            }
            Ok(_) => return Ok(()),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
        if std::time::Instant::now() >= until {
            return Err(Errno::ETIMEDOUT);
        }
        // The kernel has no descriptor that becomes readable at a stop.
        std::thread::yield_now();
    }
}

fn filters_of_stopped(pid: i32) -> nix::Result<Vec<Vec<u8>>> {
    // linux/ptrace.h; the C library does not have it everywhere.
    const PTRACE_SECCOMP_GET_FILTER: u32 = 0x420c;
    let request = PTRACE_SECCOMP_GET_FILTER as _;
    // struct sock_filter.
    const INSTRUCTION: usize = 8;
    let mut filters = Vec::new();
    loop {
        let index = filters.len();
        let none = std::ptr::null_mut::<libc::c_void>();
        // SAFETY: without a place the request answers with the number of
        // instructions and writes nothing.
        let count =
            Errno::result(unsafe { libc::ptrace(request, pid, index, none) });
        let count = match count {
            Ok(count) => usize::try_from(count).unwrap_or(0),
            // There is no filter of this index.
            Err(Errno::ENOENT) => return Ok(filters),
            Err(errno) => return Err(errno),
        };
        let mut bytes = vec![0u8; count * INSTRUCTION];
        let place = bytes.as_mut_ptr();
        // SAFETY: the request writes as many instructions as it answered
        // before, for the process is stopped and a filter never changes.
        Errno::result(unsafe { libc::ptrace(request, pid, index, place) })?;
        filters.push(bytes);
    }
}

/// Resets every signal to its default action and unblocks all signals. A
/// launcher then starts from the same state, whatever this process inherited.
pub fn default_signals() {
    let default =
        SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    for signal in Signal::iterator() {
        // SAFETY: sigaction(2) demands that a handler be async-signal-safe;
        // SIG_DFL is no handler. For SIGKILL and SIGSTOP the call fails with
        // EINVAL and changes nothing.
        let _ = unsafe { nix::sys::signal::sigaction(signal, &default) };
    }
    // nix has no names for the signals from 32 on, of which the C library uses
    // some. One that is ignored would stay ignored in the launcher
    // (docs/src/pitfalls/signals-32-33.md).
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

/// Ignores a signal. An ignored signal stays ignored in what this process
/// executes.
///
/// # Errors
///
/// Fails with `EINVAL` for SIGKILL and SIGSTOP.
pub fn ignore_signal(signal: Signal) -> nix::Result<()> {
    // SAFETY: sigaction(2) demands that a handler be async-signal-safe; SIG_IGN
    // is no handler.
    unsafe { nix::sys::signal::signal(signal, SigHandler::SigIgn) }.map(drop)
}

/// Ignores a signal until this is dropped; then its action is the one from
/// before.
#[derive(Debug)]
pub struct Ignored {
    signal: Signal,
    before: SigHandler,
}

impl Ignored {
    /// Begins to ignore the signal.
    ///
    /// # Errors
    ///
    /// Fails with `EINVAL` for SIGKILL and SIGSTOP.
    pub fn begin(signal: Signal) -> nix::Result<Ignored> {
        // SAFETY: sigaction(2) demands that a handler be async-signal-safe;
        // SIG_IGN is no handler.
        let before =
            unsafe { nix::sys::signal::signal(signal, SigHandler::SigIgn) }?;
        Ok(Ignored { signal, before })
    }
}

impl Drop for Ignored {
    fn drop(&mut self) {
        // SAFETY: sigaction(2) demands that a handler be async-signal-safe; this
        // was the action before, of which no program of ours has a handler.
        let _ = unsafe { nix::sys::signal::signal(self.signal, self.before) };
    }
}

/// The heap of a program that ends in an orderly way when no memory is left. The
/// standard library would abort it.
#[derive(Debug)]
pub struct Heap {
    /// The exit status of the program then.
    pub status: i32,
}

impl Heap {
    /// What was allocated; does not return if there is nothing.
    fn or_end(&self, at: *mut u8) -> *mut u8 {
        if !at.is_null() {
            return at;
        }
        let words = b"nsteps: allocate memory: ENOMEM: Out of memory: allow \
                      more (ulimit -d, ulimit -v, memory.max)\n";
        // If that cannot be written, the exit status says that it went wrong.
        let _ = nix::unistd::write(std::io::stderr(), words);
        // SAFETY: _exit(2) takes an integer and does not return. exit(3) would
        // run handlers that may allocate.
        unsafe { libc::_exit(self.status) }
    }
}

// SAFETY: what GlobalAlloc demands of an allocator, System keeps: each function
// returns what that of System returns, except that it ends the process where
// System returns null.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps what this function demands, a size that is
        // not zero, and System demands the same.
        self.or_end(unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as in `alloc`.
        self.or_end(unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(
        &self,
        at: *mut u8,
        layout: Layout,
        size: usize,
    ) -> *mut u8 {
        // SAFETY: the caller passes what this allocator, which is System, has
        // returned, with its layout, and a size that is not zero.
        self.or_end(unsafe { System.realloc(at, layout, size) })
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as in `realloc`.
        unsafe { System.dealloc(at, layout) };
    }
}

/// Makes a terminal the controlling terminal of this process, which must lead a
/// session without one: TIOCSCTTY of ioctl_tty(2).
///
/// # Errors
///
/// Fails with `EPERM` if this process does not lead its session or if its
/// session or another one has that terminal.
pub fn take_terminal(terminal: BorrowedFd<'_>) -> nix::Result<()> {
    rustix::process::ioctl_tiocsctty(terminal).map_err(errno)
}

/// Resets SIGCHLD to its default action. A parent may have left it ignored, and
/// then waitpid(2) fails with ECHILD for children that have ended.
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
/// Fails with `ENOSYS` before Linux 5.9, which has no close_range(2), and with
/// `EINVAL` before Linux 5.11, which has no CLOSE_RANGE_CLOEXEC.
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

/// Executes `argv[0]` in place of this process. A name without a slash is
/// searched in the PATH of `environment` as by execvpe(3), or in `/usr/bin` and
/// `/bin` if there is no PATH. Returns only if that fails, with the errno.
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
/// A bind remount has to repeat the flags that the kernel has locked;
/// [mount_setattr(2)](https://man7.org/linux/man-pages/man2/mount_setattr.2.html)
/// only adds.
///
/// # Errors
///
/// Fails as mount_setattr(2) does; with `ENOSYS` before Linux 5.12.
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

/// Makes a System V message queue with that key and returns its id. A new ipc
/// namespace hides the queue.
///
/// # Errors
///
/// Fails as msgget(2) does; with `EEXIST` if there is such a queue.
pub fn message_queue(key: i32) -> nix::Result<i32> {
    // SAFETY: msgget(2) takes two integers and touches no memory of ours.
    let result =
        unsafe { libc::msgget(key, libc::IPC_CREAT | libc::IPC_EXCL | 0o600) };
    Errno::result(result)
}

/// Returns the id of the System V shared memory segment with that key, which
/// holds one `AtomicU32`. Makes the segment if there is none and `create` is
/// set.
///
/// # Errors
///
/// Fails as shmget(2) does; with `ENOENT` if there is no segment and `create`
/// is not set.
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
    // shmat(2) reports every error as the address -1.
    if at.addr() == usize::MAX {
        return Err(Errno::last());
    }
    // SAFETY: the kernel attaches the segment at the start of a page, so the
    // address is aligned. The segment is at least as large as an AtomicU32 and
    // is never detached, and a new one holds zeros, which are a valid value.
    Ok(unsafe { &*at.cast::<AtomicU32>() })
}

/// Sets the soft limit of open files to `soft`, or to the hard limit if that is
/// lower. The hard limit stays as it is.
///
/// # Errors
///
/// Fails as getrlimit(2) and setrlimit(2) do.
pub fn limit_open_files(soft: u64) -> nix::Result<()> {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, soft.min(hard), hard)
}

/// Lets a command start with default signals, an empty mask, umask 022, a soft
/// limit of 1024 open files and no descriptor but its standard streams.
pub fn start_plainly(command: &mut std::process::Command) {
    use std::os::unix::process::CommandExt;
    let plain = || {
        default_signals();
        set_umask(0o022)?;
        limit_open_files(1024)?;
        cloexec_from(3)?;
        Ok(())
    };
    // SAFETY: between fork and exec only what is async-signal-safe may be
    // called; these are bare system calls, without a lock and without the heap.
    unsafe { command.pre_exec(plain) };
}

/// Lets the user of this process have `most` processes more than there are on
/// the machine. The kernel counts those of the user, from Linux 5.14 on in the
/// user namespace alone; it does not hold the machine's own root to it.
///
/// # Errors
///
/// Fails as sysinfo(2) and setrlimit(2) do.
pub fn limit_processes(most: u64) -> nix::Result<()> {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (_, hard) = getrlimit(Resource::RLIMIT_NPROC)?;
    let all = u64::from(nix::sys::sysinfo::sysinfo()?.process_count());
    let limit = most.saturating_add(all).min(hard);
    setrlimit(Resource::RLIMIT_NPROC, limit, limit)
}

/// Sets the umask. nix's function panics if the kernel refuses the call.
///
/// # Errors
///
/// Fails only if a seccomp filter forbids umask(2), with the filter's errno.
pub fn set_umask(bits: u32) -> nix::Result<()> {
    // SAFETY: umask(2) takes an integer and touches no memory of ours.
    let old = unsafe { libc::syscall(libc::SYS_umask, bits) };
    Errno::result(old).map(drop)
}

/// Duplicates `fd` onto the descriptor `number`, without close-on-exec.
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
    // SAFETY: dup2(2) closes what `number` was. The callers install a standard
    // stream, which no value owns, or the socket of the answer in a process
    // about to exec, which drops no owner any more.
    Errno::result(unsafe { libc::dup2(fd.as_raw_fd(), number) }).map(drop)
}

/// Opens a pidfd of the process `pid`. It refers to that process even if
/// another one gets the same pid later.
///
/// # Errors
///
/// Fails as
/// [pidfd_open(2)](https://man7.org/linux/man-pages/man2/pidfd_open.2.html)
/// does.
pub fn pidfd_open(pid: i32) -> nix::Result<OwnedFd> {
    let pid = Pid::from_raw(pid).ok_or(Errno::EINVAL)?;
    rustix::process::pidfd_open(pid, PidfdFlags::empty()).map_err(errno)
}

/// Sends SIGKILL to the process that a pidfd refers to.
///
/// # Errors
///
/// Fails with `ESRCH` if the process has already been reaped.
pub fn pidfd_kill(pidfd: &OwnedFd) -> nix::Result<()> {
    rustix::process::pidfd_send_signal(pidfd, rustix::process::Signal::KILL)
        .map_err(errno)
}

/// Takes ownership of a descriptor that the kernel has just made.
pub fn own(fd: RawFd) -> OwnedFd {
    use std::os::fd::FromRawFd;
    // SAFETY: the callers pass what a system call has just returned, or
    // recvmsg(2) installed for SCM_RIGHTS: open, and owned by nothing else.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// Clones the mount at `path` without attaching the clone anywhere. The
/// superblock stays alive as long as the descriptor is open, even if the mount
/// at `path` is unmounted.
///
/// # Errors
///
/// Fails as
/// [open_tree(2)](https://man7.org/linux/man-pages/man2/open_tree.2.html) does;
/// with `ENOSYS` before Linux 5.2.
pub fn open_tree_clone(path: &CString) -> nix::Result<OwnedFd> {
    let flags =
        OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    rustix::mount::open_tree(CWD, path, flags).map_err(errno)
}

/// The id of the mount that `path` is on. If `path` is a symbolic link, that of
/// the link.
///
/// # Errors
///
/// Fails as [statx(2)](https://man7.org/linux/man-pages/man2/statx.2.html)
/// does. A kernel before Linux 5.8 has no mount id, and the result is 0.
pub fn mount_id(path: &CString) -> nix::Result<u64> {
    let (flags, wanted) = (AtFlags::SYMLINK_NOFOLLOW, StatxFlags::MNT_ID);
    let answer = rustix::fs::statx(CWD, path, flags, wanted).map_err(errno)?;
    Ok(answer.stx_mnt_id)
}

/// The same errno in the type of nix.
fn errno(errno: rustix::io::Errno) -> Errno {
    Errno::from_raw(errno.raw_os_error())
}

/// How far a traced process goes before it stops again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// The beginning or the end of its next system call.
    Call,
    /// Its next signal, new process or exec.
    Event,
}

/// Continues a stopped tracee and delivers `signal` to it, unless that is 0.
///
/// nix accepts only signals that have a name; the C libraries use 32 and 33,
/// which have none.
///
/// # Errors
///
/// Fails with `ESRCH` if the tracee was killed meanwhile.
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

/// The side of a system call at which a tracee has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallStop {
    /// The call is about to begin.
    Entry {
        /// The architecture these numbers belong to: `AUDIT_ARCH_*`.
        architecture: u32,
        /// The call's number.
        number: u64,
        /// Its arguments as they are in registers.
        arguments: [u64; 6],
    },
    /// The call has just returned.
    Exit {
        /// What the call returned; an error is a negative errno.
        result: i64,
    },
    /// The tracee has stopped at neither side of a call, but for example at a
    /// signal.
    Neither,
}

/// At which side of a system call the tracee `pid` has stopped, with the
/// arguments or the result of the call (`PTRACE_GET_SYSCALL_INFO` of
/// [ptrace(2)](https://man7.org/linux/man-pages/man2/ptrace.2.html)). nix has
/// the request for glibc only.
///
/// # Errors
///
/// Fails with `EIO` before Linux 5.3, and with `ESRCH` if the process is not a
/// stopped tracee.
pub fn call_stop(pid: i32) -> nix::Result<CallStop> {
    const GET_SYSCALL_INFO: libc::c_long = 0x420e;
    /// `struct ptrace_syscall_info`; its union is read as 64-bit words. The
    /// byte `is_error` of an exit is not needed, because the sign of the result
    /// shows an error as well.
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

/// Takes the next state change of any tracee or child, without waiting for one:
/// its pid and its wait(2) status, or `None` if none has changed.
///
/// nix's waitpid fails with `EINVAL` if the status contains a signal without a
/// name, and the status is then lost.
///
/// # Errors
///
/// Fails with `ECHILD` if no child is left.
pub fn next_event() -> nix::Result<Option<(i32, i32)>> {
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

/// Changes the working directory to the directory that this process inherited
/// as descriptor `number`. nix's fchdir takes a descriptor as a value, not as a
/// number.
///
/// # Errors
///
/// Fails with `EBADF` if nothing was inherited under that number.
pub fn change_directory_to(number: RawFd) -> nix::Result<()> {
    // SAFETY: fchdir(2) takes an integer and touches no memory of ours.
    Errno::result(unsafe { libc::fchdir(number) }).map(drop)
}
