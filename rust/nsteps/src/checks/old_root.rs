//! A file of the old root, and whether a payload in a new root reads it.

use super::session::{Said, Session};
use harness::found::Found;

/// A directory of the old root, with the file `secret` in it.
pub const DIRECTORY: &str = "/mytmp/project";
/// The same file, seen from the old root directory.
pub const BELOW_ROOT: &str = "mytmp/project/secret";

/// What is in the file.
const SECRET: &str = "a secret";

/// Runs a launcher in a directory; its payload is to read a file.
pub fn read(
    session: &mut Session<'_>,
    from: &str,
    argv: &[&str],
) -> Found<Said> {
    let script = format!(
        "mkdir -p {DIRECTORY}; echo {SECRET} >{DIRECTORY}/secret
         cd {from} && exec \"$@\""
    );
    session.run(&[&["sh", "-c", &script, "sh"], argv].concat())
}

/// Whether the payload read the file `secret`.
pub fn was_read(said: &Said) -> bool {
    said.stdout.contains(SECRET)
}
