//! The situations in which a launcher is tried: [`SITUATIONS`] is the only list.
//! What is seen in one is the value of the key `when.NAME`.

use harness::trial::act::Act;

/// What a launcher is told to start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// The probe.
    Probe,
    /// A file that does not exist.
    Missing,
    /// A file that may not be executed.
    NotExecutable,
    /// A script without `#!`.
    NoShebang,
}

/// What happens to a launcher or to its payload.
#[derive(Debug, PartialEq, Eq)]
pub struct Incident {
    /// Its name on the command line, and in its key.
    pub name: &'static str,
    /// What happens, in one line without a full stop.
    pub about: &'static str,
    /// What is started.
    pub payload: Payload,
    /// What is done to it or to its launcher.
    pub act: Act,
    /// How many times, each in a sandbox of its own.
    pub times: usize,
}

const fn situation(
    name: &'static str,
    about: &'static str,
    act: Act,
) -> Incident {
    Incident { name, about, payload: Payload::Probe, act, times: 1 }
}

/// How a payload is started that does nothing.
const NOTHING: Act = Act::Start("exit:0");

/// The situations, in the order of the report.
pub const SITUATIONS: &[Incident] = &[
    situation("exit_0", "the payload ends with 0", Act::LetGo("exit:0")),
    situation("exit_7", "the payload ends with 7", Act::LetGo("exit:7")),
    situation("exit_255", "the payload ends with 255", Act::LetGo("exit:255")),
    situation("killed", "the payload is killed by SIGKILL", Act::KillPayload),
    situation("segv", "the payload dies by SIGSEGV", Act::LetGo("fault")),
    Incident {
        payload: Payload::Missing,
        ..situation("missing", "the payload does not exist", NOTHING)
    },
    Incident {
        payload: Payload::NotExecutable,
        ..situation(
            "not_executable",
            "the payload may not be executed",
            NOTHING,
        )
    },
    Incident {
        payload: Payload::NoShebang,
        ..situation("no_shebang", "the payload is a script without #!", NOTHING)
    },
    Incident {
        times: 12,
        ..situation("at_once", "the payload ends at once, 12 times", NOTHING)
    },
    situation(
        "sigterm",
        "the launcher gets SIGTERM; a payload that gets it ends with 43",
        Act::Terminate,
    ),
    situation(
        "launcher_killed",
        "the launcher is killed by SIGKILL",
        Act::KillLauncher,
    ),
    situation(
        "child_left",
        "the payload ends and leaves a child behind",
        Act::LeaveChild,
    ),
    situation(
        "stdin_stdout",
        "1 MiB goes through standard input to standard output",
        Act::Copy,
    ),
    situation("stderr", "1 MiB goes through standard error", Act::Write),
];

/// What stands before the name in a key.
pub const HEAD: &str = "when";

/// Whether a key, or a glob that stands for keys, is about situations.
pub fn is_key(key: &str) -> bool {
    key.strip_prefix(HEAD).is_some_and(|it| it.starts_with('.'))
}

/// The situation of a key.
pub fn of_key(key: &str) -> Option<&'static Incident> {
    let name = key.strip_prefix(HEAD)?.strip_prefix('.')?;
    SITUATIONS.iter().find(|it| it.name == name)
}

impl Incident {
    /// The key of its row in a comparison: `when.` and its name.
    pub fn key(&self) -> String {
        format!("{HEAD}.{}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_situation_has_a_key_of_its_own() {
        for (index, it) in SITUATIONS.iter().enumerate() {
            assert_eq!(of_key(&it.key()), Some(it));
            let others = &SITUATIONS[..index];
            assert!(others.iter().all(|other| other.name != it.name));
        }
        assert_eq!(of_key("when.no_such"), None);
        assert_eq!(of_key("exit"), None);
        assert!(is_key("when.*") && !is_key("whenever.x"));
    }
}
