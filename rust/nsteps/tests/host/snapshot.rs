//! What a run could change of the host, noted as lines of text.

use crate::below_this_process;
use nix::unistd::gethostname;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What a run could change, one line for each thing.
#[derive(PartialEq, Eq)]
pub struct Host(BTreeSet<String>);

impl Host {
    /// The state of the host now.
    pub fn now() -> Host {
        let mut lines = BTreeSet::new();
        let name = gethostname().unwrap_or_default();
        lines.insert(format!("host name {}", name.display()));
        for (what, file) in [
            ("mount", "/proc/self/mountinfo"),
            ("queue", "/proc/sysvipc/msg"),
            ("shared memory", "/proc/sysvipc/shm"),
            ("semaphores", "/proc/sysvipc/sem"),
            ("link", "/proc/net/dev"),
        ] {
            let text = fs::read_to_string(file).unwrap_or_default();
            for line in text.lines() {
                // The counters of a link are not ours.
                let line = match what {
                    "link" => line.split(':').next().unwrap_or(line),
                    _ => line,
                };
                lines.insert(format!("{what} {}", line.trim()));
            }
        }
        for device in fs::read_dir("/dev").into_iter().flatten().flatten() {
            if let Ok(it) = device.metadata() {
                let (mode, uid, gid) = (it.mode(), it.uid(), it.gid());
                let path = device.path();
                let path = path.display();
                lines.insert(format!("device {path} {mode:o} {uid}:{gid}"));
            }
        }
        for cgroup in abandoned_cgroups() {
            lines.insert(format!("cgroup {}", cgroup.display()));
        }
        for it in below_this_process().iter().filter(|it| it.is_still_alive()) {
            lines.insert(format!("process {} {}", it.pid(), it.name()));
        }
        Host(lines)
    }

    /// The lines that are gone, and those that are new.
    pub fn differences(&self, after: &Host) -> Vec<String> {
        let gone = self.0.difference(&after.0).map(|it| format!("- {it}"));
        let new = after.0.difference(&self.0).map(|it| format!("+ {it}"));
        gone.chain(new).collect()
    }
}

/// The cgroups of runs that have ended, at any depth.
fn abandoned_cgroups() -> Vec<PathBuf> {
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    table
        .lines()
        .filter(|line| line.contains(" - cgroup"))
        .filter_map(|line| line.split(' ').nth(4))
        .flat_map(|at| directories(Path::new(at)))
        .filter(|dir| {
            let name = dir.file_name().map(|it| it.to_string_lossy());
            name.as_deref()
                .and_then(|name| name.strip_prefix("nsteps-"))
                // The cgroup of a trial: `nsteps-PID-NUMBER`.
                .and_then(|name| name.split('-').next())
                .is_some_and(|pid| !Path::new("/proc").join(pid).exists())
        })
        .collect()
}

/// The directories below a directory, without those that are removed while it
/// reads.
fn directories(below: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(below).into_iter().flatten().flatten();
    entries
        .filter(|it| it.file_type().is_ok_and(|it| it.is_dir()))
        .flat_map(|it| {
            let path = it.path();
            let more = directories(&path);
            std::iter::once(path).chain(more)
        })
        .collect()
}
