//! What is printed on standard output.

use harness::error::{Context, Result};
use std::io::Write;

/// Writes a text, without its colours where they are not wanted (not a
/// terminal, `NO_COLOR`).  A reader that has gone away is no trouble.
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
