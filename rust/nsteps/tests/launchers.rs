//! Tests `nsteps diff` with real launchers: what each does with a configuration
//! was found out by hand before, with other programs.
//!
//! The cases are in the tables of `truth`. A launcher that is not here is left
//! out; a case of which fewer than two launchers are here is unavailable. `tests/launchers/fetch.sh` installs those
//! that no distribution has.

mod availability;
mod pages_written;
mod truth;

use availability::{is_of_the_machine, unavailable};
use harness::found::NEEDS_ROOT;
use harness::host::layout::Layout;
use harness::scenario::Identity;
use launchers::adapter::ADAPTERS;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, ExitCode, Stdio};
use truth::bundle::Bundle;
use truth::{Case, diff};

fn main() -> ExitCode {
    let trial = |kind: &str, case: Case| {
        let name = format!("{kind}::{}", case.id);
        Trial::ignorable_test(name, move || case.is_as_found_out())
    };
    let found = truth::differences().into_iter();
    let found = found.map(|it| trial("difference", it));
    let reports = truth::reports().into_iter().map(|it| trial("report", it));
    let page = Trial::ignorable_test("page", truth::page::is_written);
    let selves = SELVES.iter().map(|(name, launcher)| {
        let name = format!("itself::{name}");
        Trial::ignorable_test(name, || is_the_same_as_itself(launcher))
    });
    let less = Trial::ignorable_test(
        "a_launcher_that_isolates_less_here_is_degraded",
        degraded,
    );
    let alone = Trial::ignorable_test("one_file_is_enough_for_diff", one_file);
    let beside = Trial::ignorable_test(
        "paths_in_a_file_of_launchers_are_relative_to_it",
        beside_the_file,
    );
    let adapters = Trial::test("each_adapter_is_tried", each_adapter);
    // It takes ten minutes, and prints a table: run it with --ignored.
    let closed = Trial::test("suggestions", truth::closable::table)
        .with_ignored_flag(true);
    let others = [page, less, alone, beside, adapters, closed];
    let trials = found.chain(reports).chain(selves).chain(others).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Launchers that are compared with themselves; `BUNDLE` is replaced.
const SELVES: &[(&str, &str)] = &[
    ("unshare", "unshare --mount --uts --ipc --net --pid --fork"),
    ("setpriv", "setpriv --no-new-privs"),
    ("bwrap", "bwrap: --unshare-all --dev-bind / /"),
    ("runc", "runc:BUNDLE"),
    ("crun", "crun:BUNDLE"),
];

/// The adapters that are in no launcher of [`SELVES`], and where they are tried.
const TRIED_ELSEWHERE: &[(&str, &str)] = &[
    ("cmd", "every command line of SELVES"),
    ("firejail", "a_launcher_that_isolates_less_here_is_degraded"),
    ("nspawn", "the cases of truth, where it is installed"),
    ("oci", "the runtimes of RUNTIMES that were fetched"),
    ("youki", "the runtimes of RUNTIMES, if it is in PATH"),
];

/// An adapter that no trial uses may make a command line that does not work.
fn each_adapter() -> Result<(), Failed> {
    let is_tried = |name: &str| {
        let prefix = format!("{name}:");
        SELVES.iter().any(|(_, launcher)| launcher.starts_with(&prefix))
            || TRIED_ELSEWHERE.iter().any(|(it, _)| *it == name)
    };
    let mut names = ADAPTERS.iter().map(|it| it.name);
    match names.find(|name| !is_tried(name)) {
        None => Ok(()),
        Some(name) => Err(format!(
            "add a launcher {name}:... to SELVES in \
             rust/nsteps/tests/launchers.rs"
        )
        .into()),
    }
}

/// Each of three columns of one launcher is as the others, and nothing varies.
fn is_the_same_as_itself(launcher: &str) -> Result<Completion, Failed> {
    if launcher.contains("BUNDLE") && Identity::natural() == Identity::User {
        return unavailable(NEEDS_ROOT);
    }
    let bundle = Bundle::new(&[], "")?;
    let path = bundle.path().display().to_string();
    let launcher = launcher.replace("BUNDLE", &path);
    let report = match diff(&[], &[&launcher; 3].map(ToString::to_string))? {
        Ok(report) => report,
        Err(reason) => return unavailable(&reason),
    };
    if let Some(why) = report["launchers"][0]["did_not_run"].as_str() {
        return match why.contains("is not in PATH") {
            true => unavailable(why),
            false => Err(format!("{launcher}: {why}").into()),
        };
    }
    let differences = &report["differences"];
    if differences.as_array().is_some_and(Vec::is_empty)
        && report["status"] == 0
        && report["clusters"] == json!([[0, 1, 2]])
    {
        return Ok(Completion::Completed);
    }
    Err(format!("{differences:#}").into())
}

/// firejail below a pid namespace, as far as its words and its effect go: the
/// rule must not depend on whether it is installed.
fn degraded() -> Result<Completion, Failed> {
    let dir = tempfile::tempdir()?;
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755))?;
    let program = dir.path().join("firejail");
    let script = "#!/bin/sh\necho 'Warning: no isolation' >&2\nexec \"$@\"\n";
    fs::write(&program, script)?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    let program = program.display().to_string();
    let report = match diff(&[], &[program, "env".to_owned()])? {
        Ok(report) => report,
        Err(reason) => return unavailable(&reason),
    };
    let degraded = &report["launchers"][0]["degraded"];
    let right = *degraded == json!(["ns.ipc", "ns.mnt", "ns.pid"])
        && report["launchers"][1]["degraded"] == json!([])
        && report["status"] == 2;
    match right {
        true => Ok(Completion::Completed),
        false => Err(format!("{:#}", report["launchers"]).into()),
    }
}

/// `nsteps diff` by a copy of the program, where the repository is not visible,
/// with a file of launchers in another directory that names a program beside
/// it.
fn beside_the_file() -> Result<Completion, Failed> {
    let layout = Layout::find().map_err(|it| it.message)?;
    let program = layout.programs().join("bin/nsteps");
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let (dir, start) = (scratch.path().join("a"), scratch.path().join("b"));
    fs::create_dir_all(&dir)?;
    fs::create_dir_all(&start)?;
    fs::write(dir.join("launch.sh"), "exec env SIDE=beside \"$@\"\n")?;
    let launchers = "from = \"env\"\nto = \"sh ./launch.sh\"\n";
    fs::write(dir.join("launchers.toml"), launchers)?;
    let output = Command::new(program)
        .args(["diff", "../a/launchers.toml", "--report", "report.json"])
        .current_dir(&start)
        .stdin(Stdio::null())
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(2) && is_of_the_machine(&said) {
        return unavailable(&said);
    }
    let report = fs::read_to_string(start.join("report.json"))
        .map_err(|error| format!("report.json: {error}: {said}"))?;
    match report.contains("env.SIDE") {
        true => Ok(Completion::Completed),
        false => Err(format!("no env.SIDE in {report}").into()),
    }
}

fn one_file() -> Result<Completion, Failed> {
    let layout = Layout::find().map_err(|it| it.message)?;
    let dir = tempfile::tempdir_in("/tmp")?;
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755))?;
    let copy = dir.path().join("a-copy");
    fs::copy(layout.programs().join("bin/nsteps"), &copy)?;
    let script = "mount -t tmpfs hidden \"$1\" && cd / && \
                  exec \"$2\" diff --json env 'setpriv --no-new-privs'";
    let mut unshare = Command::new("unshare");
    if Identity::natural() == Identity::User {
        unshare.args(["--user", "--map-root-user"]);
    }
    let output = unshare
        .args(["--mount", "sh", "-c", script, "sh"])
        .args([layout.root(), &copy])
        .env_remove("NSTEPS_ROOT")
        .output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    if is_of_the_machine(&stderr) {
        return unavailable(stderr.trim());
    }
    let report: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{error}: {stderr}"))?;
    match report["differences"][0]["row"]["key"] == "security.no_new_privs" {
        true => Ok(Completion::Completed),
        false => Err(format!("{report:#}").into()),
    }
}
