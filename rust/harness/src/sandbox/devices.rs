//! The /dev of a sandbox: devices of its own, so that no change of their mode or
//! owner reaches the host's.

use super::mounting::{
    Built, at, attach, bind, broken, mount_point, read_only,
};
use super::plan::unavailable;
use crate::error::{Context, Result};
use crate::scenario::Identity;
use nix::mount::{MsFlags, mount};
use nix::sys::stat::{Mode, SFlag, mknod};
use nix::unistd::{Gid, Uid, chown};
use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// The character devices that launchers and payloads open. Block devices and
/// consoles are left out, because writing to them reaches the host.
const SHOWN: &[&str] = &[
    "full", "fuse", "kvm", "net/tun", "null", "random", "tty", "urandom",
    "zero",
];

/// The links that udev and container runtimes make.
const LINKS: &[(&str, &str)] = &[
    ("fd", "/proc/self/fd"),
    ("ptmx", "pts/ptmx"),
    ("stderr", "/proc/self/fd/2"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
];

/// What a sandbox mounts in its /dev.
const MOUNTED: &[&str] = &["mqueue", "pts", "shm"];

/// Whether a sandbox can have a file of this name in its /dev.
pub fn may_have(name: &str) -> bool {
    let first = |it: &str| it.split('/').next() == Some(name);
    SHOWN.iter().any(|it| first(it))
        || LINKS.iter().any(|(it, _)| *it == name)
        || MOUNTED.contains(&name)
}

/// Devices of the host, opened before the new root covers them.
pub struct Devices(Vec<(PathBuf, fs::Metadata, OwnedFd)>);

impl Devices {
    /// Opens the devices of [`SHOWN`] that exist on the host.
    pub fn open() -> Result<Devices> {
        let mut devices = Vec::new();
        for name in SHOWN {
            let path = Path::new("/dev").join(name);
            let Ok(kind) = fs::symlink_metadata(&path) else { continue };
            if kind.file_type().is_char_device() {
                let from = super::mounting::handle(&path)?;
                devices.push((path, kind, from));
            }
        }
        Ok(Devices(devices))
    }

    /// Mounts a /dev below the new root.
    pub fn mount(self, identity: Identity) -> Built<()> {
        let dev = at("/dev");
        mount_point(&dev, true)?;
        mount_with("tmpfs", &dev, MsFlags::MS_NOSUID, "mode=755")?;
        for (path, kind, from) in &self.0 {
            let to = at(path);
            let made = identity == Identity::Root && node(&to, kind);
            if !made {
                mount_point(&to, false)?;
                bind(from, &to)?;
                // A read-only device can be written to, but its owner cannot be
                // changed.
                read_only(&to)?;
            }
        }
        for (name, target) in LINKS {
            symlink(target, dev.join(name))
                .context(format_args!("link /dev/{name}"))
                .map_err(broken)?;
        }
        for name in MOUNTED {
            mount_point(&dev.join(name), true)?;
        }
        let quiet = MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC;
        let nodev = quiet | MsFlags::MS_NODEV;
        let pts = "newinstance,ptmxmode=0666,mode=620";
        mount_with("devpts", &dev.join("pts"), quiet, pts)?;
        mount_with("tmpfs", &dev.join("shm"), nodev, "mode=1777")?;
        attach(Some("mqueue"), dev.join("mqueue"), Some("mqueue"), nodev)
    }
}

/// Makes a device like another one; `false` if the kernel does not allow that
/// (in a user namespace, or in a cgroup that forbids it).
fn node(to: &Path, like: &fs::Metadata) -> bool {
    let parent = to.parent().is_some_and(|it| fs::create_dir_all(it).is_ok());
    let mode = Mode::from_bits_truncate(like.mode());
    let made = parent
        && mknod(to, SFlag::S_IFCHR, mode, like.rdev()).is_ok()
        // A node that may not be opened is useless, except tty, which has no
        // terminal here.
        && (to.ends_with("tty") || fs::File::open(to).is_ok());
    if !made {
        let _ = fs::remove_file(to);
        return false;
    }
    let (uid, gid) = (Uid::from_raw(like.uid()), Gid::from_raw(like.gid()));
    let _ = chown(to, Some(uid), Some(gid));
    // mknod(2) has applied the umask.
    let _ = fs::set_permissions(to, fs::Permissions::from_mode(like.mode()));
    true
}

fn mount_with(
    kind: &str,
    to: &Path,
    flags: MsFlags,
    options: &str,
) -> Built<()> {
    mount(Some(kind), to, Some(kind), flags, Some(options)).map_err(|errno| {
        unavailable(&format!("mount {kind} on {}", to.display()), errno)
    })
}
