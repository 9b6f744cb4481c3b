//! What the programs in `src/bin` share: the command line, the child, the
//! clone in a form in which it can go wrong, and the end.
//!
//! These programs are not to be imitated. Each does one thing as it is often
//! done, so that `nsteps differences` can show what comes of it.

use std::ffi::{CStr, CString, c_char, c_int};
use std::io::Write;
use std::num::NonZeroUsize;
use std::os::fd::RawFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus, exit};
use std::time::Duration;

use nix::errno::Errno;
use nix::sched::{CloneFlags, clone};
use nix::sys::mman::{
    MapFlags, MmapAdvise, ProtFlags, madvise, mmap_anonymous,
};
use nix::sys::signal::{SigHandler, SigSet, Signal, signal};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, execvp, fork};

/// The child's stack in bytes.
const STACK: usize = 1 << 20;

/// Says what went wrong and ends with 125, as env(1) does.
pub fn fail(call: &str, why: impl std::fmt::Display) -> ! {
    let _ = writeln!(std::io::stderr(), "{call}: {why}");
    exit(125)
}

/// What a call has given, or the end.
pub fn must<T, E: std::fmt::Display>(call: &str, result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| fail(call, error))
}

/// The arguments from the one of that number on; too few are the end.
pub fn command(from: usize) -> Vec<CString> {
    let command: Vec<CString> = std::env::args()
        .skip(from)
        .map(|word| must("read an argument", CString::new(word)))
        .collect();
    if command.is_empty() {
        fail("usage", "there is no command to become");
    }
    command
}

/// Becomes the command. A child does this, so the end is that of a child.
pub fn become_command(command: &[CString]) -> isize {
    let _ = execvp(&command[0], command);
    127
}

/// [clone(2)] as nix has it: the child runs `child` and ends with its result.
///
/// [clone(2)]: https://man7.org/linux/man-pages/man2/clone.2.html
pub fn clone_child(
    flags: CloneFlags,
    exit_signal: Option<c_int>,
    child: impl FnMut() -> isize,
) -> nix::Result<Pid> {
    let mut stack = vec![0; STACK];
    // SAFETY: the stack is the child's alone, for CLONE_VM comes only with
    // CLONE_VFORK, and is large. What the child does after a clone without
    // CLONE_VM it does in a copy: that it may meet a lock that is never
    // released is among the things to be shown.
    unsafe { clone(Box::new(child), &mut stack, flags, exit_signal) }
}

/// [fork(2)], with a child that runs `child` and ends with its result.
///
/// [fork(2)]: https://man7.org/linux/man-pages/man2/fork.2.html
pub fn fork_child(child: impl FnOnce() -> isize) -> nix::Result<Pid> {
    // SAFETY: the child runs `child` and ends, in a copy of the memory; as
    // above, that it may meet a closed lock is what is to be shown.
    match unsafe { fork() }? {
        ForkResult::Child => end_at_once(child()),
        ForkResult::Parent { child } => Ok(child),
    }
}

/// Closes a descriptor that belongs to the parent in a child that has a copy of
/// everything, and so of the number.
pub fn close_in_child(fd: RawFd) {
    // SAFETY: the child never uses or drops the owner of the number: it execs
    // or ends at once.
    unsafe { libc::close(fd) };
}

/// Maps so much memory and touches every page of it, until the end.
pub fn hold_memory(bytes: NonZeroUsize) -> nix::Result<()> {
    let (read_write, private) =
        (ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, MapFlags::MAP_PRIVATE);
    // SAFETY: without MAP_FIXED the kernel chooses a place that is free.
    let memory = unsafe { mmap_anonymous(None, bytes, read_write, private) }?;
    // Huge pages have small tables. Not every kernel has them.
    // SAFETY: the advice changes no contents of the mapping, all of which is
    // ours.
    let _ =
        unsafe { madvise(memory, bytes.get(), MmapAdvise::MADV_NOHUGEPAGE) };
    for at in (0..bytes.get()).step_by(4096) {
        // SAFETY: `at` lies within the mapping.
        let page = unsafe { memory.cast::<u8>().add(at) };
        // SAFETY: the byte is mapped, writable, and used by nothing else.
        unsafe { page.write_volatile(1) };
    }
    Ok(())
}

/// Has all threads of this process allocate under one lock, as they do where
/// there are more of them than the GNU C library makes arenas.
pub fn allocate_under_one_lock() {
    #[cfg(target_env = "gnu")]
    // SAFETY: mallopt(3) takes two numbers, and no other thread allocates
    // yet.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1)
    };
}

/// Waits for a signal that is blocked, and takes it; `false` where it does not
/// come in time.
pub fn comes_within(signal: Signal, bound: Duration) -> bool {
    let set = SigSet::from(signal);
    let bound = libc::timespec {
        tv_sec: bound.as_secs().cast_signed(),
        tv_nsec: i64::from(bound.subsec_nanos()),
    };
    let info = std::ptr::null_mut();
    // SAFETY: the set and the bound live until the call returns, and it takes
    // no pointer to a siginfo_t for one that is not wanted.
    unsafe { libc::sigtimedwait(set.as_ref(), info, &raw const bound) > 0 }
}

/// Ends without anything that the parent has still to do.
pub fn end_at_once(status: isize) -> ! {
    // SAFETY: _exit(2) takes an int and does not return.
    unsafe { libc::_exit(status as c_int) }
}

/// Has a closure run in the child, which makes `Command` fork: posix_spawn(3)
/// could not run it. The closure may make system calls and nothing else.
pub fn in_child(
    command: &mut Command,
    run: impl FnMut() -> nix::Result<()> + Send + Sync + 'static,
) -> &mut Command {
    let mut run = run;
    let run = move || Ok(run()?);
    // SAFETY: pre_exec demands what a forked child may do; every caller makes
    // one or two system calls, and none allocates or takes a lock.
    unsafe { command.pre_exec(run) }
}

/// Under which name the kernel was asked to execute this program.
pub fn executed_as() -> &'static CStr {
    // SAFETY: getauxval(3) takes a number and gives one.
    let name = unsafe { libc::getauxval(libc::AT_EXECFN) };
    // SAFETY: the kernel has put a C string there, which lies above the stack
    // of this process until it ends.
    unsafe { CStr::from_ptr(name as *const c_char) }
}

/// Gives SIGPIPE its default again, which Rust's runtime has changed.
pub fn reset_sigpipe() {
    // SAFETY: SIG_DFL is no handler, so none can run.
    let reset = unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) };
    must("signal", reset);
}

/// Waits for a child and ends as it has ended, or says why it cannot.
pub fn end_like(child: Pid) -> ! {
    match waitpid(child, None) {
        Ok(WaitStatus::Exited(_, status)) => exit(status),
        Ok(WaitStatus::Signaled(_, signal, _)) => exit(128 + signal as i32),
        Ok(other) => fail("waitpid", format_args!("{other:?}")),
        Err(errno) => fail("waitpid", errno.desc()),
    }
}

/// Ends as a command of the standard library has ended.
pub fn end_with(ended: std::io::Result<ExitStatus>) -> ! {
    match ended {
        Ok(status) => {
            let signal = status.signal().map(|signal| 128 + signal);
            exit(status.code().or(signal).unwrap_or(125))
        }
        Err(error) => {
            let errno = error.raw_os_error().map(Errno::from_raw);
            match errno {
                Some(errno) => fail("Command", errno.desc()),
                None => fail("Command", error),
            }
        }
    }
}

/// [setuid(2)] as the kernel has it: for one thread.
///
/// [setuid(2)]: https://man7.org/linux/man-pages/man2/setuid.2.html
pub fn raw_setuid(id: u32) -> nix::Result<()> {
    // SAFETY: setuid(2) takes a number. What the C library believes of the ids
    // of its threads is wrong afterwards, which is what is to be shown.
    let result = unsafe { libc::syscall(libc::SYS_setuid, id) };
    Errno::result(result).map(drop)
}
