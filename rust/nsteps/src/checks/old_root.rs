//! Checks whether a payload in a new root can read a file of the old root.

use super::session::{Said, Session};
use harness::found::Found;

/// A directory of the old root that contains the file `secret`.
pub const DIRECTORY: &str = "/mytmp/project";
/// The path of that file, relative to the old root directory.
pub const BELOW_ROOT: &str = "mytmp/project/secret";

/// The content of the file.
const SECRET: &str = "a secret";

/// Runs a launcher in a directory. Its payload reads a file.
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

/// True if the payload has read the file `secret`.
pub fn was_read(said: &Said) -> bool {
    said.stdout.contains(SECRET)
}
