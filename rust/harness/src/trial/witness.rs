//! A payload that reports by itself that it runs, and that it still runs.
//!
//! "Does the payload outlive its launcher?" is a question of order, not of
//! time. A signal that ends a process is pending in it before the call that
//! sent the signal returns, and the death signal is pending before the parent
//! can be waited for. A process with such a pending signal executes no more
//! instructions of its program. So the witness is asked after the event: either
//! it answers, and then it has survived the event, or its pipe ends.

use crate::error::{Context, Error, Result};
use crate::sandbox::listen::{LineRead, Running, read_line, read_to_end};
use crate::timeout::{deadline, within};
use nix::errno::Errno;
use nix::unistd::write;

/// The witness: cat(1) repeats what it is sent, and handles no signal.
pub const WITNESS: &str = "cat";

/// The line that a shell prints after it has left a witness behind.
const LEFT: &str = "left";

/// A shell that leaves a witness behind, for which no process waits, and ends
/// as soon as the witness runs.
///
/// Until it becomes cat(1), the witness holds the pipe of a command
/// substitution, and the shell waits for the end of that pipe.
pub const LEAVES_A_WITNESS: &str = "exec 3<&0 4>&1
left=$(sh -c 'echo left; exec cat <&3 >&4' &)
echo \"$left\"";

/// Waits until the witness runs.
///
/// # Errors
///
/// Fails if the witness ended before that, or does not run in time.
pub fn arrives(running: &mut Running) -> Result<()> {
    if answers(running, "here")? { Ok(()) } else { Err(ended_early(running)) }
}

/// Waits until a shell has left a witness behind.
///
/// # Errors
///
/// Fails if the shell ends without that, or does not do it in time.
pub fn is_left(running: &mut Running) -> Result<()> {
    if says(running, LEFT)? { Ok(()) } else { Err(ended_early(running)) }
}

/// Asks the witness whether it still runs.
///
/// # Errors
///
/// Fails if it neither answers nor ends in time.
pub fn lives(running: &mut Running) -> Result<bool> {
    answers(running, "alive")
}

fn answers(running: &mut Running, question: &str) -> Result<bool> {
    let stdin = running.stdin.as_ref().ok_or_else(|| {
        Error::new("cannot ask the payload: its standard input is closed")
    })?;
    match write(stdin, format!("{question}\n").as_bytes()) {
        // The witness has closed its input; the end of its output shows that as
        // well.
        Ok(_) | Err(Errno::EPIPE) => says(running, question),
        Err(errno) => Err(errno).context("ask the payload"),
    }
}

/// Waits for that line; `false` if the output ends before.
fn says(running: &mut Running, line: &str) -> Result<bool> {
    loop {
        match read_line(&mut running.stdout, deadline()) {
            LineRead::Line(text) if text == line.as_bytes() => return Ok(true),
            LineRead::Line(_) => {}
            LineRead::End(_) => return Ok(false),
            LineRead::Late(_) => {
                return Err(Error::new(format!(
                    "the payload neither said `{line}` nor ended {}",
                    within()
                )));
            }
        }
    }
}

fn ended_early(running: &mut Running) -> Error {
    let stderr = read_to_end(&mut running.stderr, deadline());
    let stderr = String::from_utf8_lossy(&stderr);
    Error::new(format!("the payload did not begin: {}", stderr.trim()))
}
