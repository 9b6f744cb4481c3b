//! What a test does if this machine does not allow its trial.

use harness::must_run;
use libtest_mimic::{Completion, Failed};

/// Skips the trial, with the reason beside its name.
///
/// Under MUST_RUN=1 it fails instead, unless `excuses` accepts the reason.
pub fn unavailable(reason: &str) -> Result<Completion, Failed> {
    if must_run::demanded() && !must_run::excuses(reason) {
        return Err(format!("under MUST_RUN=1: {reason}").into());
    }
    Ok(Completion::ignored_with(reason))
}

/// True if a command of ours reports that this machine does not allow it, or
/// that something was never built.
#[allow(dead_code, reason = "not every test starts such commands")]
pub fn is_of_the_machine(why: &str) -> bool {
    let wants = ["no sandbox: ", "ptrace: ", "is not built: "];
    wants.iter().any(|it| why.contains(it))
}

/// Skips the trial, with the reason beside its name, also under MUST_RUN=1: it
/// needs what `setup.sh` does not install.
#[allow(dead_code, reason = "not every test needs such a program")]
pub fn not_set_up(reason: &str) -> Result<Completion, Failed> {
    Ok(Completion::ignored_with(reason))
}
