//! The states in which launchers are started: [`STATES`] is the only list.

use harness::sandbox::start::Start;
use harness::scenario::Mounts;

/// A state: what differs from the plain state when a launcher, and before it
/// the probe alone, is started.
#[derive(Debug, PartialEq, Eq)]
pub struct State {
    /// The name on the command line and in reports.
    pub name: &'static str,
    /// The difference, in one line without a full stop.
    pub about: &'static str,
    /// The state in which the process starts.
    pub start: Start,
    /// The mounts of the sandbox, if they are not those of the scenario.
    pub mounts: Option<Mounts>,
}

const fn state(name: &'static str, start: Start, about: &'static str) -> State {
    State { name, about, start, mounts: None }
}

/// The state in which a launcher is observed if no other is named.
pub const PLAIN: &State = &STATES[0];

/// Every state, the plain one first.
pub const STATES: &[State] = &[
    state("plain", Start::Plain, "pipes, default signals, umask 022"),
    State {
        mounts: Some(Mounts::Shared),
        ..state("shared", Start::Plain, "all mounts are shared, as by systemd")
    },
    state("stdin-null", Start::StdinNull, "standard input is /dev/null"),
    state("stdin-closed", Start::StdinClosed, "descriptor 0 is closed"),
    state("stdout-file", Start::StdoutFile, "standard output is a file"),
    state(
        "terminal",
        Start::Terminal,
        "descriptors 0 to 2 are the controlling terminal",
    ),
    state(
        "signals-blocked",
        Start::SignalsBlocked,
        "SIGUSR1 and SIGTERM are blocked",
    ),
    state(
        "signals-ignored",
        Start::SignalsIgnored,
        "SIGHUP and SIGPIPE are ignored",
    ),
    state(
        "listen-fds",
        Start::ListenFds,
        "descriptor 3 is a socket; LISTEN_FDS and LISTEN_PID are set",
    ),
    state("umask-077", Start::Umask, "the umask is 077"),
    state("groups", Start::Groups, "there are supplementary groups"),
    state("one-cpu", Start::OneCpu, "one processor is allowed"),
    state("user", Start::User, "user 1000, without capabilities"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_states_are_the_same() {
        assert_eq!((PLAIN.name, PLAIN.mounts), ("plain", None));
        for (index, it) in STATES.iter().enumerate() {
            for other in &STATES[..index] {
                assert_ne!(it.name, other.name);
                assert_ne!((it.start, it.mounts), (other.start, other.mounts));
            }
        }
    }
}
