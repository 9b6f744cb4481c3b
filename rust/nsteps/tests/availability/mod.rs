//! What becomes of a trial that this machine does not allow.

use libtest_mimic::{Completion, Failed};

/// Skips the trial, with the reason beside its name.
///
/// Under MUST_RUN=1 it fails instead, unless an ordinary user is told that it
/// needs root: what the machine allows has been tried, and the same tests run
/// as root cover the rest.
pub fn unavailable(reason: &str) -> Result<Completion, Failed> {
    let must_run = std::env::var_os("MUST_RUN").is_some_and(|it| it == "1");
    let excused =
        reason.contains("needs root") && !nix::unistd::geteuid().is_root();
    if must_run && !excused {
        return Err(format!("under MUST_RUN=1: {reason}").into());
    }
    Ok(Completion::ignored_with(reason))
}
