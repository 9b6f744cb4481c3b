//! Prints on standard output, and on standard error.

use harness::error::{Context, Result};
use std::fmt::Display;
use std::io::Write;

/// Writes a text, without its colours if they are not wanted (no terminal, or
/// `NO_COLOR`). It is no error if the reader has closed the pipe.
///
/// # Errors
///
/// Fails if standard output cannot be written.
pub fn print(text: &str) -> Result<()> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(error).context("write to standard output")
        }
        _ => Ok(()),
    }
}

/// Writes a line to standard error. If that cannot be written, no place is left
/// to say so; the exit status tells that something went wrong.
pub fn complain(line: impl Display) {
    on_error(&format!("{line}\n"));
}

/// Writes a text to standard error as [`complain`] does, in one call, so that
/// texts of several processes do not mix.
pub fn on_error(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}
