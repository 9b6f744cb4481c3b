//! A trial: one step, performed by one launcher, under the conditions of a
//! scenario.
//!
//! The payload is the probe. The probe alone runs first in the same sandbox;
//! the effect of the launcher is the difference between the two observations.
//! While the payload is held on a socket, the harness reads its values from
//! outside as well.

pub mod act;
mod around;
pub mod daemon;
mod filter;
pub mod join;
pub mod leftovers;
pub mod outside;
pub mod performer;
pub mod situation;
pub mod witness;

use crate::descendants::{find, pid_as_seen_by};
use crate::error::{Error, Result};
use crate::found::Found;
use crate::found::Refusal;
use crate::host::Equipment;
use crate::launcher::Launcher;
use crate::paths::{
    NEWROOT, PROBE, PROBE_IN_CONTAINER, PROBE_IN_NEWROOT, SOCKET_IN_CONTAINER,
};
use crate::sandbox::Sandbox;
use crate::sandbox::listen::{self, ANSWER, Answer, Running, Way, read_to_end};
use crate::sandbox::plan::{Plan, Tree};
use crate::sandbox::protocol::{Command, Ended, PutFile};
use crate::sandbox::start::Start;
use crate::scenario::Scenario;
use crate::step::{Arguments, Namespace, Step};
use crate::timeout::{LATE, deadline, grace};
use crate::trial::leftovers::Leftovers;
use crate::trial::performer::{MOST_PROCESSES, OwnProgram, Performer};
use nix::errno::Errno;
use probe::{Effect, Observation};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Barrier;
use std::time::Instant;

/// A trial: a step, the launcher that performs it, and the conditions.
#[derive(Clone, Copy, Debug)]
pub struct Trial {
    /// The step that is tried.
    pub step: &'static Step,
    /// The launcher that performs it.
    pub launcher: Launcher,
    /// The mounts and the user of the sandbox.
    pub scenario: Scenario,
}

/// The outcome of a trial: what the launcher did, which may be an error; or why
/// the trial could not run. A trial that could not run has not passed.
pub type Outcome = Found<Box<Observed>>;

/// Where the payload of a trial runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// In a sandbox of its own.
    #[default]
    Sandbox,
    /// On the host, where a daemon has started it.
    Host,
}

/// What a launcher did, as the payload, the sandbox and the monitor saw it.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// What changed for the payload, for the sandbox around it (`host.`), and
    /// what was left in the sandbox afterwards (`residue.`); how the launcher
    /// ended (`exit`); and which call failed (`refused`).
    pub effect: Effect,
    /// The payload's observation; `None` if the launcher did not run the
    /// payload.
    pub payload: Option<Observation>,
    /// The reason why there is no observation.
    pub did_not_answer: Option<String>,
    /// The way by which the observation came.
    pub way: Way,
    /// Where the payload ran.
    pub place: Place,
    /// What the launcher wrote to standard error.
    pub said: String,
    /// The namespaces that are not the sandbox's, each with its inode.
    pub made: BTreeMap<Namespace, String>,
    /// The values that the harness read from outside, by key.
    pub outside: BTreeMap<String, String>,
    /// The values that the payload and the harness read differently.
    pub disagreements: Vec<String>,
}

impl Observed {
    /// Adds to the effect which call failed, if the error message has the form
    /// of a step's: `STEP: CALL: STRERROR`.
    pub fn enter_refusal(&mut self) {
        if self.payload.is_none() || refused(&self.said).is_some() {
            self.effect.change("refused", error_message(&self.said));
        }
    }
}

/// A barrier for the trials of a group: a trial holds its payload until the
/// others hold theirs, so that all namespaces that they made exist at the same
/// time.
pub trait Rendezvous: Sync {
    /// Waits until all trials of the group are here.
    fn meet(&self);
}

impl Rendezvous for Barrier {
    fn meet(&self) {
        self.wait();
    }
}

/// The barrier of a trial that has no group: it does not wait.
pub struct Alone;

impl Rendezvous for Alone {
    fn meet(&self) {}
}

impl Trial {
    /// Runs the trial. Waits at the group's barrier exactly once, also on
    /// failure.
    pub fn run(
        &self,
        equipment: &Equipment,
        others: &dyn Rendezvous,
    ) -> Outcome {
        let Trial { step, launcher, scenario } = *self;
        let mut meeting = Meeting::new(others);
        let performer = Performer::Launcher(launcher);
        look_at(performer, step, scenario, equipment, &mut meeting)
    }
}

/// Lets a program of the user's own perform a step, and looks at its payload.
pub fn of_own(
    program: &OwnProgram,
    step: &'static Step,
    scenario: Scenario,
    equipment: &Equipment,
) -> Outcome {
    let mut meeting = Meeting::new(&Alone);
    let performer = Performer::Own(program);
    look_at(performer, step, scenario, equipment, &mut meeting)
}

fn look_at(
    performer: Performer<'_>,
    step: &'static Step,
    scenario: Scenario,
    equipment: &Equipment,
    meeting: &mut Meeting<'_>,
) -> Outcome {
    let broken = |error: Error| Refusal::Broken(error.message);
    if let Some(reason) = performer.missing(step, &equipment.layout) {
        return Err(Refusal::Unavailable(reason));
    }
    let pivots = step.arguments == Arguments::NewRoot;
    let unavailable =
        |error: &Error| Refusal::Unavailable(error.message.clone());
    let mut plan = performer.adapt(Plan::of(scenario, Tree::Small, equipment));
    if pivots {
        let rootfs = equipment.rootfs.as_ref().map_err(unavailable)?;
        plan.rootfs = Some(rootfs.clone());
    }
    if step.namespaces.contains(&Namespace::Cgroup) {
        equipment.cgroup.as_ref().map_err(unavailable)?;
        plan.in_a_cgroup = true;
    }
    let mut sandbox = Sandbox::enter(&plan, equipment)?;
    let payload = if pivots { PROBE_IN_NEWROOT } else { PROBE };
    let subject = pivots.then_some(NEWROOT);
    let argv = |probe: &[String]| {
        let probe = probe.iter().map(String::as_str);
        let payload: Vec<&str> = [payload].into_iter().chain(probe).collect();
        performer.argv(step, subject, &payload)
    };
    let mut launch = Launch::in_root(argv);
    launch.directory = performer.directory();
    let baseline = baseline_of(&mut sandbox, &launch).map_err(broken)?;
    let observed = hold_and_look(&mut sandbox, &baseline, &launch, meeting);
    let outcome = observed.map_err(broken).map(|mut observed| {
        observed.enter_refusal();
        Box::new(observed)
    });
    unless_overrun(&sandbox, outcome)
}

/// The outcome of a trial; or, if it broke because the launcher had too many
/// processes and was ended with its sandbox, that.
fn unless_overrun(sandbox: &Sandbox, outcome: Outcome) -> Outcome {
    match outcome {
        Err(_) if sandbox.was_overrun() => {
            let why = format!("it had more than {MOST_PROCESSES} processes");
            let did_not_answer = Some(why);
            Ok(Box::new(Observed { did_not_answer, ..Observed::default() }))
        }
        outcome => outcome,
    }
}

/// The command line around a probe with these arguments.
type CommandLine<'a> = dyn Fn(&[String]) -> Vec<String> + 'a;

/// A command line around the probe, and how it is started.
pub struct Launch<'a> {
    /// Makes the command line from the probe's arguments.
    argv: Box<CommandLine<'a>>,
    /// Makes the files that the launcher reads from the probe's arguments.
    files: Box<Files<'a>>,
    /// The working directory; `None` is the root directory.
    directory: Option<PathBuf>,
    /// The state in which it is started.
    start: Start,
    depth: Depth,
}

/// How much of a payload is observed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Depth {
    /// What steps change; it is read fast, and is the same on every machine.
    #[default]
    Steps,
    /// Also what the payload is allowed to do, and what is visible only from
    /// outside.
    Deep,
}

/// Arguments that do nothing but come through the launcher.
const WORDS: [&str; 5] = ["--words", "two  words", "$X", "", "back\\slash"];

impl Depth {
    /// Adds the arguments that make the probe observe this much.
    fn add_to(self, mut arguments: Vec<String>) -> Vec<String> {
        if self == Depth::Deep {
            arguments.push("--deep".to_owned());
            // What a shell changes: a launcher that builds a command line of
            // the arguments must quote them.
            arguments.extend(WORDS.map(str::to_owned));
        }
        arguments
    }
}

/// Makes the files around a probe with these arguments.
type Files<'a> = dyn Fn(&[String]) -> Vec<PutFile> + 'a;

impl<'a> Launch<'a> {
    /// A launch in the sandbox's root directory.
    pub fn in_root(argv: impl Fn(&[String]) -> Vec<String> + 'a) -> Launch<'a> {
        let files = |_: &[String]| Vec::new();
        Launch {
            argv: Box::new(argv),
            files: Box::new(files),
            directory: None,
            start: Start::Plain,
            depth: Depth::default(),
        }
    }

    /// The launch after these files have been put in the sandbox.
    pub fn with_files(
        self,
        files: impl Fn(&[String]) -> Vec<PutFile> + 'a,
    ) -> Launch<'a> {
        Launch { files: Box::new(files), ..self }
    }

    /// The launch in another directory of the sandbox.
    pub fn in_directory(self, directory: PathBuf) -> Launch<'a> {
        Launch { directory: Some(directory), ..self }
    }

    /// The launch in another state; the probe alone starts in the same one.
    pub fn in_state(self, start: Start) -> Launch<'a> {
        Launch { start, ..self }
    }

    /// The launch with a payload that is observed this much.
    pub fn looked_at(self, depth: Depth) -> Launch<'a> {
        Launch { depth, ..self }
    }

    /// The launch of the probe alone, in the same way.
    fn baseline(&self) -> Launch<'static> {
        let argv = |probe: &[String]| [&[PROBE.to_owned()], probe].concat();
        Launch {
            directory: self.directory.clone(),
            start: self.start,
            depth: self.depth,
            ..Launch::in_root(argv)
        }
    }

    fn command(&self, probe: &[String]) -> Command {
        let argv = (self.argv)(probe);
        let (directory, start) = (self.directory.clone(), self.start);
        Command { argv, directory, start, ..Command::default() }
    }
}

/// Waits at the barrier when asked, or on drop if that did not happen before.
pub struct Meeting<'a> {
    others: &'a dyn Rendezvous,
    done: bool,
}

impl<'a> Meeting<'a> {
    /// A barrier at which the trial has not waited yet.
    pub fn new(others: &'a dyn Rendezvous) -> Meeting<'a> {
        Meeting { others, done: false }
    }

    fn meet(&mut self) {
        if !std::mem::replace(&mut self.done, true) {
            self.others.meet();
        }
    }
}

impl Drop for Meeting<'_> {
    fn drop(&mut self) {
        self.meet();
    }
}

/// The observation of the probe alone in this sandbox, before anything is
/// changed.
///
/// # Errors
///
/// Fails if the probe cannot be started, or if it gives no observation.
pub fn bare_probe(sandbox: &mut Sandbox) -> Result<Observation> {
    baseline_of(sandbox, &Launch::in_root(|_| Vec::new()))
}

/// The observation of the probe alone, started in the way in which this
/// launcher will be started.
///
/// # Errors
///
/// Fails if the probe cannot be started, or if it gives no observation.
pub fn baseline_of(
    sandbox: &mut Sandbox,
    launch: &Launch<'_>,
) -> Result<Observation> {
    let answer = Answer::new()?;
    let arguments = launch.depth.add_to(answer.once());
    let command = launch.baseline().command(&arguments);
    let mut running = sandbox.run_probe(&command, answer)?;
    let answer = listen::observation(&mut running, deadline());
    sandbox.wait(running.pid, deadline())?;
    answer.map(|(observation, _)| observation).map_err(|error| {
        let stderr = read_to_end(&mut running.stderr, deadline());
        let stderr = String::from_utf8_lossy(&stderr);
        Error::new(format!("the bare probe: {error} {}", stderr.trim()))
    })
}

/// Starts the launcher, holds its payload, and observes it from inside and
/// outside.
///
/// # Errors
///
/// Fails if the launcher cannot be started, or if the sandbox has ended.
pub fn hold_and_look(
    sandbox: &mut Sandbox,
    baseline: &Observation,
    launch: &Launch<'_>,
    meeting: &mut Meeting<'_>,
) -> Result<Observed> {
    let host_before = sandbox.host_before().clone();
    let answer = Answer::new()?;
    let arguments = launch.depth.add_to(answer.held());
    let files = (launch.files)(&arguments);
    if !files.is_empty() {
        sandbox.put(files)?;
    }
    let left_before = Leftovers::behind(sandbox.files()?, sandbox.init());
    let command = launch.command(&arguments);
    let mut running = sandbox.run_probe(&command, answer)?;
    let mut observed = Observed::default();

    match listen::observation(&mut running, deadline()) {
        Err(why) => observed.did_not_answer = Some(why.message),
        Ok((payload, way)) => {
            observed.way = way;
            observed.effect = probe::effect(baseline, &launched(&payload));
            streams(&mut observed.effect, &payload, &running.streams);
            observed.made = made(baseline, &payload);
            let view = outside::view(sandbox.init(), &payload);
            observed.outside = view.read;
            observed.disagreements = view.disagreements;
            if let Ok(pid) = find(sandbox.init(), &payload) {
                let effect = &mut observed.effect;
                outside::moved(sandbox.init(), pid, effect)?;
                if launch.depth == Depth::Deep {
                    let launcher = running.pid;
                    around::enter(sandbox.init(), pid, launcher, effect);
                }
            }
            let during = sandbox.host_now()?;
            prefix(&mut observed.effect, "host", &host_before, &during);
            if is_chrooted(sandbox, &payload) {
                let where_it_is = "below that of the namespace";
                observed.effect.change("root", where_it_is);
            }
            observed.payload = Some(payload);
        }
    }
    meeting.meet();
    release(sandbox, &mut running, &mut observed)?;
    if finish(sandbox, &mut running, &mut observed)? {
        let after = sandbox.host_now()?;
        prefix(&mut observed.effect, "residue", &host_before, &after);
        let init = sandbox.init();
        let files = || sandbox.files();
        left_before.residue(init, files, &mut observed.effect)?;
        for cgroup in sandbox.cgroups() {
            observed.effect.change("residue.cgroups", format!("+ {cgroup}"));
        }
    }
    Ok(observed)
}

/// What a payload observed, without what the harness has put there for it.
fn launched(payload: &Observation) -> Observation {
    [(PROBE_IN_CONTAINER, PROBE), (SOCKET_IN_CONTAINER, SOCKET_IN_CONTAINER)]
        .into_iter()
        .fold(payload.clone(), |payload, (at, from)| {
            let name = from.rsplit('/').next().unwrap_or(from);
            payload.without_bound(at, name)
        })
}

/// Enters which standard streams are not those the launcher was started with,
/// and whether it closed what it inherited.
///
/// One pipe looks like another to the payload; only the harness knows which
/// ones it handed to the launcher.
fn streams(
    effect: &mut Effect,
    payload: &Observation,
    streams: &[Option<u64>; 3],
) {
    for (number, given) in streams.iter().enumerate() {
        let key = format!("descriptors.{number}");
        let Some(found) = payload.value(&format!("{key}.inode")) else {
            continue;
        };
        let is_found = |it: &Option<u64>| {
            it.is_some_and(|inode| inode.to_string() == found)
        };
        if is_found(given) || effect.0.contains_key(&key) {
            continue;
        }
        let what = payload.value(&key).unwrap_or("unread");
        let other = streams.iter().position(is_found);
        effect.change(
            key,
            match other {
                Some(other) => format!("what descriptor {other} was"),
                None => format!("another {what}"),
            },
        );
    }
    let answer = format!("descriptors.{ANSWER}");
    if effect.0.get(&answer).is_some_and(|it| it == "closed") {
        effect.0.remove(&answer);
        effect.change("descriptors.inherited", "closed");
    }
}

/// Lets the payload end, after a check that it still exists.
fn release(
    sandbox: &mut Sandbox,
    running: &mut Running,
    observed: &mut Observed,
) -> Result<()> {
    if let Some(payload) = &observed.payload {
        match find(sandbox.init(), payload) {
            Err(_) => {
                // The payload that the other trials waited for has ended too
                // early.
                let why = "the payload has ended before the harness allowed it";
                observed.disagreements.push(why.to_owned());
            }
            Ok(pid) if observed.way == Way::Stdout => {
                let pid = pid_as_seen_by(sandbox.init(), pid)?;
                sandbox.signal(pid, nix::libc::SIGUSR1)?;
            }
            Ok(_) => {}
        }
    }
    drop(running.answer.take());
    running.end_input();
    Ok(())
}

/// True if the payload's root is not that of its mount namespace. If the
/// payload cannot be found, the two sides disagree already.
fn is_chrooted(sandbox: &mut Sandbox, payload: &Observation) -> bool {
    find(sandbox.init(), payload)
        .and_then(|pid| pid_as_seen_by(sandbox.init(), pid))
        .and_then(|pid| sandbox.is_chrooted(pid))
        .is_ok_and(|answer| answer == Some(true))
}

/// Waits for the launcher to end and reads what it wrote to standard error.
/// Returns whether it has ended.
fn finish(
    sandbox: &mut Sandbox,
    running: &mut Running,
    observed: &mut Observed,
) -> Result<bool> {
    let ended = sandbox.wait(running.pid, deadline())?;
    observed.effect.change("exit", exit(ended.as_ref()));
    observed.said = running.said(Instant::now() + grace());
    Ok(ended.is_some())
}

/// The value of the key `exit`: how the launcher ended.
pub fn exit(ended: Option<&Ended>) -> String {
    ended.map_or_else(|| LATE.to_owned(), |it| it.status.to_string())
}

/// The error message of a launcher in words that are the same for all: the call
/// and its errno, or the first line.
pub fn error_message(stderr: &str) -> String {
    refused(stderr).unwrap_or_else(|| {
        let first = stderr.lines().find(|line| !line.is_empty());
        first.unwrap_or("nothing").trim().to_owned()
    })
}

/// The call that failed and its errno, from the launcher's error message.
///
/// C and Rust print `STEP: CALL: STRERROR`, Go prints `panic: CALL: strerror`;
/// Go's words are those of the C library in lower case.
pub fn refused(stderr: &str) -> Option<String> {
    stderr.lines().find_map(|line| {
        let (before, words) = line.rsplit_once(": ")?;
        let errno = errno_of(words.trim())?;
        // The call, which may be followed or preceded by its object.
        let call =
            before.rsplit(": ").find(|it| !it.starts_with(['/', '"']))?;
        let call = match call.split([' ', '[']).next()? {
            // What Go's os/exec calls the search for the program.
            "exec" => "execvp",
            call => call,
        };
        Some(format!("{call} {errno:?}"))
    })
}

/// Whether a launcher says, in whatever words, what the kernel said of a call
/// that failed: `CALL ERRNO`, as [`refused`] has it.
pub fn says(said: &str, refused: &str) -> bool {
    let name = refused.rsplit(' ').next().unwrap_or_default();
    let errno = errnos().find(|errno| format!("{errno:?}") == name);
    let said = said.to_lowercase();
    let words = errno.map(|it| match it {
        // The GNU C library has "Device or" before it, musl has not.
        Errno::EBUSY => "resource busy".to_owned(),
        it => it.desc().to_lowercase(),
    });
    words.is_some_and(|it| said.contains(&it))
}

/// The errno whose description these words are.
fn errno_of(words: &str) -> Option<Errno> {
    // umount(8) has words of its own.
    if words == "target is busy." {
        return Some(Errno::EBUSY);
    }
    errnos().find(|errno| errno.desc().eq_ignore_ascii_case(words))
}

/// Every errno of the kernel.
fn errnos() -> impl Iterator<Item = Errno> {
    (1..134).map(Errno::from_raw)
}

/// The namespaces in `seen` that are not those of the baseline.
fn made(
    baseline: &Observation,
    seen: &Observation,
) -> BTreeMap<Namespace, String> {
    Namespace::ALL
        .into_iter()
        .filter_map(|namespace| {
            let key = format!("ns.{namespace}");
            let inode = seen.value(&key)?;
            (baseline.value(&key) != Some(inode))
                .then(|| (namespace, inode.to_owned()))
        })
        .collect()
}

/// Adds what changed between two observations of the sandbox, under a prefix.
pub fn prefix(
    effect: &mut Effect,
    name: &str,
    before: &Observation,
    after: &Observation,
) {
    for (key, change) in probe::effect(before, after).0 {
        effect.change(format!("{name}.{key}"), change);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_errno_is_said_in_the_words_of_every_library() {
        for said in [
            "pid: umount: Device or resource busy",
            "pid: umount: Resource busy",
            "OSError: [Errno 16] Device or resource busy: '/proc'",
        ] {
            assert!(says(said, "umount EBUSY"), "{said}");
        }
        assert!(says("my-step: No such file or directory", "execvp ENOENT"));
        assert!(!says("my-step: it failed", "execvp ENOENT"));
    }

    #[test]
    fn the_three_languages_refuse_in_the_same_words() {
        let c = "pid: umount: Device or resource busy\n";
        let go = "panic: umount: device or resource busy\n\ngoroutine 1";
        assert_eq!(refused(c).as_deref(), Some("umount EBUSY"));
        assert_eq!(refused(go).as_deref(), Some("umount EBUSY"));
        let looking = "panic: execvp: exec: \"/etc/x\": permission denied";
        assert_eq!(refused(looking).as_deref(), Some("execvp EACCES"));
        let control = "umount: /proc: target is busy.\n";
        assert_eq!(refused(control).as_deref(), Some("umount EBUSY"));
        let old = "pivot_root: mkdir /newroot/.old: File exists\n";
        assert_eq!(refused(old).as_deref(), Some("mkdir EEXIST"));
        assert_eq!(refused("starting...\n"), None);
    }
}
