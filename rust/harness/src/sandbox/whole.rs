//! The host's tree in a sandbox, in which nothing that is written reaches the
//! host.
//!
//! Each directory of the host's root, and each file system that is mounted
//! below one, is an overlay: its lower layer is the host's, its upper layer is
//! a tmpfs of the sandbox. The upper layers are the complete list of what was
//! written. Where the kernel refuses an overlay, the directory is bound
//! read-only. /dev is the sandbox's own, and /sys is read-only.

use super::devices::Devices;
use super::mounting::{
    Built, at, attach, bind, broken, directory, handle, mount_point, name_of,
    read_only,
};
use super::plan::Plan;
use crate::error::{Context, Error, Result};
use crate::host::cgroups::is_of_cgroups;
use crate::paths::{BUNDLE, NEWROOT};
use crate::scenario::Identity;
use nix::fcntl::{OFlag, open};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::stat::Mode;
use nix::sys::statvfs::{FsFlags, fstatvfs};
use nix::unistd::{Gid, Uid, chown};
use std::collections::BTreeSet;
use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

/// Names in the host's root of which the sandbox has its own. /run is a tmpfs,
/// since systemd-nspawn does not start where it is anything else.
const OWN: &[&str] = &["dev", "mytmp", "newroot", "nsteps", "proc", "run"];

/// Where sysfs is mounted.
const SYS: &str = "/sys";

/// What of the host the sandbox shows, opened before the new root covers it.
pub struct Host {
    /// Overlays, those above others first: where each is in the sandbox.
    covered: Vec<(PathBuf, OwnedFd)>,
    /// What is bound read-only: files, and /sys.
    bound: Vec<(PathBuf, OwnedFd, bool)>,
    /// Symbolic links in the root, and where they lead.
    links: Vec<(PathBuf, PathBuf)>,
    /// What the sandbox may write to on the host.
    writable: Vec<(PathBuf, OwnedFd, bool)>,
    devices: Devices,
    /// Whether cgroup file systems are left out.
    hides_cgroups: bool,
}

/// A directory of the host's that the sandbox may write to: an overlay, whose
/// upper layer is the complete list of what was written.
#[derive(Debug)]
pub struct Cover {
    /// The path of the directory, on the host and in the sandbox.
    pub at: PathBuf,
    /// The upper layer of the overlay, an open directory.
    pub upper: OwnedFd,
}

impl Host {
    /// Opens everything of the host that the sandbox shows.
    pub fn open(plan: &Plan) -> Built<Host> {
        Host::read(plan).map_err(broken)
    }

    fn read(plan: &Plan) -> Result<Host> {
        let mut host = Host {
            covered: Vec::new(),
            bound: Vec::new(),
            links: Vec::new(),
            writable: Vec::new(),
            devices: Devices::open()?,
            hides_cgroups: plan.hides_cgroups(),
        };
        let mut paths = BTreeSet::new();
        for entry in fs::read_dir("/").context("read /")?.flatten() {
            let is_own = OWN.iter().any(|own| entry.file_name() == *own);
            if !is_own {
                paths.insert(entry.path());
            }
        }
        for path in mounted_below(&paths, plan.hides_cgroups())? {
            paths.insert(path);
        }
        for path in paths {
            host.add(path)?;
        }
        if let Some(bundle) = &plan.bundle {
            host.covered.push((BUNDLE.into(), handle(bundle)?));
        }
        for path in &plan.writable {
            let from = handle(path)?;
            let kind = fs::metadata(path)
                .context(format_args!("stat {}", path.display()))?;
            host.writable.push((path.clone(), from, kind.is_dir()));
        }
        Ok(host)
    }

    fn add(&mut self, path: PathBuf) -> Result<()> {
        let Ok(kind) = fs::symlink_metadata(&path) else { return Ok(()) };
        if kind.is_symlink() {
            let target = fs::read_link(&path)
                .context(format_args!("read {}", path.display()))?;
            self.links.push((path, target));
        } else if let Ok(from) = handle(&path) {
            let is_dir = kind.is_dir();
            if is_dir && path != Path::new(SYS) {
                self.covered.push((path, from));
            } else {
                self.bound.push((path, from, is_dir));
            }
        }
        Ok(())
    }

    /// Mounts it below the new root, and returns the overlays.
    pub fn mount(self, identity: Identity) -> Built<Vec<Cover>> {
        for (path, target) in &self.links {
            symlink(target, at(path))
                .context(format_args!("link {}", path.display()))
                .map_err(broken)?;
        }
        let layers = at(NEWROOT);
        directory(&layers)?;
        attach(Some("layers"), &layers, Some("tmpfs"), MsFlags::MS_NODEV)?;
        let mut covers: Vec<Cover> = Vec::new();
        let mut whole: Vec<&Path> = Vec::new();
        for (number, covered) in self.covered.iter().enumerate() {
            let (path, from) = covered;
            // What was bound has what is mounted below it.
            if whole.iter().any(|it| path.starts_with(it)) {
                continue;
            }
            directory(&at(path))?;
            match cover(number, covered, &layers, identity)? {
                Some(cover) => covers.push(cover),
                None => {
                    bind(from, &at(path))?;
                    read_only(&at(path))?;
                    whole.push(path);
                }
            }
        }
        for (path, from, is_dir) in &self.bound {
            if whole.iter().any(|it| path.starts_with(it)) {
                continue;
            }
            mount_point(&at(path), *is_dir)?;
            if self.hides_cgroups && path == Path::new(SYS) {
                mount_sysfs()?;
                continue;
            }
            bind(from, &at(path))?;
            read_only(&at(path))?;
        }
        umount2(&layers, MntFlags::MNT_DETACH)
            .context("detach the upper layers")
            .map_err(broken)?;
        self.devices.mount(identity)?;
        for (path, from, is_dir) in &self.writable {
            mount_point(&at(path), *is_dir)?;
            bind(from, &at(path))?;
        }
        Ok(covers)
    }
}

/// Mounts a sysfs of the sandbox's own, below which nothing is mounted: in a
/// user namespace the host's can be bound only with what is mounted below it.
fn mount_sysfs() -> Built<()> {
    let flags = MsFlags::MS_NOSUID
        | MsFlags::MS_NODEV
        | MsFlags::MS_NOEXEC
        | MsFlags::MS_RDONLY;
    attach(Some("sysfs"), at(SYS), Some("sysfs"), flags)
}

/// The mount points below these paths that the caller can reach; without those
/// of cgroups if those are to be left out.
fn mounted_below(
    paths: &BTreeSet<PathBuf>,
    without_cgroups: bool,
) -> Result<Vec<PathBuf>> {
    let observed = probe::observe(&probe::Proc::at("/proc"), &["mounts"]);
    let mounts = observed.mounts.map_err(|it| Error::new(it.to_string()))?;
    Ok(mounts
        .into_iter()
        .filter(|mount| !(without_cgroups && is_of_cgroups(mount)))
        .map(|mount| PathBuf::from(mount.at))
        .filter(|at| !at.starts_with(SYS))
        .filter(|at| paths.iter().any(|it| at.starts_with(it)))
        .collect())
}

/// Mounts an overlay over a directory of the host's, with the layers of that
/// number; `None` where the kernel
/// refuses one: over a directory that has mounts below it, in a user namespace;
/// over a file system that is itself an overlay over another.
fn cover(
    number: usize,
    (path, from): &(PathBuf, OwnedFd),
    layers: &Path,
    identity: Identity,
) -> Built<Option<Cover>> {
    let [upper, work] =
        ["upper", "work"].map(|it| layers.join(format!("{number}-{it}")));
    directory(&upper)?;
    directory(&work)?;
    let like = fs::metadata(name_of(from))
        .context(format_args!("stat {}", path.display()))
        .map_err(broken)?;
    // In a user namespace only the ids that it maps can be owners.
    let (uid, gid) = (Uid::from_raw(like.uid()), Gid::from_raw(like.gid()));
    let _ = chown(&upper, Some(uid), Some(gid));
    fs::set_permissions(&upper, like.permissions())
        .context(format_args!("chmod {}", upper.display()))
        .map_err(broken)?;
    let options = format!(
        "lowerdir={},upperdir={},workdir={}{}",
        name_of(from),
        upper.display(),
        work.display(),
        match identity {
            Identity::Root => "",
            // The layer's own notes in attributes that a user may write.
            Identity::User => ",userxattr",
        }
    );
    let kind = Some("overlay");
    let options = Some(options.as_str());
    if mount(kind, &at(path), kind, flags_of(from), options).is_err() {
        return Ok(None);
    }
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let upper = open(&upper, flags, Mode::empty())
        .context("open an upper layer")
        .map_err(broken)?;
    Ok(Some(Cover { at: path.to_owned(), upper }))
}

/// The flags that an overlay over a directory must have, so that the directory
/// allows no more in the sandbox than it does outside.
fn flags_of(from: &OwnedFd) -> MsFlags {
    let have = fstatvfs(from).map_or(FsFlags::empty(), |it| it.flags());
    let both = [
        (FsFlags::ST_RDONLY, MsFlags::MS_RDONLY),
        (FsFlags::ST_NOSUID, MsFlags::MS_NOSUID),
        (FsFlags::ST_NODEV, MsFlags::MS_NODEV),
        (FsFlags::ST_NOEXEC, MsFlags::MS_NOEXEC),
    ];
    both.into_iter()
        .filter(|(flag, _)| have.contains(*flag))
        .fold(MsFlags::empty(), |flags, (_, flag)| flags | flag)
}
