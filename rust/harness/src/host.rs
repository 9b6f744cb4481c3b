//! What this machine provides for trials, found once.

pub mod cgroup;
pub mod cgroups;
pub mod chroot;
pub mod embedded;
pub mod layout;
pub mod lease;
pub mod leave_chroot;
pub mod machine;
pub mod owner;
pub mod pids;
pub mod program;
pub mod remedy;
pub mod rootfs;

use crate::error::{Error, Result};
use crate::host::cgroup::CgroupLease;
use crate::host::layout::Layout;
use crate::host::rootfs::Rootfs;
use crate::{timeout, workers};
use std::fs;
use std::path::Path;

/// A missing part is not an error: the trials that need it are unavailable, for
/// the reason kept here.
#[derive(Debug)]
pub struct Equipment {
    /// The directories of the project's programs, sources and pages.
    pub layout: Layout,
    /// The root filesystem that steps pivot into.
    pub rootfs: Result<Rootfs>,
    /// The cgroup in which the step `cgroup` starts.
    pub cgroup: Result<CgroupLease>,
}

impl Equipment {
    /// Looks for all parts; `rootfs` is the directory that the user wants to
    /// pivot into.
    ///
    /// # Errors
    ///
    /// Fails if there is no repository, or if a path or variable that the user
    /// has set cannot be used.
    pub fn gather(rootfs: Option<&Path>) -> Result<Equipment> {
        // The repository is found by the path of the program, which /proc has.
        require_own_proc()?;
        Equipment::with(Layout::find()?, rootfs)
    }

    /// Looks for what launchers need that are not steps: no repository, if the
    /// probe is embedded.
    ///
    /// # Errors
    ///
    /// Fails as [`gather`](Self::gather) does.
    pub fn for_launchers() -> Result<Equipment> {
        require_own_proc()?;
        let layout =
            Layout::find().or_else(|error| Layout::alone().ok_or(error))?;
        Equipment::with(layout, None)
    }

    fn with(layout: Layout, rootfs: Option<&Path>) -> Result<Equipment> {
        workers::make_room()?;
        timeout::check()?;
        let rootfs = match rootfs {
            Some(dir) => Ok(Rootfs::directory(dir)?),
            None => Rootfs::busybox(&layout),
        };
        let cgroup = CgroupLease::take(&layout);
        Ok(Equipment { layout, rootfs, cgroup })
    }
}

/// Checks that /proc shows the processes of our own pid namespace. Every
/// reading of a process begins with its pid.
///
/// # Errors
///
/// Fails if there is no procfs on /proc, or if it belongs to another pid
/// namespace.
pub fn require_own_proc() -> Result<()> {
    if fs::symlink_metadata("/proc/self").is_err() {
        return Err(Error::new(
            "nothing can be observed without procfs: mount it on /proc",
        ));
    }
    let own = std::process::id().to_string();
    // If the namespace of /proc is not above ours, the link has no target.
    match fs::read_link("/proc/self") {
        Ok(pid) if pid.as_os_str() == own.as_str() => Ok(()),
        shown => Err(Error::new(format!(
            "/proc is that of another pid namespace: it shows this process as \
             {}, and the pid of this process is {own}; mount another \
             (unshare --pid --fork --mount-proc, or mount -t proc proc /proc)",
            shown.map_or("none".to_owned(), |it| it.display().to_string())
        ))),
    }
}
