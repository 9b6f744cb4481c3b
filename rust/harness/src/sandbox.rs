//! Runs a command in a new sandbox, so that nothing reaches the host.
//!
//! Three processes take part. The *harness* (this file) stays outside and reads
//! the host's /proc. It starts the *monitor*, `nsteps sandbox`, which calls
//! unshare(2) and forks the sandbox's *init*; both are in [`inside`]. Harness
//! and init send each other messages over one socket, see [`protocol`]. When
//! the harness ends, for whatever reason, the kernel kills the monitor, then
//! init, then all processes that init started.
//!
//! Only this module and its children depend on privileges.

mod chroot;
pub(crate) mod devices;
mod guard;
pub mod inside;
mod links;
pub mod listen;
mod mounting;
pub mod plan;
pub mod protocol;
pub mod start;
mod tree;
mod whole;
mod written;

use crate::descendants::{Descendant, descendants, has_child};
use crate::error::{Context, Error, Result};
use crate::found::{NEEDS_ROOT, Refusal};
use crate::host::Equipment;
use crate::host::cgroup::Made;
use crate::host::cgroups::Cgroups;
use crate::host::pids::PidNamespace;
use crate::scenario::Identity;
use crate::timeout::{any_readable, deadline, grace, learn};
use guard::Guard;
use listen::{Answer, Output, Running};
use nix::errno::Errno;
use nix::sys::signal::Signal;
use nix::unistd::pipe2;
use plan::{Plan, Tree};
use probe::Observation;
use protocol::{Channel, Ended, PutFile, Reply, Request};
use start::Start;
use std::collections::BTreeSet;
use std::fs;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// A running sandbox. Dropping it kills all its processes.
#[derive(Debug)]
pub struct Sandbox {
    monitor: Child,
    init: i32,
    init_pidfd: OwnedFd,
    channel: Channel,
    host: Observation,
    /// Removed after everything in the sandbox has been killed.
    cgroup: Option<Made>,
    guard: Option<Guard>,
    pids: PidNamespace,
}

impl Sandbox {
    /// Makes a sandbox and waits until it is ready.
    ///
    /// # Errors
    ///
    /// Fails with `Unavailable` if the machine does not allow it, with the
    /// reason and the remedy, and with `Broken` if it should have worked.
    pub fn enter(
        plan: &Plan,
        equipment: &Equipment,
    ) -> std::result::Result<Sandbox, Refusal> {
        let is_root = nix::unistd::geteuid().is_root();
        if plan.scenario.identity == Identity::Root && !is_root {
            return Err(Refusal::Unavailable(NEEDS_ROOT.to_owned()));
        }
        if let (Some(_), Some(refusal)) =
            (plan.most_processes, guard::refusal())
        {
            return Err(refusal);
        }
        Sandbox::start(plan, equipment)
            .map_err(|error| Refusal::Broken(error.message))?
    }

    fn start(
        plan: &Plan,
        equipment: &Equipment,
    ) -> Result<std::result::Result<Sandbox, Refusal>> {
        let begun = Instant::now();
        let (ours, theirs) = Channel::pair()?;
        // It is dropped after the monitor: a cgroup is removed only when its
        // processes have ended.
        let cgroup = match cgroup_of(plan, equipment) {
            Ok(cgroup) => cgroup,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let null = fs::File::options()
            .write(true)
            .open("/dev/null")
            .context("open /dev/null (if there is none, bind the host's)")?;
        let monitor = Command::new(equipment.layout.command()?)
            .arg("sandbox")
            .envs(plan.of_init.iter().cloned())
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::from(null))
            .spawn()
            .context("start the sandbox")?;
        let mut monitor = Monitor(Some(monitor));
        if let Some(monitor) = &monitor.0 {
            if let (true, Ok(cgroup)) = (plan.in_a_cgroup, &equipment.cgroup) {
                cgroup.enter(monitor.id())?;
            }
            if let Some(cgroup) = &cgroup {
                cgroup.enter(monitor.id())?;
            }
        }
        let own_cgroup = cgroup.is_some();
        let decided = Plan { own_cgroup, ..plan.clone() };
        let (reply, sender) = ours
            .send(&decided, &[])
            .and_then(|()| ours.receive(Some(deadline())))
            .map_err(|error| monitor.why(error))?;
        if let (Some(cgroup), Some(monitor)) = (&cgroup, &monitor.0)
            && decided.shows_own_cgroup()
        {
            cgroup.put_aside(monitor.id())?;
        }
        let host = match reply {
            Reply::Ready(host) => *host,
            Reply::Refused(refusal) => return Ok(Err(refusal)),
            other => return Err(unexpected(&other)),
        };
        learn(begun.elapsed());
        let init = sender.ok_or_else(|| {
            Error::new("the sandbox's init did not send its pid")
        })?;
        let init_pidfd =
            kernel::pidfd_open(init).context("open the sandbox's init")?;
        let channel = ours;
        let guard = match plan.most_processes {
            None => None,
            Some(most) => {
                let pidfd = init_pidfd.try_clone();
                let pidfd = pidfd.context("duplicate a pidfd")?;
                Some(Guard::over(init, pidfd, most)?)
            }
        };
        let monitor = monitor.0.take().expect("it was put there above");
        Ok(Ok(Sandbox {
            monitor,
            init,
            init_pidfd,
            channel,
            host,
            cgroup,
            guard,
            pids: plan.pids,
        }))
    }

    /// The observation of the sandbox before any command ran in it.
    pub fn host_before(&self) -> &Observation {
        &self.host
    }

    /// The pid of the sandbox's init in the harness's /proc.
    pub fn init(&self) -> i32 {
        self.init
    }

    /// Observes the sandbox now. Its init reads through a procfs mount that no
    /// step touches.
    ///
    /// # Errors
    ///
    /// Fails if the sandbox has ended.
    pub fn host_now(&mut self) -> Result<Observation> {
        match self.ask(&Request::Observe, &[])? {
            Reply::Host(host) => Ok(*host),
            other => Err(unexpected(&other)),
        }
    }

    /// The cgroups that were made below the sandbox's own; empty if it has
    /// none.
    pub fn cgroups(&self) -> BTreeSet<String> {
        self.cgroup.as_ref().map(Made::cgroups).unwrap_or_default()
    }

    /// Whether all in it was killed because there were too many processes.
    pub fn was_overrun(&self) -> bool {
        self.guard.as_ref().is_some_and(Guard::has_struck)
    }

    /// Puts files in the sandbox. They count as having been there before.
    ///
    /// # Errors
    ///
    /// Fails if a file cannot be written, or if the sandbox has ended.
    pub fn put(&mut self, files: Vec<PutFile>) -> Result<()> {
        match self.ask(&Request::Put(files), &[])? {
            Reply::Put => Ok(()),
            Reply::Broken(why) => Err(Error::new(why)),
            other => Err(unexpected(&other)),
        }
    }

    /// The files in the directories in which launchers leave files.
    ///
    /// # Errors
    ///
    /// Fails if the sandbox has ended.
    pub fn files(&mut self) -> Result<BTreeSet<String>> {
        match self.ask(&Request::Files, &[])? {
            Reply::Files(files) => Ok(files),
            other => Err(unexpected(&other)),
        }
    }

    /// True if the root of a process is below the root of its mount namespace;
    /// `None` if that cannot be found out. `pid` is its pid in the sandbox.
    ///
    /// # Errors
    ///
    /// Fails if the sandbox has ended.
    pub fn is_chrooted(&mut self, pid: i32) -> Result<Option<bool>> {
        match self.ask(&Request::IsChrooted { pid }, &[])? {
            Reply::Chrooted(answer) => Ok(answer),
            other => Err(unexpected(&other)),
        }
    }

    /// Starts a command in the sandbox, from a defined state: a small
    /// environment, and the state that its [`Start`] names.
    ///
    /// # Errors
    ///
    /// Fails if the command cannot be started, or if the sandbox has ended.
    pub fn run(&mut self, command: &protocol::Command) -> Result<Running> {
        self.start_command(command, None)
    }

    /// Starts a command that has the probe as its payload. The payload inherits
    /// `answer`.
    ///
    /// # Errors
    ///
    /// Fails if the command cannot be started, or if the sandbox has ended.
    pub fn run_probe(
        &mut self,
        command: &protocol::Command,
        answer: Answer,
    ) -> Result<Running> {
        self.start_command(command, Some(answer))
    }

    fn start_command(
        &mut self,
        command: &protocol::Command,
        answer: Option<Answer>,
    ) -> Result<Running> {
        use nix::fcntl::OFlag;
        let pipe = || pipe2(OFlag::O_CLOEXEC).context("make a pipe");
        let (stdin, stdin_ours) = pipe()?;
        let (stdout_ours, stdout) = pipe()?;
        let (stderr_ours, stderr) = pipe()?;
        let mut theirs = vec![stdin.as_fd(), stdout.as_fd(), stderr.as_fd()];
        theirs.extend(answer.as_ref().map(|it| it.theirs.as_fd()));
        let alive = |it: &&Descendant| it.is_still_alive();
        let others = descendants(self.init).iter().filter(alive).count();
        let (reply, ours) =
            self.ask_for_more(&Request::Run(command.clone()), &theirs)?;
        drop((stdin, stdout, stderr));
        let started = match reply {
            Reply::Started(started) => started,
            Reply::Broken(why) => return Err(Error::new(why)),
            other => return Err(unexpected(&other)),
        };
        let mut running = Running {
            pid: started.pid,
            stdin: Some(stdin_ours),
            stdout: stdout_ours.into(),
            stderr: stderr_ours.into(),
            answer: answer.map(|it| it.ours.into()),
            streams: started.streams,
            on_a_terminal: command.start == Start::Terminal,
        };
        if let Ok([ours, process]) = <[OwnedFd; 2]>::try_from(ours) {
            if running.on_a_terminal {
                let input = ours.try_clone().context("duplicate a terminal")?;
                running.stdin = Some(input);
                running.stdout = ours.into();
            } else {
                let init = self.init;
                running.stdout = Output::of_file(ours, process, init, others)?;
            }
        }
        Ok(running)
    }

    /// Starts a command with these standard streams, and waits for its end.
    ///
    /// # Errors
    ///
    /// Fails if the command cannot be started, or if the sandbox has ended.
    pub fn run_on(
        &mut self,
        command: &protocol::Command,
        streams: [BorrowedFd<'_>; 3],
    ) -> Result<Ended> {
        let pid = match self.ask(&Request::Run(command.clone()), &streams)? {
            Reply::Started(started) => started.pid,
            Reply::Broken(why) => return Err(Error::new(why)),
            other => return Err(unexpected(&other)),
        };
        loop {
            // The user decides how long it runs.
            if let Some(ended) = self.wait(pid, deadline())? {
                return Ok(ended);
            }
        }
    }

    /// Sends a request with descriptors, and waits for its reply. The ends of
    /// commands that arrive before it are remembered.
    fn ask(
        &mut self,
        request: &Request,
        descriptors: &[BorrowedFd<'_>],
    ) -> Result<Reply> {
        self.ask_for_more(request, descriptors).map(|(reply, _)| reply)
    }

    /// Sends a request, and waits for its reply and the descriptors sent with
    /// it.
    fn ask_for_more(
        &mut self,
        request: &Request,
        descriptors: &[BorrowedFd<'_>],
    ) -> Result<(Reply, Vec<OwnedFd>)> {
        self.channel.send(request, descriptors)?;
        loop {
            let until = Some(deadline());
            match self.channel.receive_with_descriptors(until)? {
                (Reply::Ended(ended), ..) => self.channel.remember(ended),
                (reply, _, descriptors) => return Ok((reply, descriptors)),
            }
        }
    }

    /// Sends a signal to a process of the sandbox, by its pid there.
    ///
    /// # Errors
    ///
    /// Fails if the sandbox has ended.
    pub fn signal(&mut self, pid: i32, signal: i32) -> Result<()> {
        self.channel.send(&Request::Signal { pid, signal }, &[])
    }

    /// Kills all its processes, and waits until they have ended.
    pub fn close(&mut self) {
        // The kernel ends all of them with the cgroup, or with init; then the
        // monitor has no child to wait for. Init also ends when the harness
        // closes the socket, which no filter of system calls forbids.
        if let (PidNamespace::Callers, Some(cgroup)) = (self.pids, &self.cgroup)
        {
            let _ = cgroup.kill();
        }
        let killed = kernel::pidfd_kill(&self.init_pidfd);
        if !matches!(killed, Ok(()) | Err(Errno::ESRCH)) {
            self.channel.close();
        }
        end(&mut self.monitor, &self.init_pidfd);
        if let Some(guard) = &mut self.guard {
            guard.join();
        }
    }

    /// Waits for a command to end; `None` if it does not end by `until`.
    ///
    /// # Errors
    ///
    /// Fails if the command has ended and init did not learn its status, or if
    /// the sandbox has ended.
    pub fn wait(&mut self, pid: i32, until: Instant) -> Result<Option<Ended>> {
        loop {
            if let Some(ended) = self.channel.recall(pid) {
                return Ok(Some(ended));
            }
            if !any_readable(&[self.channel.as_fd()], until) {
                return match has_child(self.init, pid)? {
                    true => Ok(None),
                    false => Err(Error::new(format!(
                        "the exit status of process {pid} was lost"
                    ))),
                };
            }
            match self.channel.receive(Some(deadline()))?.0 {
                Reply::Ended(ended) => self.channel.remember(ended),
                other => return Err(unexpected(&other)),
            }
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.close();
    }
}

/// The cgroup of its own that a sandbox gets. A launcher that is not a step may
/// make cgroups; where no cgroup may be made for the trial, the launcher may
/// make none either.
fn cgroup_of(
    plan: &Plan,
    equipment: &Equipment,
) -> std::result::Result<Option<Made>, Refusal> {
    if plan.pids == PidNamespace::Callers {
        return Made::to_be_killed(&equipment.layout).map(Some);
    }
    match (plan.tree, plan.cgroups) {
        (Tree::Small, _) | (_, Some(Cgroups::Host)) => Ok(None),
        (Tree::Whole, Some(Cgroups::V2)) => {
            Made::for_a_trial(&equipment.layout)
                .map(Some)
                .map_err(|error| Refusal::Unavailable(error.message))
        }
        // What a launcher mounts itself is then its own.
        (Tree::Whole, Some(Cgroups::None) | None) => {
            Ok(Made::for_a_trial(&equipment.layout).ok())
        }
    }
}

/// Waits until init has ended, and the monitor with it. If init does not end in
/// time, kills the monitor, which the kernel has init follow; if that is
/// forbidden too, both end with this process.
fn end(monitor: &mut Child, init: &OwnedFd) {
    if any_readable(&[init.as_fd()], deadline()) || monitor.kill().is_ok() {
        let _ = monitor.wait();
    }
}

/// Ends a monitor whose sandbox was never finished.
struct Monitor(Option<Child>);

impl Monitor {
    /// Adds to an error of the socket how the sandbox has ended, if a signal
    /// ended it.
    fn why(&mut self, error: Error) -> Error {
        let Some(monitor) = &mut self.0 else { return error };
        if let Ok(pidfd) = kernel::pidfd_open(monitor.id().cast_signed()) {
            any_readable(&[pidfd.as_fd()], Instant::now() + grace());
        }
        let Ok(Some(status)) = monitor.try_wait() else { return error };
        // The monitor passes on how init ended, as a shell does.
        let passed_on = status.code().filter(|it| *it > 128);
        let signal = status.signal().or(passed_on.map(|it| it - 128));
        match signal.map(Signal::try_from) {
            Some(Ok(Signal::SIGSYS)) => Error::new(
                "SIGSYS has ended it: a seccomp filter forbids one of its \
                 system calls (the kernel's log may say which)",
            ),
            Some(Ok(signal)) => Error::new(format!("{signal} has ended it")),
            _ => error,
        }
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        // A monitor that could not be killed would be waited for without end;
        // it ends with the socket.
        if let Some(monitor) = &mut self.0
            && monitor.kill().is_ok()
        {
            let _ = monitor.wait();
        }
    }
}

fn unexpected(reply: &Reply) -> Error {
    Error::new(format!("an unexpected answer of the sandbox: {reply:?}"))
}
