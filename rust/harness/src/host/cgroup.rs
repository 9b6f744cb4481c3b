//! A cgroup that is not the root of its hierarchy, for the step `cgroup`: in
//! the root cgroup the check would pass vacuously.
//!
//! Where the harness is in such a cgroup already, nothing is made.  Otherwise
//! one is, and a *cgroup cleaner* (`nsteps cleaner`) removes it when the harness ends,
//! however it ends.

use crate::error::{Context, Error, Result};
use crate::found::{Found, Refusal};
use crate::host::layout::Layout;
use crate::host::lease::{self, Lease};
use crate::timeout::{any_readable, deadline, within};
use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// A cgroup to start trials in.
#[derive(Debug)]
pub enum CgroupLease {
    /// The one the harness is in will do.
    Already,
    /// One of our own.
    Made(Made),
}

/// A cgroup of our own, and all that is made in it, until this is dropped.
#[derive(Debug)]
pub struct Made {
    /// Its directory, then those of the same name in other hierarchies.
    dirs: Vec<Dir>,
    /// The process that removes them, and holds them as this process does.
    cleaner: Child,
    leases: Vec<Lease>,
}

/// A directory of a hierarchy.
#[derive(Clone, Debug)]
struct Dir {
    /// As /proc/PID/cgroup names it: empty for version 2.
    hierarchy: String,
    path: PathBuf,
}

/// How one could be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// The harness's own will do.
    Already,
    /// By making this directory.
    Make(PathBuf),
}

impl CgroupLease {
    /// Looks for a way, and takes none.
    ///
    /// # Errors
    ///
    /// Fails if there is none, with the reason.
    pub fn find() -> Result<Way> {
        let own = fs::read_to_string("/proc/self/cgroup")
            .context("read /proc/self/cgroup")?;
        let paths: Vec<(&str, &str)> = own
            .lines()
            .filter_map(|line| {
                let (_, rest) = line.split_once(':')?;
                rest.split_once(':')
            })
            .collect();
        let is_root = |controllers: &str| {
            paths
                .iter()
                .any(|(name, path)| *name == controllers && *path == "/")
        };
        let mounts =
            probe::observe(&probe::Proc::at("/proc"), &["mounts"]).mounts;
        let mounts = mounts.map_err(|it| Error::new(it.to_string()))?;
        // Version 2 first, by its type: it may be mounted anywhere.  Of
        // version 1 those that need no settings before a process may enter.
        let hierarchies = mounts.iter().filter_map(|mount| {
            let name = match mount.fs_type.as_str() {
                "cgroup2" => "",
                "cgroup" => {
                    ["name=systemd", "pids", "freezer"].into_iter().find(
                        |it| mount.super_options.split(',').any(|o| o == *it),
                    )?
                }
                _ => return None,
            };
            (mount.root == "/").then(|| (name, PathBuf::from(&mount.at)))
        });
        let mut hierarchies: Vec<_> = hierarchies.collect();
        hierarchies.sort_by_key(|(name, _)| !name.is_empty());
        for (name, at) in &hierarchies {
            if is_root(name) && writable(at) {
                return Ok(Way::Make(at.join(lease::name())));
            }
        }
        if paths.iter().any(|(_, path)| *path != "/") {
            return Ok(Way::Already);
        }
        Err(Error::new(format!(
            "every cgroup here is the root of its hierarchy, and none may be \
             made: {}",
            remedy()
        )))
    }

    /// Takes one.
    ///
    /// # Errors
    ///
    /// Fails if there is none, with the reason.
    pub fn take(layout: &Layout) -> Result<CgroupLease> {
        let dir = match CgroupLease::find()? {
            Way::Already => return Ok(CgroupLease::Already),
            Way::Make(dir) => dir,
        };
        Made::at(dir, layout).map(CgroupLease::Made)
    }

    /// Moves a process there.
    ///
    /// # Errors
    ///
    /// Fails if the process cannot be moved.
    pub fn enter(&self, pid: u32) -> Result<()> {
        match self {
            CgroupLease::Already => Ok(()),
            CgroupLease::Made(made) => made.enter(pid),
        }
    }
}

/// Where init is, in a cgroup of the trial's own.
pub const INIT: &str = "init";
/// Where the launcher is started, in a cgroup of the trial's own.
pub const LAUNCHER: &str = "launcher";
/// What there is in a cgroup of the trial's own before a launcher is started.
const LEAVES: [&str; 2] = [INIT, LAUNCHER];

impl Made {
    /// Makes one for a trial, below the harness's own cgroup of version 2, with
    /// the `LEAVES` in it; and one in each hierarchy of version 1 that takes
    /// any process. What a launcher makes is made in there.
    ///
    /// # Errors
    ///
    /// Fails where there is no such cgroup, or none may be made in it.
    pub fn for_a_trial(layout: &Layout) -> Result<Made> {
        let name = lease::name();
        let own = own_directories()?;
        let below = |dir: &Dir| Dir {
            hierarchy: dir.hierarchy.clone(),
            path: dir.path.join(&name),
        };
        let made = Made::all(own.iter().map(below).collect(), layout)?;
        for leaf in LEAVES {
            let dir = made.directory().join(leaf);
            fs::create_dir(&dir)
                .context(format_args!("make {}", dir.display()))?;
        }
        Ok(made)
    }

    /// Makes one in which others can be made that are limited by a controller
    /// such as `pids`, of whichever version has that controller here.
    ///
    /// # Errors
    ///
    /// Fails where no cgroup with that controller may be made.
    pub fn limited_by(controller: &str, layout: &Layout) -> Result<Made> {
        let name = lease::name();
        let own = directories()?;
        let dir = own.into_iter().find_map(|it| it.passing_on(controller));
        let Some(Dir { hierarchy, path }) = dir else {
            return Err(Error::new(format!(
                "no cgroup with the controller {controller} may be made here: \
                 {}",
                remedy()
            )));
        };
        let path = path.join(name);
        let is_unified = hierarchy.is_empty();
        let made = Made::all(vec![Dir { hierarchy, path }], layout)?;
        if is_unified {
            let control = made.directory().join("cgroup.subtree_control");
            fs::write(&control, format!("+{controller}"))
                .context(format_args!("write {}", control.display()))?;
        }
        Ok(made)
    }

    /// The same for a sandbox whose processes are ended with their cgroup.
    ///
    /// # Errors
    ///
    /// It is unavailable where no such cgroup can be made, or where the kernel
    /// cannot end the processes of one.
    pub fn to_be_killed(layout: &Layout) -> Found<Made> {
        let why = |why: String| {
            Refusal::Unavailable(format!(
                "--pid-namespace no: the processes of the sandbox are ended \
                 with their cgroup: {why}"
            ))
        };
        let made = Made::for_a_trial(layout).map_err(|it| why(it.message))?;
        match made.directory().join(KILL).exists() {
            true => Ok(made),
            false => Err(why(format!(
                "{KILL} is missing: it takes Linux 5.14 or a later one"
            ))),
        }
    }

    /// Makes this directory of version 2 a cgroup of our own.
    ///
    /// # Errors
    ///
    /// Fails if it cannot be made.
    pub fn at(path: PathBuf, layout: &Layout) -> Result<Made> {
        let hierarchy = String::new();
        Made::all(vec![Dir { hierarchy, path }], layout)
    }

    fn all(dirs: Vec<Dir>, layout: &Layout) -> Result<Made> {
        // The cleaner makes them too, so that there is no moment at which one
        // exists and no process would remove it.
        let mut cleaner = Command::new(layout.command()?)
            .arg("cleaner")
            .args(dirs.iter().map(|dir| &dir.path))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .context("start the cleaner")?;
        let mut said = [0];
        let mut ready = cleaner.stdout.take().expect("it is piped");
        if ready.read(&mut said).unwrap_or(0) == 0 {
            let _ = cleaner.wait();
            let dir = dirs[0].path.display();
            return Err(Error::new(format!("cannot make {dir}")));
        }
        let mut made = Made { dirs, cleaner, leases: Vec::new() };
        // The cleaner may be killed before this process.
        for dir in &made.dirs {
            made.leases.extend(lease::hold(&dir.path)?);
        }
        Ok(made)
    }

    /// Sends SIGKILL to all processes in it and below it.
    ///
    /// # Errors
    ///
    /// Fails if the kernel cannot do that.
    pub fn kill(&self) -> Result<()> {
        kill(self.directory())
    }

    /// The first directory, which is of version 2 where there is one.
    pub fn directory(&self) -> &Path {
        &self.dirs[0].path
    }

    /// Moves a process there.
    ///
    /// # Errors
    ///
    /// Fails if the process cannot be moved.
    pub fn enter(&self, pid: u32) -> Result<()> {
        self.dirs.iter().try_for_each(|dir| move_to(&dir.path, pid))
    }

    /// Moves a process out of the way of what a launcher does: a cgroup that
    /// holds processes passes no controllers on.
    ///
    /// # Errors
    ///
    /// Fails if the process cannot be moved.
    pub fn put_aside(&self, pid: u32) -> Result<()> {
        move_to(&self.directory().join(INIT), pid)
    }

    /// The cgroups below it that are not its `LEAVES`, as paths from it, with
    /// the name of the hierarchy before those of version 1.
    pub fn cgroups(&self) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        for dir in &self.dirs {
            let mut found = Vec::new();
            below(&dir.path, &mut found);
            let paths =
                found.iter().filter_map(|it| it.strip_prefix(&dir.path).ok());
            for path in paths {
                if !LEAVES.iter().any(|it| path == Path::new(it)) {
                    let hierarchy = match dir.hierarchy.as_str() {
                        "" => "",
                        name => &format!("{name}:"),
                    };
                    all.insert(format!("{hierarchy}/{}", path.display()));
                }
            }
        }
        all
    }
}

/// The file that ends all processes of a cgroup of version 2, from Linux 5.14
/// on (cgroups(7)).
const KILL: &str = "cgroup.kill";

fn kill(dir: &Path) -> Result<()> {
    let file = dir.join(KILL);
    fs::write(&file, "1").context(format_args!("write {}", file.display()))
}

fn move_to(dir: &Path, pid: u32) -> Result<()> {
    let procs = dir.join("cgroup.procs");
    fs::write(&procs, pid.to_string())
        .context(format_args!("write {}", procs.display()))
}

impl Drop for Made {
    fn drop(&mut self) {
        drop(self.cleaner.stdin.take());
        let ended = self.cleaner.wait();
        // If the cleaner was killed, they are still there.
        if !ended.is_ok_and(|it| it.success()) {
            let _ = remove_all(self.dirs.iter().map(|dir| &*dir.path));
        }
    }
}

impl Dir {
    /// This directory, or of version 2 the first one above it, if a cgroup that
    /// is made there has that controller.
    fn passing_on(self, controller: &str) -> Option<Dir> {
        if !self.hierarchy.is_empty() {
            let is_here = self.hierarchy.split(',').any(|it| it == controller);
            return is_here.then_some(self);
        }
        let passes = |dir: &&Path| {
            let file = dir.join("cgroup.subtree_control");
            let passed = fs::read_to_string(file).unwrap_or_default();
            writable(dir)
                && passed.split_whitespace().any(|it| it == controller)
        };
        let path = self.path.ancestors().find(passes)?.to_owned();
        Some(Dir { path, ..self })
    }
}

/// The directories of the harness's own cgroups in which others can be made, as
/// [`directories`] has them, if there is one of version 2.
fn own_directories() -> Result<Vec<Dir>> {
    let dirs = directories()?;
    match dirs.first() {
        Some(first) if first.hierarchy.is_empty() => Ok(dirs),
        _ => Err(Error::new(format!(
            "no cgroup of version 2 may be made here: {}",
            remedy()
        ))),
    }
}

/// The directories of the harness's own cgroups in which others can be made:
/// of version 2 first, then of the hierarchies of version 1.
fn directories() -> Result<Vec<Dir>> {
    let own = fs::read_to_string("/proc/self/cgroup")
        .context("read /proc/self/cgroup")?;
    let mounts = probe::observe(&probe::Proc::at("/proc"), &["mounts"]).mounts;
    let mounts = mounts.map_err(|it| Error::new(it.to_string()))?;
    let has = |mount: &probe::Mount, hierarchy: &str| match hierarchy {
        "" => mount.fs_type == "cgroup2",
        // Processes enter a cpuset only after it has been set up.
        name if name.contains("cpuset") => false,
        name => {
            let mut options = mount.super_options.split(',');
            mount.fs_type == "cgroup"
                && name.split(',').all(|it| options.any(|o| o == it))
        }
    };
    let mut dirs: Vec<Dir> = own
        .lines()
        .filter_map(|line| {
            let mut fields = line.splitn(3, ':').skip(1);
            let (hierarchy, path) = (fields.next()?, fields.next()?);
            let path = mounts
                .iter()
                .filter(|mount| has(mount, hierarchy))
                .filter_map(|mount| {
                    let below =
                        Path::new(path).strip_prefix(&mount.root).ok()?;
                    Some(Path::new(&mount.at).join(below))
                })
                .find(|dir| writable(dir))?;
            Some(Dir { hierarchy: hierarchy.to_owned(), path })
        })
        .collect();
    dirs.sort_by_key(|dir| !dir.hierarchy.is_empty());
    Ok(dirs)
}

/// What lets an ordinary user make a cgroup: this command, started by systemd in
/// a cgroup that is delegated to the user.
fn remedy() -> String {
    let own = std::env::args_os().map(|it| it.to_string_lossy().into_owned());
    let own = shell_words::join(own);
    format!(
        "run it as root, or in a delegated cgroup: systemd-run --user --scope \
         -p Delegate=yes {own}"
    )
}

/// Every cgroup below a directory, the inner ones first.
fn below(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|it| it.is_dir()) {
            below(&entry.path(), found);
            found.push(entry.path());
        }
    }
}

/// Whether a directory can be made there.
fn writable(dir: &Path) -> bool {
    nix::unistd::access(dir, nix::unistd::AccessFlags::W_OK).is_ok()
        && fs::metadata(dir.join("cgroup.procs")).is_ok()
}

/// The cleaner: makes the cgroups, waits until the harness hangs up, and
/// removes them with all that was made in them.  It has a process group of its
/// own, so that Ctrl-C reaches it only through the harness; it ends once the
/// cgroups are gone.
///
/// # Errors
///
/// Fails if a cgroup cannot be made or removed.
pub fn cleaner(dirs: &[PathBuf]) -> Result<()> {
    let mut leases = Vec::new();
    for (index, dir) in dirs.iter().enumerate() {
        if let Some(parent) = dir.parent() {
            lease::sweep(parent, remove_empty);
        }
        match lease::make(dir, remove_empty) {
            Ok(lease) => leases.push(lease),
            Err(error) => {
                remove_all(dirs[..index].iter().map(PathBuf::as_path))?;
                return Err(error);
            }
        }
    }
    // Harness, stdout: one byte says that they are there.
    use std::io::Write;
    let _ = std::io::stdout().write_all(b".");
    let _ = std::io::stdout().flush();
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    remove_all(dirs.iter().map(PathBuf::as_path))
}

/// Removes a cgroup and all below it, if no process is in them.
fn remove_empty(dir: &Path) -> std::io::Result<()> {
    let mut all = Vec::new();
    below(dir, &mut all);
    all.push(dir.to_owned());
    all.iter().try_for_each(fs::remove_dir)
}

/// Removes cgroups and all below them, and ends what is in them.  Where a
/// sandbox has a pid namespace, its processes are being killed already; the last
/// of them may still be dying.
fn remove_all<'a>(dirs: impl Iterator<Item = &'a Path>) -> Result<()> {
    let until = deadline();
    let mut all = Vec::new();
    for dir in dirs.filter(|dir| dir.exists()) {
        // Version 1, and version 2 before Linux 5.14, lack the file.
        let _ = kill(dir);
        below(dir, &mut all);
        // Those that were made here, also if the directory cannot be read.
        let known = LEAVES.iter().map(|it| dir.join(it));
        all.extend(known.filter(|it| it.exists()));
        all.push(dir.to_owned());
    }
    for dir in &all {
        while let Err(error) = fs::remove_dir(dir) {
            if error.kind() == std::io::ErrorKind::NotFound {
                break;
            }
            if !one_leaves(dir, until) {
                let what = format!(
                    "the processes in {} did not end {}: remove it",
                    dir.display(),
                    within()
                );
                return Err(error).context(what);
            }
        }
    }
    Ok(())
}

/// Waits until a process of the cgroup ends; `false` where none does in time.
/// A process that has ended is not at once out of its cgroup.
fn one_leaves(dir: &Path, until: Instant) -> bool {
    let pids = fs::read_to_string(dir.join("cgroup.procs")).unwrap_or_default();
    let pidfds: nix::Result<Vec<OwnedFd>> = pids
        .lines()
        .filter_map(|pid| pid.parse().ok())
        .map(kernel::pidfd_open)
        .collect();
    match pidfds {
        Ok(pidfds) if !pidfds.is_empty() => {
            let fds: Vec<_> = pidfds.iter().map(AsFd::as_fd).collect();
            any_readable(&fds, until)
        }
        _ => {
            std::thread::yield_now();
            Instant::now() < until
        }
    }
}
