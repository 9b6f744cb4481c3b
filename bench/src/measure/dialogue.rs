//! The dialogue with a peer, which does an operation many times in its own
//! process and answers with a line.
//!
//! A line is `OPERATION COUNT [ARGUMENT...]`, its answer `OPERATION COUNT
//! TOTAL MIN MEDIAN P99 PROOF`, with times in nanoseconds. A peer that fails
//! ends, and says on stderr which call did not work.

use crate::peer::Peer;
use crate::record::answer::Answer;
use harness::error::{Context, Error, Result};
use harness::paths::PROGRAMS;
use harness::sandbox::Sandbox;
use harness::sandbox::listen::{LineRead, Running, read_line, read_to_end};
use harness::sandbox::protocol::Command;
use harness::scenario::Identity;
use harness::timeout::deadline;
use harness::trial::error_message;
use std::fs::File;
use std::io::Write;
use std::time::{Duration, Instant};

/// How long a peer may take to grow. On a virtual machine the host must first
/// provide the memory, which takes long for the first gibibytes.
const TO_GROW: Duration = Duration::from_secs(120);

/// A running peer, and the two pipes to it.
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
    /// Fails if the sandbox has ended.
    pub fn begin(peer: Peer, sandbox: &mut Sandbox) -> Result<Dialogue> {
        Dialogue::begin_under(peer, &[], sandbox)
    }

    /// Starts a peer by a command line that becomes the peer.
    ///
    /// # Errors
    ///
    /// Fails if the sandbox has ended.
    pub fn begin_under(
        peer: Peer,
        above: &[&str],
        sandbox: &mut Sandbox,
    ) -> Result<Dialogue> {
        let mut argv: Vec<_> = above.iter().map(ToString::to_string).collect();
        argv.push(format!("{PROGRAMS}/{}", peer.path()));
        if Identity::natural() == Identity::User {
            // A peer returns to its first namespaces after an operation. Only
            // the host's root may enter those that the sandbox has from the
            // host.
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

    /// The pid of the peer in the sandbox.
    pub fn pid(&self) -> i32 {
        self.running.pid
    }

    /// Closes the pipes, and waits until the peer has ended and its memory is
    /// free.
    ///
    /// # Errors
    ///
    /// Fails if the sandbox has ended.
    pub fn end(self, sandbox: &mut Sandbox) -> Result<()> {
        drop(self.stdin);
        sandbox.wait(self.running.pid, deadline())?;
        Ok(())
    }

    /// Makes a peer grow, and returns its size in the peer's words.
    ///
    /// # Errors
    ///
    /// Fails if the peer has ended, with its reason.
    pub fn grow(&mut self, what: &str, count: u32) -> Result<String> {
        let until = Instant::now() + TO_GROW;
        let line = format!("grow/{what}");
        Ok(self.ask_until(&line, count, &[], until)?.proof)
    }

    /// Has an operation performed `count` times.
    ///
    /// # Errors
    ///
    /// Fails if the peer has ended, with its reason; it cannot be asked again.
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
