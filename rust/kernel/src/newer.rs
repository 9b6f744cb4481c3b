//! Calls and flags that only newer kernels have, each as one attempt.
//!
//! An attempt leaves nothing behind: a child ends at once and is waited for, and
//! a descriptor is closed.

use super::{errno, single};
use nix::errno::Errno;
use nix::libc::{self, c_int, c_long, c_ulong};
use std::ffi::CStr;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

/// Makes a child by
/// [clone3(2)](https://man7.org/linux/man-pages/man2/clone3.2.html) with these
/// flags, which ends at once, and waits for it. The child has a copy of the
/// memory, or it is suspended with CLONE_VFORK. `exit_signal` is what its end
/// sends.
///
/// # Errors
///
/// Fails as clone3(2) does: with `EINVAL` for a flag that the kernel does not
/// know, and with `ENOSYS` before Linux 5.3; with `EDEADLK` if the caller has
/// other threads.
pub fn clone3_child(flags: u64, exit_signal: u64) -> nix::Result<()> {
    single()?;
    let mut pidfd: c_int = -1;
    // SAFETY: all members are numbers, for which 0 is a value.
    let mut arguments: libc::clone_args = unsafe { std::mem::zeroed() };
    arguments.flags = flags;
    arguments.exit_signal = exit_signal;
    arguments.pidfd = &raw mut pidfd as u64;
    // SAFETY: clone3(2) reads as many bytes as it is told, and writes a
    // descriptor to `pidfd`; without CLONE_VM the child has a copy of the memory
    // and of the only thread, and calls nothing but _exit(2).
    let pid = unsafe {
        libc::syscall(
            libc::SYS_clone3,
            &raw mut arguments,
            size_of::<libc::clone_args>(),
        )
    };
    if pid == 0 {
        // SAFETY: _exit(2) takes a status, and does not return.
        unsafe { libc::_exit(0) }
    }
    let pid = Errno::result(pid)?;
    if pidfd >= 0 {
        drop(super::own(pidfd));
    }
    ended(pid)
}

/// Makes a child by
/// [clone(2)](https://man7.org/linux/man-pages/man2/clone.2.html) with these
/// flags and this exit signal, which share the lower bits; it ends at once and
/// is waited for.
///
/// # Errors
///
/// Fails as clone(2) does, and with `EDEADLK` if the caller has other threads.
pub fn clone_child(flags: c_ulong) -> nix::Result<()> {
    single()?;
    let none: c_ulong = 0;
    // SAFETY: without CLONE_VM the child has a copy of the memory and of the
    // only thread, on the same stack, and calls nothing but _exit(2). All other
    // arguments are null, which no flag of the callers reads.
    let pid = unsafe {
        libc::syscall(libc::SYS_clone, flags, none, none, none, none)
    };
    if pid == 0 {
        // SAFETY: _exit(2) takes a status, and does not return.
        unsafe { libc::_exit(0) }
    }
    ended(Errno::result(pid)?)
}

/// Waits for a child, whatever its exit signal is. A child that the kernel has
/// reaped by itself is no error.
fn ended(pid: c_long) -> nix::Result<()> {
    let pid = i32::try_from(pid).map_err(|_| Errno::EOVERFLOW)?;
    loop {
        // SAFETY: waitpid(2) may be given no place for the status.
        let waited =
            unsafe { libc::waitpid(pid, std::ptr::null_mut(), libc::__WALL) };
        match Errno::result(waited) {
            Ok(_) | Err(Errno::ECHILD) => return Ok(()),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// The id of a namespace, which is given to no other one until the machine ends:
/// NS_GET_ID.
///
/// # Errors
///
/// Fails with `ENOTTY` before Linux 6.18.
pub fn namespace_id(namespace: BorrowedFd<'_>) -> nix::Result<u64> {
    let mut id = 0;
    // SAFETY: ioctl(2) with this request writes a number of 64 bits, and `id` is
    // one.
    let done = unsafe {
        libc::ioctl(
            namespace.as_raw_fd(),
            nix::request_code_read!(0xb7, 13, size_of::<u64>()) as _,
            &raw mut id,
        )
    };
    Errno::result(done).map(|_| id)
}

/// Opens the uts namespace of a process by its pidfd: PIDFD_GET_UTS_NAMESPACE.
///
/// # Errors
///
/// Fails with `ENOTTY` before Linux 6.11.
pub fn uts_namespace_of(pidfd: BorrowedFd<'_>) -> nix::Result<OwnedFd> {
    // SAFETY: this request takes no argument and returns a descriptor.
    let opened = unsafe {
        libc::ioctl(
            pidfd.as_raw_fd(),
            nix::request_code_none!(0xff, 10) as _,
            0,
        )
    };
    Errno::result(opened).map(super::own)
}

/// How many mounts listmount(2) names in the caller's mount namespace, 64 at
/// most.
///
/// # Errors
///
/// Fails with `ENOSYS` before Linux 6.8.
pub fn list_mounts() -> nix::Result<usize> {
    const LISTMOUNT: c_long = 458;
    /// LSMT_ROOT: the mounts below the root of the namespace.
    const ROOT: u64 = u64::MAX;
    let request: [u64; 3] = [24, ROOT, 0];
    listed(LISTMOUNT, &request)
}

/// How many namespaces listns(2) names, 64 at most.
///
/// # Errors
///
/// Fails with `ENOSYS` before Linux 6.19.
pub fn list_namespaces() -> nix::Result<usize> {
    const LISTNS: c_long = 470;
    let request: [u64; 4] = [32, 0, 0, 0];
    listed(LISTNS, &request)
}

/// A call that takes a request, whose first member is its size, and writes
/// numbers.
fn listed(call: c_long, request: &[u64]) -> nix::Result<usize> {
    let mut numbers = [0_u64; 64];
    // SAFETY: both calls read as many bytes as the first member of the request
    // says, which is the length of the slice, and write as many numbers of 64
    // bits as the third argument says, which is the length of the array.
    let count = unsafe {
        libc::syscall(
            call,
            request.as_ptr(),
            numbers.as_mut_ptr(),
            numbers.len(),
            0,
        )
    };
    Errno::result(count).map(|count| usize::try_from(count).unwrap_or(0))
}

/// Makes a mount namespace that holds a copy of the mount at `path` alone:
/// open_tree(2) with OPEN_TREE_NAMESPACE. The caller stays where it is.
///
/// # Errors
///
/// Fails with `EINVAL` before Linux 7.0, and with `EPERM` without
/// `CAP_SYS_ADMIN`.
pub fn tree_as_namespace(path: &CStr) -> nix::Result<OwnedFd> {
    const OPEN_TREE_NAMESPACE: c_int = 1 << 1;
    let flags = OPEN_TREE_NAMESPACE | libc::O_CLOEXEC;
    // SAFETY: open_tree(2) reads a path that ends with NUL, and returns a
    // descriptor.
    let opened = unsafe {
        libc::syscall(libc::SYS_open_tree, libc::AT_FDCWD, path.as_ptr(), flags)
    };
    own(opened)
}

/// Makes a mount namespace that holds a new tmpfs alone: fsmount(2) with
/// FSMOUNT_NAMESPACE. The caller stays where it is.
///
/// # Errors
///
/// Fails with `EINVAL` before Linux 7.1, and with `EPERM` without
/// `CAP_SYS_ADMIN`.
pub fn tmpfs_as_namespace() -> nix::Result<OwnedFd> {
    use rustix::mount::{FsOpenFlags, fsconfig_create, fsopen};
    const FSMOUNT_CLOEXEC: c_int = 1;
    const FSMOUNT_NAMESPACE: c_int = 1 << 1;
    let tmpfs = fsopen("tmpfs", FsOpenFlags::FSOPEN_CLOEXEC).map_err(errno)?;
    fsconfig_create(&tmpfs).map_err(errno)?;
    // SAFETY: fsmount(2) takes a descriptor and two sets of flags, and returns a
    // descriptor.
    let opened = unsafe {
        libc::syscall(
            libc::SYS_fsmount,
            tmpfs.as_raw_fd(),
            FSMOUNT_CLOEXEC | FSMOUNT_NAMESPACE,
            0,
        )
    };
    own(opened)
}

fn own(opened: c_long) -> nix::Result<OwnedFd> {
    let fd = Errno::result(opened)?;
    let fd = i32::try_from(fd).map_err(|_| Errno::EBADF)?;
    Ok(super::own(fd))
}

/// Sets an attribute of no mount: whether the kernel has mount_setattr(2).
///
/// # Errors
///
/// Fails with `ENOENT` where it has, and with `ENOSYS` before Linux 5.12.
pub fn mount_attribute_of_nothing() -> nix::Result<()> {
    let attributes: [u64; 4] = [1, 0, 0, 0];
    // SAFETY: mount_setattr(2) reads a path that ends with NUL, and as many bytes
    // as the last argument says, which are those of the array.
    let done = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            c"/there is no such mount".as_ptr(),
            0,
            attributes.as_ptr(),
            size_of_val(&attributes),
        )
    };
    Errno::result(done).map(drop)
}
