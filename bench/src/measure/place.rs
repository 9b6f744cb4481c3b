//! Runs peers in a sandbox of `nsteps`, on processors of their own.

use crate::measure::dialogue::Dialogue;
use crate::operation::Operation;
use crate::peer::{Parent, Peer};
use crate::record::answer::Answer;
use harness::error::{Context, Error, Result};
use harness::found::Refusal;
use harness::host::Equipment;
use harness::host::layout::Layout;
use harness::paths::{NEWROOT, PROGRAMS};
use harness::sandbox::Sandbox;
use harness::sandbox::listen::read_to_end;
use harness::sandbox::plan::{Plan, Tree};
use harness::sandbox::protocol::Command;
use harness::scenario::{Identity, Mounts, Scenario};
use harness::timeout::deadline;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use std::thread::sleep;
use std::time::Duration;

/// The processors of this machine on which a run measures.
#[derive(Clone, Debug)]
pub struct Processors {
    /// The processor on which everything is measured.
    pub one: usize,
    /// That processor and another, for a runtime that wants two; `None` on a
    /// machine that has one.
    pub two: Option<[usize; 2]>,
    allowed: CpuSet,
}

impl Processors {
    /// Chooses among the processors that this process may use. It measures on
    /// the last, because the first answers most interrupts.
    ///
    /// # Errors
    ///
    /// Fails if the kernel does not report them.
    pub fn find() -> Result<Processors> {
        let allowed =
            sched_getaffinity(Pid::from_raw(0)).context("sched_getaffinity")?;
        let all: Vec<usize> = (0..CpuSet::count())
            .filter(|cpu| allowed.is_set(*cpu).unwrap_or(false))
            .collect();
        let (one, rest) = all
            .split_last()
            .ok_or_else(|| Error::new("no processor to run on"))?;
        let two = rest.last().map(|other| [*other, *one]);
        Ok(Processors { one: *one, two, allowed })
    }

    /// Every processor that this process may use, by number.
    pub fn all(&self) -> Vec<usize> {
        let is_allowed =
            |cpu: &usize| self.allowed.is_set(*cpu).unwrap_or(false);
        (0..CpuSet::count()).filter(is_allowed).collect()
    }

    /// Moves this process away from the processor that is measured on, if there
    /// is another.
    ///
    /// # Errors
    ///
    /// Fails as sched_setaffinity(2) does.
    pub fn stand_aside(&self) -> Result<()> {
        let mut aside = self.allowed;
        if self.two.is_some() {
            aside.unset(self.one).context("choose processors")?;
        }
        pin(&aside)
    }
}

/// Restricts this process, and all that it starts later, to some processors.
fn pin(cpus: &CpuSet) -> Result<()> {
    sched_setaffinity(Pid::from_raw(0), cpus).context("sched_setaffinity")
}

/// The number of operations in the longest block. More of them without a pause
/// would change the speed of the machine, because the kernel frees what they
/// made.
const BLOCK: u32 = 50;

/// A sandbox with peers in it. Each peer is started when it is first asked.
#[derive(Debug)]
pub struct Place {
    sandbox: Sandbox,
    peers: Vec<(Peer, Dialogue)>,
}

impl Place {
    /// Makes the sandbox. All its processes stay on `cpus`.
    ///
    /// # Errors
    ///
    /// Fails if no sandbox can be made, with the reason.
    pub fn enter(
        layout: &Layout,
        processors: &Processors,
        cpus: &[usize],
    ) -> Result<Place> {
        let mut set = CpuSet::new();
        for cpu in cpus {
            set.set(*cpu).context("choose processors")?;
        }
        pin(&set)?;
        let sandbox = sandbox(layout);
        processors.stand_aside()?;
        Ok(Place { sandbox: sandbox?, peers: Vec::new() })
    }

    /// Has a peer perform an operation.
    ///
    /// # Errors
    ///
    /// Fails if the peer has ended, with its reason. The next call starts
    /// another one.
    pub fn ask(
        &mut self,
        peer: Peer,
        operation: &str,
        count: u32,
        arguments: &[String],
    ) -> Result<Answer> {
        let at = self.find(peer)?;
        let answer = self.peers[at].1.ask(operation, count, arguments);
        if answer.is_err() {
            // It may still be working, on the processor that the next peer is
            // measured on.
            let (_, dialogue) = self.peers.swap_remove(at);
            let kill = Signal::SIGKILL as i32;
            self.sandbox.signal(dialogue.pid(), kill)?;
            self.sandbox.wait(dialogue.pid(), deadline())?;
        }
        answer
    }

    /// Ends the peers of the languages. The next peer that is asked is a new
    /// process at another position in memory. The floor has the same position
    /// each time, and stays: the launchers that are [`beside`](Place::beside)
    /// it need its namespaces.
    ///
    /// # Errors
    ///
    /// Fails if the sandbox has ended.
    pub fn renew(&mut self) -> Result<()> {
        for (peer, dialogue) in std::mem::take(&mut self.peers) {
            match peer {
                Peer::Floor => self.peers.push((peer, dialogue)),
                _ => dialogue.end(&mut self.sandbox)?,
            }
        }
        Ok(())
    }

    /// The index of a peer among the running ones; it is started if it does not
    /// run.
    fn find(&mut self, peer: Peer) -> Result<usize> {
        if let Some(at) = self.peers.iter().position(|(it, _)| *it == peer) {
            return Ok(at);
        }
        let mut dialogue = Dialogue::begin(peer, &mut self.sandbox)?;
        if let Peer::Library(Parent::Grown(what, count)) = peer {
            dialogue.grow(what, count)?;
        }
        self.peers.push((peer, dialogue));
        Ok(self.peers.len() - 1)
    }

    /// A command line to put before another one, which then runs in the
    /// namespaces of a peer, those of [`Dialogue::begin`] included.
    ///
    /// # Errors
    ///
    /// Fails if the sandbox has ended.
    pub fn beside(&mut self, peer: Peer) -> Result<Vec<String>> {
        if Identity::natural() == Identity::Root {
            return Ok(Vec::new());
        }
        let at = self.find(peer)?;
        let pid = self.peers[at].1.pid();
        Ok(vec![
            "nsenter".to_owned(),
            format!("--cgroup=/proc/{pid}/ns/cgroup"),
            format!("--time=/proc/{pid}/ns/time_for_children"),
        ])
    }

    /// Has a peer perform an operation any number of times, in blocks, and
    /// checks the proof of each block. The time between two blocks does not
    /// count.
    ///
    /// # Errors
    ///
    /// Fails if the peer has ended or has proved something else.
    pub fn perform(
        &mut self,
        peer: Peer,
        operation: &Operation,
        count: u64,
    ) -> Result<Duration> {
        let mut total = 0;
        let mut left = count;
        while left > 0 {
            let block = u32::try_from(left).unwrap_or(BLOCK).min(BLOCK);
            left -= u64::from(block);
            let answer = self.ask(peer, &operation.line(), block, &[])?;
            answer.must_prove(&operation.expected(block))?;
            total += answer.total;
            sleep(operation.drain());
        }
        Ok(Duration::from_nanos(total))
    }

    /// The sandbox, for other commands.
    pub fn sandbox(&mut self) -> &mut Sandbox {
        &mut self.sandbox
    }
}

/// The scenario of the sandboxes of this run: as root, or as the root of a user
/// namespace.
pub fn scenario() -> Scenario {
    Scenario { mounts: Mounts::Private, identity: Identity::natural() }
}

/// Makes a sandbox with a new root to pivot into.
///
/// # Errors
///
/// Fails if no sandbox can be made, with the reason.
pub fn sandbox(layout: &Layout) -> std::result::Result<Sandbox, Refusal> {
    let unused = || Error::new("the benchmarks have no use for it");
    let equipment = Equipment {
        layout: layout.clone(),
        rootfs: Err(unused()),
        cgroup: Err(unused()),
    };
    let plan = Plan::of(scenario(), Tree::Small, &equipment);
    let mut sandbox = Sandbox::enter(&plan, &equipment)?;
    // The new root has nothing but the payloads, so that it is the same on
    // every machine. The witness is written for one processor architecture.
    let set_up = format!(
        "cd {NEWROOT} && mkdir old dev proc && \
         cp {PROGRAMS}/bench/true {PROGRAMS}/bench/first \
         {PROGRAMS}/bin/nsteps-probe . && \
         {{ ! test -e {PROGRAMS}/bench/witness || \
         cp {PROGRAMS}/bench/witness .; }}"
    );
    said(&mut sandbox, &["sh", "-c", &set_up])
        .map_err(|error| Refusal::Broken(error.message))?;
    Ok(sandbox)
}

/// Runs a command in the sandbox, and returns what it prints.
///
/// # Errors
///
/// Fails if the command fails, with its error message.
pub fn said(sandbox: &mut Sandbox, argv: &[&str]) -> Result<String> {
    let command = Command {
        argv: argv.iter().map(ToString::to_string).collect(),
        ..Command::default()
    };
    let mut running = sandbox.run(&command)?;
    drop(running.stdin.take());
    let stdout = read_to_end(&mut running.stdout, deadline());
    let stderr = read_to_end(&mut running.stderr, deadline());
    match sandbox.wait(running.pid, deadline())? {
        Some(ended) if ended.status == 0 => {
            Ok(String::from_utf8_lossy(&stdout).into_owned())
        }
        _ => Err(Error::new(format!(
            "{}: {}",
            argv.join(" "),
            String::from_utf8_lossy(&stderr).trim()
        ))),
    }
}
