//! What a launcher that is not a step does when something happens to it or to
//! its payload: how it ends, what becomes of the payload, what is left.

use super::leftovers::Leftovers;
use super::{Launch, release};
use crate::descendants::{
    Descendant, descendants, find, one_ends, pid_as_seen_by,
};
use crate::error::{Context, Error, Result};
use crate::sandbox::Sandbox;
use crate::sandbox::listen::{self, Answer, Running, read_to_end};
use crate::sandbox::protocol::Ended;
use crate::timeout::{deadline, grace, timeout};
use crate::trial::Observed;
use probe::{Effect, Observation, situation};
use std::io::Write;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// What is done, and what is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Nothing: the payload does at once what `--then` of the probe names.
    Start(&'static str),
    /// The payload is held; then it does what `--then` of the probe names.
    LetGo(&'static str),
    /// The payload is held, and gets SIGKILL.
    KillPayload,
    /// The payload is held, and the launcher gets SIGTERM.
    Terminate,
    /// The payload is held, and the launcher gets SIGKILL.
    KillLauncher,
    /// The payload leaves a child behind.
    LeaveChild,
    /// The payload copies standard input to standard output.
    Copy,
    /// The payload writes to standard error.
    Write,
}

/// How long a launcher is given to end. It is the same for all launchers of a
/// run, for it is shown.
pub fn bound() -> Duration {
    static BOUND: LazyLock<Duration> = LazyLock::new(|| {
        let quarter = timeout().as_secs_f64() / 4.0;
        Duration::from_secs_f64(quarter.ceil())
    });
    *BOUND
}

/// What was seen of a launcher while a situation was acted out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// How the launcher ended, and what has become of the payload.
    pub words: String,
    /// What is left that was not there before, by key.
    pub left: Effect,
}

impl Seen {
    /// Whether the launcher did not end.
    pub fn hangs(&self) -> bool {
        self.words.contains(HANGS)
    }
}

/// The beginning of what is shown of a launcher that did not end.
const HANGS: &str = "did not end";

/// The output of a script without `#!` that a shell has run.
pub const RUN_BY_A_SHELL: &str = "run by a shell";

impl Act {
    fn is_held(self) -> bool {
        !matches!(self, Act::Start(_) | Act::Copy)
    }

    /// What the payload does at its end.
    fn then(self) -> &'static str {
        match self {
            Act::Start(then) | Act::LetGo(then) => then,
            Act::KillPayload | Act::KillLauncher => "exit:0",
            Act::Terminate => "term",
            Act::LeaveChild => "child",
            Act::Copy => "copy",
            Act::Write => "write",
        }
    }

    /// Does it in a sandbox in which nothing has been done, and says what was
    /// seen. The sandbox is of no use afterwards.
    ///
    /// # Errors
    ///
    /// Fails if the launcher cannot be started, or if the sandbox is gone.
    pub fn on(
        self,
        sandbox: &mut Sandbox,
        launch: &Launch<'_>,
    ) -> Result<Seen> {
        let answer = Answer::new()?;
        let mut arguments = match self.is_held() {
            true => answer.held(),
            false => Vec::new(),
        };
        arguments.extend(["--then", self.then()].map(str::to_owned));
        let files = (launch.files)(&arguments);
        if !files.is_empty() {
            sandbox.put(files)?;
        }
        let before = Leftovers::behind(sandbox.files()?, sandbox.init());
        let command = launch.command(&arguments);
        let mut running = sandbox.run_probe(&command, answer)?;
        if !self.is_held() {
            drop(running.answer.take());
        }
        let payload = match self.is_held() {
            true => match listen::observation(&mut running, deadline()) {
                Ok(found) => Some(found),
                Err(_) => {
                    let how = end(sandbox, &mut running)?;
                    let words = format!("the payload did not begin: {how}");
                    return Ok(Seen { words, ..Seen::default() });
                }
            },
            false => None,
        };
        let words = match payload {
            None => self.run(sandbox, &mut running)?,
            Some((payload, way)) => {
                let observed = Observed {
                    payload: Some(payload),
                    way,
                    ..Observed::default()
                };
                self.on_held(sandbox, &mut running, observed)?
            }
        };
        let mut seen = Seen { words, ..Seen::default() };
        if !seen.hangs() && self != Act::Copy {
            self.enter_left(&before, sandbox, &mut seen)?;
        }
        Ok(seen)
    }

    /// A payload that was not held.
    fn run(
        self,
        sandbox: &mut Sandbox,
        running: &mut Running,
    ) -> Result<String> {
        if self == Act::Copy {
            return copy(sandbox, running);
        }
        running.end_input();
        let how = end(sandbox, running)?;
        let text = read_to_end(&mut running.stdout, Instant::now());
        let text = String::from_utf8_lossy(&text);
        Ok(match text.contains(RUN_BY_A_SHELL) {
            true => format!("{how}, {RUN_BY_A_SHELL}"),
            false => how,
        })
    }

    /// A payload that is held, and has been observed.
    fn on_held(
        self,
        sandbox: &mut Sandbox,
        running: &mut Running,
        mut observed: Observed,
    ) -> Result<String> {
        let payload = the_payload(sandbox, observed.payload.as_ref())?;
        let pid = pid_as_seen_by(sandbox.init(), payload.pid())?;
        match self {
            Act::KillPayload => sandbox.signal(pid, nix::libc::SIGKILL)?,
            Act::Terminate => {
                sandbox.signal(running.pid, nix::libc::SIGTERM)?;
            }
            Act::KillLauncher => {
                sandbox.signal(running.pid, nix::libc::SIGKILL)?;
            }
            _ => release(sandbox, running, &mut observed)?,
        }
        if self == Act::Write {
            let until = Instant::now() + bound();
            let text = read_to_end(&mut running.stderr, until);
            let how = end(sandbox, running)?;
            return Ok(format!("{}, {how}", arrived(&text)));
        }
        let how = end(sandbox, running)?;
        let lives = |it: &Descendant| match lives_on(it) {
            true => "lives on",
            false => "is gone",
        };
        Ok(match self {
            Act::Terminate => {
                format!("{how}, the payload {}", lives(&payload))
            }
            Act::KillLauncher => format!("the payload {}", lives(&payload)),
            Act::LeaveChild => match the_child(sandbox) {
                Some(child) => format!("{how}, the child {}", lives(&child)),
                None => format!("{how}, the child is gone"),
            },
            _ => how,
        })
    }

    /// Enters what is left that was not there before.
    fn enter_left(
        self,
        before: &Leftovers,
        sandbox: &mut Sandbox,
        seen: &mut Seen,
    ) -> Result<()> {
        let init = sandbox.init();
        before.residue(init, || sandbox.files(), &mut seen.left)?;
        // What has become of the payload and of its child is said already.
        if matches!(self, Act::Terminate | Act::KillLauncher | Act::LeaveChild)
        {
            seen.left.0.remove("residue.processes");
        }
        for cgroup in sandbox.cgroups() {
            seen.left.change("residue.cgroups", format!("+ {cgroup}"));
        }
        Ok(())
    }
}

/// How the launcher ends.
fn end(sandbox: &mut Sandbox, running: &mut Running) -> Result<String> {
    // Its own end of the input is what keeps some launchers.
    running.end_input();
    let ended = sandbox.wait(running.pid, Instant::now() + bound())?;
    Ok(in_words(ended.as_ref()))
}

fn in_words(ended: Option<&Ended>) -> String {
    match ended {
        Some(ended) => format!("status {}", ended.status),
        None => format!("{HANGS} within {} s", bound().as_secs()),
    }
}

/// The payload of this observation.
fn the_payload(
    sandbox: &Sandbox,
    payload: Option<&Observation>,
) -> Result<Descendant> {
    let none = || Error::new("the payload is not below the sandbox's init");
    let pid = find(sandbox.init(), payload.ok_or_else(none)?)?;
    descendants(sandbox.init())
        .into_iter()
        .find(|it| it.pid() == pid)
        .ok_or_else(none)
}

/// The child that the payload has left behind, if it is there.
fn the_child(sandbox: &Sandbox) -> Option<Descendant> {
    let all = descendants(sandbox.init()).into_iter();
    let is_named =
        |it: &Descendant| situation::CHILD.to_str() == Ok(it.name().as_str());
    all.filter(Descendant::is_still_alive).find(is_named)
}

/// Whether a process is there when one that is about to end has ended.
fn lives_on(process: &Descendant) -> bool {
    let until = Instant::now() + grace();
    let of = std::slice::from_ref(process);
    !one_ends(of, until) && process.is_still_alive()
}

/// Sends lines through the payload, and says how many came out.
fn copy(sandbox: &mut Sandbox, running: &mut Running) -> Result<String> {
    let lines = (0..situation::LINES).map(situation::line);
    let all: String = lines.collect();
    let stdin = running.stdin.take();
    std::thread::scope(|scope| {
        let write = move || {
            // It fails if no reader is left.
            let _ = stdin
                .map(std::fs::File::from)
                .map(|mut it| it.write_all(all.as_bytes()));
        };
        std::thread::Builder::new()
            .spawn_scoped(scope, write)
            .context("start a thread that writes to the launcher")?;
        let until = Instant::now() + bound();
        let text = read_to_end(&mut running.stdout, until);
        let ended = sandbox.wait(running.pid, Instant::now() + bound());
        // The end of all readers ends the writer.
        sandbox.close();
        let how = in_words(ended?.as_ref());
        Ok(format!("{}, {how}", arrived(&text)))
    })
}

/// How much of the lines has arrived, each after the one before it.
fn arrived(text: &[u8]) -> String {
    let mut next = 0;
    for it in text.split_inclusive(|byte| *byte == b'\n') {
        if it == situation::line(next).as_bytes() {
            next += 1;
        }
    }
    match next == situation::LINES {
        true => "1 MiB arrives".to_owned(),
        false => format!("{next} of {} lines arrive", situation::LINES),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_in_their_order() {
        let all = (0..situation::LINES).map(situation::line);
        let all: String = all.collect();
        assert_eq!(all.len(), 1 << 20);
        assert_eq!(arrived(all.as_bytes()), "1 MiB arrives");
        let more = format!("a word\n{all}another\n");
        assert_eq!(arrived(more.as_bytes()), "1 MiB arrives");
        let some = [situation::line(1), situation::line(0)].concat();
        assert_eq!(arrived(some.as_bytes()), "1 of 16384 lines arrive");
    }
}
