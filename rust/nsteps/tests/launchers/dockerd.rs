//! A daemon of Docker's for a test: in namespaces of its own, with its data in a
//! directory of its own, so that it is not the host's and leaves nothing there.

use harness::descendants::descendants;
use harness::host::layout::Layout;
use harness::timeout::{timeout, within};
use libtest_mimic::Failed;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;
use tempfile::TempDir;

/// What the daemon is started with: its own /run, /etc/docker and loopback
/// interface; no bridge and no packet filter, which the kernel may not have.
const SCRIPT: &str = "mount --make-rprivate / && mount -t tmpfs run /run && \
    mount -t tmpfs etc /etc/docker && ip link set lo up && exec dockerd \
    --data-root \"$1/data\" --exec-root /run/docker --pidfile /run/docker.pid \
    -H \"unix://$1/docker.sock\" --storage-driver vfs --iptables=false \
    --ip6tables=false --bridge=none";

/// A running daemon, which ends on drop.
pub struct Dockerd {
    unshare: Child,
    dir: TempDir,
    cgroups: BTreeSet<PathBuf>,
}

impl Dockerd {
    /// Starts one; the inner error is what it said when it ended instead.
    pub fn start() -> Result<Result<Dockerd, String>, Failed> {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let cgroups = cgroups();
        let mut unshare = Command::new("unshare")
            .args(["--mount", "--net", "--pid", "--fork", "--mount-proc"])
            .args(["--kill-child", "sh", "-c", SCRIPT, "sh"])
            .arg(dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let lines = lines(&mut unshare);
        let daemon = Dockerd { unshare, dir, cgroups };
        let until = Instant::now() + timeout();
        let mut last = String::new();
        while !last.contains("API listen on") {
            let left = until.saturating_duration_since(Instant::now());
            match lines.recv_timeout(left) {
                Ok(line) => last = line,
                Err(_) => {
                    return Ok(Err(format!("{last} ({})", within())));
                }
            }
        }
        Ok(Ok(daemon))
    }

    fn client(&self, program: &Path) -> Command {
        let socket = self.dir.path().join("docker.sock");
        let mut command = Command::new(program);
        command
            .env("DOCKER_HOST", format!("unix://{}", socket.display()))
            .stdin(Stdio::null());
        command
    }

    /// Makes an image of a directory.
    pub fn import(&self, root: &Path, name: &str) -> Result<(), Failed> {
        let archive = self.dir.path().join("image.tar");
        let tar = Command::new("tar")
            .args(["-C".as_ref(), root.as_os_str(), "-c".as_ref()])
            .arg(".")
            .stdout(File::create(&archive)?)
            .status()?;
        let output = self
            .client("docker".as_ref())
            .args(["import".as_ref(), archive.as_os_str(), name.as_ref()])
            .output()?;
        match tar.success() && output.status.success() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&output.stderr).into()),
        }
    }

    /// The ids of all containers.
    pub fn containers(&self) -> Result<String, Failed> {
        let mut client = self.client("docker".as_ref());
        let output = client.args(["ps", "--all", "--quiet"]).output()?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Runs `nsteps diff`, and gives its report.
    pub fn diff(
        &self,
        launchers: &[&str],
        options: &[&str],
    ) -> Result<Value, Failed> {
        let layout = Layout::find().map_err(|it| it.message)?;
        let output = self
            .client(&layout.programs().join("bin/nsteps"))
            .args(["diff", "--json"])
            .args(options)
            .args(launchers)
            .output()?;
        serde_json::from_slice(&output.stdout).map_err(|error| {
            let said = String::from_utf8_lossy(&output.stderr);
            format!("{error}: {said}").into()
        })
    }
}

/// The lines that it writes, until it ends.
fn lines(of: &mut Child) -> Receiver<String> {
    let (sender, receiver) = channel();
    let stderr = of.stderr.take().map(BufReader::new);
    std::thread::spawn(move || {
        for line in stderr.into_iter().flat_map(BufRead::lines).flatten() {
            // It goes on to be read: a full pipe would stop the daemon.
            let _ = sender.send(line);
        }
    });
    receiver
}

impl Drop for Dockerd {
    fn drop(&mut self) {
        let own = self.unshare.id().cast_signed();
        // The daemon is the only child; with it, its pid namespace ends.
        let daemon = descendants(own).iter().map(|it| it.pid()).nth(1);
        if let Some(daemon) = daemon {
            let _ = kill(Pid::from_raw(daemon), Signal::SIGTERM);
        } else {
            let _ = self.unshare.kill();
        }
        let _ = self.unshare.wait();
        for made in cgroups().difference(&self.cgroups) {
            let _ = fs::remove_dir(made);
        }
    }
}

/// The cgroups that Docker makes in each hierarchy and never removes.
fn cgroups() -> BTreeSet<PathBuf> {
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    table
        .lines()
        .filter(|line| line.contains(" - cgroup"))
        .filter_map(|line| line.split(' ').nth(4))
        .map(|at| Path::new(at).join("docker"))
        .filter(|it| it.exists())
        .collect()
}
