//! The tracer: starts a program stopped, and continues it and every process
//! that it makes from one system call to the next ([ptrace(2)]).
//!
//! Every traced process dies with the tracer.
//!
//! [ptrace(2)]: https://man7.org/linux/man-pages/man2/ptrace.2.html

use super::decode::{Descriptors, Entry, Memory};
use super::{Argument, Call, Made, Process, Recording, Request, flags, names};
use harness::error::{Context, Error, Result};
use harness::host::program::{find_in, may_be_executed, path};
use harness::paths::OBSERVED_PROC;
use kernel;
use kernel::{CallStop, Until};
use nix::errno::Errno;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::{ForkResult, Pid, execve, pipe2, read};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::CString;
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::time::Instant;

/// The event of a stop without a signal to deliver: the first stop of a new
/// tracee, or the group stop of a stopped process.
const PTRACE_EVENT_STOP: i32 = 128;

/// Traces the command line and writes the recording to standard output, as
/// JSON.
///
/// # Errors
///
/// Fails if tracing is forbidden on this machine, or if the program does not
/// exist.
pub fn run(request: &Request) -> Result<()> {
    let recording = record(request)?;
    let text = serde_json::to_vec(&recording).context("write the recording")?;
    std::io::stdout().write_all(&text).context("write the recording")
}

/// Runs the command line to its end, or until the timeout, and returns the
/// recording.
///
/// # Errors
///
/// Fails if tracing is forbidden on this machine, or if the program does not
/// exist.
pub fn record(request: &Request) -> Result<Recording> {
    let until = Instant::now() + request.bound;
    let first = start(&request.argv)?;
    let mut tracer = Tracer {
        payload: request.payload.clone().map(String::into_bytes),
        every: request.every,
        ..Tracer::default()
    };
    let process = tracer.add(first, None);
    tracer.welcome(first, process).context("ptrace")?;
    tracer.recording.late = !tracer.watch(until)?;
    Ok(tracer.finish())
}

/// Starts a process that becomes the program once it is traced, and returns its
/// pid.
fn start(argv: &[String]) -> Result<i32> {
    let program = find(argv)?;
    let words: Vec<CString> = argv
        .iter()
        .filter_map(|word| CString::new(word.as_str()).ok())
        .collect();
    let environment: Vec<CString> = std::env::vars_os()
        .filter_map(|(mut name, value)| {
            name.push("=");
            name.push(value);
            CString::new(name.into_vec()).ok()
        })
        .collect();
    let (gate, ours) =
        pipe2(nix::fcntl::OFlag::O_CLOEXEC).context("make a pipe")?;
    match kernel::fork().context("fork")? {
        ForkResult::Child => {
            drop(ours);
            become_program(&gate, &program, &words, &environment)
        }
        ForkResult::Parent { child } => {
            drop(gate);
            // Until the interruption the child waits at the gate; from then on
            // every call of it is traced.
            ptrace::seize(child, options())
                .and_then(|()| ptrace::interrupt(child))
                .map_err(forbidden)?;
            nix::unistd::write(&ours, b".")
                .context("let the launcher start")?;
            Ok(child.as_raw())
        }
    }
}

fn options() -> Options {
    Options::PTRACE_O_TRACESYSGOOD
        | Options::PTRACE_O_TRACECLONE
        | Options::PTRACE_O_TRACEFORK
        | Options::PTRACE_O_TRACEVFORK
        | Options::PTRACE_O_TRACEEXEC
        | Options::PTRACE_O_EXITKILL
}

/// The error of ptrace(2), with its cause as far as that can be found out.
fn forbidden(errno: Errno) -> Error {
    let scope = std::fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope");
    let because = match scope.as_deref().map(str::trim) {
        Ok(scope @ ("2" | "3")) => {
            format!("kernel.yama.ptrace_scope is {scope}")
        }
        _ => "a seccomp filter forbids it (docker run --cap-add=SYS_PTRACE), \
              or another process traces this one already"
            .to_owned(),
    };
    Error::new(format!("ptrace: {}: {because}", errno.desc()))
}

/// The program's path. The tracer searches PATH, so that the search is not part
/// of the recording.
fn find(argv: &[String]) -> Result<CString> {
    let name = argv.first().map_or("", String::as_str);
    find_in(name, &[path()])
        .filter(|file| may_be_executed(file))
        .and_then(|file| CString::new(file.into_os_string().into_vec()).ok())
        .ok_or_else(|| Error::new(format!("there is no program {name}")))
}

/// The child: waits until it is traced, then becomes the program. Never
/// returns.
fn become_program(
    gate: &OwnedFd,
    program: &CString,
    argv: &[CString],
    environment: &[CString],
) -> ! {
    // A parent that cannot trace this process closes the pipe.
    if read(gate, &mut [0]) != Ok(1) {
        std::process::exit(127);
    }
    // Only the tracer may write to its standard output, so that of the program
    // is standard error.
    let Err(errno) =
        kernel::install(std::io::stderr().as_fd(), 1).and_then(|()| {
            kernel::default_signals();
            execve(program, argv, environment)
        });
    let program = program.to_string_lossy();
    let why = format!("cannot start {program}: {}\n", errno.desc());
    let _ = nix::unistd::write(std::io::stderr(), why.as_bytes());
    std::process::exit(127)
}

/// One thread of a tracee.
#[derive(Debug, Default)]
struct Task {
    process: usize,
    /// The call it is in.
    call: Option<Pending>,
}

/// A call that has begun.
#[derive(Debug, Default)]
struct Pending {
    call: Call,
    /// The index in the recording, if the call was recorded at its beginning.
    place: Option<usize>,
    opens: Option<String>,
    closes: Option<i64>,
    executes: Option<Vec<u8>>,
    status_address: Option<u64>,
    pidfd_address: Option<u64>,
    makes_thread: Option<bool>,
    /// It is only counted unless it fails.
    routine: bool,
    /// The arguments that are shown of a counted call if the kernel refuses it.
    if_refused: Vec<Argument>,
}

#[derive(Default)]
struct Tracer {
    payload: Option<Vec<u8>>,
    every: bool,
    /// The first execve has begun. The calls before it are the tracer's own and
    /// are not recorded.
    begun: bool,
    /// The first execve has succeeded, which is that of the launcher.
    executed: bool,
    recording: Recording,
    /// What each process's descriptors are open on.
    descriptors: Vec<Descriptors>,
    tasks: BTreeMap<i32, Task>,
    /// Tracees that stopped before their parent's fork event.
    unannounced: BTreeSet<i32>,
    /// Calls that the kernel restarts; they are dropped from the record.
    void: BTreeSet<usize>,
}

/// The memory of a tracee that is stopped.
struct Tracee(i32);

impl Memory for Tracee {
    fn word(&self, address: u64) -> Option<[u8; 8]> {
        let address = usize::try_from(address).ok()? as *mut libc::c_void;
        let word = ptrace::read(Pid::from_raw(self.0), address).ok()?;
        Some(word.to_ne_bytes())
    }
}

impl Tracer {
    /// Handles events until no tracee is left. Returns `false` if one is left
    /// at the time `until`.
    fn watch(&mut self, until: Instant) -> Result<bool> {
        let mut chld = SigSet::empty();
        chld.add(Signal::SIGCHLD);
        sigprocmask(SigmaskHow::SIG_BLOCK, Some(&chld), None)
            .context("block SIGCHLD")?;
        let child_signals = SignalFd::with_flags(
            &chld,
            SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK,
        )
        .context("make a signalfd")?;
        loop {
            match kernel::next_event() {
                Ok(Some((pid, status))) => self.on_event(pid, status)?,
                Ok(None) => {
                    let left = until.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Ok(false);
                    }
                    let millis =
                        u16::try_from(left.as_millis()).unwrap_or(u16::MAX);
                    let mut fds =
                        [PollFd::new(child_signals.as_fd(), PollFlags::POLLIN)];
                    // The result does not matter: the next round asks for
                    // events anyway.
                    let _ = poll(&mut fds, PollTimeout::from(millis));
                    while child_signals
                        .read_signal()
                        .is_ok_and(|it| it.is_some())
                    {}
                }
                Err(Errno::ECHILD) => return Ok(true),
                Err(errno) => return Err(errno).context("wait"),
            }
        }
    }

    /// Handles one state change of a tracee: its wait(2) status.
    fn on_event(&mut self, pid: i32, status: i32) -> Result<()> {
        if libc::WIFEXITED(status) || libc::WIFSIGNALED(status) {
            self.on_end(pid, status);
            return Ok(());
        }
        let (signal, event) = (libc::WSTOPSIG(status), status >> 16);
        let done = match (event, signal) {
            (0, signal) if signal == libc::SIGTRAP | 0x80 => {
                self.at_a_call(pid)
            }
            // The signal is delivered as it would be without a tracer.
            (0, signal) => self.go_on(pid, signal),
            (libc::PTRACE_EVENT_EXEC, _) => self.at_an_exec(pid),
            (
                libc::PTRACE_EVENT_CLONE
                | libc::PTRACE_EVENT_FORK
                | libc::PTRACE_EVENT_VFORK,
                _,
            ) => self.at_a_birth(pid),
            (PTRACE_EVENT_STOP, _) if !self.tasks.contains_key(&pid) => {
                self.unannounced.insert(pid);
                Ok(())
            }
            // It was stopped by a signal, or has just begun. The tracer
            // continues it, because no other process would.
            _ => self.go_on(pid, 0),
        };
        match done {
            // The tracee was killed meanwhile; the next event reports its end.
            Ok(()) | Err(Errno::ESRCH) => Ok(()),
            Err(Errno::EIO) => Err(Error::new(
                "ptrace PTRACE_GET_SYSCALL_INFO: this kernel is older than \
                 Linux 5.3",
            )),
            Err(errno) => Err(errno).context("ptrace"),
        }
    }

    fn go_on(&self, pid: i32, signal: i32) -> nix::Result<()> {
        let is_payload = self
            .tasks
            .get(&pid)
            .is_some_and(|task| self.recording.processes[task.process].payload);
        let until = if is_payload { Until::Event } else { Until::Call };
        kernel::go_on(pid, until, signal)
    }

    fn at_a_call(&mut self, pid: i32) -> nix::Result<()> {
        match kernel::call_stop(pid)? {
            CallStop::Entry { architecture, number, arguments } => {
                let name = names::name(architecture, number);
                self.enter(pid, name, arguments);
            }
            CallStop::Exit { result } => {
                let task = self.tasks.get_mut(&pid);
                if let Some(call) = task.and_then(|task| task.call.take()) {
                    self.leave(pid, call, result);
                }
            }
            CallStop::Neither => {}
        }
        self.go_on(pid, 0)
    }

    /// Records the call that a thread begins, with its arguments.
    fn enter(&mut self, pid: i32, name: String, registers: [u64; 6]) {
        let Some(task) = self.tasks.get_mut(&pid) else { return };
        let process = task.process;
        let entry = Entry {
            name: &name,
            registers,
            memory: &Tracee(pid),
            descriptors: &self.descriptors[process],
        };
        let executes = entry.executes();
        self.begun |= executes.is_some();
        if !self.begun {
            return;
        }
        // The end of a thread is only counted; that of a process is recorded.
        let of_a_thread =
            name == "exit" && self.recording.processes[process].pid != pid;
        let mut pending = Pending {
            opens: entry.opens(),
            closes: entry.closes(),
            status_address: entry.status_address(),
            pidfd_address: entry.pidfd_address(),
            makes_thread: entry.makes_thread(),
            routine: entry.is_routine(),
            if_refused: entry.if_refused(),
            executes,
            place: None,
            call: Call {
                process,
                thread: pid,
                arguments: entry.arguments().filter(|_| !of_a_thread),
                ..Call::default()
            },
        };
        let at_its_beginning = pending.makes_thread.is_some()
            || matches!(name.as_str(), "exit" | "exit_group");
        pending.call.name = name;
        self.count(&pending.call, u64::wrapping_add);
        if at_its_beginning && self.is_kept(&pending.call) {
            pending.place = Some(self.recording.calls.len());
            self.recording.calls.push(pending.call.clone());
        }
        if let Some(task) = self.tasks.get_mut(&pid) {
            task.call = Some(pending);
        }
    }

    /// True if a call is kept, not only counted.
    fn is_kept(&self, call: &Call) -> bool {
        self.every || call.arguments.is_some()
    }

    /// Records or counts the call that a thread has ended.
    fn leave(&mut self, pid: i32, pending: Pending, result: i64) {
        let Pending { mut call, place, opens, closes, .. } = pending;
        if flags::is_restarted(result) {
            self.void.extend(place);
            self.count(&call, u64::wrapping_sub);
            return;
        }
        let process = call.process;
        if let Some(fd) = closes {
            self.descriptors[process].remove(&fd);
        }
        if let Some(opens) = opens.filter(|_| result >= 0) {
            self.descriptors[process].insert(result, opens);
        }
        call.result = Some(result);
        if pending.routine && result >= 0 {
            call.arguments = None;
            self.count(&call, u64::wrapping_add);
        }
        if call.arguments.is_none() && is_refused(&call.name, result) {
            self.count(&call, u64::wrapping_sub);
            call.arguments = Some(pending.if_refused);
        }
        if result > 0 {
            let int = |address| Tracee(pid).int(address);
            call.status = pending.status_address.and_then(int);
            if let Some(pidfd) = pending.pidfd_address.and_then(int) {
                let descriptors = &mut self.descriptors[process];
                descriptors.insert(pidfd.into(), "pidfd".to_owned());
            }
        }
        match place {
            Some(place) => {
                let made = self.recording.calls[place].made;
                if let Some(Made::Process(child)) = made {
                    self.recording.processes[child].known_as = Some(result);
                }
                self.recording.calls[place] = Call { made, ..call };
            }
            None if self.is_kept(&call) => self.recording.calls.push(call),
            None => {}
        }
    }

    /// Changes the number of a counted call by one.
    fn count(&mut self, call: &Call, how: fn(u64, u64) -> u64) {
        if call.arguments.is_none() {
            let others = &mut self.recording.processes[call.process].others;
            let count = others.entry(call.name.clone()).or_default();
            *count = how(*count, 1);
        }
    }

    /// Handles a successful exec. It ends the call, which does not return to
    /// the program that made it.
    fn at_an_exec(&mut self, pid: i32) -> nix::Result<()> {
        // The calling thread now has the pid of the process.
        let caller = ptrace::getevent(Pid::from_raw(pid))?;
        let caller = i32::try_from(caller).unwrap_or(pid);
        if let Some(task) = self.tasks.remove(&caller) {
            self.tasks.insert(pid, task);
        }
        let task = self.tasks.get_mut(&pid);
        if let Some(pending) = task.and_then(|task| task.call.take()) {
            let process = pending.call.process;
            let executed = pending.executes.clone();
            self.leave(pid, pending, 0);
            // Assumes that launchers open an id map close-on-exec.
            self.descriptors[process].clear();
            // The first execution is the launcher's.
            let is_launcher = !std::mem::replace(&mut self.executed, true);
            if !is_launcher && self.is_payload(executed.as_deref()) {
                self.recording.processes[process].payload = true;
            }
        }
        self.go_on(pid, 0)
    }

    /// True if the executed program is the payload, whose calls are not
    /// recorded. If the launcher searched it in PATH, only the last component
    /// of the path is equal.
    fn is_payload(&self, executed: Option<&[u8]>) -> bool {
        let (Some(payload), Some(executed)) = (&self.payload, executed) else {
            return false;
        };
        let last = executed.rsplit(|it| *it == b'/').next();
        executed == payload || last == Some(payload.as_slice())
    }

    /// Adds the process or thread that a thread has made.
    fn at_a_birth(&mut self, pid: i32) -> nix::Result<()> {
        let child = ptrace::getevent(Pid::from_raw(pid))?;
        let child = i32::try_from(child).unwrap_or(0);
        if let Some(task) = self.tasks.get(&pid) {
            let parent = task.process;
            let (thread, place) = match &task.call {
                Some(it) => (it.makes_thread.unwrap_or(false), it.place),
                // The calls of the payload are not traced; what it makes is
                // counted as part of it.
                None => (false, None),
            };
            let made = match place {
                None => None,
                Some(_) if thread => {
                    self.recording.processes[parent].threads += 1;
                    Some(Made::Thread)
                }
                Some(_) => Some(Made::Process(self.add(child, Some(parent)))),
            };
            if let Some(place) = place {
                self.recording.calls[place].made = made;
            }
            let process = match made {
                Some(Made::Process(new)) => new,
                _ => parent,
            };
            // An error means that the child was already killed; its parent is
            // continued in both cases.
            let _ = self.welcome(child, process);
        }
        self.go_on(pid, 0)
    }

    /// Adds a process to the recording and returns its index.
    fn add(&mut self, pid: i32, parent: Option<usize>) -> usize {
        let inherited = parent
            .map(|parent| self.descriptors[parent].clone())
            .unwrap_or_default();
        self.descriptors.push(inherited);
        self.recording.processes.push(Process {
            pid,
            own_pid: innermost_pid(pid).unwrap_or(pid),
            parent,
            ..Process::default()
        });
        self.recording.processes.len() - 1
    }

    /// Adds a thread, and continues it if it stopped before the event of its
    /// parent.
    fn welcome(&mut self, pid: i32, process: usize) -> nix::Result<()> {
        self.tasks.insert(pid, Task { process, call: None });
        if self.unannounced.remove(&pid) {
            self.go_on(pid, 0)?;
        }
        Ok(())
    }

    fn on_end(&mut self, pid: i32, status: i32) {
        self.unannounced.remove(&pid);
        if let Some(task) = self.tasks.remove(&pid) {
            let process = &mut self.recording.processes[task.process];
            if process.pid == pid {
                process.ended = Some(status);
            }
        }
    }

    /// The recording, without the calls that the kernel restarted.
    fn finish(mut self) -> Recording {
        let calls = std::mem::take(&mut self.recording.calls);
        self.recording.calls = calls
            .into_iter()
            .enumerate()
            .filter(|(index, _)| !self.void.contains(index))
            .map(|(_, call)| call)
            .collect();
        self.recording
    }
}

/// True if the kernel has refused a call. A missing file is no refusal, and
/// neither is an error of a call that only asks.
fn is_refused(name: &str, result: i64) -> bool {
    // epoll_ctl fails with EPERM for a regular file; the others only ask.
    const ASKING: &[&str] = &["epoll_ctl", "access", "faccessat", "faccessat2"];
    const REFUSALS: &[i32] = &[
        libc::EPERM,
        libc::EACCES,
        libc::EROFS,
        libc::EUSERS,
        libc::ENOSPC,
        libc::EMFILE,
        libc::ENFILE,
        libc::ENOMEM,
    ];
    REFUSALS.iter().any(|it| -i64::from(*it) == result)
        && !ASKING.contains(&name)
}

/// The pid of a process in its own pid namespace: the last one of `NSpid`.
fn innermost_pid(pid: i32) -> Option<i32> {
    let status = [OBSERVED_PROC, "/proc"].into_iter().find_map(|proc| {
        std::fs::read_to_string(format!("{proc}/{pid}/status")).ok()
    })?;
    let line = status.lines().find_map(|it| it.strip_prefix("NSpid:"))?;
    line.split_whitespace().last()?.parse().ok()
}
