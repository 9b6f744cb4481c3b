//! A payload that tells by itself when it is there, and whether it still
//! lives.
//!
//! "Does the payload outlive its launcher?" is a question of order, not of
//! time.  A signal that ends a process is pending in it before the call that
//! sent it returns, and the death signal before its parent can be waited for.
//! A process in which such a signal is pending runs no instruction of its
//! program any more.  So the witness is asked after the event: either it
//! answers, and then it has survived the event, or its pipe ends.

use crate::error::{Context, Error, Result};
use crate::sandbox::listen::{LineRead, Running, read_line, read_to_end};
use crate::timeout::{deadline, within};
use nix::errno::Errno;
use nix::unistd::write;

/// A witness: cat(1) answers what it is asked, and handles no signal.
pub const WITNESS: &str = "cat";

/// What a shell says that leaves a witness behind.
const LEFT: &str = "left";

/// A shell that leaves a witness behind, which no process waits for, and ends
/// as soon as the witness is there.
///
/// Until it becomes cat(1), the witness holds the pipe of a command
/// substitution, and the shell waits for the end of that pipe.
pub const LEAVES_A_WITNESS: &str = "exec 3<&0 4>&1
left=$(sh -c 'echo left; exec cat <&3 >&4' &)
echo \"$left\"";

/// Waits until the witness is there.
///
/// # Errors
///
/// Fails if it ended before or if it is not there in time.
pub fn arrives(running: &mut Running) -> Result<()> {
    if answers(running, "here")? { Ok(()) } else { Err(ended_early(running)) }
}

/// Waits until a shell has left a witness behind.
///
/// # Errors
///
/// Fails if it has not, or not before the deadline.
pub fn is_left(running: &mut Running) -> Result<()> {
    if says(running, LEFT)? { Ok(()) } else { Err(ended_early(running)) }
}

/// Asks the witness whether it still lives.
///
/// # Errors
///
/// Fails if it neither answers nor ends in time.
pub fn lives(running: &mut Running) -> Result<bool> {
    answers(running, "alive")
}

fn answers(running: &mut Running, question: &str) -> Result<bool> {
    let stdin = running.stdin.as_ref().ok_or_else(|| {
        Error::new("nothing can be asked: the standard input is closed")
    })?;
    match write(stdin, format!("{question}\n").as_bytes()) {
        // No reader is left: the end of its output shows that, too.
        Ok(_) | Err(Errno::EPIPE) => says(running, question),
        Err(errno) => Err(errno).context("ask the payload"),
    }
}

/// Waits for that line; `false` where the end comes instead.
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
