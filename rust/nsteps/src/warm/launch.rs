//! One launch, cold or of parts that were made before.

use crate::warm::wait::{self, Kind};
use harness::error::{Context, Error, Result};
use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal};
use nsteps_spawn::{Action, Command, Mount, Namespace, Networks, Template};
use std::ffi::OsString;
use std::fs;
use std::os::fd::OwnedFd;
use std::path::Path;

/// The exit status if the launch fails, as that of env(1).
pub const OWN_FAILURE: u8 = 125;
const NOT_EXECUTABLE: u8 = 126;
const NOT_FOUND: u8 = 127;

/// The root and the command line of a payload.
#[derive(Clone, Copy, Debug)]
pub struct Payload<'a> {
    /// The directory that is its root; `/` with all mounts if there is none.
    pub root: Option<&'a Path>,
    /// The program and its arguments; a shell if there is none.
    pub words: &'a [OsString],
}

/// Whether what takes the kernel long is made in the launch.
#[derive(Debug)]
pub enum Parts {
    /// In the launch.
    Cold,
    /// Before.
    Warm(Made),
}

/// What was made before a launch.
#[derive(Debug)]
pub struct Made {
    /// The mount namespace that holds the root.
    pub template: Template,
    /// A network namespace, for this launch alone.
    pub network: OwnedFd,
}

/// Makes in this process what a launch needs.
///
/// # Errors
///
/// Fails if a namespace cannot be made, or if the root is no directory.
pub fn make(root: Option<&Path>) -> Result<Made> {
    let template = template(root)?;
    let networks = Networks::new(1).map_err(failed)?;
    Ok(Made { template, network: networks.take().map_err(failed)? })
}

/// Makes the mount namespace for a root.
///
/// # Errors
///
/// Fails as [`make`] does.
pub fn template(root: Option<&Path>) -> Result<Template> {
    Template::new(root.unwrap_or(Path::new("/"))).map_err(failed)
}

/// Launches, waits, and ends as the payload did: returns its exit status, or is
/// ended by the signal that ended it.
///
/// # Errors
///
/// Fails with 125 if an action failed, with 126 or 127 if the program could not
/// be executed or is not there.
pub fn run(payload: Payload<'_>, parts: Parts) -> Result<u8> {
    let shell = [OsString::from("sh")];
    let words = if payload.words.is_empty() { &shell } else { payload.words };
    let Some((program, arguments)) = words.split_first() else {
        return Err(Error::new("a command is missing"));
    };
    let kinds = Namespace::all().without(Namespace::USER | Namespace::TIME);
    let command = Command::new(program)
        .args(arguments)
        .loopback_up()
        .parent_death_signal(Signal::SIGKILL as i32);
    let command = match payload.root {
        // Of its own the payload has no more than /proc: the rest is a copy.
        None => command.keep_current_dir(),
        Some(_) => command.devices(),
    };
    let command = command.mount(Mount::proc("/proc"));
    let command = inherit_signals(command)?;
    match &parts {
        Parts::Cold => {
            let root = payload.root.unwrap_or(Path::new("/"));
            start(&command.namespaces(kinds).root(root), Kind::Init)
        }
        Parts::Warm(Made { template, network }) => {
            let command = command.template(template);
            let command = command.join(network, Namespace::NET);
            let kinds = kinds.without(Namespace::NET);
            start(&command.namespaces(kinds), Kind::Init)
                .map_err(|error| explain(error, payload))
        }
    }
}

/// Adds what helps an ordinary user, whose user namespace may not do what a
/// template with another root takes: bind mounts of the caller, and a procfs
/// where none is seen.
fn explain(error: Error, payload: Payload<'_>) -> Error {
    match error.message.contains("(EPERM)") && payload.root.is_some() {
        false => error,
        true => Error::new(format!(
            "{}; an ordinary user launches cold with another root: add --cold",
            error.message
        ))
        .with_status(error.status),
    }
}

/// Starts a command, waits, and ends as it did.
///
/// # Errors
///
/// Fails as [`run`] does.
pub fn start(command: &Command<'_>, kind: Kind) -> Result<u8> {
    let signals = wait::Signals::block()?;
    let mut child = command.spawn().map_err(failed)?;
    let status = wait::watch(&mut child, &signals, kind)?;
    wait::end_as(status)
}

/// The payload blocks and ignores what this process was started with.
///
/// # Errors
///
/// Fails if there is no procfs.
pub fn inherit_signals(mut command: Command<'_>) -> Result<Command<'_>> {
    let own = "/proc/self/status";
    let status = fs::read_to_string(own).context(format_args!("read {own}"))?;
    // Rust's runtime ignores it, and a launch gives it its default action.
    let ignored = wait::set_of(&status, "SigIgn").unwrap_or(0);
    let chld = Signal::SIGCHLD as i32;
    if wait::has(ignored, chld) {
        command = command.ignore_signal(chld);
        // Without a zombie there is no status to wait for.
        kernel::default_sigchld();
    }
    let blocked = SigSet::thread_get_mask().context("read the signal mask")?;
    for signal in &blocked {
        command = command.block_signal(signal as i32);
    }
    Ok(command)
}

/// The error of a launch, with the exit status that says which it is.
pub fn failed(error: nsteps_spawn::Error) -> Error {
    let status = match (error.action(), error.errno().map(Errno::from_raw)) {
        (Action::Execute, Some(Errno::ENOENT)) => NOT_FOUND,
        (Action::Execute, _) => NOT_EXECUTABLE,
        _ => OWN_FAILURE,
    };
    Error::new(error.to_string()).with_status(status)
}
