//! The system calls by which a launcher does what it does.
//!
//! The tracer runs in the sandbox, beside what it traces ([`tracer`]); what
//! it saw is a [`Recording`].  Outside, a recording is told with roles in the
//! place of pids ([`story`]), and several are put side by side ([`align`]).

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
use harness::sandbox::listen::read_to_end;
use harness::sandbox::protocol::Command;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Everything a tracer saw.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    /// The processes, in order of birth; the first is the launcher.
    pub processes: Vec<Process>,
    /// What they called.  A call that makes a process, or never comes back, has
    /// its place where it began, every other one where it ended: so cause comes
    /// before effect, whichever process was faster.
    pub calls: Vec<Call>,
    /// Not every process had ended when the bound was hit.
    pub late: bool,
}

/// A process, threads and all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its pid in the eyes of the tracer.
    pub pid: i32,
    /// Its pid in its own eyes.
    pub own_pid: i32,
    /// Its parent, as an index.
    pub parent: Option<usize>,
    /// Its pid as its parent knows it.
    pub known_as: Option<i64>,
    /// How many threads it made.
    pub threads: u64,
    /// The calls that are only counted.
    pub others: BTreeMap<String, u64>,
    /// It became the payload; nothing it did from then on is counted.
    pub payload: bool,
    /// How it ended, as wait(2) says it.
    pub ended: Option<i32>,
}

/// One system call: what was asked for, and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The calling process, as an index.
    pub process: usize,
    /// Which thread's, by its id in the eyes of the tracer.
    pub thread: i32,
    /// The call's name, as in `man 2 NAME`.
    pub name: String,
    /// What it was asked; `None` for a call that is otherwise only counted.
    pub arguments: Option<Vec<Argument>>,
    /// What it returned, an error below zero; `None` if it never did.
    pub result: Option<i64>,
    /// The process or thread that the call made, if it made one.
    pub made: Option<Made>,
    /// How the child waited for had ended, as wait(2) says it.
    pub status: Option<i32>,
}

/// What a call of clone's family made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Made {
    /// A process, as an index.
    Process(usize),
    /// A thread of the caller.
    Thread,
}

/// An argument of a call, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Argument {
    /// A pid, whose value says nothing in another run.
    Pid(i64),
    /// A descriptor, whose number says nothing in another program.
    Descriptor {
        /// The number.
        fd: i64,
        /// What it is open on, where that is known.
        of: Option<String>,
    },
    /// The strings of a command line.
    Words(Vec<String>),
    /// Anything else, as strace(1) writes it.
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
    /// How many pids were used: processes, and threads, which take one each.
    pub fn pids(&self) -> u64 {
        self.processes.len() as u64 + self.threads()
    }

    /// How many threads were made.
    pub fn threads(&self) -> u64 {
        self.processes.iter().map(|it| it.threads).sum()
    }

    /// The calls that are only counted, of all processes.
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

/// A command line to be traced.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// The path of the program at which to look away, as the launcher will name
    /// it.  Without one no process is the payload.
    pub payload: Option<String>,
    /// Every call, not only those about namespaces and processes.
    pub every: bool,
    /// How long the tracer may take.
    pub bound: Duration,
    /// Where in the sandbox it is run; `/` where that is not said.
    pub directory: Option<PathBuf>,
}

/// What was seen, and what the traced said on standard output and error.
#[derive(Clone, Debug)]
pub struct Traced {
    /// The processes of the launcher, and their calls in order.
    pub recording: Recording,
    /// What the launcher wrote to standard error.
    pub said: String,
}

/// Traces a command line in a sandbox.
///
/// # Errors
///
/// Fails if tracing is forbidden here, or there is no such program.
pub fn trace(sandbox: &mut Sandbox, request: &Request) -> Result<Traced> {
    // Init is this program too, and its procfs is one that no step touches.
    let mut argv = vec![format!("{OBSERVED_PROC}/1/exe"), "tracer".to_owned()];
    // In the sandbox it cannot know what bound the harness has.
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

    // The tracer has its own bound, and after it half of ours to report.
    let until = Instant::now() + request.bound * 3 / 2;
    let (told, said) = std::thread::scope(|scope| {
        let stderr = &mut running.stderr;
        let said = scope.spawn(move || read_to_end(stderr, until));
        let told = read_to_end(&mut running.stdout, until);
        (told, said.join().unwrap_or_default())
    });
    sandbox.wait(running.pid, until)?;
    let said = String::from_utf8_lossy(&said).into_owned();
    if told.is_empty() {
        let last = said.lines().last().unwrap_or("the tracer said nothing");
        let why = last.strip_prefix("nsteps: ").unwrap_or(last);
        return Err(Error::new(why));
    }
    let recording =
        serde_json::from_slice(&told).context("understand the tracer")?;
    Ok(Traced { recording, said })
}
