//! The launchers of other projects write no file of the host: they run to the
//! end, and are killed with nsteps at ten moments.
//!
//! They run in a mount namespace with an overlay over each directory that holds
//! files of the host. What they write to the host is in the upper layers
//! afterwards, and other processes of the machine write nothing there.

use crate::{layout, quietly, wait_for_all};
use ::launchers::adapter::find;
use harness::found::NEEDS_ROOT;
use harness::scenario::Identity;
use harness::timeout::{any_readable, deadline};
use kernel::pidfd_open;
use libtest_mimic::Failed;
use serde_json::Value;
use std::fs;
use std::io::Read;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// The program of a launcher, which has to be installed, and the launcher as an
/// argument of `nsteps diff`.
const LAUNCHERS: &[(&str, &str)] = &[
    ("env", "env"),
    ("unshare", "unshare --mount --pid --fork --net --ipc --uts"),
    ("chroot", "chroot /"),
    ("setpriv", "setpriv --no-new-privs"),
    ("bwrap", "bwrap: --unshare-all --dev-bind / / --proc /proc"),
    ("firejail", "firejail: --noprofile"),
    ("systemd-nspawn", "nspawn: --volatile=yes --directory=/"),
    ("runc", "runc:"),
    ("crun", "crun:"),
    ("youki", "youki:"),
    (
        "podman",
        "podman: --runtime=crun run --cgroups=disabled --network=none --rootfs \
         /srv",
    ),
    ("srt", "srt:"),
];

/// Puts nsteps and the upper layers on a tmpfs, then an overlay over each
/// directory.
const UPPER: &str = "
    mount -t tmpfs none /media && cp \"$1\" /media/nsteps || exit
    for dir in etc home opt root run srv tmp var; do
        [ -d /$dir ] || continue
        mkdir -p /media/$dir/upper /media/$dir/work
        layers=lowerdir=/$dir,upperdir=/media/$dir/upper,workdir=/media/$dir/work
        mount -t overlay -o \"$layers\" overlay /$dir || exit
    done
    echo ready
    exec cat";

/// A mount namespace that records every write to a file of the host. It ends
/// when it is dropped.
struct Watched {
    holder: Child,
}

impl Watched {
    fn new() -> Result<Watched, Failed> {
        let mut holder = Command::new("unshare")
            .args(["--mount", "--propagation", "private", "sh", "-c", UPPER])
            .arg("sh")
            .arg(layout()?.programs().join("bin/nsteps"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut ready = [0; 6];
        let stdout = holder.stdout.as_mut();
        if stdout.is_none_or(|it| it.read_exact(&mut ready).is_err()) {
            let output = holder.wait_with_output()?;
            let why = String::from_utf8_lossy(&output.stderr);
            return Err(format!("cannot watch the host: {why}").into());
        }
        Ok(Watched { holder })
    }

    /// Starts `nsteps diff` of these launchers in the namespace, and returns the
    /// process of nsteps.
    fn diff(&self, launchers: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command
            .arg(format!("--mount=/proc/{}/ns/mnt", self.holder.id()))
            .args(["/media/nsteps", "diff", "--json"])
            .args(launchers);
        quietly(&mut command);
        command
    }

    /// The files of the host that were written until now.
    fn written(&self) -> Vec<String> {
        let layers = format!("/proc/{}/root/media", self.holder.id());
        let mut paths = Vec::new();
        for dir in fs::read_dir(layers).into_iter().flatten().flatten() {
            let upper = dir.path().join("upper");
            let below = format!("/{}", dir.file_name().display());
            files(&upper, &below, &mut paths);
        }
        paths
    }

    /// Fails if something was written.
    fn is_untouched(&self) -> Result<(), Failed> {
        match self.written() {
            paths if paths.is_empty() => Ok(()),
            paths => Err(format!("written: {}", paths.join(" ")).into()),
        }
    }

    fn pid(&self) -> i32 {
        self.holder.id().cast_signed()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        // Its process ends at the end of its standard input.
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}

/// Adds the files below a directory, which is the host's `name`.
fn files(below: &Path, name: &str, paths: &mut Vec<String>) {
    for entry in fs::read_dir(below).into_iter().flatten().flatten() {
        let name = format!("{name}/{}", entry.file_name().display());
        if entry.file_type().is_ok_and(|it| it.is_dir()) {
            files(&entry.path(), &name, paths);
        }
        paths.push(name);
    }
}

/// Why the host's files cannot be watched here, if they cannot.
pub fn cannot_watch() -> Option<String> {
    if Identity::natural() == Identity::User {
        return Some(NEEDS_ROOT.to_owned());
    }
    let error = Watched::new().err()?;
    error.message().map(str::to_owned)
}

/// The launchers that are installed here.
fn here() -> Vec<&'static str> {
    let here = LAUNCHERS.iter().filter(|it| find(it.0).is_ok());
    here.map(|it| it.1).collect()
}

/// Each launcher that is installed here runs its payload, and writes no file of
/// the host.
pub fn run_to_the_end() -> Result<(), Failed> {
    let watched = Watched::new()?;
    let launchers = here();
    let output = watched
        .diff(&launchers)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let report: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{error}: {said}"))?;
    let columns = report["launchers"].as_array();
    let columns: Vec<_> = columns.into_iter().flatten().collect();
    if columns.len() != launchers.len() {
        return Err(format!("{} columns: {said}", columns.len()).into());
    }
    for it in columns {
        if let Some(why) = it["did_not_run"].as_str() {
            return Err(format!("{}: {why}", it["run"]).into());
        }
    }
    wait_for_all(deadline(), watched.pid());
    watched.is_untouched()
}

/// The number of moments at which a run is killed.
const MOMENTS: u32 = 10;

/// nsteps is killed while the launchers run, at moments that divide the time of
/// a whole run into equal parts: no process and no file of them is left.
pub fn killed() -> Result<(), Failed> {
    let watched = Watched::new()?;
    let launchers = here();
    let start = Instant::now();
    watched.diff(&launchers).status()?;
    let whole = start.elapsed();
    for moment in 1..=MOMENTS {
        let mut run = watched.diff(&launchers).spawn()?;
        let ended = pidfd_open(run.id().cast_signed())?;
        let until = Instant::now() + whole * moment / (MOMENTS + 1);
        any_readable(&[ended.as_fd()], until);
        run.kill()?;
        run.wait()?;
        let left = wait_for_all(deadline(), watched.pid());
        let about = format!("killed at {moment} of {} parts", MOMENTS + 1);
        if let Some(it) = left.first() {
            return Err(format!("{about}: {} is left", it.name()).into());
        }
        watched.is_untouched().map_err(|it| {
            format!("{about}: {}", it.message().unwrap_or_default())
        })?;
    }
    Ok(())
}
