//! Records the system calls of a launcher, and compares recordings.
//!
//! The [`tracer`] runs in the sandbox, beside the processes that it traces, and
//! returns a [`Recording`]. The harness makes lines of a recording, with roles
//! in place of pids ([`story`]), and puts the lines of several recordings side
//! by side ([`align`]).

pub mod align;
pub mod decode;
pub mod flags;
pub mod names;
pub mod prepared;
pub mod privileges;
pub mod story;
pub mod tracer;

use harness::error::{Context, Error, Result};
use harness::paths::OBSERVED_PROC;
use harness::sandbox::Sandbox;
use harness::sandbox::listen::read_all_to_end;
use harness::sandbox::protocol::Command;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The processes and calls that a tracer has recorded.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema,
)]
pub struct Recording {
    /// The processes, in the order in which they were made; the first is the
    /// launcher.
    pub processes: Vec<Process>,
    /// Their calls, in order. A call that makes a process or does not return is
    /// placed where it began, every other call where it ended. So a cause
    /// precedes its effect, whichever process runs faster.
    pub calls: Vec<Call>,
    /// True if a process was still running at the timeout.
    pub late: bool,
}

/// A process with all its threads.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema,
)]
pub struct Process {
    /// Its pid in the tracer's pid namespace.
    pub pid: i32,
    /// Its pid in its own pid namespace.
    pub own_pid: i32,
    /// Its parent, as an index.
    pub parent: Option<usize>,
    /// Its pid in the parent's pid namespace: what the parent's call returned.
    pub known_as: Option<i64>,
    /// How many threads it made.
    pub threads: u64,
    /// How often each call was made that is only counted, by name.
    pub others: BTreeMap<String, u64>,
    /// True if it became the payload. Its calls from then on are not counted.
    pub payload: bool,
    /// Its wait(2) status, if it has ended.
    pub ended: Option<i32>,
}

/// One system call: its arguments and its result.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema,
)]
pub struct Call {
    /// The calling process, as an index.
    pub process: usize,
    /// The id of the calling thread, in the tracer's pid namespace.
    pub thread: i32,
    /// The call's name, as in `man 2 NAME`.
    pub name: String,
    /// Its arguments: a pid is a number, a command line a list of text, a
    /// descriptor an object, everything else text. `None` for a call that is
    /// recorded only because every call is.
    pub arguments: Option<Vec<Argument>>,
    /// What it returned; an error is a negative errno. `None` if it did not
    /// return.
    pub result: Option<i64>,
    /// The process or thread that the call made, if it made one.
    pub made: Option<Made>,
    /// The wait(2) status of the child that the call waited for.
    pub status: Option<i32>,
}

/// What a call of clone's family made.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema,
)]
pub enum Made {
    /// A process, as an index.
    Process(usize),
    /// A thread of the caller.
    Thread,
}

/// An argument of a call, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Argument {
    /// A pid, whose value differs from run to run.
    Pid(i64),
    /// A descriptor, whose number differs from program to program.
    Descriptor {
        /// The number of the descriptor.
        fd: i64,
        /// What it is open on, if that is known.
        of: Option<String>,
    },
    /// The strings of a command line.
    Words(Vec<String>),
    /// Any other argument, as strace(1) writes it.
    Text(String),
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Argument::Pid(pid) => write!(f, "{pid}"),
            Argument::Descriptor { fd, of: Some(of) } => {
                write!(f, "{fd}<{of}>")
            }
            Argument::Descriptor { fd, of: None } => write!(f, "{fd}"),
            Argument::Words(words) => write!(f, "{words:?}"),
            Argument::Text(text) => f.write_str(text),
        }
    }
}

impl Recording {
    /// How many pids were used: one for each process and each thread.
    pub fn pids(&self) -> u64 {
        self.processes.len() as u64 + self.threads()
    }

    /// How many threads were made.
    pub fn threads(&self) -> u64 {
        self.processes.iter().map(|it| it.threads).sum()
    }

    /// How often each call was made that is only counted, by all processes.
    pub fn others(&self) -> BTreeMap<&str, u64> {
        let mut all = BTreeMap::new();
        for (name, count) in self.processes.iter().flat_map(|it| &it.others) {
            *all.entry(name.as_str()).or_default() += count;
        }
        all
    }

    /// The process that became the payload, if one did.
    pub fn payload(&self) -> Option<&Process> {
        self.processes.iter().find(|it| it.payload)
    }
}

/// A command line that is to be traced.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// The path of the payload, as the launcher names it. Tracing of a process
    /// ends when it executes that. If it is `None`, no process is the payload.
    pub payload: Option<String>,
    /// True if every call is recorded, not only those about namespaces and
    /// processes.
    pub every: bool,
    /// The timeout of the trace.
    pub bound: Duration,
    /// The working directory in the sandbox; `/` if it is `None`.
    pub directory: Option<PathBuf>,
}

/// A recording, and the output of the traced command line.
#[derive(Clone, Debug)]
pub struct Traced {
    /// The processes of the launcher, and their calls in order.
    pub recording: Recording,
    /// What it wrote to standard error and, through the tracer's standard
    /// error, to standard output.
    pub said: String,
}

/// Traces a command line in a sandbox.
///
/// # Errors
///
/// Fails if tracing is forbidden on this machine, or if the program does not
/// exist.
pub fn trace(sandbox: &mut Sandbox, request: &Request) -> Result<Traced> {
    // Init runs this program, too. The procfs is the one that no step touches.
    let mut argv = vec![format!("{OBSERVED_PROC}/1/exe"), "tracer".to_owned()];
    // The sandbox has an environment of its own, so the timeout is passed as an
    // option.
    argv.push(format!("--seconds={}", request.bound.as_secs_f64()));
    if let Some(payload) = &request.payload {
        argv.extend(["--payload".to_owned(), payload.clone()]);
    }
    if request.every {
        argv.push("--every".to_owned());
    }
    argv.push("--".to_owned());
    argv.extend(request.argv.iter().cloned());
    let directory = request.directory.clone();
    let mut running =
        sandbox.run(&Command { argv, directory, ..Command::default() })?;
    drop(running.stdin.take());

    // The tracer stops at the timeout. Half of the timeout more is left for its
    // report.
    let until = Instant::now() + request.bound * 3 / 2;
    let streams = [&mut running.stdout, &mut running.stderr];
    let [told, said] = read_all_to_end(streams, until);
    sandbox.wait(running.pid, until)?;
    let said = String::from_utf8_lossy(&said).into_owned();
    if told.is_empty() {
        let last = said.lines().last().unwrap_or("the tracer wrote nothing");
        let why = last.strip_prefix("nsteps: ").unwrap_or(last);
        return Err(Error::new(why));
    }
    let recording =
        serde_json::from_slice(&told).context("parse the recording")?;
    Ok(Traced { recording, said })
}
