//! Tests `nsteps diff --state`: in each state, a launcher that undoes the state
//! differs from one that does nothing, under the key of what was undone, and in
//! no other state.

mod availability;
mod reported;

use availability::unavailable;
use harness::found::NEEDS_ROOT;
use harness::host::layout::Layout;
use harness::scenario::Identity;
use launchers::state::{PLAIN, STATES};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use reported::reported;
use serde_json::Value;
use std::process::{Command, ExitCode};

/// A state, a launcher that undoes it, and the difference that must be shown.
struct Case {
    state: &'static str,
    /// The launcher that undoes it; the other one is `env`.
    launcher: &'static str,
    key: &'static str,
    change: &'static str,
}

const fn case(
    state: &'static str,
    launcher: &'static str,
    key: &'static str,
    change: &'static str,
) -> Case {
    Case { state, launcher, key, change }
}

const CASES: &[Case] = &[
    case(
        "shared",
        "unshare --mount --propagation private",
        "mnt.propagation",
        "shared -> private",
    ),
    case("stdin-null", "sh -c 'cat | {}'", "descriptors.0", "pipe, read"),
    case(
        "stdin-closed",
        "sh -c 'exec {} </dev/null'",
        "descriptors.0",
        "+ null, read",
    ),
    case("stdout-file", "sh -c '{} | cat'", "descriptors.1", "pipe, write"),
    case("terminal", "setsid --wait", "lifecycle.tty", "none"),
    case(
        "signals-blocked",
        "python3 -c 'import os, signal, sys
signal.pthread_sigmask(signal.SIG_SETMASK, [])
os.execv(sys.argv[1], sys.argv[1:])'",
        "signals.blocked",
        "-SIGUSR1 -SIGTERM",
    ),
    case(
        "signals-ignored",
        "env --default-signal=PIPE",
        "signals.ignored",
        "-SIGPIPE",
    ),
    case(
        "listen-fds",
        "sh -c '{}; exit $?'",
        "env.LISTEN_PID",
        "the pid of another process",
    ),
    case("umask-077", "sh -c 'umask 022; exec {}'", "umask", "0022"),
    case("groups", "setpriv --clear-groups", "ids.groups", "none"),
    case("one-cpu", "taskset --cpu-list 0-1", "scheduling.cpus", "0-1"),
    case("user", "unshare --net", "ran", "no"),
];

/// Closes every descriptor above 2, as runtimes do, and becomes the payload:
/// the probe answers on standard output, and ends at a signal.
const CLOSES: &str = "python3 -c 'import os, sys
os.closerange(3, 1024)
os.execv(sys.argv[1], sys.argv[1:])'";

/// The states in which it is harder to read such an answer, or to end such a
/// payload.
const HARD: &[&str] =
    &["stdin-closed", "stdout-file", "terminal", "signals-blocked"];

fn main() -> ExitCode {
    let mut trials = vec![Trial::test("each_state_has_a_case", each_state)];
    trials.extend(CASES.iter().map(|case| {
        let name = format!("{}_undone_is_seen", case.state);
        Trial::ignorable_test(name, || case.run())
    }));
    trials.extend(HARD.iter().map(|state| {
        let name = format!("{state}_and_an_answer_on_standard_output");
        Trial::ignorable_test(name, || answers_on_stdout(state))
    }));
    trials.push(Trial::ignorable_test(
        "what_a_launcher_says_to_a_terminal_is_a_key",
        said_to_a_terminal,
    ));
    trials.push(Trial::ignorable_test(
        "a_launcher_is_like_itself_in_every_state",
        like_itself,
    ));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// A state without a case could be the plain one under another name.
fn each_state() -> Result<(), Failed> {
    let missing: Vec<&str> = STATES
        .iter()
        .filter(|it| *it != PLAIN)
        .map(|it| it.name)
        .filter(|name| CASES.iter().all(|case| case.state != *name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!(
        "add a case to CASES in rust/nsteps/tests/states.rs for {missing:?}"
    )
    .into())
}

/// The exit status, and the report.
type Compared = Result<Result<(i32, Value), String>, Failed>;

/// Compares two launchers; returns a reason if the machine does not allow that,
/// or does not allow this state.
fn diff(options: &[&str], launchers: [&str; 2]) -> Compared {
    let layout = Layout::find().map_err(|it| it.message)?;
    let output = Command::new(layout.programs().join("bin/nsteps"))
        .args(["diff", "--json"])
        .args(options)
        .args(launchers)
        .output()?;
    let value = match reported(&output)? {
        Err(why) => return Ok(Err(why)),
        Ok(value) => value,
    };
    let states = value["launchers"][0]["in_states"].as_array();
    let lost = |it: &&Value| it["unavailable"] == true;
    if let Some(state) = states.into_iter().flatten().find(lost) {
        let why = state["did_not_run"].as_str().unwrap_or("no reason");
        return Ok(Err(why.to_owned()));
    }
    Ok(Ok((output.status.code().ok_or("it was killed")?, value)))
}

impl Case {
    fn run(&self) -> Result<Completion, Failed> {
        // An ordinary user has no supplementary groups in a sandbox.
        let is_user = Identity::natural() == Identity::User;
        if self.state == "groups" && is_user {
            return unavailable(NEEDS_ROOT);
        }
        let options = ["--state", "plain", "--state", self.state];
        let (status, value) = match diff(&options, ["env", self.launcher])? {
            Err(why) => return unavailable(&why),
            Ok(seen) => seen,
        };
        let rows = value["differences"].as_array().into_iter().flatten();
        let seen = rows.map(|it| &it["row"]).any(|row| {
            let states = row["state"].as_array().into_iter().flatten();
            let mut shown = row["values"].as_array().into_iter().flatten();
            row["key"] == self.key
                && states.eq([self.state])
                && shown.any(|it| {
                    let change = it["value"].as_str().unwrap_or("");
                    change.contains(self.change)
                        && it["launchers"] == serde_json::json!([1])
                })
        });
        match seen && status == 1 {
            true => Ok(Completion::Completed),
            false => Err(format!("status {status}: {value:#}").into()),
        }
    }
}

fn answers_on_stdout(state: &str) -> Result<Completion, Failed> {
    let (status, value) = match diff(&["--state", state], ["env", CLOSES])? {
        Err(why) => return unavailable(&why),
        Ok(seen) => seen,
    };
    let it = &value["launchers"][1];
    let ran = it["did_not_run"].is_null()
        && it["exit"] == "0"
        && it["said"].is_null()
        && it["disagreements"] == serde_json::json!([]);
    match ran && status == 1 {
        true => Ok(Completion::Completed),
        false => Err(format!("status {status}: {it:#}").into()),
    }
}

fn said_to_a_terminal() -> Result<Completion, Failed> {
    let says = "sh -c 'echo hello >&2; exec {}'";
    let (status, value) = match diff(&["--state", "terminal"], ["env", says])? {
        Err(why) => return unavailable(&why),
        Ok(seen) => seen,
    };
    let said = [0, 1].map(|it| value["launchers"][it]["said"].as_str());
    match (said, status) {
        ([None, Some("hello")], 1) => Ok(Completion::Completed),
        _ => Err(format!("status {status}: {said:?}").into()),
    }
}

fn like_itself() -> Result<Completion, Failed> {
    // The state `groups` is not possible to an ordinary user.
    if Identity::natural() == Identity::User {
        return unavailable(NEEDS_ROOT);
    }
    let launcher = "unshare --uts";
    let options = ["--states", "all", "--repeat", "3"];
    let (status, value) = match diff(&options, [launcher, launcher])? {
        Err(why) => return unavailable(&why),
        Ok(seen) => seen,
    };
    let none = ["differences", "unknown"]
        .iter()
        .all(|it| value[it] == serde_json::json!([]));
    match none && status == 0 {
        true => Ok(Completion::Completed),
        false => Err(format!("status {status}: {value:#}").into()),
    }
}
