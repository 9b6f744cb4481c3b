//! The mount tree of a sandbox: a root of its own, so that its mount table is
//! the same on every machine.

use super::plan::{Plan, Tree, unavailable};
use crate::error::{Context, Error, Result};
use crate::found::Refusal;
use crate::host::chroot::{self, NEW_ROOT_AT};
use crate::host::{cgroup, rootfs};
use crate::paths::{
    MYTMP, NEWROOT, NO_SHEBANG, OBSERVED_PROC, PROBE_IN_NEWROOT, PROGRAMS,
};
use crate::scenario::{Identity, Mounts};
use nix::fcntl::{OFlag, open};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::stat::Mode;
use nix::unistd::pivot_root;
use std::ffi::CString;
use std::fs;
use std::io::Write;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// Where that of which the new root is made can be seen for a moment: it may
/// lie anywhere on the host.
const ROOTFS_SOURCE: &str = "/run/rootfs";

/// What of the host the small tree holds.  A symbolic link (merged /usr) stays
/// one.
const SMALL: &[&str] = &["bin", "etc", "lib", "lib64", "sbin", "usr"];
/// Devices a shell and a pipe want.
const DEVICES: &[&str] = &["full", "null", "random", "tty", "urandom", "zero"];

/// What of a tree init keeps open as long as the sandbox lives.
#[derive(Debug)]
pub struct Mounted {
    /// What keeps the superblocks of procfs alive: a step may unmount them for
    /// every process, and the device number of a dead one is given to the next,
    /// which then looks the same.
    _pins: Vec<OwnedFd>,
    /// Where what is written to a directory of the host's goes.
    pub covers: Vec<Cover>,
    /// The list of processes of the cgroup that launchers are started in.
    launchers: Option<fs::File>,
}

impl Mounted {
    /// Moves the calling process to the cgroup that launchers are started in,
    /// where the sandbox has a cgroup of its own.
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

/// Where version 2 of the cgroups is mounted.
const CGROUPS: &str = "/sys/fs/cgroup";

/// Mounts the sandbox's own cgroup, in place of the host's cgroups of either
/// version.
fn mount_cgroups() -> std::result::Result<(), Refusal> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    attach(Some("cgroup2"), at(CGROUPS), Some("cgroup2"), flags)
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

/// A directory of the host's that the sandbox may write to: an overlay, whose
/// upper layer is the complete list of what was written.
#[derive(Debug)]
pub struct Cover {
    /// The path of the directory, on the host and in the sandbox.
    pub at: &'static str,
    /// The upper layer of the overlay, an open directory.
    pub upper: OwnedFd,
}

/// Builds the tree, makes it the root and gives it the scenario's propagation.
pub fn mount_all(plan: &Plan) -> std::result::Result<Mounted, Refusal> {
    let sources = sources(plan)?;
    let covered = match plan.tree {
        Tree::Small => Vec::new(),
        Tree::Whole => covered()?,
    };
    // In a chroot we would pivot below the root of our mount namespace; what we
    // need of the chroot is open already.
    chroot::leave().map_err(|errno| unavailable("setns", errno))?;
    let none = MsFlags::empty();
    attach(None, "/", None, MsFlags::MS_REC | MsFlags::MS_PRIVATE)?;
    attach(Some("sandbox"), NEW_ROOT_AT, Some("tmpfs"), none)?;
    fs::set_permissions(NEW_ROOT_AT, mode(0o755))
        .context("chmod the new root")
        .map_err(broken)?;

    for source in &sources {
        source.bind_host(plan.tree)?;
    }
    directory(&at(NEWROOT))?;
    let covers = cover(&covered, plan.scenario.identity)?;
    for dir in [OBSERVED_PROC, MYTMP, "/proc", "/tmp"] {
        directory(&at(dir))?;
    }
    attach(Some("proc"), at("/proc"), Some("proc"), none)?;
    attach(Some("proc"), at(OBSERVED_PROC), Some("proc"), none)?;
    if plan.own_cgroup {
        mount_cgroups()?;
    }

    nix::unistd::chdir(NEW_ROOT_AT).context("chdir").map_err(broken)?;
    // Both names the same: the old root ends up mounted over the new one, and
    // goes with one detach (pivot_root(2), NOTES).
    pivot_root(".", ".").map_err(|errno| unavailable("pivot_root", errno))?;
    umount2(".", MntFlags::MNT_DETACH)
        .context("detach the host's root")
        .map_err(broken)?;
    nix::unistd::chdir("/").context("chdir /").map_err(broken)?;
    same_mount(MYTMP, "/")?;

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
    let launchers = match plan.own_cgroup {
        true => Some(arrange_cgroups().map_err(broken)?),
        false => None,
    };
    let pins = arrange(plan.scenario.mounts)?;
    Ok(Mounted { _pins: pins, covers, launchers })
}

/// The directories of the host's that launchers write to, and in which they
/// look for what the user has made. /run is the sandbox's own: systemd-nspawn
/// does not start where it is on anything but a tmpfs.
const COVERED: &[&str] = &["/tmp"];

/// Opens those of [`COVERED`] that are there.
fn covered() -> std::result::Result<Vec<(&'static str, OwnedFd)>, Refusal> {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    COVERED
        .iter()
        .filter(|dir| Path::new(dir).is_dir())
        .map(|dir| {
            open(*dir, flags, Mode::empty())
                .map(|from| (*dir, from))
                .context(format_args!("open {dir}"))
                .map_err(broken)
        })
        .collect()
}

/// Mounts an overlay over each directory, its upper layer in a tmpfs that is
/// mounted nowhere afterwards.
///
/// Where the kernel refuses one (in a user namespace, over a directory that
/// has mounts below it) the directory is bound read-only.
fn cover(
    covered: &[(&'static str, OwnedFd)],
    identity: Identity,
) -> std::result::Result<Vec<Cover>, Refusal> {
    if covered.is_empty() {
        return Ok(Vec::new());
    }
    let layers = at(NEWROOT);
    let nodev = MsFlags::MS_NODEV;
    attach(Some("layers"), &layers, Some("tmpfs"), nodev)?;
    let mut covers = Vec::new();
    for (dir, from) in covered {
        let to = at(dir);
        directory(&to)?;
        let [upper, work] = ["upper", "work"]
            .map(|it| layers.join(it).join(dir.trim_start_matches('/')));
        directory(&upper)?;
        directory(&work)?;
        let like =
            fs::metadata(dir_of(from)).context("stat").map_err(broken)?;
        fs::set_permissions(&upper, like.permissions())
            .context(format_args!("chmod {}", upper.display()))
            .map_err(broken)?;
        let options = format!(
            "lowerdir={},upperdir={},workdir={}{}",
            dir_of(from),
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
        let flags = MsFlags::empty();
        match mount(kind, &to, kind, flags, options) {
            Ok(()) => covers.push(Cover {
                at: dir,
                upper: open(
                    &upper,
                    OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC,
                    Mode::empty(),
                )
                .context("open an upper layer")
                .map_err(broken)?,
            }),
            Err(_) => {
                let flags = MsFlags::MS_BIND | MsFlags::MS_REC;
                attach(Some(&dir_of(from)), &to, None, flags)?;
                kernel::read_only(&c_string(&to)).map_err(|errno| {
                    unavailable(&format!("mount_setattr {dir}"), errno)
                })?;
            }
        }
    }
    umount2(&layers, MntFlags::MNT_DETACH)
        .context("detach the upper layers")
        .map_err(broken)?;
    Ok(covers)
}

/// The way to an open directory whose name may be covered.
fn dir_of(fd: &OwnedFd) -> String {
    format!("/proc/self/fd/{}", fd.as_raw_fd())
}

/// The mounts and the propagation of the scenario; init's own procfs stays
/// out of it.
fn arrange(mounts: Mounts) -> std::result::Result<Vec<OwnedFd>, Refusal> {
    let pin = |path: &str| {
        kernel::open_tree_clone(&c_string(path.as_ref()))
            .map_err(|errno| unavailable("open_tree", errno))
    };
    let mut pins = vec![pin("/proc")?];
    if mounts == Mounts::ProcNested {
        // systemd leaves an autofs there and binfmt_misc on top of it; what
        // they are made of does not matter, that they are stacked does.
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

/// Something of the host's, opened before the new root covers the way to it.
enum Source {
    /// A directory or device to be bound at a path of the new root.
    Bind { from: OwnedFd, is_dir: bool, to: PathBuf },
    /// A symbolic link to be made again.
    Link { target: PathBuf, to: PathBuf },
}

fn sources(plan: &Plan) -> std::result::Result<Vec<Source>, Refusal> {
    let mut sources = Vec::new();
    let names: Vec<String> = match plan.tree {
        Tree::Small => SMALL.iter().map(|name| (*name).to_owned()).collect(),
        Tree::Whole => whole()?,
    };
    for name in names {
        let from = Path::new("/").join(&name);
        if let Some(source) = Source::of(&from, &from)? {
            sources.push(source);
        }
    }
    if plan.tree == Tree::Small {
        for device in DEVICES {
            let path = Path::new("/dev").join(device);
            sources.extend(Source::of(&path, &path)?);
        }
    }
    let mut needed = vec![(Path::new(&plan.programs), PROGRAMS)];
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

/// Every name in the host's root but those the sandbox has its own of.
fn whole() -> std::result::Result<Vec<String>, Refusal> {
    let own = ["mytmp", "newroot", "nsteps", "proc", "run", "tmp"];
    let entries = fs::read_dir("/").context("read /").map_err(broken)?;
    Ok(entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| !own.contains(&name.as_str()))
        .collect())
}

impl Source {
    fn of(
        from: &Path,
        to: &Path,
    ) -> std::result::Result<Option<Source>, Refusal> {
        let Ok(kind) = fs::symlink_metadata(from) else { return Ok(None) };
        let to = at(&to.to_string_lossy());
        if kind.is_symlink() {
            let target =
                fs::read_link(from).context("read a link").map_err(broken)?;
            return Ok(Some(Source::Link { target, to }));
        }
        let from = open(from, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty())
            .context(format_args!("open {}", from.display()))
            .map_err(broken)?;
        Ok(Some(Source::Bind { from, is_dir: kind.is_dir(), to }))
    }

    fn bind_host(&self, tree: Tree) -> std::result::Result<(), Refusal> {
        let (from, is_dir, to) = match self {
            Source::Link { target, to } => {
                return symlink(target, to)
                    .context(format_args!("link {}", to.display()))
                    .map_err(broken);
            }
            Source::Bind { from, is_dir, to } => (from, *is_dir, to),
        };
        if let Some(parent) = to.parent() {
            directory(parent)?;
        }
        if is_dir {
            directory(to)?;
        } else {
            fs::File::create(to)
                .context(format_args!("make {}", to.display()))
                .map_err(broken)?;
        }
        // By the descriptor: the way to its name may be covered, and a
        // directory that may not be entered can still be bound.
        let from = dir_of(from);
        // Recursive: in a user namespace a mount must not be uncovered.
        attach(Some(&from), to, None, MsFlags::MS_BIND | MsFlags::MS_REC)?;
        if is_dir && tree == Tree::Small {
            let what = format!("mount_setattr {}", to.display());
            kernel::read_only(&c_string(to))
                .map_err(|errno| unavailable(&what, errno))?;
        }
        Ok(())
    }
}

/// One mount(2), its error in our words.
fn attach(
    source: Option<&str>,
    at: impl AsRef<Path>,
    kind: Option<&str>,
    flags: MsFlags,
) -> std::result::Result<(), Refusal> {
    let at = at.as_ref();
    mount(source, at, kind, flags, None::<&str>).map_err(|errno| {
        let what = kind.or(source).unwrap_or("propagation");
        unavailable(&format!("mount {what} on {}", at.display()), errno)
    })
}

/// A path of the new root while it is still below [`NEW_ROOT_AT`].
fn at(path: &str) -> PathBuf {
    PathBuf::from(format!("{NEW_ROOT_AT}{path}"))
}

fn directory(path: &Path) -> std::result::Result<(), Refusal> {
    fs::create_dir_all(path)
        .context(format_args!("make {}", path.display()))
        .map_err(broken)
}

fn mode(bits: u32) -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(bits)
}

fn c_string(path: &Path) -> CString {
    use std::os::unix::ffi::OsStrExt;
    CString::new(path.as_os_str().as_bytes()).unwrap_or_default()
}

fn broken(error: Error) -> Refusal {
    Refusal::Broken(error.message)
}

/// The directory the mount steps cover must lie on the root's mount: only
/// then does the propagation of `/` decide what becomes of it.
fn same_mount(one: &str, other: &str) -> std::result::Result<(), Refusal> {
    let ids =
        [one, other].map(|path| kernel::mount_id(&c_string(path.as_ref())));
    match ids {
        [Ok(one), Ok(other)] if one == other => Ok(()),
        [Ok(_), Ok(_)] => Err(Refusal::Broken(format!(
            "{one} does not lie on the mount of {other}"
        ))),
        [Err(errno), _] | [_, Err(errno)] => Err(unavailable("statx", errno)),
    }
}
