//! The situations: how launchers end, what they print, and what happens if
//! something goes wrong.

use crate::descendants::{self, Descendant};
use crate::error::{Error, Result};
use crate::found::Refusal;
use crate::host::Equipment;
use crate::launcher::Launcher;
use crate::paths::{NEWROOT, NO_SHEBANG};
use crate::sandbox::Sandbox;
use crate::sandbox::listen::{Running, read_to_end};
use crate::sandbox::plan::{Plan, Tree};
use crate::sandbox::protocol::Command;
use crate::scenario::{Mounts, Scenario};
use crate::step::{Arguments, Step};
use crate::timeout::deadline;
use crate::trial::join::held_container;
use crate::trial::performer::{OwnProgram, Performer};
use crate::trial::unless_overrun;
use crate::trial::witness::{WITNESS, lives};
use crate::trial::{Observed, Outcome, error_message, exit};
use std::time::Instant;

/// A situation around a step, and what is observed in it.
#[derive(Debug)]
pub struct Situation {
    /// Its name; with that of the step it makes the subject.
    pub name: &'static str,
    /// The question that it answers, in a few words.
    pub about: &'static str,
    /// The steps that it is tried on; empty: every step.
    pub steps: &'static [&'static str],
    /// The command that starts the launcher, if the launcher does not start
    /// directly.
    pub before: fn() -> Vec<String>,
    /// The command that the step becomes.
    pub payload: fn() -> Vec<String>,
    /// What is done to the launcher, and what is observed.
    pub look: Look,
    /// The mounts of the sandbox. How a launcher ends does not depend on them.
    pub mounts: Mounts,
}

/// What is done to a launcher, and what is observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// The launcher's exit status and error message are observed.
    Exit,
    /// Its standard output is observed too, lines joined by `|`.
    Output,
    /// Its standard error is observed: what the payload writes there.
    Stderr,
    /// The sandbox around it is observed.
    Host,
    /// The payload waits and is sent SIGKILL from outside: if it is PID 1, it
    /// cannot kill itself.
    Kill,
    /// The launcher is sent SIGTERM while the payload waits.
    Terminate,
    /// The payload sleeps for ever, and the sandbox is closed.
    Hang,
}

/// The value of `steps` for every step.
const EVERY: &[&str] = &[];
/// The name of the situation in which a launcher is not expected to end.
pub const HANG: &str = "hang";
/// The value of `exit` if the launcher did not end.
pub const NEVER: &str = "never";

/// One step that is a clone of the posts' skeleton, and one with an init.
const BOTH: &[&str] = &["uts", "unshare_init"];

/// A situation about how a launcher ends; the others change some fields.
const ENDS: Situation = Situation {
    name: "",
    about: "",
    steps: EVERY,
    before: Vec::new,
    payload: Vec::new,
    look: Look::Exit,
    mounts: Mounts::Private,
};

/// Every situation that is tried around a step, in the order tables list them.
pub const SITUATIONS: &[Situation] = &[
    Situation {
        name: "exit_0",
        about: "the payload succeeds",
        payload: || words(&["true"]),
        ..ENDS
    },
    Situation {
        name: "exit_3",
        about: "the payload, found in the last directory of PATH, ends with 3",
        before: || words(LONG_PATH),
        payload: || words(&["sh", "-c", "exit 3"]),
        ..ENDS
    },
    Situation {
        name: "long_name",
        about: "the payload, with the longest name there can be, ends with 3",
        before: || words(&["env", "PATH=/no/such:/etc:/run"]),
        payload: || vec![LONG_NAME.repeat(NAME_MAX)],
        ..ENDS
    },
    Situation {
        name: "long_path",
        about: "the payload, with the longest path there can be, ends with 3",
        payload: || [vec![longest_path()], words(&["-c", "exit 3"])].concat(),
        ..ENDS
    },
    Situation {
        name: "killed",
        about: "the payload is killed by SIGKILL",
        payload: || words(&[WITNESS]),
        look: Look::Kill,
        ..ENDS
    },
    Situation {
        name: "missing",
        about: "the payload does not exist",
        payload: || words(&["/no/such/program"]),
        ..ENDS
    },
    Situation {
        name: "found_nowhere",
        about: "the payload is in no directory of PATH",
        before: || words(LONG_PATH),
        payload: || words(&["no-such-program"]),
        ..ENDS
    },
    Situation {
        name: "not_executable",
        about: "the payload may not be executed",
        payload: || words(&["/etc/passwd"]),
        ..ENDS
    },
    Situation {
        name: "no_shebang",
        about: "the payload is a script without #!",
        payload: || words(&[NO_SHEBANG]),
        look: Look::Output,
        ..ENDS
    },
    Situation {
        name: "much",
        about: "the payload counts its arguments and its environment",
        before: || {
            let large = |number| format!("L{number}={}", "x".repeat(1 << 16));
            [words(&["env"]), (0..4).map(large).collect()].concat()
        },
        payload: || {
            let script = "echo $# $((${#L0} + ${#L1} + ${#L2} + ${#L3})) >&2";
            let arguments = vec!["a".to_owned(); 10_000];
            [words(&["sh", "-c", script, "sh"]), arguments].concat()
        },
        look: Look::Stderr,
        ..ENDS
    },
    Situation {
        name: "broken_pipe",
        about: "yes | head -1: how yes ends",
        steps: &["skeleton"],
        payload: || words(&["sh", "-c", "{ yes; echo $? >&2; } | head -n 1"]),
        look: Look::Stderr,
        ..ENDS
    },
    Situation {
        name: "order",
        about: "what comes first when standard output is a pipe",
        steps: &["pid_detach"],
        payload: || words(&["echo", "payload"]),
        look: Look::Output,
        ..ENDS
    },
    Situation {
        name: "terminated",
        about: "the launcher gets SIGTERM",
        steps: &["skeleton"],
        payload: || words(&[WITNESS]),
        look: Look::Terminate,
        ..ENDS
    },
    Situation {
        name: "jds_puzzle",
        about: "the payload unmounts below /proc: does the host lose it too?",
        steps: &["mount", "mount_private", "mount_rprivate"],
        payload: || words(&["umount", "-n", "/proc/sys/fs/binfmt_misc"]),
        look: Look::Host,
        mounts: Mounts::ProcNested,
        ..ENDS
    },
    Situation {
        name: HANG,
        about: "the payload never ends, and the sandbox is closed over it",
        steps: BOTH,
        payload: || words(&["sh", "-c", "sleep 1000 & cat"]),
        look: Look::Hang,
        ..ENDS
    },
];

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

/// The directories of PATH before /bin: some do not exist, some are no
/// directories, and some are missing in a new root.
const LONG_PATH: &[&str] =
    &["env", "PATH=/no/such:/etc/passwd:/usr/local/bin:/usr/bin:/bin"];
/// The longest name, in bytes; the longest path, with its NUL (limits.h).
const NAME_MAX: usize = 255;
const PATH_MAX: usize = 4096;
/// The letter of which the long name consists.
const LONG_NAME: &str = "n";

/// The longest path that leads to the shell.
fn longest_path() -> String {
    let (root, shell) = ("/", "bin/sh");
    let rest = PATH_MAX - 1 - root.len() - shell.len();
    format!("{root}{}{shell}", "./".repeat(rest / 2))
}

/// Puts what payloads need in each root. `$1` is the name of a script whose exit
/// status, 3, shows that it was found and executed.
const SET_UP: &str = r#"
for root in "" "$0"; do
    [ -d "$root/bin" ] || continue
    mkdir -p "$root/run"
    printf '#!/bin/sh
exit 3
' >"$root/run/$1"
    chmod 755 "$root/run/$1"
    [ -z "$root" ] || cp -p "$2" "$root$2"
done"#;

/// A launcher may end before its payload. It is given the time that the
/// payload's start took, this many times. A launcher that does not wait has
/// almost nothing left to do, so it ends within that time. If the time is too
/// short, a fault is not seen, but no fault is reported that does not exist.
const TIMES_ITS_START: u32 = 5;

impl Situation {
    /// True if it is tried on that step.
    pub fn is_about(&self, step: &Step) -> bool {
        self.steps.is_empty() || self.steps.contains(&step.name)
    }

    /// True if the sandbox is afterwards what it was before, so that the next
    /// situation can use it.
    pub fn leaves_the_sandbox(&self) -> bool {
        matches!(
            self.look,
            Look::Exit | Look::Output | Look::Stderr | Look::Kill
        )
    }
}

/// Tries each situation with every launcher, all in one sandbox: making a
/// sandbox takes longer than the situations.
pub fn outcomes(
    situations: &[&Situation],
    step: &Step,
    launchers: &[Launcher],
    scenario: Scenario,
    equipment: &Equipment,
) -> Vec<Vec<(Launcher, Outcome)>> {
    let all = |refusal: Refusal| {
        let outcome: Outcome = Err(refusal);
        let one = launchers.iter().map(|it| (*it, outcome.clone())).collect();
        vec![one; situations.len()]
    };
    let plan = Plan::of(scenario, Tree::Small, equipment);
    let mut session = match Session::set_up(plan, step, equipment) {
        Ok(session) => session,
        Err(refusal) => return all(refusal),
    };
    situations
        .iter()
        .map(|situation| {
            let outcome = |launcher: &Launcher| {
                let performer = Performer::Launcher(*launcher);
                session.outcome(situation, performer, equipment)
            };
            let outcomes: Vec<Outcome> =
                launchers.iter().map(outcome).collect();
            launchers.iter().copied().zip(outcomes).collect()
        })
        .collect()
}

/// Tries a situation by a program of the user's own, in a sandbox of its own.
pub fn of_own(
    program: &OwnProgram,
    situation: &Situation,
    step: &Step,
    scenario: Scenario,
    equipment: &Equipment,
) -> Outcome {
    let performer = Performer::Own(program);
    let plan = performer.adapt(Plan::of(scenario, Tree::Small, equipment));
    let mut session = Session::set_up(plan, step, equipment)?;
    let outcome = session.outcome(situation, performer, equipment);
    unless_overrun(&session.sandbox, outcome)
}

/// Where situations are tried.
struct Session<'a> {
    step: &'a Step,
    sandbox: Sandbox,
    /// For `join`: the launcher of the held container, its pid, and the running
    /// command that holds it.
    container: Option<(Launcher, i32, Running)>,
}

impl<'a> Session<'a> {
    fn set_up(
        mut plan: Plan,
        step: &'a Step,
        equipment: &Equipment,
    ) -> std::result::Result<Session<'a>, Refusal> {
        if step.arguments != Arguments::Command {
            let rootfs = equipment.rootfs.as_ref();
            let unavailable =
                |it: &Error| Refusal::Unavailable(it.message.clone());
            plan.rootfs = Some(rootfs.map_err(unavailable)?.clone());
        }
        let sandbox = Sandbox::enter(&plan, equipment)?;
        let mut session = Session { step, sandbox, container: None };
        let broken = |error: Error| Refusal::Broken(error.message);
        session.put_payloads().map_err(broken)?;
        Ok(session)
    }

    fn put_payloads(&mut self) -> Result<()> {
        let name = LONG_NAME.repeat(NAME_MAX);
        let argv = words(&["sh", "-ec", SET_UP, NEWROOT, &name, NO_SHEBANG]);
        let command = Command { argv, ..Command::default() };
        let mut running = self.sandbox.run(&command)?;
        let ended = self.sandbox.wait(running.pid, deadline())?;
        if ended.is_some_and(|it| it.status == 0) {
            return Ok(());
        }
        let stderr = read_to_end(&mut running.stderr, Instant::now());
        let stderr = String::from_utf8_lossy(&stderr);
        Err(Error::new(format!("make the payloads in the sandbox: {stderr}")))
    }

    fn outcome(
        &mut self,
        situation: &Situation,
        performer: Performer<'_>,
        equipment: &Equipment,
    ) -> Outcome {
        if let Some(reason) = performer.missing(self.step, &equipment.layout) {
            return Err(Refusal::Unavailable(reason));
        }
        let observed = self
            .command(situation, performer)
            .and_then(|command| situation.observe(&mut self.sandbox, &command));
        match observed {
            Ok(observed) => Ok(Box::new(observed)),
            Err(error) => Err(Refusal::Broken(error.message)),
        }
    }

    /// The command line, with what the step takes before its command, and
    /// where it is started.
    fn command(
        &mut self,
        situation: &Situation,
        performer: Performer<'_>,
    ) -> Result<Command> {
        let subject = match self.step.arguments {
            Arguments::Command => None,
            Arguments::NewRoot => Some(NEWROOT.to_owned()),
            Arguments::Pid => {
                Some(self.container_of(performer.maker())?.to_string())
            }
        };
        let payload = (situation.payload)();
        let payload: Vec<&str> = payload.iter().map(String::as_str).collect();
        let argv = performer.argv(self.step, subject.as_deref(), &payload);
        let argv = [(situation.before)(), argv].concat();
        let directory = performer.directory();
        Ok(Command { argv, directory, ..Command::default() })
    }

    /// The pid of a container that `launcher` has made, to be joined.
    fn container_of(&mut self, launcher: Launcher) -> Result<i32> {
        if let Some((maker, pid, _)) = &self.container
            && *maker == launcher
        {
            return Ok(*pid);
        }
        // The earlier container ends when the command that holds it ends.
        self.container = None;
        let (_, pid, held) = held_container(&mut self.sandbox, launcher)?;
        self.container = Some((launcher, pid, held));
        Ok(pid)
    }
}

impl Situation {
    fn observe(
        &self,
        sandbox: &mut Sandbox,
        command: &Command,
    ) -> Result<Observed> {
        let begun = Instant::now();
        let mut running = sandbox.run(command)?;
        let mut observed = Observed::default();
        let waits =
            matches!(self.look, Look::Kill | Look::Terminate | Look::Hang);
        if waits && !lives(&mut running)? {
            // The payload did not reach its wait: the launcher's error message
            // says why.
            let ended = sandbox.wait(running.pid, deadline())?;
            let stderr = read_to_end(&mut running.stderr, Instant::now());
            let stderr = String::from_utf8_lossy(&stderr);
            observed.effect.change("exit", exit(ended.as_ref()));
            observed.effect.change("message", error_message(&stderr));
            observed.said = stderr.into_owned();
            return Ok(observed);
        }
        match self.look {
            Look::Kill => {
                let pid = the_witness_in(sandbox)?;
                sandbox.signal(pid, nix::libc::SIGKILL)?;
            }
            Look::Terminate => {
                sandbox.signal(running.pid, nix::libc::SIGTERM)?;
            }
            Look::Hang => {
                close_over(sandbox, running.pid, begun, &mut observed)?;
                return Ok(observed);
            }
            _ => running.stdin = None,
        }
        let ended = sandbox.wait(running.pid, deadline())?;
        observed.effect.change("exit", exit(ended.as_ref()));
        if ended.is_none() {
            return Ok(observed);
        }
        if self.look == Look::Terminate {
            let lives = lives(&mut running)?;
            let word = if lives { "lives on" } else { "is gone" };
            observed.effect.change("payload", word);
            return Ok(observed);
        }
        self.listen(&mut running, &mut observed);
        if self.look == Look::Host {
            let before = sandbox.host_before().clone();
            let after = sandbox.host_now()?;
            crate::trial::prefix(&mut observed.effect, "host", &before, &after);
        }
        Ok(observed)
    }

    /// Adds what the payload or the launcher has printed.
    fn listen(&self, running: &mut Running, observed: &mut Observed) {
        let stdout = read_to_end(&mut running.stdout, deadline());
        let stderr = read_to_end(&mut running.stderr, deadline());
        let effect = &mut observed.effect;
        if self.look == Look::Output {
            effect.change("stdout", in_one_line(&stdout));
        }
        if self.look == Look::Stderr {
            effect.change("stderr", in_one_line(&stderr));
        } else if !stderr.is_empty() {
            let stderr = String::from_utf8_lossy(&stderr);
            effect.change("message", error_message(&stderr));
            observed.said = stderr.into_owned();
        }
    }
}

/// The pid of the waiting payload in the sandbox.
fn the_witness_in(sandbox: &Sandbox) -> Result<i32> {
    let all = descendants::descendants(sandbox.init());
    let witness = all.iter().find(|it| it.name() == WITNESS);
    let witness = witness.ok_or_else(|| none_of(&all))?;
    descendants::pid_as_seen_by(sandbox.init(), witness.pid())
}

fn none_of(all: &[Descendant]) -> Error {
    let names: Vec<String> = all.iter().map(Descendant::name).collect();
    let names = names.join(" ");
    Error::new(format!("there is no {WITNESS} in the sandbox, only: {names}"))
}

/// Closes the sandbox while the payload waits. Returns whether its launcher had
/// ended before, and which of the processes are left.
fn close_over(
    sandbox: &mut Sandbox,
    launcher: i32,
    begun: Instant,
    observed: &mut Observed,
) -> Result<()> {
    let bound = begun.elapsed() * TIMES_ITS_START;
    let early = sandbox.wait(launcher, Instant::now() + bound)?;
    let exit = early.map(|it| it.status.to_string());
    observed.effect.change("exit", exit.unwrap_or(NEVER.into()));
    let left = descendants::descendants(sandbox.init());
    if !left.iter().any(|it| it.name() == WITNESS) {
        return Err(none_of(&left));
    }
    if !left.iter().any(|it| it.is(sandbox.init(), launcher)) {
        return Err(Error::new("the launcher ended and its status was lost"));
    }
    sandbox.close();
    let alive = left.iter().filter(|it| it.is_still_alive()).count();
    observed.effect.change("left", alive.to_string());
    Ok(())
}

/// A text in one line, with `|` in place of newlines.
fn in_one_line(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    if lines.is_empty() { "nothing".to_owned() } else { lines.join("|") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_path_is_as_long_as_the_kernel_takes_one() {
        assert_eq!(longest_path().len() + 1, PATH_MAX);
    }
}
