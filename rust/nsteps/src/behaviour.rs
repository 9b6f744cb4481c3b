//! What launchers do around a step: how they end, what they print, what
//! happens when something goes wrong.

use crate::equipment::Equipment;
use crate::error::{Error, Result};
use crate::launcher::Launcher;
use crate::outside::Descendant;
use crate::sandbox::protocol::Command;
use crate::sandbox::{
    Mounts, NO_SHEBANG, PROGRAMS, Plan, Refusal, Sandbox, Scenario, Tree,
    deadline, read_to_end,
};
use crate::step::Step;
use crate::timeout::within;
use crate::trial::{Observed, Outcome, complaint};
use crate::witness::{WITNESS, arrives, lives};
use std::time::Instant;

/// A situation, and what is looked at in it.
#[derive(Debug)]
pub struct Behaviour {
    /// Its name; with the step's it makes the subject.
    pub name: &'static str,
    /// What is found out.
    pub about: &'static str,
    /// The steps it is tried on.
    pub steps: &'static [&'static str],
    /// The command the step becomes.
    pub payload: &'static [&'static str],
    /// What is done to it, and what is looked at.
    pub look: Look,
    /// How the mounts are; how a launcher ends does not depend on them.
    pub mounts: Mounts,
}

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// The launcher's exit status, and what it complains of.
    Exit,
    /// Its standard output, lines joined by `|`, too.
    Output,
    /// Its standard error: what the payload says there.
    Stderr,
    /// What became of the sandbox around it.
    Host,
    /// The launcher is sent SIGTERM while the payload waits.
    Terminate,
    /// The payload sleeps for ever; the sandbox is closed over it.
    Hang,
}

/// A clone of the posts' skeleton, and an init.
const BOTH: &[&str] = &["uts", "unshare_init"];

/// Every behaviour.
pub const BEHAVIOURS: &[Behaviour] = &[
    Behaviour {
        name: "exit_0",
        about: "the payload succeeds",
        steps: BOTH,
        payload: &["true"],
        look: Look::Exit,
        mounts: Mounts::Private,
    },
    Behaviour {
        name: "exit_3",
        about: "the payload ends with 3",
        steps: BOTH,
        payload: &["sh", "-c", "exit 3"],
        look: Look::Exit,
        mounts: Mounts::Private,
    },
    Behaviour {
        name: "killed",
        about: "the payload is killed by SIGKILL",
        steps: &["uts"],
        payload: &["sh", "-c", "kill -KILL $$"],
        look: Look::Exit,
        mounts: Mounts::Private,
    },
    Behaviour {
        name: "missing",
        about: "the payload does not exist",
        steps: BOTH,
        payload: &["/no/such/program"],
        look: Look::Exit,
        mounts: Mounts::Private,
    },
    Behaviour {
        name: "not_executable",
        about: "the payload may not be executed",
        steps: &["uts"],
        payload: &["/etc/passwd"],
        look: Look::Exit,
        mounts: Mounts::Private,
    },
    Behaviour {
        name: "no_shebang",
        about: "the payload is a script without #!",
        steps: &["uts"],
        payload: &[NO_SHEBANG],
        look: Look::Output,
        mounts: Mounts::Private,
    },
    Behaviour {
        name: "broken_pipe",
        about: "yes | head -1: how yes ends",
        steps: &["skeleton"],
        payload: &["sh", "-c", "{ yes; echo $? >&2; } | head -n 1"],
        look: Look::Stderr,
        mounts: Mounts::Private,
    },
    Behaviour {
        name: "order",
        about: "what comes first when standard output is a pipe",
        steps: &["pid_detach"],
        payload: &["echo", "payload"],
        look: Look::Output,
        mounts: Mounts::Private,
    },
    Behaviour {
        name: "terminated",
        about: "the launcher gets SIGTERM",
        steps: &["skeleton"],
        payload: &[WITNESS],
        look: Look::Terminate,
        mounts: Mounts::Private,
    },
    Behaviour {
        name: "jds_puzzle",
        about: "the payload unmounts below /proc: does the host lose it too?",
        steps: &["mount", "mount_private", "mount_rprivate"],
        payload: &["umount", "-n", "/proc/sys/fs/binfmt_misc"],
        look: Look::Host,
        mounts: Mounts::ProcNested,
    },
    Behaviour {
        name: "hang",
        about: "the payload never ends, and the sandbox is closed over it",
        steps: BOTH,
        payload: &["sh", "-c", "sleep 1000 & cat"],
        look: Look::Hang,
        mounts: Mounts::Private,
    },
];

/// How many times as long as it took to get its payload there a launcher is
/// given to end before it.  A launcher that does not wait has next to nothing
/// left to do.  This is no proof, and where it is too short a fault is missed,
/// but it never makes a fault of what is none.
const TIMES_ITS_START: u32 = 5;

impl Behaviour {
    /// Tries it with one launcher.
    pub fn run(
        &self,
        step: &Step,
        launcher: Launcher,
        scenario: Scenario,
        equipment: &Equipment,
    ) -> Outcome {
        let plan = Plan::of(scenario, Tree::Small, equipment);
        let argv = launcher.argv(step, PROGRAMS, None, self.payload);
        match Sandbox::enter(&plan, equipment) {
            Ok(sandbox) => match self.observe(sandbox, argv) {
                Ok(observed) => Outcome::Observed(Box::new(observed)),
                Err(error) => Outcome::Broken(error.message),
            },
            Err(Refusal::Unavailable(reason)) => Outcome::Unavailable(reason),
            Err(Refusal::Broken(why)) => Outcome::Broken(why),
        }
    }

    fn observe(
        &self,
        mut sandbox: Sandbox,
        argv: Vec<String>,
    ) -> Result<Observed> {
        let command = Command { argv, ..Command::default() };
        let begun = Instant::now();
        let mut running = sandbox.run(&command)?;
        let pid = running.pid;
        let mut observed = Observed::default();
        match self.look {
            Look::Terminate => {
                arrives(&mut running)?;
                sandbox.signal(pid, nix::libc::SIGTERM)?;
            }
            Look::Hang => {
                arrives(&mut running)?;
                let bound = begun.elapsed() * TIMES_ITS_START;
                let early = sandbox.wait(pid, Instant::now() + bound)?;
                let exit = early.map(|it| it.status.to_string());
                observed.effect.change("exit", exit.unwrap_or("never".into()));
                let left = crate::outside::descendants(sandbox.init());
                let names: Vec<String> =
                    left.iter().map(Descendant::name).collect();
                if !names.iter().any(|it| it == WITNESS) {
                    return Err(Error::new(format!(
                        "there is no {WITNESS} in the sandbox, only: {}",
                        names.join(" ")
                    )));
                }
                drop(sandbox);
                let alive =
                    left.iter().filter(|it| it.is_still_alive()).count();
                observed.effect.change("left", alive.to_string());
                return Ok(observed);
            }
            _ => running.stdin = None,
        }
        let ended = sandbox.wait(pid, deadline())?.ok_or_else(|| {
            let words = command.argv.join(" ");
            Error::new(format!("{words} did not end {}", within()))
        })?;
        observed.effect.change("exit", ended.status.to_string());
        if self.look == Look::Terminate {
            let lives = lives(&mut running)?;
            let word = if lives { "lives on" } else { "is gone" };
            observed.effect.change("payload", word);
            return Ok(observed);
        }
        let stdout = read_to_end(&mut running.stdout, deadline());
        let stderr = read_to_end(&mut running.stderr, deadline());
        let stderr = String::from_utf8_lossy(&stderr);
        match self.look {
            Look::Output => {
                observed.effect.change("stdout", in_one_line(&stdout));
            }
            Look::Stderr => {
                observed
                    .effect
                    .change("stderr", in_one_line(stderr.as_bytes()));
            }
            _ => {}
        }
        if self.look == Look::Host {
            let before = sandbox.host_before().clone();
            let after = sandbox.host_now()?;
            crate::trial::prefix(&mut observed.effect, "host", &before, &after);
        }
        if self.look != Look::Stderr && !stderr.is_empty() {
            observed.effect.change("complaint", complaint(&stderr));
        }
        Ok(observed)
    }
}

/// A text on one line, `|` where lines ended.
fn in_one_line(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    if lines.is_empty() { "nothing".to_owned() } else { lines.join("|") }
}
