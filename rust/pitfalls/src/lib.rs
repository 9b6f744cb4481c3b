//! The common part of the programs in `src/bin`: the command line, the child, a
//! clone that can go wrong, and the end.
//!
//! These programs are not examples to follow. Each does one thing in the way in
//! which it is often done, so that `nsteps differences` can show the result.

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

/// Prints which call failed and why, and ends with 125, as env(1) does.
pub fn fail(call: &str, why: impl std::fmt::Display) -> ! {
    let _ = writeln!(std::io::stderr(), "{call}: {why}");
    exit(125)
}

/// Returns the result of a call, or ends the program if it failed.
pub fn must<T, E: std::fmt::Display>(call: &str, result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| fail(call, error))
}

/// The arguments from this index on; ends the program if there are none.
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

/// Becomes the command. A child calls this, so a failure ends only the child.
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
    // SAFETY: only this child uses the stack, because CLONE_VM comes only with
    // CLONE_VFORK, and the stack is large. After a clone without CLONE_VM the
    // child has a copy of the memory, and a lock that is held in the copy is
    // never released: one of these programs shows that on purpose.
    unsafe { clone(Box::new(child), &mut stack, flags, exit_signal) }
}

/// [fork(2)], with a child that runs `child` and ends with its result.
///
/// [fork(2)]: https://man7.org/linux/man-pages/man2/fork.2.html
pub fn fork_child(child: impl FnOnce() -> isize) -> nix::Result<Pid> {
    // SAFETY: `child` runs in a copy of the memory, and then the child ends. As
    // above, one of these programs shows a lock that is never released.
    match unsafe { fork() }? {
        ForkResult::Child => end_at_once(child()),
        ForkResult::Parent { child } => Ok(child),
    }
}

/// Closes a descriptor of the parent in a child, which has a copy of everything
/// and so of the number.
pub fn close_in_child(fd: RawFd) {
    // SAFETY: the child never uses or drops the owner of the number: it execs
    // or ends at once.
    unsafe { libc::close(fd) };
}

/// Maps this many bytes of memory and writes to every page; they stay mapped
/// until the program ends.
pub fn hold_memory(bytes: NonZeroUsize) -> nix::Result<()> {
    let (read_write, private) =
        (ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, MapFlags::MAP_PRIVATE);
    // SAFETY: without MAP_FIXED the kernel chooses a free address.
    let memory = unsafe { mmap_anonymous(None, bytes, read_write, private) }?;
    // Huge pages have small page tables. Not every kernel has them.
    // SAFETY: the advice does not change the content of the mapping, which is
    // ours alone.
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

/// Makes all threads of this process allocate under one lock, as they do if
/// there are more of them than arenas of the GNU C library.
pub fn allocate_under_one_lock() {
    #[cfg(target_env = "gnu")]
    // SAFETY: mallopt(3) takes two numbers, and no other thread allocates
    // yet.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1)
    };
}

/// Waits for a blocked signal, and takes it; `false` if it does not come in
/// time.
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

/// Ends without running the parent's exit handlers.
pub fn end_at_once(status: isize) -> ! {
    // SAFETY: _exit(2) takes an int and does not return.
    unsafe { libc::_exit(status as c_int) }
}

/// Makes the child run a closure, so that `Command` has to fork: posix_spawn(3)
/// could not run it. The closure may only make system calls.
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

/// The name by which this program was executed.
pub fn executed_as() -> &'static CStr {
    // SAFETY: getauxval(3) takes a number and gives one.
    let name = unsafe { libc::getauxval(libc::AT_EXECFN) };
    // SAFETY: the kernel has put a C string there, which lies above the stack
    // of this process until it ends.
    unsafe { CStr::from_ptr(name as *const c_char) }
}

/// Resets SIGPIPE to its default, which Rust's runtime has changed.
pub fn reset_sigpipe() {
    // SAFETY: SIG_DFL is no handler, so none can run.
    let reset = unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) };
    must("signal", reset);
}

/// Waits for a child and ends with its status, or prints why it cannot.
pub fn end_like(child: Pid) -> ! {
    match waitpid(child, None) {
        Ok(WaitStatus::Exited(_, status)) => exit(status),
        Ok(WaitStatus::Signaled(_, signal, _)) => exit(128 + signal as i32),
        Ok(other) => fail("waitpid", format_args!("{other:?}")),
        Err(errno) => fail("waitpid", errno.desc()),
    }
}

/// Ends with the status of a command of the standard library.
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
