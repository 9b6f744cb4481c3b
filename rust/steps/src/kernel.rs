//! The calls nix lacks, or has in a form that does not serve here. Each says
//! why it is made through libc.

use std::convert::Infallible;
use std::ffi::{CStr, c_char, c_int, c_short};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::ptr;

use nix::errno::Errno;
use nix::unistd::Pid;

/// An argument vector as the kernel takes it: pointers, then a null.
pub(crate) struct ArgumentVector(Vec<*const c_char>);

impl ArgumentVector {
    pub(crate) fn new(arguments: &[&'static CStr]) -> Self {
        let pointers = arguments.iter().map(|argument| argument.as_ptr());
        Self(pointers.chain([ptr::null()]).collect())
    }

    /// In bytes, with the null.
    pub(crate) fn size(&self) -> usize {
        size_of_val(&*self.0)
    }
}

/// [execvp(3)]: searches `$PATH` and becomes the command.
///
/// nix's execvp builds the vector of pointers in the call, and so allocates
/// in a child that may not.
///
/// [execvp(3)]: https://man7.org/linux/man-pages/man3/exec.3.html
pub(crate) fn execvp(argv: &ArgumentVector) -> nix::Result<Infallible> {
    // SAFETY: every pointer comes from a C string that is never freed, and
    // `new` put the null behind the last.
    unsafe { libc::execvp(argv.0[0], argv.0.as_ptr()) };
    Err(Errno::last())
}

/// [waitpid(2)] for one child, or with pid -1 for any.
///
/// nix's waitpid knows no real-time signal: it answers EINVAL for a child
/// that one has killed, and then the child and its status are gone.
///
/// [waitpid(2)]: https://man7.org/linux/man-pages/man2/waitpid.2.html
pub(crate) fn waitpid(child: Pid) -> nix::Result<(Pid, ExitStatus)> {
    let mut status = 0;
    // SAFETY: `status` is a live int for the kernel to write.
    let ended = unsafe { libc::waitpid(child.as_raw(), &raw mut status, 0) };
    let ended = Errno::result(ended)?;
    Ok((Pid::from_raw(ended), ExitStatus::from_raw(status)))
}

/// [pidfd_open(2)]: a descriptor that means this one process, closed on exec.
///
/// Neither nix nor libc has a function for it.
///
/// [pidfd_open(2)]: https://man7.org/linux/man-pages/man2/pidfd_open.2.html
///
/// # Errors
///
/// ESRCH where there is no such process, EINVAL where `pid` can be none.
pub fn pidfd_open(pid: Pid) -> nix::Result<OwnedFd> {
    // SAFETY: the call takes a pid and flags, both by value.
    let opened =
        unsafe { libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), 0) };
    let opened = Errno::result(opened)?;
    // SAFETY: the kernel has just made this descriptor, so nobody else owns
    // it; and a descriptor is an int, so the cast loses nothing.
    Ok(unsafe { OwnedFd::from_raw_fd(opened as c_int) })
}

nix::ioctl_write_ptr_bad! {
    /// nix has no function for the flags of an interface, see [netdevice(7)].
    ///
    /// [netdevice(7)]: https://man7.org/linux/man-pages/man7/netdevice.7.html
    siocsifflags, libc::SIOCSIFFLAGS, libc::ifreq
}

/// Gives the interface `name` the flags `flags`, and no others it could have.
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
