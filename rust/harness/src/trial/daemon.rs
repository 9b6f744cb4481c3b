//! A trial of a launcher whose payload is the child of a daemon: no sandbox can
//! hold it.
//!
//! The probe and a socket are bound into what the daemon starts. The probe
//! connects to the socket, and the kernel tells the harness which process has
//! done so (`SO_PEERCRED`, unix(7)): so it finds a payload that is not below it.
//! The process stays as long as the harness keeps the connection, so that its
//! pid names no other one.

use super::{Observed, Place, around, launched, made, outside, streams};
use crate::error::{Context, Error, Result};
use crate::host::embedded;
use crate::host::layout::Layout;
use crate::host::lease::{self, Lease};
use crate::paths::{MYTMP, SEARCHED};
use crate::sandbox::devices;
use crate::sandbox::listen::{self, LineRead, Output, inode, read_to_end};
use crate::timeout::{self, LATE, any_readable, grace, timeout_of_daemon};
use nix::sys::socket::{getsockopt, sockopt};
use probe::Observation;
use procfs::process::Process;
use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Instant;

/// What is bound into a container: a directory of the host's with the probe and
/// the socket. It is removed on drop.
#[derive(Debug)]
pub struct Bound {
    dir: PathBuf,
    listener: UnixListener,
    _lease: Lease,
}

impl Bound {
    /// Makes the directory.
    ///
    /// # Errors
    ///
    /// Fails if the probe is not built, or if the directory for temporary files
    /// cannot be written to.
    pub fn new(layout: &Layout) -> Result<Bound> {
        let below = std::env::temp_dir();
        let remove = |dir: &std::path::Path| fs::remove_dir_all(dir);
        lease::sweep(&below, remove);
        let dir = below.join(lease::name());
        // Only this process can have made it, and others may not write to it.
        let lease = lease::make(&dir, remove)?;
        let made = Bound::fill(&dir, layout);
        match made {
            Ok(listener) => Ok(Bound { dir, listener, _lease: lease }),
            Err(error) => {
                let _ = fs::remove_dir_all(&dir);
                Err(error)
            }
        }
    }

    fn fill(dir: &std::path::Path, layout: &Layout) -> Result<UnixListener> {
        let set = |path: &PathBuf, mode| {
            fs::set_permissions(path, Permissions::from_mode(mode))
                .context(format_args!("chmod {}", path.display()))
        };
        let (probe, socket) = (dir.join(PROBE), dir.join(SOCKET));
        match embedded::PROBE {
            Some(bytes) => fs::write(&probe, bytes),
            None => fs::copy(layout.probe(), &probe).map(drop),
        }
        .context(format_args!("write {}", probe.display()))?;
        set(&probe, 0o755)?;
        let listener = UnixListener::bind(&socket)
            .context(format_args!("listen at {}", socket.display()))?;
        // The payload may be any user.
        set(&socket, 0o666)?;
        Ok(listener)
    }

    /// The probe on the host.
    pub fn probe(&self) -> PathBuf {
        self.dir.join(PROBE)
    }

    /// The socket on the host.
    pub fn socket(&self) -> PathBuf {
        self.dir.join(SOCKET)
    }
}

/// The names in the directory. The probe is taken out of an effect by its name.
const PROBE: &str = "nsteps-probe";
const SOCKET: &str = ".nsteps-answer";

impl Drop for Bound {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// A payload that has connected and is held.
struct Held {
    pid: i32,
    payload: Observation,
    connection: Output,
}

/// Looks at the bare probe on the host, then at the payload of the command line
/// `argv`, in which the probe gets these arguments and connects to the socket
/// where that is bound.
///
/// # Errors
///
/// Fails if the bare probe or the launcher cannot be started, or if the bare
/// probe gives no observation.
pub fn look(
    bound: &Bound,
    at: &str,
    argv: impl Fn(&[String]) -> Vec<String>,
) -> Result<Observed> {
    let baseline = baseline(bound)?;
    let words = argv(&arguments(at));
    let program = words.first().map_or("", String::as_str);
    let mut command = Command::new(program);
    command.args(words.iter().skip(1));
    let mut started =
        Started::new(&mut command).context(format_args!("start {program}"))?;
    let mut observed = Observed { place: Place::Host, ..Observed::default() };
    let mut left = None;
    match started.answer(bound) {
        Err(why) => observed.did_not_answer = Some(why.message),
        Ok(Held { pid, payload, connection }) => {
            let own = std::process::id().cast_signed();
            observed.effect = probe::effect(&baseline, &launched(&payload));
            streams(&mut observed.effect, &payload, &started.streams);
            observed.made = made(&baseline, &payload);
            let view = outside::view_of(pid, own, &payload);
            observed.outside = view.read;
            observed.disagreements = view.disagreements;
            outside::moved(own, pid, &mut observed.effect)?;
            around::enter_on_host(own, pid, &mut observed.effect);
            observed.payload = Some(payload);
            left = kernel::pidfd_open(pid).ok();
            drop(connection);
        }
    }
    let exit = started.finish();
    observed.effect.change("exit", exit);
    observed.said = started.said();
    let until = Instant::now() + grace();
    if left.is_some_and(|it| !any_readable(&[it.as_fd()], until)) {
        observed.effect.change("residue.processes", "1 more");
    }
    Ok(observed)
}

/// What the probe is told.
fn arguments(socket: &str) -> Vec<String> {
    ["--json", "--connect", socket, "--hold", "--deep"]
        .map(str::to_owned)
        .to_vec()
}

/// What the bare probe says on the host, with the environment and in the state
/// that it has in a sandbox.
fn baseline(bound: &Bound) -> Result<Observation> {
    let mut command = Command::new(bound.probe());
    command
        .args(arguments(&bound.socket().display().to_string()))
        .env_clear()
        .envs([("HOME", "/"), ("LANG", "C"), ("MYTMP", MYTMP)])
        .env("PATH", SEARCHED);
    kernel::start_plainly(&mut command);
    // A fork of another thread may have the copy of the probe open for writing,
    // until it executes its own program: so long no process can execute it.
    let until = Instant::now() + grace();
    let started = loop {
        match Started::new(&mut command) {
            Err(error)
                if error.kind() == ErrorKind::ExecutableFileBusy
                    && Instant::now() < until =>
            {
                thread::yield_now();
            }
            started => break started,
        }
    };
    let mut started = started.context("start the bare probe on the host")?;
    let held = started.answer(bound);
    let payload = held.map(|it| it.payload);
    let payload = payload.map(|mut it| {
        // A container that has a device which no sandbox has shall show that.
        it.readings.retain(|key, _| {
            key.strip_prefix("dev.").is_none_or(devices::may_have)
        });
        it
    });
    started.finish();
    payload.map_err(|error| {
        let said = started.said();
        Error::new(format!("the bare probe: {error} {}", said.trim()))
    })
}

/// A command on the host, whose output is read until its end.
struct Started {
    child: Child,
    streams: [Option<u64>; 3],
    readers: Vec<JoinHandle<Vec<u8>>>,
}

impl Started {
    fn new(command: &mut Command) -> std::io::Result<Started> {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn()?;
        // Both ends of a pipe have one inode.
        let number =
            |it: Option<OwnedFd>| it.map(|it| (inode(&it).ok(), it)).unzip();
        let (input, stdin) = number(child.stdin.take().map(OwnedFd::from));
        let (output, stdout) = number(child.stdout.take().map(OwnedFd::from));
        let (error, stderr) = number(child.stderr.take().map(OwnedFd::from));
        // The end of standard input ends no payload: it holds on its socket.
        drop(stdin);
        let until = Instant::now() + timeout_of_daemon();
        let readers = [stdout, stderr]
            .into_iter()
            .flatten()
            .map(|it| {
                let mut output = Output::from(it);
                thread::Builder::new()
                    .spawn(move || read_to_end(&mut output, until))
            })
            .collect::<std::io::Result<_>>();
        let readers = match readers {
            Ok(readers) => readers,
            Err(error) => {
                if child.kill().is_ok() {
                    let _ = child.wait();
                }
                return Err(error);
            }
        };
        let streams = [input, output, error].map(Option::flatten);
        Ok(Started { child, streams, readers })
    }

    /// Waits until the payload has connected and answered, or the command has
    /// ended without one.
    fn answer(&mut self, bound: &Bound) -> Result<Held> {
        let until = Instant::now() + timeout_of_daemon();
        let pid = self.child.id().cast_signed();
        let process = kernel::pidfd_open(pid).context("open the launcher")?;
        let listener = bound.listener.as_fd();
        if !any_readable(&[listener, process.as_fd()], until) {
            let why = "the probe did not answer";
            let within = timeout::within_this(timeout_of_daemon());
            return Err(Error::new(format!("{why} {within}")));
        }
        if !any_readable(&[listener], Instant::now()) {
            return Err(Error::new("the launcher did not run the probe"));
        }
        let (connection, _) =
            bound.listener.accept().context("accept the payload")?;
        let peer = getsockopt(&connection, sockopt::PeerCredentials)
            .context("getsockopt SO_PEERCRED")?;
        let mut connection = Output::from(OwnedFd::from(connection));
        let line = match listen::read_line(&mut connection, until) {
            LineRead::Line(line) => line,
            LineRead::End(_) | LineRead::Late(_) => {
                return Err(Error::new("the payload did not answer whole"));
            }
        };
        let payload: Observation = serde_json::from_slice(&line)
            .context("parse what the payload answered")?;
        let pid = peer.pid();
        is_that_of(pid, &payload)?;
        Ok(Held { pid, payload, connection })
    }

    /// Waits for the end of the command, and ends it where that does not come;
    /// how it has ended.
    fn finish(&mut self) -> String {
        let until = Instant::now() + timeout_of_daemon();
        let pidfd = kernel::pidfd_open(self.child.id().cast_signed());
        let ended = pidfd.is_ok_and(|it| any_readable(&[it.as_fd()], until));
        if !ended && self.child.kill().is_err() {
            // It would be waited for without end.
            return LATE.to_owned();
        }
        match self.child.wait() {
            _ if !ended => LATE.to_owned(),
            Ok(status) => {
                let signal = status.signal().map(|it| 128 + it);
                let status = status.code().or(signal);
                status.map_or_else(|| LATE.to_owned(), |it| it.to_string())
            }
            Err(error) => format!("unread: wait: {error}"),
        }
    }

    /// What it wrote to standard error.
    fn said(&mut self) -> String {
        let last = self.readers.pop().map(JoinHandle::join);
        let text = last.and_then(std::result::Result::ok).unwrap_or_default();
        String::from_utf8_lossy(&text).into_owned()
    }
}

/// Makes sure that the process that has connected is the one that says what it
/// sees: it has that pid in that pid namespace.
fn is_that_of(pid: i32, payload: &Observation) -> Result<()> {
    if pid == 0 {
        return Err(Error::new(
            "the payload is not in the pid namespace of nsteps, nor below it: \
             run nsteps where the daemon runs",
        ));
    }
    let status = Process::new(pid)
        .and_then(|it| it.status())
        .context(format_args!("read /proc/{pid}/status"))?;
    let innermost = status.nspid.and_then(|it| it.last().copied());
    let says = payload.value("processes.pid");
    match innermost.map(|it| it.to_string()).as_deref() == says {
        true => Ok(()),
        false => Err(Error::new(format!(
            "process {pid} has connected, and what answered calls itself {}",
            says.unwrap_or("nothing")
        ))),
    }
}
