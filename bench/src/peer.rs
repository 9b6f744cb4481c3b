//! The peers: one program per language, and the floor, each of which does an
//! operation many times in their own process and answer with a line.
//!
//! A line is `OPERATION COUNT [ARGUMENT...]`, its answer `OPERATION COUNT
//! TOTAL MIN MEDIAN P99 PROOF`, with times in nanoseconds. A peer that fails
//! ends, and says on stderr which call did not work.

use nsteps::error::{Context, Error, Result};
use nsteps::launcher::Launcher;
use nsteps::layout::Layout;
use nsteps::sandbox::protocol::Command;
use nsteps::sandbox::{
    Identity, LineRead, PROGRAMS, Running, Sandbox, deadline, read_line,
    read_to_end,
};
use nsteps::trial::error_message;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A program that performs operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Raw system calls without a C library: the least that any language can
    /// take. It also starts whole programs, for all alike.
    Floor,
    /// A language's peer.
    Of(Launcher),
}

/// Every peer, in the order tables list them.
pub const PEERS: &[Peer] = &[
    Peer::Floor,
    Peer::Of(Launcher::C),
    Peer::Of(Launcher::Rust),
    Peer::Of(Launcher::Go),
];

impl Peer {
    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Peer::Floor => "floor",
            Peer::Of(launcher) => launcher.name(),
        }
    }

    /// Its program, below the programs of the project.
    fn path(self) -> String {
        match self {
            Peer::Floor => "bench/floor".to_owned(),
            Peer::Of(launcher) => format!("{}/bench", launcher.name()),
        }
    }

    /// Its program on this machine.
    pub fn program(self, layout: &Layout) -> PathBuf {
        layout.programs().join(self.path())
    }
}

/// What a peer says of one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Of all times together, in nanoseconds.
    pub total: u64,
    /// The shortest.
    pub min: u64,
    /// The one in the middle.
    pub median: u64,
    /// What 99 of a hundred stay below.
    pub p99: u64,
    /// What was really made.
    pub proof: String,
}

impl Answer {
    /// Reads the answer to a line.
    fn to(operation: &str, count: u32, text: &str) -> Option<Answer> {
        let mut words = text
            .strip_prefix(operation)?
            .strip_prefix(&format!(" {count} "))?
            .split(' ');
        let mut number = || words.next()?.parse().ok();
        let (total, min, median, p99) =
            (number()?, number()?, number()?, number()?);
        let proof = words.next()?.to_owned();
        let possible = !proof.contains('\n')
            && 0 < total
            && min <= median
            && median <= p99
            && p99 <= total;
        (possible && words.next().is_none()).then_some(Answer {
            total,
            min,
            median,
            p99,
            proof,
        })
    }

    /// Whether this is what had to be proved.
    ///
    /// # Errors
    ///
    /// Fails if something else was proved: then no time of this answer counts.
    pub fn must_prove(&self, wanted: &str) -> Result<()> {
        if self.proof == wanted {
            return Ok(());
        }
        Err(Error::new(format!("proves {} and not {wanted}", self.proof)))
    }
}

/// How long a peer may take to grow: the first gibibytes that a virtual
/// machine touches are its host's to find.
const TO_GROW: Duration = Duration::from_secs(120);

/// A running peer.
#[derive(Debug)]
pub struct Dialogue {
    running: Running,
    stdin: File,
}

impl Dialogue {
    /// Starts a peer in a sandbox.
    ///
    /// # Errors
    ///
    /// Fails if the sandbox is gone.
    pub fn begin(peer: Peer, sandbox: &mut Sandbox) -> Result<Dialogue> {
        Dialogue::begin_under(peer, &[], sandbox)
    }

    /// The same, with a command line that becomes the peer.
    ///
    /// # Errors
    ///
    /// Fails if the sandbox is gone.
    pub fn begin_under(
        peer: Peer,
        above: &[&str],
        sandbox: &mut Sandbox,
    ) -> Result<Dialogue> {
        let mut argv: Vec<_> = above.iter().map(ToString::to_string).collect();
        argv.push(format!("{PROGRAMS}/{}", peer.path()));
        if Identity::natural() == Identity::User {
            // A peer goes back to where it began. What the sandbox has from
            // the host only the host's root may enter.
            let own = ["unshare", "--cgroup", "--time", "--kill-child"];
            argv.splice(0..0, own.map(str::to_owned));
        }
        let command = Command { argv, ..Command::default() };
        let mut running = sandbox.run(&command)?;
        let stdin = running
            .stdin
            .take()
            .ok_or_else(|| Error::new("the sandbox gave no stdin"))?;
        Ok(Dialogue { running, stdin: stdin.into() })
    }

    /// Its pid in the sandbox.
    pub fn pid(&self) -> i32 {
        self.running.pid
    }

    /// Hangs up, and waits until the peer is gone and its memory free.
    ///
    /// # Errors
    ///
    /// Fails if the sandbox is gone.
    pub fn end(self, sandbox: &mut Sandbox) -> Result<()> {
        drop(self.stdin);
        sandbox.wait(self.running.pid, deadline())?;
        Ok(())
    }

    /// Has a peer grow, and says how large it then is, in the peer's words.
    ///
    /// # Errors
    ///
    /// Fails if the peer has given up, with its reason.
    pub fn grow(&mut self, what: &str, count: u32) -> Result<String> {
        let until = Instant::now() + TO_GROW;
        let line = format!("grow/{what}");
        Ok(self.ask_until(&line, count, &[], until)?.proof)
    }

    /// Has an operation performed `count` times.
    ///
    /// # Errors
    ///
    /// Fails if the peer has given up, with its reason. It does not answer
    /// again.
    pub fn ask(
        &mut self,
        operation: &str,
        count: u32,
        arguments: &[String],
    ) -> Result<Answer> {
        self.ask_until(operation, count, arguments, deadline())
    }

    fn ask_until(
        &mut self,
        operation: &str,
        count: u32,
        arguments: &[String],
        until: Instant,
    ) -> Result<Answer> {
        let mut line = format!("{operation} {count}");
        for argument in arguments {
            line.push(' ');
            line.push_str(argument);
        }
        line.push('\n');
        self.stdin.write_all(line.as_bytes()).context("ask a peer")?;
        match read_line(&mut self.running.stdout, until) {
            LineRead::Line(text) => {
                let text = String::from_utf8_lossy(&text);
                Answer::to(operation, count, &text).ok_or_else(|| {
                    Error::new(format!("no answer to {operation}: {text}"))
                })
            }
            LineRead::End(_) => {
                let stderr = read_to_end(&mut self.running.stderr, deadline());
                let stderr = String::from_utf8_lossy(&stderr);
                Err(Error::new(error_message(&stderr)))
            }
            LineRead::Late(_) => {
                Err(Error::new(format!("{operation} takes too long")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_repeats_the_question() {
        let answer =
            Answer::to("unshare/uts", 5, "unshare/uts 5 9 1 2 3 uts*5");
        let answer = answer.expect("it does");
        assert_eq!((answer.total, answer.min), (9, 1));
        assert_eq!((answer.median, answer.p99), (2, 3));
        assert_eq!(answer.proof, "uts*5");
        for wrong in [
            "unshare/uts 6 9 1 2 3 uts*5",
            "unshare/net 5 9 1 2 3 uts*5",
            "unshare/uts 5 9 1 2 3",
            "unshare/uts 5 9 1 2 3 uts*5 more",
            "unshare/uts 5 9 1 2 3 uts*5\nmore",
            "unshare/uts 5 0 0 0 0 uts*5",
            "unshare/uts 5 9 3 2 1 uts*5",
            "starting...",
        ] {
            assert_eq!(Answer::to("unshare/uts", 5, wrong), None);
        }
    }
}
