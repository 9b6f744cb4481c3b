//! `nsteps diff --situation`: in each situation, a launcher that gets in the way
//! of its payload shows something else than one that does nothing; every
//! launcher shows the same as itself.

mod availability;
mod reported;

use availability::unavailable;
use harness::host::layout::Layout;
use launchers::situation::{Incident, SITUATIONS};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use reported::reported;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::process::{Command, ExitCode, Stdio};

/// What `env`, which becomes its payload, and another launcher show; `N` stands
/// for the bound in seconds.
struct Case {
    situation: &'static str,
    env: &'static str,
    launcher: &'static str,
    shows: &'static str,
}

const fn case(
    situation: &'static str,
    env: &'static str,
    launcher: &'static str,
    shows: &'static str,
) -> Case {
    Case { situation, env, launcher, shows }
}

/// Ends with 3, whatever its payload does.
const THREE: &str = r#"sh -c '"$@"; exit 3' sh {}"#;

/// A shell that waits for its payload, which is another process.
const WAITS: &str = r#"sh -c '"$@" & wait' sh {}"#;

const CASES: &[Case] = &[
    case("exit_0", "status 0", THREE, "status 3"),
    case("exit_7", "status 7", THREE, "status 3"),
    case("exit_255", "status 255", THREE, "status 3"),
    case("killed", "status 137", THREE, "status 3"),
    case("segv", "status 139", THREE, "status 3"),
    case("missing", "status 127", THREE, "status 3"),
    case("not_executable", "status 126", THREE, "status 3"),
    case(
        "no_shebang",
        "status 0, run by a shell",
        "python3 -c 'import os, sys; os.execv(sys.argv[1], sys.argv[1:])'",
        "status 1",
    ),
    case(
        "at_once",
        "status 0",
        r#"sh -c 'case "$*" in *--hold*) ;; *--then*) exec cat /dev/ptmx ;; esac
exec "$@"' sh {}"#,
        "did not end within N s in one of 12 times",
    ),
    case(
        "sigterm",
        "status 43, the payload is gone",
        WAITS,
        "status 143, the payload lives on",
    ),
    case(
        "sigterm",
        "status 43, the payload is gone",
        r#"sh -c 'trap "" TERM; "$@"; exit' sh {}"#,
        "did not end within N s, the payload lives on",
    ),
    case(
        "launcher_killed",
        "the payload is gone",
        WAITS,
        "the payload lives on",
    ),
    case(
        "child_left",
        "status 0, the child lives on",
        "unshare --pid --fork",
        "status 0, the child is gone",
    ),
    case(
        "stdin_stdout",
        "1 MiB arrives, status 0",
        r#"sh -c '"$@" | head -c 640' sh {}"#,
        "10 of 16384 lines arrive, status 0",
    ),
    case(
        "stderr",
        "1 MiB arrives, status 0",
        r#"sh -c '"$@" 2>/dev/null' sh {}"#,
        "0 of 16384 lines arrive, status 0",
    ),
    // What is left is shown where it is more than is always left.
    case(
        "killed",
        "status 137",
        r#"sh -c '"$@"; [ $? = 0 ] || echo x >/run/more; exit 3' sh {}"#,
        "status 3; left: files",
    ),
];

/// Launchers that are compared with themselves in every situation.
const SELVES: &[&str] = &[
    "unshare --pid --fork",
    "setpriv --no-new-privs",
    "bwrap: --dev-bind / /",
];

fn main() -> ExitCode {
    let mut trials: Vec<Trial> = Vec::new();
    for (index, case) in CASES.iter().enumerate() {
        let name = format!("{}::{index}", case.situation);
        trials.push(Trial::ignorable_test(name, || case.run()));
    }
    for launcher in SELVES {
        let name = format!("itself::{}", launcher.replace([' ', '/'], "_"));
        trials.push(Trial::ignorable_test(name, || like_itself(launcher)));
    }
    trials.push(Trial::test("each_situation_has_a_case", each));
    trials.push(Trial::test("only_the_plain_state_has_situations", plain));
    let mut arguments = Arguments::from_args();
    // They wait most of their time.
    arguments.test_threads.get_or_insert(6);
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn each() -> Result<(), Failed> {
    let tried: BTreeSet<&str> = CASES.iter().map(|it| it.situation).collect();
    let all: BTreeSet<&str> = SITUATIONS.iter().map(|it| it.name).collect();
    match tried == all {
        true => Ok(()),
        false => Err(format!("{:?}", tried.symmetric_difference(&all)).into()),
    }
}

fn nsteps(words: &[&str]) -> Result<Command, Failed> {
    let layout = Layout::find().map_err(|it| it.message)?;
    let mut command = Command::new(layout.programs().join("bin/nsteps"));
    command.args(words).stdin(Stdio::null());
    Ok(command)
}

/// Runs `nsteps diff`, and gives its report; or why this machine does not allow
/// it.
fn diff(words: &[&str]) -> Result<Result<Value, String>, Failed> {
    let words = [&["diff", "--json"], words].concat();
    let output = nsteps(&words)?.output()?;
    let report = match reported(&output)? {
        Err(why) => return Ok(Err(why)),
        Ok(report) => report,
    };
    for it in report["launchers"].as_array().into_iter().flatten() {
        let why = it["did_not_run"].as_str().unwrap_or("");
        if why.contains("is not in PATH") {
            return Ok(Err(why.to_owned()));
        }
    }
    Ok(Ok(report))
}

impl Case {
    fn run(&self) -> Result<Completion, Failed> {
        let words = ["--situation", self.situation, "env", self.launcher];
        let report = match diff(&words)? {
            Err(why) => return unavailable(&why),
            Ok(report) => report,
        };
        let key = format!("when.{}", self.situation);
        let rows = report["differences"].as_array().into_iter().flatten();
        let row = rows.map(|it| &it["row"]).find(|it| it["key"] == key);
        let shown = |launcher: usize| {
            let values = row.and_then(|it| it["values"].as_array());
            let mut values = values.into_iter().flatten();
            let is_its = |it: &&Value| it["launchers"] == json!([launcher]);
            let value = values.find(is_its)?["value"].as_str()?;
            Some(without_the_bound(value))
        };
        let seen = [shown(0), shown(1)];
        let wanted = [self.env, self.shows].map(|it| Some(it.to_owned()));
        match seen == wanted && report["status"] == 1 {
            true => Ok(Completion::Completed),
            false => {
                Err(format!("{seen:?}, not {wanted:?}: {report:#}").into())
            }
        }
    }
}

/// The bound depends on how fast a sandbox starts.
fn without_the_bound(value: &str) -> String {
    let Some((before, rest)) = value.split_once(" within ") else {
        return value.to_owned();
    };
    match rest.split_once(" s") {
        Some((number, after)) if number.parse::<u64>().is_ok() => {
            format!("{before} within N s{after}")
        }
        _ => value.to_owned(),
    }
}

fn like_itself(launcher: &str) -> Result<Completion, Failed> {
    let report = match diff(&["--situations", "all", launcher, launcher])? {
        Err(why) => return unavailable(&why),
        Ok(report) => report,
    };
    let keys: BTreeSet<String> = report["alike"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|it| it["key"].as_str())
        .filter(|it| it.starts_with("when."))
        .map(str::to_owned)
        .collect();
    let all: BTreeSet<String> = SITUATIONS.iter().map(Incident::key).collect();
    match report["status"] == 0 && keys == all {
        true => Ok(Completion::Completed),
        false => Err(format!("{report:#}").into()),
    }
}

fn plain() -> Result<(), Failed> {
    let words =
        ["diff", "--state", "user", "--situation", "killed", "env", "env"];
    let output = nsteps(&words)?.output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    let right = output.status.code() == Some(2)
        && output.stdout.is_empty()
        && stderr.contains("add --state plain");
    match right {
        true => Ok(()),
        false => Err(format!("{output:?}").into()),
    }
}
