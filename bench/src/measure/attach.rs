//! Makes the cgroup that children are moved to or born in. It is in a hierarchy
//! of version 2, and the sandboxes see it.

use crate::measure::place::said;
use harness::error::{Context, Error, Result};
use harness::host::cgroup::Made;
use harness::host::layout::Layout;
use harness::paths::NEWROOT;
use harness::sandbox::Sandbox;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

/// The group of rows that need such a cgroup.
pub const GROUP: &str = "attach";

/// Returns whether the row of that name needs such a cgroup.
pub fn needs_it(row: &str) -> bool {
    row.split('/').next() == Some(GROUP)
}

/// Makes a cgroup and mounts it in the sandboxes at `NEWROOT/attach`. It is
/// removed when the returned lease is dropped, and when this process is killed.
///
/// # Errors
///
/// Fails if this machine allows no such cgroup, with the reason.
pub fn set_up<'a>(
    layout: &Layout,
    sandboxes: impl IntoIterator<Item = &'a mut Sandbox>,
) -> Result<Made> {
    let dir = place()?;
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    let lease = Made::at(dir.clone(), layout)?;
    for sandbox in sandboxes {
        let show = "mkdir -p /run/attach &&
            mount -t cgroup2 cgroup2 /run/attach &&
            found=$(find /run/attach -type d -name \"$0\") &&
            [ -n \"$found\" ] && ln -s \"$found\" $1/attach";
        said(sandbox, &["sh", "-c", show, &name, NEWROOT])
            .context("show a cgroup to a sandbox")?;
    }
    Ok(lease)
}

/// The directory in which a cgroup can be made: the cgroup of this process.
fn place() -> Result<PathBuf> {
    let own = fs::read_to_string("/proc/self/cgroup")
        .context("read /proc/self/cgroup")?;
    let own = own.lines().find_map(|line| line.strip_prefix("0::/"));
    let own = own.ok_or_else(|| {
        Error::new("this machine does not use cgroup2: mount it first")
    })?;
    let mounts = probe::observe(&probe::Proc::at("/proc"), &["mounts"]).mounts;
    let mounts = mounts.map_err(|it| Error::new(it.to_string()))?;
    let at = mounts
        .iter()
        .find(|it| it.fs_type == "cgroup2" && it.root == "/")
        .ok_or_else(|| Error::new("cgroup2 is mounted nowhere here"))?;
    static TURN: AtomicUsize = AtomicUsize::new(1);
    let (pid, turn) = (std::process::id(), TURN.fetch_add(1, Relaxed));
    let name = format!("nsteps-bench-{pid}-{turn}");
    Ok(Path::new(&at.at).join(own).join(name))
}
