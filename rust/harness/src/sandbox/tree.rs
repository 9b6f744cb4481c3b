//! The mount tree of a sandbox: a new root, so that the mount table is the same
//! on every machine.

use super::mounting::{
    Built, at, attach, bind, broken, c_string, directory, handle, mount_point,
    read_only,
};
use super::plan::{Plan, Tree, unavailable};
use super::whole::{Cover, Host};
use crate::error::{Context, Error, Result};
use crate::found::Refusal;
use crate::host::cgroups::{CGROUPS, is_of_cgroups};
use crate::host::chroot::{self, NEW_ROOT_AT};
use crate::host::{cgroup, embedded, rootfs};
use crate::paths::{
    MYTMP, NEWROOT, NO_SHEBANG, OBSERVED_PROC, PROBE, PROBE_IN_NEWROOT,
    PROGRAMS,
};
use crate::scenario::Mounts;
use nix::mount::{MntFlags, MsFlags, umount2};
use nix::unistd::pivot_root;
use std::fs;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// A path at which the source of `/newroot` is mounted for a moment: on the
/// host it may be anywhere.
const ROOTFS_SOURCE: &str = "/run/rootfs";

/// The directories of the host in the small tree. A symbolic link (merged /usr)
/// stays a link.
const SMALL: &[&str] = &["bin", "etc", "lib", "lib64", "sbin", "usr"];
/// The devices that a shell and a pipe need.
const DEVICES: &[&str] = &["full", "null", "random", "tty", "urandom", "zero"];

/// The parts of a tree that init keeps open as long as the sandbox exists.
#[derive(Debug)]
pub struct Mounted {
    /// Keeps the superblocks of procfs alive. A step may unmount them for every
    /// process, and the device number of a removed one is given to the next,
    /// which would then look the same.
    _pins: Vec<OwnedFd>,
    /// The directories in which what is written to directories of the host is
    /// stored.
    pub covers: Vec<Cover>,
    /// The file cgroup.procs of the cgroup that launchers are started in.
    launchers: Option<fs::File>,
}

impl Mounted {
    /// Moves the calling process to the cgroup that launchers are started in,
    /// if the sandbox has a cgroup of its own.
    ///
    /// # Errors
    ///
    /// Fails as a write to cgroup.procs does, see cgroups(7).
    pub fn enter_cgroup(&self) -> Result<()> {
        let Some(mut processes) = self.launchers.as_ref() else {
            return Ok(());
        };
        processes.write_all(b"0").context("enter the launcher's cgroup")
    }
}

/// Mounts the sandbox's own cgroup, in place of the host's cgroups of either
/// version.
fn mount_cgroups() -> Built<()> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    // Where the host has mounted cgroup2 there, mount(2) does not mount it once
    // more on top: EBUSY. So the host's is unmounted; in a user namespace it is
    // locked, and an empty file system between the two does as well.
    let host = probe::observe(&probe::Proc::at("/proc"), &["mounts"]).mounts;
    let top = at(CGROUPS);
    let is_there = host.is_ok_and(|mounts| {
        let mut on_top = mounts.iter().rev();
        on_top
            .find(|it| Path::new(&it.at) == top)
            .is_some_and(|it| it.fs_type == "cgroup2")
    });
    if is_there && umount2(&top, MntFlags::MNT_DETACH).is_err() {
        attach(Some("cgroups"), &top, Some("tmpfs"), flags)?;
    }
    attach(Some("cgroup2"), &top, Some("cgroup2"), flags)
}

/// Moves init out of the root of its cgroup namespace, and opens the cgroup
/// that launchers are started in.
fn arrange_cgroups() -> Result<fs::File> {
    let processes = |leaf| format!("{CGROUPS}/{leaf}/cgroup.procs");
    fs::write(processes(cgroup::INIT), "0").context("enter init's cgroup")?;
    fs::File::options()
        .write(true)
        .open(processes(cgroup::LAUNCHER))
        .context("open the launcher's cgroup")
}

/// Refuses a tree in which a cgroup file system is left, in a directory that
/// the kernel lets be bound only with what is mounted below it.
fn no_cgroups() -> Built<()> {
    let seen = probe::observe(&probe::Proc::at(OBSERVED_PROC), &["mounts"]);
    let mounts =
        seen.mounts.map_err(|it| broken(Error::new(it.to_string())))?;
    match mounts.iter().find(|it| is_of_cgroups(it)) {
        None => Ok(()),
        Some(mount) => Err(Refusal::Unavailable(format!(
            "--cgroups none: the mount of {} on {} cannot be left out here",
            mount.fs_type, mount.at
        ))),
    }
}

/// Builds the tree, makes it the root and gives it the scenario's propagation.
pub fn mount_all(plan: &Plan) -> Built<Mounted> {
    let sources = sources(plan)?;
    let host = match plan.tree {
        Tree::Small => None,
        Tree::Whole => Some(Host::open(plan)?),
    };
    let proc = match plan.has_callers_proc() {
        true => Some(handle("/proc".as_ref()).map_err(broken)?),
        false => None,
    };
    // In a chroot we would pivot below the root of our mount namespace. What we
    // need from the chroot is already open.
    chroot::leave().map_err(|errno| unavailable("setns", errno))?;
    let none = MsFlags::empty();
    attach(None, "/", None, MsFlags::MS_REC | MsFlags::MS_PRIVATE)?;
    attach(Some("sandbox"), NEW_ROOT_AT, Some("tmpfs"), none)?;
    fs::set_permissions(NEW_ROOT_AT, mode(0o755))
        .context("chmod the new root")
        .map_err(broken)?;

    directory(&at(NEWROOT))?;
    let covers = match host {
        None => Vec::new(),
        Some(host) => host.mount(plan.scenario.identity)?,
    };
    for source in &sources {
        source.bind_host()?;
    }
    for dir in [OBSERVED_PROC, MYTMP, "/proc", "/tmp"] {
        directory(&at(dir))?;
    }
    for path in ["/proc", OBSERVED_PROC] {
        match &proc {
            Some(callers) => bind(callers, &at(path))?,
            None => attach(Some("proc"), at(path), Some("proc"), none)?,
        }
    }
    if plan.shows_own_cgroup() {
        mount_cgroups()?;
    }

    nix::unistd::chdir(NEW_ROOT_AT).context("chdir").map_err(broken)?;
    // With the same directory twice, the old root is mounted over the new one,
    // and one detach removes it (pivot_root(2), NOTES).
    pivot_root(".", ".").map_err(|errno| unavailable("pivot_root", errno))?;
    umount2(".", MntFlags::MNT_DETACH)
        .context("detach the host's root")
        .map_err(broken)?;
    nix::unistd::chdir("/").context("chdir /").map_err(broken)?;
    same_mount(MYTMP, "/")?;
    if plan.hides_cgroups() {
        no_cgroups()?;
    }
    if plan.programs.is_empty() {
        put_probe().map_err(broken)?;
    }

    if let Some(rootfs) = &plan.rootfs {
        rootfs
            .from(Path::new(ROOTFS_SOURCE))
            .make(Path::new(NEWROOT))
            .map_err(broken)?;
        umount2(ROOTFS_SOURCE, MntFlags::MNT_DETACH)
            .context("detach the source of the new root")
            .map_err(broken)?;
        let probe = format!("{PROGRAMS}/bin/nsteps-probe");
        let inside = format!("{NEWROOT}{PROBE_IN_NEWROOT}");
        rootfs::put(probe.as_ref(), inside.as_ref()).map_err(broken)?;
    }
    fs::write(NO_SHEBANG, "echo run by a shell\n")
        .and_then(|()| fs::set_permissions(NO_SHEBANG, mode(0o755)))
        .context("write a script")
        .map_err(broken)?;
    let launchers = match plan.shows_own_cgroup() {
        true => Some(arrange_cgroups().map_err(broken)?),
        false => None,
    };
    let mut pins = match proc {
        Some(_) => Vec::new(),
        None => vec![pin("/proc")?],
    };
    pins.extend(arrange(plan.scenario.mounts)?);
    Ok(Mounted { _pins: pins, covers, launchers })
}

/// Writes the embedded probe to the path where the built one is otherwise.
fn put_probe() -> Result<()> {
    let probe = embedded::PROBE
        .ok_or_else(|| Error::new("no probe is embedded in this program"))?;
    fs::create_dir_all(format!("{PROGRAMS}/bin"))
        .and_then(|()| fs::write(PROBE, probe))
        .and_then(|()| fs::set_permissions(PROBE, mode(0o755)))
        .context(format_args!("write {PROBE}"))
}

/// Keeps the superblock of a mount, see [`Mounted`].
fn pin(path: &str) -> Built<OwnedFd> {
    kernel::open_tree_clone(&c_string(path.as_ref()))
        .map_err(|errno| unavailable("open_tree", errno))
}

/// Makes the mounts and the propagation of the scenario. Init's own procfs is
/// not included.
fn arrange(mounts: Mounts) -> Built<Vec<OwnedFd>> {
    let mut pins = Vec::new();
    if mounts == Mounts::ProcNested {
        // systemd leaves an autofs there and binfmt_misc on top of it. Which
        // file systems they are does not matter; that one covers the other
        // does.
        let nest = "/proc/sys/fs/binfmt_misc";
        for source in ["systemd-1", "binfmt_misc"] {
            attach(Some(source), nest, Some("tmpfs"), MsFlags::empty())?;
            pins.push(pin(nest)?);
        }
    }
    if mounts != Mounts::Private {
        attach(None, "/", None, MsFlags::MS_REC | MsFlags::MS_SHARED)?;
        attach(None, OBSERVED_PROC, None, MsFlags::MS_PRIVATE)?;
    }
    Ok(pins)
}

/// A file or directory of the host, opened before the new root covers its path.
enum Source {
    /// A directory or device to be bound at a path of the new root.
    Bind { from: OwnedFd, is_dir: bool, to: PathBuf },
    /// A symbolic link to be made again.
    Link { target: PathBuf, to: PathBuf },
}

fn sources(plan: &Plan) -> Built<Vec<Source>> {
    let mut sources = Vec::new();
    if plan.tree == Tree::Small {
        for name in SMALL {
            let path = Path::new("/").join(name);
            sources.extend(Source::of(&path, &path)?);
        }
        for device in DEVICES {
            let path = Path::new("/dev").join(device);
            sources.extend(Source::of(&path, &path)?);
        }
        for path in &plan.shown {
            sources.extend(Source::of(path, path)?);
        }
    }
    let mut needed = Vec::new();
    if !plan.programs.is_empty() {
        needed.push((Path::new(&plan.programs), PROGRAMS));
    }
    if let Some(rootfs) = &plan.rootfs {
        needed.push((rootfs.source(), ROOTFS_SOURCE));
    }
    for (from, to) in needed {
        let source = Source::of(from, to.as_ref())?.ok_or_else(|| {
            broken(Error::new(format!("{} is gone", from.display())))
        })?;
        sources.push(source);
    }
    Ok(sources)
}

impl Source {
    fn of(from: &Path, to: &Path) -> Built<Option<Source>> {
        let Ok(kind) = fs::symlink_metadata(from) else { return Ok(None) };
        let to = at(to);
        if kind.is_symlink() {
            let target =
                fs::read_link(from).context("read a link").map_err(broken)?;
            return Ok(Some(Source::Link { target, to }));
        }
        let from = handle(from).map_err(broken)?;
        Ok(Some(Source::Bind { from, is_dir: kind.is_dir(), to }))
    }

    fn bind_host(&self) -> Built<()> {
        let (from, is_dir, to) = match self {
            Source::Link { target, to } => {
                return symlink(target, to)
                    .context(format_args!("link {}", to.display()))
                    .map_err(broken);
            }
            Source::Bind { from, is_dir, to } => (from, *is_dir, to),
        };
        mount_point(to, is_dir)?;
        bind(from, to)?;
        // A read-only device can be written to, but its mode and owner cannot
        // be changed.
        read_only(to)
    }
}

fn mode(bits: u32) -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(bits)
}

/// Checks that the directory that the mount steps cover is on the root's mount:
/// only then the propagation of `/` decides whether their mount propagates.
fn same_mount(one: &str, other: &str) -> Built<()> {
    let ids =
        [one, other].map(|path| kernel::mount_id(&c_string(path.as_ref())));
    match ids {
        [Ok(one), Ok(other)] if one == other => Ok(()),
        [Ok(_), Ok(_)] => Err(Refusal::Broken(format!(
            "{one} is not on the mount of {other}"
        ))),
        [Err(errno), _] | [_, Err(errno)] => Err(unavailable("statx", errno)),
    }
}
