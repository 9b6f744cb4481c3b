//! A run that is killed with all its processes at once, so that none is left to
//! clean up: the next run removes what it has left.

use crate::availability::unavailable;
use crate::{Found, Tried, program};
use harness::descendants::descendants;
use harness::found::NEEDS_ROOT;
use harness::host::cgroup::Made;
use harness::host::layout::Layout;
use harness::timeout::{any_readable, deadline};
use libtest_mimic::{Completion, Failed};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

pub const TRIALS: &[Tried] = &[
    ("what_a_killed_session_leaves_the_next_run_removes", session),
    ("a_killed_cleaner_leaves_nothing", cleaner),
];

/// A run in a session of its own, whose launcher has started.
struct Started {
    run: Child,
    /// Has a line for each launcher that has been started.
    started: File,
    _scratch: tempfile::TempDir,
}

fn start() -> Result<Started, Failed> {
    let scratch = tempfile::tempdir()?;
    fs::set_permissions(scratch.path(), Permissions::from_mode(0o755))?;
    let fifo = scratch.path().join("started");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU)?;
    let nonblock = nix::fcntl::OFlag::O_NONBLOCK.bits();
    let started =
        File::options().read(true).custom_flags(nonblock).open(&fifo)?;
    let dir = scratch.path().display().to_string();
    let script = "echo >\"$1\"; exec sleep 1000";
    let run = Command::new("setsid")
        .arg(program()?)
        .args(["observe", "--write", &dir, "--", "sh", "-c", script, "sh"])
        .arg(&fifo)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let in_time = any_readable(&[started.as_fd()], deadline());
    let started = Started { run, started, _scratch: scratch };
    match in_time {
        true => Ok(started),
        false => Err("the launcher was not started in time".into()),
    }
}

impl Started {
    fn pid(&self) -> i32 {
        self.run.id().cast_signed()
    }

    /// The processes of its session.
    fn session(&self) -> Vec<i32> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        entries
            .filter_map(|it| it.file_name().to_str()?.parse().ok())
            .filter(|pid| {
                let path = format!("/proc/{pid}/stat");
                let text = fs::read_to_string(path).unwrap_or_default();
                let rest = text.rsplit(") ").next().unwrap_or_default();
                rest.split(' ').nth(3) == Some(&self.pid().to_string())
            })
            .collect()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        for pid in self.session() {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
        let _ = self.run.wait();
    }
}

/// The cgroups that a run with this pid has made and that are there.
fn left(pid: i32) -> BTreeSet<PathBuf> {
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let mut found = BTreeSet::new();
    let mut below: Vec<PathBuf> = table
        .lines()
        .filter(|line| line.contains(" - cgroup"))
        .filter_map(|line| line.split(' ').nth(4))
        .map(PathBuf::from)
        .collect();
    while let Some(dir) = below.pop() {
        let entries = fs::read_dir(&dir).into_iter().flatten().flatten();
        for entry in entries {
            if entry.file_type().is_ok_and(|it| it.is_dir()) {
                let name = entry.file_name();
                let ours = format!("nsteps-{pid}-");
                if name.to_string_lossy().starts_with(&ours) {
                    found.insert(entry.path());
                }
                below.push(entry.path());
            }
        }
    }
    found
}

/// Why no cgroup can be made here, so that none can be left.
fn without_cgroups() -> Result<Option<String>, Failed> {
    let layout = Layout::find().map_err(|it| it.message)?;
    let is_root = nix::unistd::geteuid().is_root();
    let why = Made::for_a_trial(&layout).err().map(|it| it.message);
    Ok(why.map(|why| match is_root {
        true => why,
        false => format!("{NEEDS_ROOT}: {why}"),
    }))
}

fn session() -> Found {
    if let Some(why) = without_cgroups()? {
        return unavailable(&why);
    }
    let killed = start()?;
    let pid = killed.pid();
    let living = start()?;
    let kept = left(living.pid());
    if left(pid).is_empty() || kept.is_empty() {
        return Err("a run has made no cgroup".into());
    }
    // From here on any other run may remove what it leaves.
    drop(killed);
    // The last processes of a cgroup may still be dying when a run begins.
    let until = deadline();
    while !left(pid).is_empty() && Instant::now() < until {
        let output = Command::new(program()?)
            .args(["observe", "--", "env"])
            .stdin(Stdio::null())
            .output()?;
        if !output.status.success() {
            return Err(format!("{output:?}").into());
        }
    }
    if !left(pid).is_empty() {
        return Err(format!("{:?} are left", left(pid)).into());
    }
    match left(living.pid()) == kept {
        true => Ok(Completion::Completed),
        false => Err(format!("{kept:?} belong to a living run").into()),
    }
}

/// The processes that remove the cgroups are killed, and the run ends by itself.
fn cleaner() -> Found {
    if let Some(why) = without_cgroups()? {
        return unavailable(&why);
    }
    let mut run = start()?;
    let pid = run.pid();
    let is_cleaner = |pid: &&i32| {
        let line = fs::read(format!("/proc/{pid}/cmdline"));
        let line = line.unwrap_or_default();
        line.split(|byte| *byte == 0).nth(1) == Some(b"cleaner")
    };
    for cleaner in run.session().iter().filter(is_cleaner) {
        kill(Pid::from_raw(*cleaner), Signal::SIGKILL)?;
    }
    let process = kernel::pidfd_open(pid)?;
    // The launcher is observed twice; each time it ends with its sleep.
    while run.run.try_wait()?.is_none() {
        for process in descendants(pid) {
            let path = format!("/proc/{}/comm", process.pid());
            let name = fs::read_to_string(path).unwrap_or_default();
            if name.trim() == "sleep" {
                let _ = kill(Pid::from_raw(process.pid()), Signal::SIGKILL);
            }
        }
        let mut line = [0; 16];
        let _ = (&run.started).read(&mut line);
        let waited_for = [run.started.as_fd(), process.as_fd()];
        if !any_readable(&waited_for, deadline()) {
            return Err("the run did not go on".into());
        }
    }
    match left(pid).is_empty() {
        true => Ok(Completion::Completed),
        false => Err(format!("{:?} are left", left(pid)).into()),
    }
}
