//! The operations that build a mount tree: one mount, one directory, and paths
//! below the new root.

use super::plan::unavailable;
use crate::error::{Context, Error, Result};
use crate::found::Refusal;
use crate::host::chroot::NEW_ROOT_AT;
use nix::fcntl::{OFlag, open};
use nix::mount::{MsFlags, mount};
use nix::sys::stat::Mode;
use std::ffi::CString;
use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The result of an operation that builds a part of the tree.
pub type Built<T> = std::result::Result<T, Refusal>;

/// Makes one mount. Its error has the call, the object and the remedy.
pub fn attach(
    source: Option<&str>,
    at: impl AsRef<Path>,
    kind: Option<&str>,
    flags: MsFlags,
) -> Built<()> {
    let at = at.as_ref();
    mount(source, at, kind, flags, None::<&str>).map_err(|errno| {
        let what = kind.or(source).unwrap_or("propagation");
        unavailable(&format!("mount {what} on {}", at.display()), errno)
    })
}

/// Bind-mounts an open file or directory with all mounts below it: in a user
/// namespace the kernel refuses a bind that would uncover what these mounts
/// hide.
pub fn bind(from: &OwnedFd, to: &Path) -> Built<()> {
    let flags = MsFlags::MS_BIND | MsFlags::MS_REC;
    attach(Some(&name_of(from)), to, None, flags)
}

/// Makes the mounts at and below a path read-only.
pub fn read_only(path: &Path) -> Built<()> {
    let what = format!("mount_setattr {}", path.display());
    kernel::read_only(&c_string(path))
        .map_err(|errno| unavailable(&what, errno))
}

/// Makes a file or a directory on which something can be mounted.
pub fn mount_point(at: &Path, is_dir: bool) -> Built<()> {
    if is_dir {
        return directory(at);
    }
    // Opening a file of an overlay for writing would copy it to the upper
    // layer.
    if at.exists() {
        return Ok(());
    }
    if let Some(parent) = at.parent() {
        directory(parent)?;
    }
    fs::File::create(at)
        .map(drop)
        .context(format_args!("make {}", at.display()))
        .map_err(broken)
}

/// Makes a directory and the missing ones above it.
pub fn directory(path: &Path) -> Built<()> {
    fs::create_dir_all(path)
        .context(format_args!("make {}", path.display()))
        .map_err(broken)
}

/// Opens a path so that it can be bound after another mount has covered it.
pub fn handle(path: &Path) -> Result<OwnedFd> {
    open(path, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty())
        .context(format_args!("open {}", path.display()))
}

/// A path that leads to an open file, even if another mount covers its name.
pub fn name_of(fd: &OwnedFd) -> String {
    format!("/proc/self/fd/{}", fd.as_raw_fd())
}

/// A path of the new root while it is still below [`NEW_ROOT_AT`].
pub fn at(path: impl AsRef<Path>) -> PathBuf {
    let path = path.as_ref();
    Path::new(NEW_ROOT_AT).join(path.strip_prefix("/").unwrap_or(path))
}

/// The path for a system call. A path with a null byte, which no file has,
/// becomes empty, so that the call fails with ENOENT.
pub fn c_string(path: &Path) -> CString {
    CString::new(path.as_os_str().as_bytes()).unwrap_or_default()
}

/// Turns an error into a refusal for which the machine is not the reason.
pub fn broken(error: Error) -> Refusal {
    Refusal::Broken(error.message)
}
