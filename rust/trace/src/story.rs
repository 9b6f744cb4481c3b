//! The calls of a recording with roles in place of pids: they are the same in
//! every run of a program, so recordings can be compared.

use super::{Argument, Call, Made, Process, Recording, flags};
use nix::libc;

/// One call, in words that are the same in another run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The role of the calling process.
    pub role: String,
    /// The call's name, as in `man 2 NAME`.
    pub call: String,
    /// Its arguments, as strace(1) writes them.
    pub arguments: Vec<String>,
    /// Its result, if that is more than success.
    pub outcome: Option<String>,
    /// True if the kernel refused the call.
    pub failed: bool,
}

/// The calls of a recording as lines.
///
/// The first call is the tracer's own, which executes the launcher. It is left
/// out, and so is every call that makes a thread; both are in the counts.
pub fn tell(recording: &Recording) -> Vec<Line> {
    let roles = roles(&recording.processes, &recording.calls);
    let of_the_tracer =
        recording.calls.iter().position(|it| it.name.starts_with("exec"));
    recording
        .calls
        .iter()
        .enumerate()
        .filter(|(index, it)| {
            Some(*index) != of_the_tracer && it.made != Some(Made::Thread)
        })
        .map(|(_, it)| line(it, recording, &roles))
        .collect()
}

fn line(call: &Call, recording: &Recording, roles: &[String]) -> Line {
    let teller = Teller { call, recording, roles };
    let mut outcome = teller.result();
    if let Some(status) = call.status {
        let ended = ended(status);
        outcome = Some(match outcome {
            Some(child) => format!("{child}, {ended}"),
            None => ended,
        });
    }
    Line {
        role: roles[call.process].clone(),
        call: call.name.clone(),
        arguments: teller.arguments(),
        outcome,
        failed: call.result.is_some_and(|it| it < 0),
    }
}

struct Teller<'a> {
    call: &'a Call,
    recording: &'a Recording,
    roles: &'a [String],
}

impl Teller<'_> {
    fn arguments(&self) -> Vec<String> {
        let Some(arguments) = &self.call.arguments else {
            return vec!["...".to_owned()];
        };
        arguments
            .iter()
            .map(|argument| match argument {
                Argument::Pid(pid) => self.role_of(*pid),
                Argument::Descriptor { of: Some(of), .. } => pidless(of),
                Argument::Descriptor { fd, of: None } => fd.to_string(),
                Argument::Words(words) => format!("[{}]", words.join(", ")),
                other => other.to_string(),
            })
            .collect()
    }

    fn result(&self) -> Option<String> {
        let result = self.call.result?;
        if result < 0 {
            let errno = i32::try_from(-result).unwrap_or(0);
            return Some(flags::errno(errno));
        }
        match (self.call.made, self.call.name.as_str()) {
            (Some(Made::Process(child)), _) => Some(self.roles[child].clone()),
            (Some(Made::Thread), _) => Some("a thread".to_owned()),
            (None, "wait4") if result > 0 => Some(self.role_of(result)),
            (None, "wait4") => Some("no child yet".to_owned()),
            _ => None,
        }
    }

    /// The process that the caller means by that pid: its own child, if it has
    /// one.
    fn role_of(&self, pid: i64) -> String {
        if pid == -1 {
            return "any".to_owned();
        }
        let processes = &self.recording.processes;
        if i64::from(processes[self.call.process].own_pid) == pid {
            return "itself".to_owned();
        }
        let known = |it: &Process, adopted: bool| {
            it.known_as == Some(pid)
                && (adopted || it.parent == Some(self.call.process))
        };
        // Pids are used again: of two children with the same pid the later one
        // is meant.
        processes
            .iter()
            .rposition(|it| known(it, false))
            .or_else(|| processes.iter().rposition(|it| known(it, true)))
            .map_or_else(|| "another".to_owned(), |it| self.roles[it].clone())
    }
}

/// A path of /proc with the pid replaced.
fn pidless(path: &str) -> String {
    path.split('/')
        .map(|part| {
            let number = part.parse::<u32>().is_ok();
            if number { "PID" } else { part }
        })
        .collect::<Vec<_>>()
        .join("/")
}

/// How a process ended, from its wait status.
pub fn ended(status: i32) -> String {
    if libc::WIFSIGNALED(status) {
        let signal = u64::try_from(libc::WTERMSIG(status)).unwrap_or(0);
        format!("killed by {}", flags::signal(signal))
    } else if libc::WIFEXITED(status) {
        format!("exited {}", libc::WEXITSTATUS(status))
    } else {
        "stopped".to_owned()
    }
}

/// The role of a process that does nothing except end.
pub const THROW_AWAY: &str = "throw-away";

/// A role for each process: by generation, and with a number if there are
/// several. A process that does nothing except end is a throw-away, and does
/// not make the others numbered: Go makes one to learn whether the kernel has
/// pidfds.
pub fn roles(processes: &[Process], calls: &[Call]) -> Vec<String> {
    let names: Vec<&str> = processes
        .iter()
        .enumerate()
        .map(|(index, process)| {
            if is_throw_away(index, process, processes, calls) {
                THROW_AWAY
            } else {
                generation(index, processes)
            }
        })
        .collect();
    names
        .iter()
        .enumerate()
        .map(|(index, name)| {
            let before = names[..index].iter().filter(|it| it == &name).count();
            match before {
                0 => (*name).to_owned(),
                _ => format!("{name} {}", before + 1),
            }
        })
        .collect()
}

fn is_throw_away(
    index: usize,
    process: &Process,
    processes: &[Process],
    calls: &[Call],
) -> bool {
    let ends = |call: &Call| call.name.starts_with("exit");
    process.parent.is_some()
        && process.others.values().sum::<u64>() <= 1
        && process.threads == 0
        && !processes.iter().any(|it| it.parent == Some(index))
        && calls.iter().any(|it| it.process == index)
        && calls.iter().filter(|it| it.process == index).all(ends)
}

fn generation(index: usize, processes: &[Process]) -> &'static str {
    let ancestors = std::iter::successors(processes[index].parent, |parent| {
        processes.get(*parent)?.parent
    });
    match ancestors.take(processes.len()).count() {
        0 => "launcher",
        1 => "child",
        2 => "grandchild",
        _ => "descendant",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A launcher that makes a child with pid 1 in its own namespace, as a C
    /// step does.
    fn recording() -> Recording {
        let call = |process, name: &str, arguments, result| Call {
            process,
            name: name.to_owned(),
            arguments: Some(arguments),
            result,
            ..Call::default()
        };
        let text = |text: &str| Argument::Text(text.to_owned());
        let words = Argument::Words(vec!["c/pid".to_owned()]);
        Recording {
            processes: vec![
                Process { pid: 4, ..Process::default() },
                Process {
                    pid: 5,
                    parent: Some(0),
                    known_as: Some(5),
                    ..Process::default()
                },
            ],
            calls: vec![
                call(0, "execve", vec![text("\"c/pid\""), words], Some(0)),
                Call {
                    made: Some(Made::Process(1)),
                    ..call(0, "clone", vec![text("SIGCHLD")], Some(5))
                },
                call(1, "umount2", vec![text("\"/proc\"")], Some(-16)),
                Call {
                    status: Some(0x100),
                    ..call(0, "wait4", vec![Argument::Pid(5)], Some(5))
                },
            ],
            late: false,
        }
    }

    fn text(line: &Line) -> String {
        let outcome = line.outcome.as_deref().unwrap_or("-");
        let arguments = line.arguments.join(", ");
        format!("{}: {}({arguments}) {outcome}", line.role, line.call)
    }

    #[test]
    fn pids_become_roles_and_results_become_names() {
        let told: Vec<String> = tell(&recording()).iter().map(text).collect();
        assert_eq!(
            told,
            [
                "launcher: clone(SIGCHLD) child",
                "child: umount2(\"/proc\") EBUSY",
                "launcher: wait4(child) child, exited 1",
            ]
        );
    }

    #[test]
    fn a_process_that_only_ends_is_a_throw_away() {
        let mut recording = recording();
        recording.processes.insert(
            1,
            Process { pid: 9, parent: Some(0), ..Process::default() },
        );
        recording.calls = vec![Call {
            process: 1,
            name: "exit".to_owned(),
            arguments: Some(vec![]),
            ..Call::default()
        }];
        assert_eq!(
            roles(&recording.processes, &recording.calls),
            ["launcher", "throw-away", "child"]
        );
    }

    #[test]
    fn an_id_map_is_the_same_for_every_process() {
        assert_eq!(pidless("/proc/17/uid_map"), "/proc/PID/uid_map");
        assert_eq!(pidless("/proc/self/ns/net"), "/proc/self/ns/net");
    }

    #[test]
    fn an_end_is_an_exit_or_a_signal() {
        assert_eq!(ended(0x300), "exited 3");
        assert_eq!(ended(9), "killed by SIGKILL");
    }
}
