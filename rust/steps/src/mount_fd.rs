//! The calls that make a mount as a descriptor, which nix lacks. None of them
//! allocates memory, so a child that shares its parent's memory may make them.

use std::ffi::{CStr, c_char, c_int, c_long};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;

use nix::errno::Errno;
use nix::mount::MsFlags;

/// From linux/mount.h; libc has these for some targets only.
const FSOPEN_CLOEXEC: c_int = 1;
const FSCONFIG_SET_STRING: c_int = 1;
const FSCONFIG_CMD_CREATE: c_int = 6;
const FSMOUNT_CLOEXEC: c_int = 1;
const MOVE_MOUNT_F_EMPTY_PATH: c_int = 4;

/// [mount_setattr(2)]: gives the mount at `path` and all mounts below it a
/// propagation type, as MS_REC does for mount(2). Linux 5.12.
///
/// [mount_setattr(2)]:
/// https://man7.org/linux/man-pages/man2/mount_setattr.2.html
///
/// # Errors
///
/// Fails with EINVAL if `path` is no mount point, and with EPERM without
/// CAP_SYS_ADMIN.
pub fn set_propagation(path: &CStr, propagation: MsFlags) -> nix::Result<()> {
    // struct mount_attr: attributes to set and to clear, the propagation, and
    // the descriptor of a user namespace.
    let attributes = [0, 0, propagation.bits(), 0].map(u64::from);
    // SAFETY: the call reads a path and the number of bytes that it is given;
    // both outlive it.
    let done = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            path.as_ptr(),
            libc::AT_RECURSIVE,
            attributes.as_ptr(),
            size_of_val(&attributes),
        )
    };
    Errno::result(done).map(drop)
}

/// [fsopen(2)]: a descriptor in which a file system of the type `fstype` is
/// described, closed on exec. Linux 5.2.
///
/// [fsopen(2)]: https://man7.org/linux/man-pages/man2/fsopen.2.html
///
/// # Errors
///
/// Fails with ENODEV if the kernel has no such file system.
pub fn fsopen(fstype: &CStr) -> nix::Result<OwnedFd> {
    // SAFETY: the call reads a string, which outlives it.
    let opened = unsafe {
        libc::syscall(libc::SYS_fsopen, fstype.as_ptr(), FSOPEN_CLOEXEC)
    };
    owned(opened)
}

/// [fsconfig(2)], FSCONFIG_SET_STRING: gives the file system that is described
/// in `context` a parameter.
///
/// [fsconfig(2)]: https://man7.org/linux/man-pages/man2/fsconfig.2.html
///
/// # Errors
///
/// Fails with EINVAL if the file system has no such parameter.
pub fn fsconfig_string(
    context: &OwnedFd,
    key: &CStr,
    value: &CStr,
) -> nix::Result<()> {
    fsconfig(context, FSCONFIG_SET_STRING, key.as_ptr(), value.as_ptr())
}

/// [fsconfig(2)], FSCONFIG_CMD_CREATE: makes the file system that is described
/// in `context`.
///
/// [fsconfig(2)]: https://man7.org/linux/man-pages/man2/fsconfig.2.html
///
/// # Errors
///
/// Fails with EPERM without CAP_SYS_ADMIN.
pub fn fsconfig_create(context: &OwnedFd) -> nix::Result<()> {
    fsconfig(context, FSCONFIG_CMD_CREATE, ptr::null(), ptr::null())
}

fn fsconfig(
    context: &OwnedFd,
    command: c_int,
    key: *const c_char,
    value: *const c_char,
) -> nix::Result<()> {
    let fd = context.as_raw_fd();
    // SAFETY: the two commands above read two strings, which outlive the call,
    // or take neither.
    let done = unsafe {
        libc::syscall(libc::SYS_fsconfig, fd, command, key, value, 0)
    };
    Errno::result(done).map(drop)
}

/// [fsmount(2)]: a mount of the file system that was made in `context`, which
/// is not attached yet; closed on exec.
///
/// [fsmount(2)]: https://man7.org/linux/man-pages/man2/fsmount.2.html
///
/// # Errors
///
/// Fails with EINVAL before [`fsconfig_create`], and with EBUSY if `context`
/// was mounted already.
pub fn fsmount(context: &OwnedFd) -> nix::Result<OwnedFd> {
    let fd = context.as_raw_fd();
    // SAFETY: the call takes three integers.
    let made =
        unsafe { libc::syscall(libc::SYS_fsmount, fd, FSMOUNT_CLOEXEC, 0) };
    owned(made)
}

/// [move_mount(2)]: attaches a mount at `path`.
///
/// [move_mount(2)]: https://man7.org/linux/man-pages/man2/move_mount.2.html
///
/// # Errors
///
/// Fails with ENOENT if `path` does not exist.
pub fn move_mount(mount: &OwnedFd, path: &CStr) -> nix::Result<()> {
    // SAFETY: the call reads two strings, which outlive it.
    let done = unsafe {
        libc::syscall(
            libc::SYS_move_mount,
            mount.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_FDCWD,
            path.as_ptr(),
            MOVE_MOUNT_F_EMPTY_PATH,
        )
    };
    Errno::result(done).map(drop)
}

/// The descriptor that a call has returned.
fn owned(answer: c_long) -> nix::Result<OwnedFd> {
    let fd = Errno::result(answer)?;
    // SAFETY: the kernel has just made this descriptor, so nothing else owns
    // it; and a descriptor is an int, so the cast loses nothing.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as c_int) })
}
