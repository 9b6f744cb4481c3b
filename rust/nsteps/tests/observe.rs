//! Tests `nsteps observe` with launchers that print, redirect, close, fail,
//! change from run to run or move their payload: its report about each is true.

mod availability;
mod reported;

use availability::unavailable;
use harness::host::cgroup::Made;
use harness::host::layout::Layout;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use reported::reported;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, ExitCode};

/// A launcher as a shell script, in which `"$@"` is its payload.
struct Case {
    name: &'static str,
    /// One script for each launcher.
    scripts: &'static [&'static str],
    /// The expected exit status of `nsteps observe`.
    status: i32,
    /// Expected effects: the index of the launcher, the key, and the change;
    /// `None` if the key must not be there.
    effects: &'static [(usize, &'static str, Option<&'static str>)],
    /// Keys in which the launchers must differ.
    differing: &'static [&'static str],
    /// The way by which each launcher's observation comes.
    answered_on: &'static [Option<&'static str>],
}

const SOCKET: Option<&str> = Some("socket");
const STDOUT: Option<&str> = Some("stdout");

/// Closes every descriptor above 2, as runtimes do, and becomes the payload.
const CLOSE: &str = "exec python3 -c 'import os, sys
os.closerange(3, 1024)
os.execv(sys.argv[1], sys.argv[1:])' \"$@\"";

const CASES: &[Case] = &[
    Case {
        name: "a_line_before_the_payload_is_no_answer",
        scripts: &["printf 'a\\n'; exec \"$@\""],
        status: 0,
        effects: &[(0, "exit", Some("0")), (0, "descriptors.1", None)],
        differing: &[],
        answered_on: &[SOCKET],
    },
    Case {
        name: "a_line_without_an_end_before_the_payload_is_no_answer",
        scripts: &["printf a; exec \"$@\""],
        status: 0,
        effects: &[(0, "exit", Some("0"))],
        differing: &[],
        answered_on: &[SOCKET],
    },
    Case {
        name: "much_talk_on_both_streams_holds_nothing_up",
        scripts: &["head -c 3000000 /dev/zero
head -c 3000000 /dev/zero | tr '\\0' '\\n' >&2
exec \"$@\""],
        status: 0,
        effects: &[(0, "exit", Some("0"))],
        differing: &[],
        answered_on: &[SOCKET],
    },
    Case {
        name: "closed_standard_streams_are_seen_and_the_payload_answers",
        scripts: &["exec \"$@\" 0<&- 1>&- 2>&-"],
        status: 0,
        effects: &[
            (0, "descriptors.0", Some("closed")),
            (0, "descriptors.1", Some("closed")),
            (0, "descriptors.2", Some("closed")),
            (0, "exit", Some("0")),
        ],
        differing: &[],
        answered_on: &[SOCKET],
    },
    Case {
        name: "closed_descriptors_are_seen_and_the_answer_is_on_stdout",
        scripts: &[CLOSE],
        status: 0,
        effects: &[
            (0, "descriptors.inherited", Some("closed")),
            (0, "exit", Some("0")),
        ],
        differing: &[],
        answered_on: &[STDOUT],
    },
    Case {
        name: "on_stdout_the_answer_may_follow_a_text_without_a_newline",
        scripts: &["printf 'starting... '; exec python3 -c 'import os, sys
os.closerange(3, 1024)
os.execv(sys.argv[1], sys.argv[1:])' \"$@\""],
        status: 0,
        effects: &[(0, "descriptors.inherited", Some("closed"))],
        differing: &[],
        answered_on: &[STDOUT],
    },
    Case {
        name: "another_stdin_is_one_true_line",
        scripts: &["\"$@\" </dev/null"],
        status: 0,
        effects: &[
            (0, "descriptors.0", Some("null, read")),
            (0, "exit", Some("0")),
        ],
        differing: &[],
        answered_on: &[SOCKET],
    },
    Case {
        name: "another_pipe_on_stdin_is_one_true_line",
        scripts: &["true | \"$@\""],
        status: 0,
        effects: &[
            (0, "descriptors.0", Some("another pipe, read")),
            (0, "exit", Some("0")),
        ],
        differing: &[],
        answered_on: &[SOCKET],
    },
    Case {
        name: "holding_does_not_depend_on_stdin_where_the_answer_is_on_stdout",
        scripts: &["python3 -c 'import os, sys
os.closerange(3, 1024)
os.execv(sys.argv[1], sys.argv[1:])' \"$@\" </dev/null"],
        status: 0,
        effects: &[
            (0, "descriptors.0", Some("null, read")),
            (0, "exit", Some("0")),
        ],
        differing: &[],
        answered_on: &[STDOUT],
    },
    Case {
        name: "the_words_of_a_launcher_are_part_of_what_is_observed",
        scripts: &[
            "echo \"warning: no isolation, pid $$\" >&2; exec \"$@\"",
            "exec \"$@\"",
        ],
        status: 1,
        effects: &[
            (0, "said", Some("warning: no isolation, pid PID")),
            (1, "said", None),
        ],
        differing: &["said"],
        answered_on: &[SOCKET, SOCKET],
    },
    Case {
        name: "a_message_of_a_foreign_launcher_is_kept_whole",
        scripts: &["echo 'Failed to open /etc/thing.conf: \
                    No such file or directory' >&2
exit 3"],
        status: 2,
        effects: &[
            (
                0,
                "said",
                Some(
                    "Failed to open /etc/thing.conf: \
                     No such file or directory",
                ),
            ),
            (0, "exit", Some("3")),
            (0, "refused", None),
        ],
        differing: &[],
        answered_on: &[None],
    },
    Case {
        name: "a_launcher_without_an_observation_equals_no_other",
        scripts: &["exec unshare --uts \"$@\"", "exit 1"],
        status: 2,
        effects: &[(0, "ns.uts", Some("new")), (1, "ns.uts", None)],
        differing: &["exit"],
        answered_on: &[SOCKET, None],
    },
    Case {
        name: "a_payload_moved_to_a_cgroup_is_seen_there_from_outside",
        scripts: &[
            // A new cgroup namespace hides the move from the payload.
            "mkdir /sys/fs/cgroup/x
echo $$ >/sys/fs/cgroup/x/cgroup.procs
exec unshare --cgroup \"$@\"",
            "exec unshare --cgroup \"$@\"",
        ],
        status: 1,
        effects: &[
            (0, "host.cgroup.unified", Some("/x")),
            (0, "residue.cgroups", Some("+ /x")),
            (0, "ns.cgroup", Some("new")),
            (1, "host.cgroup.unified", None),
            (1, "residue.cgroups", None),
        ],
        differing: &["host.cgroup.unified", "residue.cgroups"],
        answered_on: &[SOCKET, SOCKET],
    },
    Case {
        name: "uts_in_plain_nix_does_what_the_step_does",
        scripts: &[
            "exec /nsteps/bench/plain/uts_in_plain_nix \"$@\"",
            "exec /nsteps/rust/uts \"$@\"",
        ],
        status: 0,
        effects: &[
            (0, "uts.hostname", Some("myhostname")),
            (1, "uts.hostname", Some("myhostname")),
        ],
        differing: &[],
        answered_on: &[SOCKET, SOCKET],
    },
    Case {
        name: "uts_in_plain_nix_ends_as_the_step_does",
        scripts: &[
            "exec /nsteps/bench/plain/uts_in_plain_nix \
             sh -c '\"$@\"; exit 7' sh \"$@\"",
            "exec /nsteps/rust/uts sh -c '\"$@\"; exit 7' sh \"$@\"",
            "exec /nsteps/bench/plain/uts_in_plain_nix \
             sh -c '\"$@\"; kill -KILL $$' sh \"$@\"",
            "exec /nsteps/rust/uts sh -c '\"$@\"; kill -KILL $$' sh \"$@\"",
        ],
        status: 1,
        effects: &[
            (0, "exit", Some("7")),
            (1, "exit", Some("7")),
            (2, "exit", Some("137")),
            (3, "exit", Some("137")),
        ],
        differing: &["exit"],
        answered_on: &[SOCKET; 4],
    },
    // The row of the page's table about the start of the runtime.
    Case {
        name: "uts_in_plain_nix_opens_what_was_closed",
        scripts: &[
            "exec /nsteps/bench/plain/uts_in_plain_nix \"$@\" 0<&-",
            "exec /nsteps/rust/uts \"$@\" 0<&-",
        ],
        status: 1,
        effects: &[
            (0, "descriptors.0", Some("null, read-write")),
            (1, "descriptors.0", Some("closed")),
        ],
        differing: &["descriptors.0", "descriptors.0.mode"],
        answered_on: &[SOCKET, SOCKET],
    },
    // The row of the page's table about signal(2).
    Case {
        name: "uts_in_plain_nix_passes_no_ignored_sigpipe_on",
        scripts: &[
            "trap '' PIPE; exec /nsteps/bench/plain/uts_in_plain_nix \"$@\"",
            "trap '' PIPE; exec /nsteps/rust/uts \"$@\"",
        ],
        status: 1,
        effects: &[
            (0, "signals.ignored", None),
            (1, "signals.ignored", Some("+SIGPIPE")),
        ],
        differing: &["signals.ignored"],
        answered_on: &[SOCKET, SOCKET],
    },
    // The row of the page's table about waitpid(2).
    Case {
        name: "uts_in_plain_nix_loses_the_status_where_sigchld_is_ignored",
        scripts: &[
            "set -- /nsteps/bench/plain/uts_in_plain_nix \"$@\"
exec python3 -c 'import os, signal, sys
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execv(sys.argv[1], sys.argv[1:])' \"$@\"",
            "set -- /nsteps/rust/uts \"$@\"
exec python3 -c 'import os, signal, sys
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execv(sys.argv[1], sys.argv[1:])' \"$@\"",
        ],
        status: 1,
        effects: &[(0, "exit", Some("125")), (1, "exit", Some("0"))],
        differing: &["exit", "said"],
        answered_on: &[SOCKET, SOCKET],
    },
    Case {
        name: "uts_in_plain_nix_loses_the_status_after_a_real_time_signal",
        scripts: &[
            "exec /nsteps/bench/plain/uts_in_plain_nix \
             sh -c '\"$@\"; kill -40 $$' sh \"$@\"",
            "exec /nsteps/rust/uts sh -c '\"$@\"; kill -40 $$' sh \"$@\"",
        ],
        status: 1,
        effects: &[(0, "exit", Some("125")), (1, "exit", Some("168"))],
        differing: &["exit", "said"],
        answered_on: &[SOCKET, SOCKET],
    },
    Case {
        name: "what_is_not_the_same_twice_neither_differs_nor_agrees",
        scripts: &[
            "X=$(tr -dc 0-9 </dev/urandom | head -c 9) exec \"$@\"",
            "X=$(tr -dc 0-9 </dev/urandom | head -c 9) exec \"$@\"",
        ],
        status: 0,
        effects: &[(0, "env.X", None), (1, "env.X", None)],
        differing: &[],
        answered_on: &[SOCKET, SOCKET],
    },
];

fn main() -> ExitCode {
    let mut trials: Vec<Trial> = CASES
        .iter()
        .map(|case| Trial::ignorable_test(case.name, || case.run()))
        .collect();
    trials.push(Trial::ignorable_test(
        "an_ignored_sigchld_loses_no_exit_status",
        ignored_sigchld,
    ));
    trials.push(Trial::ignorable_test(
        "a_launcher_that_cannot_start_leaves_the_others_theirs",
        cannot_start,
    ));
    trials.push(Trial::ignorable_test(
        "a_launcher_starts_in_the_directory_of_the_caller",
        in_the_callers_directory,
    ));
    trials.push(Trial::test("an_empty_launcher_is_trouble", empty_launcher));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

impl Case {
    fn run(&self) -> Result<Completion, Failed> {
        let mut words = Vec::new();
        for script in self.scripts {
            words.extend(["--", "sh", "-c", script, "sh"]);
        }
        if self.effects.iter().any(|(_, key, _)| key.contains("cgroup"))
            && let Err(why) = Made::for_a_trial(&Layout::find()?)
        {
            return unavailable(&why.message);
        }
        let (status, value) = match observe(command(&words)?)? {
            Observed::Unavailable(reason) => return unavailable(&reason),
            Observed::As(status, value) => (status, value),
        };
        let mut wrong = Vec::new();
        if status != self.status {
            wrong.push(format!("status {status}, not {}", self.status));
        }
        let launchers = &value["launchers"];
        for (index, key, expected) in self.effects {
            let found = launchers[index]["effect"][key].as_str();
            if found != *expected {
                wrong.push(format!("{index} {key}: {found:?}"));
            }
        }
        for (index, expected) in self.answered_on.iter().enumerate() {
            let found = launchers[index]["answered_on"].as_str();
            if found != *expected {
                wrong.push(format!("{index} answered on {found:?}"));
            }
            let disagreements = &launchers[index]["disagreements"];
            if disagreements.as_array().is_none_or(|it| !it.is_empty()) {
                wrong.push(format!("{index} disagreements: {disagreements}"));
            }
        }
        let differing: Vec<&str> = value["differing"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        if differing != self.differing {
            wrong.push(format!("differing: {differing:?}"));
        }
        match wrong.is_empty() {
            true => Ok(Completion::Completed),
            false => Err(format!("{}\n{value:#}", wrong.join("\n")).into()),
        }
    }
}

/// The result of a run of the command.
enum Observed {
    /// The machine does not allow it.
    Unavailable(String),
    /// It ended with this status, and printed this.
    As(i32, Value),
}

fn nsteps() -> Result<std::path::PathBuf, Failed> {
    let layout = Layout::find().map_err(|it| it.message)?;
    Ok(layout.programs().join("bin/nsteps"))
}

fn command(words: &[&str]) -> Result<Command, Failed> {
    let mut command = Command::new(nsteps()?);
    command.args(["observe", "--json"]).args(words);
    Ok(command)
}

fn observe(mut command: Command) -> Result<Observed, Failed> {
    let output = command.output()?;
    let value = match reported(&output)? {
        Err(why) => return Ok(Observed::Unavailable(why)),
        Ok(value) => value,
    };
    let status = output.status.code().ok_or("it was killed")?;
    Ok(Observed::As(status, value))
}

/// Two launchers that end differently have different effects, even if the
/// caller ignores SIGCHLD.
fn ignored_sigchld() -> Result<Completion, Failed> {
    let mut command = Command::new("python3");
    command
        .arg("-c")
        .arg(
            "import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execv(sys.argv[1], sys.argv[1:])",
        )
        .arg(nsteps()?)
        .args(["observe", "--json"])
        .args(["--", "sh", "-c", "\"$@\"", "sh"])
        .args(["--", "sh", "-c", "\"$@\"; exit 5", "sh"]);
    let (status, value) = match observe(command)? {
        Observed::Unavailable(reason) => return unavailable(&reason),
        Observed::As(status, value) => (status, value),
    };
    let launchers = &value["launchers"];
    let exits = [0, 1].map(|it| launchers[it]["effect"]["exit"].as_str());
    if status == 1 && exits == [Some("0"), Some("5")] {
        return Ok(Completion::Completed);
    }
    Err(format!("status {status}, exits {exits:?}").into())
}

/// A launcher that does not exist does not hide the result of the other one.
fn cannot_start() -> Result<Completion, Failed> {
    let words = ["--", "unshare", "--uts", "--", "/no/such/launcher"];
    let (status, value) = match observe(command(&words)?)? {
        Observed::Unavailable(reason) => return unavailable(&reason),
        Observed::As(status, value) => (status, value),
    };
    let launchers = &value["launchers"];
    let seen = launchers[0]["effect"]["ns.uts"].as_str();
    let why = launchers[1]["did_not_answer"].as_str().unwrap_or("");
    let right = "start /no/such/launcher: No such file or directory";
    if status == 2 && seen == Some("new") && why == right {
        return Ok(Completion::Completed);
    }
    Err(format!("status {status}, ns.uts {seen:?}, {why}").into())
}

/// A launcher below /tmp is found by its relative path. What it writes there
/// and in /run is reported, and does not reach the machine.
fn in_the_callers_directory() -> Result<Completion, Failed> {
    let dir = tempfile::tempdir_in("/tmp")?;
    let name = format!("nsteps-observe-{}", std::process::id());
    let launcher = dir.path().join("my-launcher");
    let script = format!(
        "#!/bin/sh
echo written >written
echo written >/run/{name}
rm my-launcher
exec unshare --uts \"$@\"
"
    );
    fs::write(&launcher, script)?;
    fs::set_permissions(&launcher, fs::Permissions::from_mode(0o755))?;
    let mut command = command(&["--", "./my-launcher"])?;
    command.current_dir(dir.path());
    let (status, value) = match observe(command)? {
        Observed::Unavailable(reason) => return unavailable(&reason),
        Observed::As(status, value) => (status, value),
    };
    let effect = &value["launchers"][0]["effect"];
    let files = effect["residue.files"].as_str().unwrap_or("");
    let expected = [
        format!("- {}", launcher.display()),
        format!("+ /run/{name}"),
        format!("+ {}/written", dir.path().display()),
    ];
    let right = effect["ns.uts"] == "new"
        && expected.iter().all(|it| {
            // Behind a file that was written is its mode.
            let with_mode = format!("{it} 0644");
            files.split("; ").any(|file| file == it || file == with_mode)
        });
    let reached = dir.path().join("written").exists()
        || Path::new("/run").join(&name).exists()
        || !launcher.exists();
    if status == 0 && right && !reached {
        return Ok(Completion::Completed);
    }
    Err(format!("status {status}, reached the machine: {reached}, {value:#}")
        .into())
}

fn empty_launcher() -> Result<(), Failed> {
    for words in [&["--", "env", "--"][..], &["--", "--"], &["--", "--", "env"]]
    {
        let output = command(words)?.output()?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        if output.status.code() != Some(2) || !stderr.contains("is empty") {
            return Err(format!("{words:?}: {output:?}").into());
        }
    }
    Ok(())
}
