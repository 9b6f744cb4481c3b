//! The daemon that keeps namespaces for its clients, and the process that
//! removes its socket.

use crate::warm::meeting::{self, Given, Identity};
use crate::warm::wait::{self, Kind};
use crate::warm::{launch, privilege};
use harness::error::{Context, Error, Result};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nsteps_spawn::{Child, Command, Networks};
use std::ffi::OsString;
use std::io::{PipeWriter, Read, Write, pipe};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

/// What a daemon serves, and where its clients find it.
#[derive(Clone, Copy, Debug)]
pub struct Offer<'a> {
    /// The path of its socket.
    pub socket: &'a Path,
    /// The directory that is the root of payloads; `/` if there is none.
    pub root: Option<&'a Path>,
    /// How many network namespaces are in stock.
    pub stock: usize,
}

/// Serves until SIGTERM, SIGINT or SIGHUP. A line on standard output says when
/// clients may come.
///
/// # Errors
///
/// Fails if the socket or a namespace cannot be made.
pub fn serve(offer: Offer<'_>) -> Result<u8> {
    // Before there is a thread, so that none of them gets these signals.
    let ends = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP];
    let ends = SigSet::from_iter(ends);
    ends.thread_block().context("block signals")?;
    let end = SignalFd::with_flags(&ends, SfdFlags::SFD_CLOEXEC)
        .context("make a descriptor of signals")?;
    privilege::become_root()?;
    let user = privilege::own()?;
    // The directory of this process may be another one when it is removed.
    let socket = std::path::absolute(offer.socket)
        .context(format_args!("find {}", offer.socket.display()))?;
    let root = offer.root.map(std::path::absolute).transpose();
    let root = root.context("find the root")?;
    let template = launch::template(root.as_deref())?;
    let networks = Networks::new(offer.stock).map_err(launch::failed)?;
    let (listener, identity) = meeting::open(&socket)?;
    let sweeper = Sweeper::start(&socket, identity)?;
    let said = std::io::stdout().write_all(format!("{READY}\n").as_bytes());
    said.context("write to standard output")?;
    let served = loop {
        let mut fds = [
            PollFd::new(end.as_fd(), PollFlags::POLLIN),
            PollFd::new(listener.as_fd(), PollFlags::POLLIN),
        ];
        match poll(&mut fds, PollTimeout::NONE) {
            Err(Errno::EINTR) => continue,
            Err(errno) => break Err(errno).context("wait for clients"),
            Ok(_) => {}
        }
        if fds[0].any().unwrap_or(true) {
            break Ok(0);
        }
        match meeting::accept(&listener) {
            Ok(None) => {}
            Ok(Some(client)) => {
                let network = meeting::require_own_user(client.as_fd())
                    .and_then(|()| networks.take().map_err(launch::failed));
                let given = match &network {
                    Ok(network) => Ok(Given {
                        template: template.as_fd(),
                        network: network.as_fd(),
                        user: user.as_fd(),
                    }),
                    Err(error) => Err(error.clone()),
                };
                // A client that has gone needs no answer.
                let _ = meeting::answer(&client, root.as_deref(), given);
            }
            Err(error) => break Err(error),
        }
    };
    drop(listener);
    sweeper.sweep();
    served
}

/// What a daemon says when clients may come.
const READY: &str = "ready";

/// Runs a command while a daemon serves, and ends as the command does.
///
/// # Errors
///
/// Fails if the daemon does not serve, or as a launch does.
pub fn serve_for(offer: Offer<'_>, words: &[OsString]) -> Result<u8> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(Error::new("a command is missing"));
    };
    let mut daemon = Daemon::start(offer)?;
    let command = Command::new(program)
        .args(arguments)
        .parent_death_signal(Signal::SIGKILL as i32);
    let command = launch::inherit_signals(command)?;
    let signals = wait::Signals::block()?;
    let watched =
        command.spawn().map_err(launch::failed).and_then(|mut child| {
            wait::watch(&mut child, &signals, Kind::Ordinary)
        });
    daemon.end()?;
    wait::end_as(watched?)
}

/// A daemon that this process has started. It ends with this process.
struct Daemon(Child);

impl Daemon {
    fn start(offer: Offer<'_>) -> Result<Daemon> {
        let (mut ready, output) = pipe().context("make a pipe")?;
        let command = Command::new(own_program()?)
            .args(["warm".as_ref(), "--serve".as_ref(), offer.socket])
            .args(["--stock", &offer.stock.to_string()]);
        let command = match offer.root {
            Some(root) => command.args(["--root".as_ref(), root]),
            None => command,
        };
        let child = command
            .stdout(&output)
            // A signal of the terminal is for the command alone.
            .process_group(0)
            .default_signals()
            .parent_death_signal(Signal::SIGTERM as i32)
            .spawn()
            .map_err(launch::failed)?;
        drop(output);
        let mut daemon = Daemon(child);
        // It says one line, or ends.
        let mut said = vec![0; READY.len() + 1];
        if ready.read_exact(&mut said).is_ok() {
            return Ok(daemon);
        }
        daemon.0.wait().context("wait for the daemon")?;
        Err(Error::new("the daemon has ended before it served"))
    }

    fn end(&mut self) -> Result<()> {
        // It may have ended.
        let _ = self.0.signal(Signal::SIGTERM as i32);
        self.0.wait().context("wait for the daemon").map(drop)
    }
}

/// The file of this program.
fn own_program() -> Result<PathBuf> {
    std::env::current_exe().context("find the program nsteps")
}

/// The process that removes the socket when the daemon has ended, however.
struct Sweeper {
    child: Child,
    /// It is closed by the kernel if this process is killed.
    pipe: PipeWriter,
}

impl Sweeper {
    fn start(socket: &Path, identity: Identity) -> Result<Sweeper> {
        let started = start_sweeper(socket, identity);
        if started.is_err() {
            meeting::remove(socket, identity);
        }
        started
    }

    fn sweep(mut self) {
        drop(self.pipe);
        // It is no child of another part, and it ends now.
        let _ = self.child.wait();
    }
}

fn start_sweeper(socket: &Path, identity: Identity) -> Result<Sweeper> {
    let (reader, pipe) = pipe().context("make a pipe")?;
    let null = std::fs::File::open("/dev/null").context("open /dev/null")?;
    let child = Command::new(own_program()?)
        .args(["sweeper".as_ref(), socket])
        .args([identity.device.to_string(), identity.inode.to_string()])
        .stdin(&reader)
        // It outlives a killed daemon for a moment, and keeps no pipe open.
        .stdout(&null)
        .close_other_fds()
        // No signal of a terminal reaches it.
        .session()
        .default_signals()
        .spawn()
        .map_err(launch::failed)?;
    Ok(Sweeper { child, pipe })
}

/// Waits until the daemon has ended, then removes its socket.
pub fn sweeper(socket: &Path, identity: Identity) {
    // The end of the pipe is all there is to read.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    meeting::remove(socket, identity);
}

/// What a daemon gives a client, ready for a launch: enters its user namespace.
///
/// # Errors
///
/// Fails if there is no daemon, or if it belongs to another user.
pub fn visit(socket: &Path) -> Result<(Option<PathBuf>, launch::Made)> {
    let (root, Given { template, network, user }) = meeting::ask(socket)?;
    privilege::enter(user)?;
    let network = network_of(network)?;
    let template = template.try_into().map_err(launch::failed)?;
    Ok((root, launch::Made { template, network }))
}

fn network_of(file: OwnedFd) -> Result<OwnedFd> {
    use nsteps_spawn::Namespace;
    match Namespace::of(&file) {
        Ok(Namespace::NET) => Ok(file),
        _ => Err(Error::new("the daemon has sent no network namespace")),
    }
}
