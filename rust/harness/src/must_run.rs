//! `MUST_RUN=1`: a check that this machine does not allow is a failure.

use crate::found::NEEDS_ROOT;

/// How the reason begins where a difference came with a later Go than the
/// installed one: there is nothing to reproduce, and nothing to mend.
pub const LATER_GO: &str = "needs a program built with Go";

/// Whether it is set.
pub fn demanded() -> bool {
    std::env::var_os("MUST_RUN").is_some_and(|it| it == "1")
}

/// Whether a reason is no fault of the machine even then: an ordinary user is
/// told that it needs root (the same checks run as root cover the rest), or
/// the installed Go is older than the difference.
pub fn excuses(reason: &str) -> bool {
    let is_root = nix::unistd::geteuid().is_root();
    (reason.contains(NEEDS_ROOT) && !is_root) || reason.starts_with(LATER_GO)
}
