//! The birth of a child that borrows the memory of its parent, from the clone
//! until the child uses that memory no more.

use std::ffi::{c_int, c_void};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{Acquire, Relaxed};

use super::call::{self, Result, call};
use super::kernel;
use super::stack::Stack;

/// What the child runs.
///
/// # Safety
///
/// `run` executes in another process, in the memory of this one and with the
/// thread-local storage of the thread that made it. It may make system calls
/// that are not of the C library, read what `self` leads to and write atomics
/// in it. It must not allocate, take a lock, touch thread-local storage or
/// unwind.
pub(crate) unsafe trait Run: Sync {
    /// Never returns: it executes a program or exits.
    fn run(&self, birth: &Birth) -> !;
}

/// How the child came to be: what it has to know of that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Birth {
    /// The signals that its parent's thread had blocked before.
    pub(crate) mask: u64,
    /// Whether it may still have functions of its parent as signal handlers.
    pub(crate) has_handlers: bool,
    /// Whether it was born in the cgroup that was asked for.
    pub(crate) in_cgroup: bool,
}

/// What is asked of the clone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'fd> {
    /// The namespaces to make: CLONE_NEW*, without CLONE_NEWTIME.
    pub(crate) namespaces: c_int,
    /// The directory of a cgroup of version 2.
    pub(crate) cgroup: Option<BorrowedFd<'fd>>,
}

/// A child that was made. It has executed a program or has ended.
#[derive(Debug)]
pub(crate) struct Born {
    pub(crate) pid: c_int,
    pub(crate) pidfd: OwnedFd,
}

/// What the child takes over; it lies in the stack frame of its parent.
struct Start<'a, T> {
    child: &'a T,
    birth: Birth,
}

/// Whether the kernel or a filter has answered ENOSYS to clone3: then it is not
/// tried again.
static NO_CLONE3: AtomicBool = AtomicBool::new(false);

const EVERY_SIGNAL: u64 = u64::MAX;

/// linux/sched.h; the C library has it as an int, which it does not fit.
const CLONE_CLEAR_SIGHAND: u64 = 0x1_0000_0000;
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// Makes a child that runs `child` in the memory of this process. Returns when
/// the child uses that memory no more, because it has executed a program or
/// has ended.
///
/// Without `beside` the kernel suspends the calling thread for so long
/// (CLONE_VFORK). With it, the calling thread runs `beside` at the same time,
/// then waits.
///
/// All signals are blocked meanwhile, in the calling thread and in the child:
/// no handler of the program runs in the child.
///
/// # Errors
///
/// Fails as clone3(2) does, or where that is refused as clone(2) does.
pub(crate) fn bear<T: Run, R>(
    request: &Request<'_>,
    stack: &mut Stack,
    child: &T,
    beside: Option<impl FnOnce(&Born) -> R>,
) -> Result<(Born, Option<R>)> {
    let mask = kernel::set_mask(EVERY_SIGNAL)?;
    let born = bear_blocked(request, stack, child, beside, mask);
    // It was set a moment ago, and sets of signals are all valid.
    let _ = kernel::set_mask(mask);
    born
}

fn bear_blocked<T: Run, R>(
    request: &Request<'_>,
    stack: &mut Stack,
    child: &T,
    beside: Option<impl FnOnce(&Born) -> R>,
    mask: u64,
) -> Result<(Born, Option<R>)> {
    let birth = Birth {
        mask,
        has_handlers: false,
        in_cgroup: request.cgroup.is_some(),
    };
    let start = Start { child, birth };
    if !NO_CLONE3.load(Relaxed) {
        // The child and the kernel write to it, and the end of the child's use
        // of the memory is waited for by it.
        let shares = AtomicU32::new(1);
        let suspends = beside.is_none();
        match by_clone3(request, stack, &start, &shares, suspends) {
            Ok(born) => return Ok(go_beside(born, beside, &shares)),
            Err(libc::ENOSYS) => NO_CLONE3.store(true, Relaxed),
            // EPERM may be the answer of a filter, and EINVAL that of a kernel
            // that lacks a flag. If it is not, clone gives it again.
            Err(libc::EPERM | libc::EINVAL) => {}
            Err(errno) => return Err(errno),
        }
    }
    let birth = Birth { mask, has_handlers: true, in_cgroup: false };
    let start = Start { child, birth };
    let shares = AtomicU32::new(1);
    let suspends = beside.is_none();
    let born = by_clone(request, stack, &start, &shares, suspends)?;
    Ok(go_beside(born, beside, &shares))
}

/// Runs `beside`, then waits until the child uses the memory no more.
fn go_beside<R>(
    born: Born,
    beside: Option<impl FnOnce(&Born) -> R>,
    shares: &AtomicU32,
) -> (Born, Option<R>) {
    /// Waits on every way out: the child uses the frames of the callers.
    struct Wait<'a>(&'a AtomicU32);
    impl Drop for Wait<'_> {
        fn drop(&mut self) {
            wait_for_zero(self.0);
        }
    }
    let Some(beside) = beside else { return (born, None) };
    let wait = Wait(shares);
    let result = beside(&born);
    drop(wait);
    (born, Some(result))
}

/// Waits until the kernel has written 0, as CLONE_CHILD_CLEARTID promises: when
/// the child has executed a program or has ended.
fn wait_for_zero(word: &AtomicU32) {
    while word.load(Acquire) != 0 {
        let arguments = [
            ptr::from_ref(word).expose_provenance(),
            libc::FUTEX_WAIT as usize,
            1,
            0,
            0,
            0,
        ];
        // SAFETY: FUTEX_WAIT reads one word, which is alive, and has no bound.
        // The kernel wakes all that wait for the word, not for a private one.
        let _ = unsafe { call(libc::SYS_futex, arguments) };
    }
}

/// The flags of both calls. CLONE_VM: no page table is copied.
fn flags(request: &Request<'_>, suspends: bool) -> c_int {
    let way =
        if suspends { libc::CLONE_VFORK } else { libc::CLONE_CHILD_CLEARTID };
    libc::CLONE_VM | libc::CLONE_PIDFD | way | request.namespaces
}

fn by_clone3<T: Run>(
    request: &Request<'_>,
    stack: &mut Stack,
    start: &Start<'_, T>,
    shares: &AtomicU32,
    suspends: bool,
) -> Result<Born> {
    let mut pidfd: c_int = -1;
    let flags = flags(request, suspends) as u32;
    let mut arguments = libc::clone_args {
        flags: u64::from(flags) | CLONE_CLEAR_SIGHAND,
        pidfd: (&raw mut pidfd).expose_provenance() as u64,
        child_tid: shares.as_ptr().expose_provenance() as u64,
        parent_tid: 0,
        exit_signal: libc::SIGCHLD as u64,
        stack: stack.base() as u64,
        stack_size: stack.room() as u64,
        tls: 0,
        set_tid: 0,
        set_tid_size: 0,
        cgroup: 0,
    };
    // Linux 5.3 knows the first 64 bytes, 5.7 the field of the cgroup.
    let mut size = 64;
    if let Some(cgroup) = request.cgroup {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = cgroup.as_raw_fd() as u64;
        size = size_of::<libc::clone_args>();
    }
    let arguments = (&raw const arguments).expose_provenance();
    // SAFETY: the kernel reads `arguments`, `size` bytes of them, and writes
    // `pidfd` and, on the exit of a child that does not suspend us, `shares`,
    // which is waited for. The stack is aligned and no other child's: it is
    // borrowed mutably. `enter` takes what it is given and does not return.
    let pid = unsafe {
        call::clone(
            libc::SYS_clone3,
            [arguments, size, 0, 0, 0],
            enter::<T>,
            ptr::from_ref(start).cast(),
        )
    }?;
    Ok(born(pid, pidfd))
}

fn by_clone<T: Run>(
    request: &Request<'_>,
    stack: &mut Stack,
    start: &Start<'_, T>,
    shares: &AtomicU32,
    suspends: bool,
) -> Result<Born> {
    let mut pidfd: c_int = -1;
    let flags = flags(request, suspends) | libc::SIGCHLD;
    let pidfd_at = (&raw mut pidfd).expose_provenance();
    let shares = shares.as_ptr().expose_provenance();
    let top = stack.base() + stack.room();
    // The last two change places between the processors.
    let [fourth, fifth] =
        if cfg!(target_arch = "x86_64") { [shares, 0] } else { [0, shares] };
    // SAFETY: as in `by_clone3`: the kernel writes `pidfd` and `shares`; the
    // stack grows down from its top, which is aligned.
    let pid = unsafe {
        call::clone(
            libc::SYS_clone,
            [flags as u32 as usize, top, pidfd_at, fourth, fifth],
            enter::<T>,
            ptr::from_ref(start).cast(),
        )
    }?;
    Ok(born(pid, pidfd))
}

/// Where the child begins.
unsafe extern "C" fn enter<T: Run>(start: *const c_void) -> ! {
    // SAFETY: `by_clone3` and `by_clone` pass a pointer to a `Start<T>`, which
    // outlives the child's use of the memory: `bear` waits for that.
    let start = unsafe { &*start.cast::<Start<'_, T>>() };
    start.child.run(&start.birth)
}

/// What the kernel has answered, as values.
fn born(pid: usize, pidfd: c_int) -> Born {
    // SAFETY: the kernel has made this descriptor for us, closed on exec, and
    // nothing else owns it.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    Born { pid: pid as c_int, pidfd }
}
