//! `MUST_RUN=1`: a check that this machine does not allow is a failure.

use crate::found::NEEDS_ROOT;

/// The beginning of a reason that says that a difference needs a later Go than
/// the installed one. Then there is nothing to reproduce and nothing to repair.
pub const LATER_GO: &str = "needs a program built with Go";

/// Whether `MUST_RUN` is `1` in the environment.
pub fn demanded() -> bool {
    std::env::var_os("MUST_RUN").is_some_and(|it| it == "1")
}

/// True if a check may be left out for this reason even with `MUST_RUN=1`: if
/// it needs root and this process belongs to an ordinary user, because a run as
/// root makes the same checks; and if the installed Go is older than the
/// difference.
pub fn excuses(reason: &str) -> bool {
    let is_root = nix::unistd::geteuid().is_root();
    (reason.contains(NEEDS_ROOT) && !is_root) || reason.starts_with(LATER_GO)
}
