//! The system calls that nix lacks, or has in a form that steps cannot use.
//! Each says why it is made through libc.

use std::cell::UnsafeCell;
use std::convert::Infallible;
use std::ffi::{CStr, c_char, c_int, c_short, c_void};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::Relaxed};

use nix::errno::Errno;
use nix::sched::CloneFlags;
use nix::unistd::Pid;

/// The arguments of this process, where the kernel has put them: null until
/// [`remember`] was called.
static ARGUMENTS: AtomicPtr<*const c_char> = AtomicPtr::new(ptr::null_mut());

/// Stores the arguments with which the C library calls `main`.
///
/// std stores them too if `main` is its own; with the GNU C library also if it
/// is not.
///
/// # Safety
///
/// `argv` must point to strings, with a null after the last of them, and all of
/// it must stay unchanged as long as the process lives.
#[doc(hidden)]
pub unsafe fn remember(argv: *mut *const c_char) {
    ARGUMENTS.store(argv, Relaxed);
}

/// The rest of an argument vector in the kernel's form: pointers to strings,
/// then a null.
#[derive(Clone, Debug)]
pub(crate) struct ArgumentVector(*const *const c_char);

impl ArgumentVector {
    /// All arguments of this process, its own name first.
    pub(crate) fn ours() -> Self {
        Self(ARGUMENTS.load(Relaxed))
    }
}

impl Iterator for ArgumentVector {
    type Item = &'static CStr;

    fn next(&mut self) -> Option<&'static CStr> {
        if self.0.is_null() {
            return None;
        }
        // SAFETY: the caller of `remember` promised a null after the last
        // pointer, and it has not been passed: this is the null, or a pointer
        // before it.
        let argument = unsafe { *self.0 };
        if argument.is_null() {
            return None;
        }
        // SAFETY: the pointer was not the null, so there is one after it.
        self.0 = unsafe { self.0.add(1) };
        // SAFETY: the caller of `remember` promised strings that stay.
        Some(unsafe { CStr::from_ptr(argument) })
    }
}

/// The value of an environment variable, where the kernel has put it. std
/// copies it to the heap, and the first use of the heap takes four system calls
/// and four page faults.
pub(crate) fn environment_variable(name: &CStr) -> Option<&'static CStr> {
    // SAFETY: getenv(3) needs a string and an environment that no thread
    // changes meanwhile. A CStr is a string; this process, and each child that
    // shares its memory, has one thread and changes no variable.
    let value = unsafe { libc::getenv(name.as_ptr()) };
    if value.is_null() {
        return None;
    }
    // SAFETY: a pointer that is not null points to a string in the environment,
    // which stays unchanged as long as the process lives.
    Some(unsafe { CStr::from_ptr(value) })
}

/// The name with which the step was called, without its directory.
pub(crate) fn step() -> &'static [u8] {
    let called = ArgumentVector::ours().next().unwrap_or_default().to_bytes();
    called.rsplit(|byte| *byte == b'/').next().unwrap_or(called)
}

/// The size of a child's stack in bytes, enough for system calls and execvp(3).
const STACK: usize = 64 << 10;

/// How many stacks are static. One is enough for every step except `rootless`,
/// whose first child makes a child itself while it still runs on its own stack.
const READY: usize = 2;

/// The static stacks. They need no system call, and no page of their own: only
/// the top of a stack is used, and the top of the first one is beside the other
/// statics.
#[repr(align(16))]
struct Stacks(UnsafeCell<[[u8; STACK]; READY]>);

// SAFETY: only `Stack::claim` takes the address of a stack, and takes each only
// once; it neither reads nor writes them.
unsafe impl Sync for Stacks {}

static STACKS: Stacks = Stacks(UnsafeCell::new([[0; STACK]; READY]));

/// How many of them have been taken.
static CLAIMED: AtomicUsize = AtomicUsize::new(0);

/// A stack for one child: `claim` takes each only once, and `clone` consumes
/// it.
///
/// No stack is returned, because a child may run longer than the launcher waits
/// for it. The count is in the same memory as the stacks: a process with a copy
/// of them (a forked child, which may be running on one) has a copy of the
/// count.
/// count.
pub(crate) struct Stack {
    top: *mut c_void,
}

impl Stack {
    /// Takes a stack that has `more` bytes beyond the fixed size.
    pub(crate) fn claim(more: usize) -> Self {
        let ready = more < STACK / 2;
        let claimed = if ready { CLAIMED.fetch_add(1, Relaxed) } else { READY };
        let top = match READY.checked_sub(claimed) {
            // From the top down: the first one is beside the statics.
            Some(left @ 1..) => {
                STACKS.0.get().cast::<u8>().wrapping_add(left * STACK)
            }
            // Leaked, so that it is also taken only once.
            _ => {
                let stack = vec![0; STACK + more].leak();
                stack.as_mut_ptr().wrapping_add(stack.len())
            }
        };
        // The alignment that the ABI of every processor requires.
        Self { top: top.map_addr(|top| top & !0xf).cast() }
    }
}

/// [clone(2)]: makes a child that runs `child` on `stack`, and exits with its
/// result. SIGCHLD tells the caller when the child ends.
///
/// nix's clone needs `child` in a box. That would be the only allocation of a
/// launcher, and the first one takes four system calls and three page faults: a
/// tenth of a launch.
///
/// [clone(2)]: https://man7.org/linux/man-pages/man2/clone.2.html
///
/// # Safety
///
/// CLONE_VM may only be used with CLONE_VFORK, so that the kernel suspends the
/// calling thread until the child has exec'd or ended; and the caller must have
/// no other thread.
pub(crate) unsafe fn clone<F: FnMut() -> c_int>(
    flags: CloneFlags,
    child: &mut F,
    stack: Stack,
) -> nix::Result<Pid> {
    extern "C" fn enter<F: FnMut() -> c_int>(child: *mut c_void) -> c_int {
        // SAFETY: `clone` passed a pointer to its `child`, which the caller
        // does not touch meanwhile: the kernel has suspended it, or this is a
        // copy.
        let child = unsafe { &mut *child.cast::<F>() };
        child()
    }
    let flags = flags.bits() | libc::SIGCHLD;
    let child = ptr::from_mut(child).cast();
    // SAFETY: `stack` is large enough, and only this child uses it: a `Stack`
    // is taken once, and moved here. `enter` casts the pointer back to its
    // type, and ends in _exit(2).
    let pid = unsafe { libc::clone(enter::<F>, stack.top, flags, child) };
    Errno::result(pid).map(Pid::from_raw)
}

/// [execvp(3)]: searches `$PATH` and becomes the command.
///
/// nix's execvp makes the vector of pointers during the call, and so would
/// allocate in a child that may not allocate.
///
/// [execvp(3)]: https://man7.org/linux/man-pages/man3/exec.3.html
pub(crate) fn execvp(argv: &ArgumentVector) -> nix::Result<Infallible> {
    let Some(command) = argv.clone().next() else {
        return Err(Errno::EINVAL);
    };
    // SAFETY: the vector is in the kernel's form, with a null at its end.
    unsafe { libc::execvp(command.as_ptr(), argv.0) };
    Err(Errno::last())
}

/// [_exit(2)]: ends this process without exit handlers.
///
/// std's exit first flushes a stdout that no step writes to, in pages that
/// nothing else uses.
///
/// [_exit(2)]: https://man7.org/linux/man-pages/man2/_exit.2.html
pub(crate) fn exit(status: c_int) -> ! {
    // SAFETY: no step has anything to flush or undo at its exit.
    unsafe { libc::_exit(status) }
}

/// [waitpid(2)] for one child, or with pid -1 for any child.
///
/// nix's waitpid knows no real-time signals: it returns EINVAL for a child that
/// one has killed, and the child's status is lost.
///
/// [waitpid(2)]: https://man7.org/linux/man-pages/man2/waitpid.2.html
pub(crate) fn waitpid(child: Pid) -> nix::Result<(Pid, ExitStatus)> {
    let mut status = 0;
    // SAFETY: `status` is a live int for the kernel to write.
    let ended = unsafe { libc::waitpid(child.as_raw(), &raw mut status, 0) };
    let ended = Errno::result(ended)?;
    Ok((Pid::from_raw(ended), ExitStatus::from_raw(status)))
}

/// [pidfd_open(2)]: a descriptor that refers to this process alone, closed on
/// exec.
///
/// Neither nix nor libc has a function for it.
///
/// [pidfd_open(2)]: https://man7.org/linux/man-pages/man2/pidfd_open.2.html
///
/// # Errors
///
/// Fails with ESRCH if there is no such process, and with EINVAL if `pid`
/// cannot be the number of one.
pub fn pidfd_open(pid: Pid) -> nix::Result<OwnedFd> {
    // SAFETY: the call takes a pid and flags, both by value.
    let opened =
        unsafe { libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), 0) };
    let opened = Errno::result(opened)?;
    // SAFETY: the kernel has just made this descriptor, so nothing else owns
    // it; and a descriptor is an int, so the cast loses nothing.
    Ok(unsafe { OwnedFd::from_raw_fd(opened as c_int) })
}

nix::ioctl_write_ptr_bad! {
    /// nix has no function for the flags of an interface, see [netdevice(7)].
    ///
    /// [netdevice(7)]: https://man7.org/linux/man-pages/man7/netdevice.7.html
    siocsifflags, libc::SIOCSIFFLAGS, libc::ifreq
}

/// Gives the interface `name` the flags `flags`, and clears all others.
pub(crate) fn set_interface_flags(
    socket: BorrowedFd,
    name: &CStr,
    flags: c_short,
) -> nix::Result<()> {
    let mut request = libc::ifreq {
        ifr_name: [0; libc::IFNAMSIZ],
        ifr_ifru: libc::__c_anonymous_ifr_ifru { ifru_flags: flags },
    };
    for (to, from) in request.ifr_name.iter_mut().zip(name.to_bytes_with_nul())
    {
        *to = *from as c_char;
    }
    // SAFETY: `request` is the struct this request reads, and outlives it.
    let done = unsafe { siocsifflags(socket.as_raw_fd(), &raw const request) };
    done.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_ends_before_its_null_and_stays_there() {
        let words = [c"uts".as_ptr(), c"".as_ptr(), ptr::null()];
        let mut vector = ArgumentVector(words.as_ptr());
        assert_eq!(vector.next(), Some(c"uts"));
        assert_eq!(vector.clone().count(), 1);
        assert_eq!(vector.next(), Some(c""));
        assert_eq!(vector.next(), None);
        assert_eq!(vector.next(), None);
    }

    #[test]
    fn no_two_children_are_given_the_same_stack() {
        let wants = [0, 0, STACK, 0, 0, STACK];
        let mut tops = wants.map(|more| Stack::claim(more).top.addr());
        tops.sort_unstable();
        let room = |pair: &[usize]| pair[1] - pair[0];
        // Up to 15 bytes may be missing, which the alignment of an allocated
        // stack takes.
        let apart = |pair: &[usize]| room(pair) >= STACK - 0xf;
        assert!(tops.windows(2).all(apart), "{tops:x?}");
        assert!(tops.iter().all(|top| top % 16 == 0), "{tops:x?}");
    }

    #[test]
    fn without_stored_arguments_there_are_none() {
        assert_eq!(ArgumentVector::ours().next(), None);
    }
}
