//! The pieces of which a mount tree is built: one mount, one directory, and
//! paths below the new root.

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

/// A step of building a tree.
pub type Built<T> = std::result::Result<T, Refusal>;

/// One mount(2), its error in our words.
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

/// Binds a file or directory that is open, with all that is mounted below it:
/// in a user namespace such a mount must not be uncovered.
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

/// Makes what a file or a directory can be mounted on.
pub fn mount_point(at: &Path, is_dir: bool) -> Built<()> {
    if is_dir {
        return directory(at);
    }
    // To open a file of an overlay for writing would copy it.
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

/// Makes a directory and those above it, where they are not there.
pub fn directory(path: &Path) -> Built<()> {
    fs::create_dir_all(path)
        .context(format_args!("make {}", path.display()))
        .map_err(broken)
}

/// Opens a path so that it can be bound when its name is covered.
pub fn handle(path: &Path) -> Result<OwnedFd> {
    open(path, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty())
        .context(format_args!("open {}", path.display()))
}

/// A path that leads to an open file whose name may be covered.
pub fn name_of(fd: &OwnedFd) -> String {
    format!("/proc/self/fd/{}", fd.as_raw_fd())
}

/// A path of the new root while it is still below [`NEW_ROOT_AT`].
pub fn at(path: impl AsRef<Path>) -> PathBuf {
    let path = path.as_ref();
    Path::new(NEW_ROOT_AT).join(path.strip_prefix("/").unwrap_or(path))
}

/// The path for a system call. A path with a null byte, which no file has,
/// becomes empty, and the call fails with ENOENT.
pub fn c_string(path: &Path) -> CString {
    CString::new(path.as_os_str().as_bytes()).unwrap_or_default()
}

/// A failure that is no fault of the machine.
pub fn broken(error: Error) -> Refusal {
    Refusal::Broken(error.message)
}
