//! Prints on standard output.

use harness::error::{Context, Result};
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
