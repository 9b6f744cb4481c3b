//! Runs our command in new namespaces, as their root.

use harness::host::layout::Layout;
use libtest_mimic::Failed;
use std::process::{Command, Stdio};

/// Runs `script` in new namespaces, with nsteps as `$@`; or returns why this
/// machine does not allow it.
pub fn elsewhere(
    options: &[&str],
    script: &str,
) -> Result<Result<Command, String>, Failed> {
    let unshare = |words: &[&str]| {
        let mut command = Command::new("unshare");
        if !nix::unistd::geteuid().is_root() {
            command.args(["--user", "--map-root-user"]);
        }
        command.args(options).args(words).stdin(Stdio::null());
        command
    };
    let tried = unshare(&["true"]).output()?;
    if !tried.status.success() {
        let why = String::from_utf8_lossy(&tried.stderr).trim().to_owned();
        return Ok(Err(why));
    }
    let layout = Layout::find().map_err(|it| it.message)?;
    let mut command = unshare(&["sh", "-c", script, "sh"]);
    command.arg(layout.programs().join("bin/nsteps"));
    Ok(Ok(command))
}
