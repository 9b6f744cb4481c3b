//! A fresh place to run one trial, so that nothing reaches the host.
//!
//! Three processes share the work.  The *harness* (this file) stays outside
//! and sees the host's /proc.  It starts the *monitor*, `nsteps sandbox`, which
//! unshares, and forks the sandbox's *init*; both are in
//! [`inside`](crate::sandbox::inside).  Harness and init talk over one socket,
//! in [`protocol`](crate::sandbox::protocol).  When the harness ends, however
//! it ends, the kernel kills the monitor, then init, then all that init
//! started.
//!
//! Only this module and its children know about privileges.

mod chroot;
pub mod inside;
mod links;
pub mod listen;
pub mod protocol;
mod tree;
mod written;

use crate::cgroup::Made;
use crate::equipment::Equipment;
use crate::error::{Context, Error, Result};
use crate::rootfs::Rootfs;
use crate::sys;
pub use crate::timeout::deadline;
use crate::timeout::{any_readable, learn};
use listen::inode;
pub use listen::{
    ANSWER, Answer, LineRead, Output, Way, read_line, read_to_end,
};
use nix::unistd::pipe2;
use probe::Observation;
use protocol::{Channel, Ended, Reply, Request};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// How the sandbox's mounts are, before a step touches them.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize,
)]
pub enum Mounts {
    /// As the kernel leaves them.
    Private,
    /// `/` and everything below it shared, as systemd leaves them.
    Shared,
    /// Shared, and two mounts stacked below /proc: JD's host.
    ProcNested,
}

/// The user that root of the sandbox is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize,
)]
pub enum Identity {
    /// The machine's own root.
    Root,
    /// The caller, mapped to root in a user namespace around everything.
    User,
}

/// The conditions of a trial.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize,
)]
pub struct Scenario {
    /// How the mounts are.
    pub mounts: Mounts,
    /// The user that root is.
    pub identity: Identity,
}

const fn scenario(mounts: Mounts, identity: Identity) -> Scenario {
    Scenario { mounts, identity }
}

/// Every scenario, in the order tables list them.
pub const SCENARIOS: &[Scenario] = &[
    scenario(Mounts::Private, Identity::Root),
    scenario(Mounts::Private, Identity::User),
    scenario(Mounts::Shared, Identity::Root),
    scenario(Mounts::Shared, Identity::User),
    scenario(Mounts::ProcNested, Identity::Root),
    scenario(Mounts::ProcNested, Identity::User),
];

impl Mounts {
    /// Its name on the command line and in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Mounts::Private => "private",
            Mounts::Shared => "shared",
            Mounts::ProcNested => "proc_nested",
        }
    }
}

impl Identity {
    /// Its name on the command line and in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Identity::Root => "root",
            Identity::User => "user",
        }
    }

    /// The identity that needs no privilege: root for root, else the user.
    pub fn natural() -> Identity {
        if nix::unistd::geteuid().is_root() {
            Identity::Root
        } else {
            Identity::User
        }
    }
}

impl Scenario {
    /// The one that asks for nothing and in which nothing propagates.
    pub fn natural() -> Scenario {
        Scenario { mounts: Mounts::Private, identity: Identity::natural() }
    }

    /// The scenario called `MOUNTS/IDENTITY`.
    pub fn named(name: &str) -> Option<Scenario> {
        SCENARIOS.iter().copied().find(|it| it.to_string() == name)
    }
}

impl std::fmt::Display for Scenario {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&format!("{}/{}", self.mounts.name(), self.identity.name()))
    }
}

/// How much of the host's tree is mounted in the sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tree {
    /// /usr, /etc, a few devices and this project's programs, read-only: the
    /// same mount table on every machine.
    Small,
    /// Every directory of the host's root, for launchers that live anywhere.
    Whole,
}

/// What the monitor is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// The conditions of the trial.
    pub scenario: Scenario,
    /// How much of the host is visible.
    pub tree: Tree,
    /// The project's programs on the host; `/nsteps` in the sandbox.
    pub programs: String,
    /// What is at `/newroot`, if anything.
    pub rootfs: Option<Rootfs>,
    /// Whether it starts in a cgroup that is not a root.
    pub in_a_cgroup: bool,
    /// Whether it has a cgroup of its own, which is the root of a cgroup
    /// namespace. [`Sandbox::enter`] decides.
    pub own_cgroup: bool,
}

impl Plan {
    /// A sandbox with nothing special about it.
    pub fn of(scenario: Scenario, tree: Tree, equipment: &Equipment) -> Plan {
        let programs = equipment.layout.programs().display().to_string();
        Plan {
            scenario,
            tree,
            programs,
            rootfs: None,
            in_a_cgroup: false,
            own_cgroup: false,
        }
    }
}

/// Where the project's programs are in a sandbox.
pub const PROGRAMS: &str = "/nsteps";
/// The probe, as a payload that keeps its root.
pub const PROBE: &str = "/nsteps/bin/nsteps-probe";
/// The root filesystem a step may pivot into.
pub const NEWROOT: &str = "/newroot";
/// The probe, as a payload that has pivoted into [`NEWROOT`].
pub const PROBE_IN_NEWROOT: &str = "/nsteps-probe";
/// The directory the mount steps cover.
pub const MYTMP: &str = "/mytmp";
/// The sandbox's second procfs mount, which no step touches: init observes
/// through it, and its visibility lets a user namespace mount another.
pub const OBSERVED_PROC: &str = "/run/proc";
/// An executable script without a `#!` line.
pub const NO_SHEBANG: &str = "/run/no-shebang";
/// Where programs are looked for in a sandbox: PATH.
pub const SEARCHED: &str =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// The host name of every sandbox.
pub const HOSTNAME: &str = "sandbox";

/// The reason of a trial that needs root. It is no fault of the machine.
pub const NEEDS_ROOT: &str = "needs root";

/// Why there is no sandbox: the machine does not allow it, or it broke.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// Not possible on this machine, with the reason and the remedy.
    Unavailable(String),
    /// It should have been possible.
    Broken(String),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        let (Refusal::Unavailable(why) | Refusal::Broken(why)) = refusal;
        Error::new(format!("no sandbox: {why}"))
    }
}

/// A running sandbox.  Dropping it kills everything in it.
#[derive(Debug)]
pub struct Sandbox {
    monitor: Child,
    init: i32,
    init_pidfd: OwnedFd,
    channel: Channel,
    host: Observation,
    /// Removed after everything in the sandbox has been killed.
    cgroup: Option<Made>,
}

/// A command started in a sandbox.
#[derive(Debug)]
pub struct Running {
    /// Its pid in the sandbox.
    pub pid: i32,
    /// Closing it ends its standard input.
    pub stdin: Option<OwnedFd>,
    /// What it writes.
    pub stdout: Output,
    /// What it writes to standard error.
    pub stderr: Output,
    /// What its probe answers; closing it releases a held probe.
    pub answer: Option<Output>,
    /// The inodes of its three standard streams.
    pub streams: [u64; 3],
}

impl Sandbox {
    /// Makes a sandbox and waits until it is ready.
    ///
    /// # Errors
    ///
    /// Fails if the machine does not allow it, with the reason and the remedy,
    /// or if it should have worked.
    pub fn enter(
        plan: &Plan,
        equipment: &Equipment,
    ) -> std::result::Result<Sandbox, Refusal> {
        let is_root = nix::unistd::geteuid().is_root();
        if plan.scenario.identity == Identity::Root && !is_root {
            return Err(Refusal::Unavailable(NEEDS_ROOT.to_owned()));
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
        let monitor = Command::new(equipment.layout.command()?)
            .arg("sandbox")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .spawn()
            .context("start the sandbox")?;
        if let (true, Ok(cgroup)) = (plan.in_a_cgroup, &equipment.cgroup) {
            cgroup.enter(monitor.id())?;
        }
        let mut monitor = Monitor(Some(monitor));
        // A launcher that is not a step may make cgroups. Where no cgroup may
        // be made for the trial, the launcher may make none either.
        let cgroup = match plan.tree {
            Tree::Small => None,
            Tree::Whole => Made::for_a_trial(&equipment.layout).ok(),
        };
        if let (Some(cgroup), Some(monitor)) = (&cgroup, &monitor.0) {
            cgroup.enter(monitor.id())?;
        }
        let own_cgroup = cgroup.is_some();
        ours.send(&Plan { own_cgroup, ..plan.clone() }, &[])?;
        let (reply, sender) = ours.receive(Some(deadline()))?;
        if let (Some(cgroup), Some(monitor)) = (&cgroup, &monitor.0) {
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
            sys::pidfd_open(init).context("open the sandbox's init")?;
        let monitor = monitor.0.take().expect("it was put there above");
        let channel = ours;
        Ok(Ok(Sandbox { monitor, init, init_pidfd, channel, host, cgroup }))
    }

    /// What the sandbox looked like before anything ran in it.
    pub fn host_before(&self) -> &Observation {
        &self.host
    }

    /// The pid of the sandbox's init in the harness's /proc.
    pub fn init(&self) -> i32 {
        self.init
    }

    /// What the sandbox looks like now, as its init sees it through a procfs
    /// mount that no step touches.
    ///
    /// # Errors
    ///
    /// Fails if the sandbox is gone.
    pub fn host_now(&mut self) -> Result<Observation> {
        match self.ask(&Request::Observe, &[])? {
            Reply::Host(host) => Ok(*host),
            other => Err(unexpected(&other)),
        }
    }

    /// The cgroups that were made in the sandbox's own; none where it has none.
    pub fn cgroups(&self) -> BTreeSet<String> {
        self.cgroup.as_ref().map(Made::cgroups).unwrap_or_default()
    }

    /// The files where launchers leave some.
    ///
    /// # Errors
    ///
    /// Fails if the sandbox is gone.
    pub fn files(&mut self) -> Result<BTreeSet<String>> {
        match self.ask(&Request::Files, &[])? {
            Reply::Files(files) => Ok(files),
            other => Err(unexpected(&other)),
        }
    }

    /// Whether a process, by its pid in the sandbox, lives below the root of
    /// its mount namespace; `None` where that cannot be told.
    ///
    /// # Errors
    ///
    /// Fails if the sandbox is gone.
    pub fn is_chrooted(&mut self, pid: i32) -> Result<Option<bool>> {
        match self.ask(&Request::IsChrooted { pid }, &[])? {
            Reply::Chrooted(answer) => Ok(answer),
            other => Err(unexpected(&other)),
        }
    }

    /// Starts a command in the sandbox, from a defined state: default signals,
    /// init's session, descriptors 0 to 2, a small environment, umask 022.
    ///
    /// # Errors
    ///
    /// Fails if the command cannot be started, or if the sandbox is gone.
    pub fn run(&mut self, command: &protocol::Command) -> Result<Running> {
        self.start_command(command, None)
    }

    /// The same for a command line that has the probe as its payload, which
    /// inherits `answer`.
    ///
    /// # Errors
    ///
    /// Fails if the command cannot be started, or if the sandbox is gone.
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
        let streams = [inode(&stdin)?, inode(&stdout)?, inode(&stderr)?];
        let mut theirs = vec![stdin.as_fd(), stdout.as_fd(), stderr.as_fd()];
        theirs.extend(answer.as_ref().map(|it| it.theirs.as_fd()));
        let started = self.ask(&Request::Run(command.clone()), &theirs)?;
        drop((stdin, stdout, stderr));
        let answer = answer.map(|it| it.ours.into());
        match started {
            Reply::Started(pid) => Ok(Running {
                pid,
                stdin: Some(stdin_ours),
                stdout: stdout_ours.into(),
                stderr: stderr_ours.into(),
                answer,
                streams,
            }),
            Reply::Broken(why) => Err(Error::new(why)),
            other => Err(unexpected(&other)),
        }
    }

    /// Sends a request, descriptors beside it, and waits for its reply;
    /// commands that end meanwhile are remembered.
    fn ask(
        &mut self,
        request: &Request,
        descriptors: &[BorrowedFd<'_>],
    ) -> Result<Reply> {
        self.channel.send(request, descriptors)?;
        loop {
            match self.channel.receive(Some(deadline()))?.0 {
                Reply::Ended(ended) => self.channel.remember(ended),
                reply => return Ok(reply),
            }
        }
    }

    /// Sends a signal to a process of the sandbox, by its pid there.
    ///
    /// # Errors
    ///
    /// Fails if the sandbox is gone.
    pub fn signal(&mut self, pid: i32, signal: i32) -> Result<()> {
        self.channel.send(&Request::Signal { pid, signal }, &[])
    }

    /// Kills everything in it, and waits until that is gone.
    pub fn close(&mut self) {
        // The kernel ends all of them with init; then the monitor has none left
        // to wait for.
        let _ = sys::pidfd_kill(&self.init_pidfd);
        let _ = self.monitor.wait();
    }

    /// Waits for a command to end; `None` when it does not in time.
    ///
    /// # Errors
    ///
    /// Fails if the command has ended and init did not learn how, or if the
    /// sandbox is gone.
    pub fn wait(&mut self, pid: i32, until: Instant) -> Result<Option<Ended>> {
        loop {
            if let Some(ended) = self.channel.recall(pid) {
                return Ok(Some(ended));
            }
            if !readable(self.channel.as_fd(), until) {
                return match crate::outside::has_child(self.init, pid)? {
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

/// Ends a monitor whose sandbox was never finished.
struct Monitor(Option<Child>);

impl Drop for Monitor {
    fn drop(&mut self) {
        if let Some(monitor) = &mut self.0 {
            let _ = monitor.kill();
            let _ = monitor.wait();
        }
    }
}

/// Waits until there is something to read (or the end) or it is too late.
fn readable(fd: BorrowedFd<'_>, until: Instant) -> bool {
    any_readable(&[fd], until)
}

fn unexpected(reply: &Reply) -> Error {
    Error::new(format!("the sandbox gave an answer out of turn: {reply:?}"))
}
