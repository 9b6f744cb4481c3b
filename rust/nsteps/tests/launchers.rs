//! Tests `nsteps diff` with real launchers: what each does with a configuration
//! was found out by hand before, with other programs.
//!
//! The cases are in the tables of `truth`. A launcher that is not here is left
//! out; a case of which fewer than two launchers are here is unavailable. `tests/launchers/fetch.sh` installs those
//! that no distribution has.

mod availability;
#[path = "launchers/commands.rs"]
mod commands;
#[path = "launchers/dockerd.rs"]
mod dockerd;
mod pages_written;
mod reported;
mod truth;

use availability::{is_of_the_machine, not_set_up, unavailable};
use commands::Reader;
use dockerd::Dockerd;
use harness::found::NEEDS_ROOT;
use harness::host::cgroup::Made;
use harness::host::layout::Layout;
use harness::scenario::Identity;
use launchers::adapter::{ADAPTERS, find};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use reported::reported;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::{Mutex, PoisonError};
use truth::bundle::Bundle;
use truth::{Case, diff, value_of};

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
    let on_host = Trial::ignorable_test(
        "firejail_isolates_where_it_is_below_no_pid_namespace",
        isolating_firejail,
    );
    let bundle = Trial::ignorable_test(
        "a_bundle_in_a_file_of_launchers_is_relative_to_it",
        bundle_beside_the_file,
    );
    let alone = Trial::ignorable_test("one_file_is_enough_for_diff", one_file);
    let beside = Trial::ignorable_test(
        "paths_in_a_file_of_launchers_are_relative_to_it",
        beside_the_file,
    );
    let adapters = Trial::test("each_adapter_is_tried", each_adapter);
    // It takes half an hour, and prints a line for each pair: run it with
    // --ignored.
    let closed = Trial::ignorable_test("suggestions", truth::closable::table)
        .with_ignored_flag(true);
    let quick = truth::closable::quick_ones().map(|(name, pair)| {
        // One is enough for every run; the others take half a minute each.
        Trial::ignorable_test(name, move || truth::closable::quick(pair))
            .with_ignored_flag(pair > 0)
    });
    let reasons = Trial::ignorable_test(
        "the_page_has_the_reasons",
        truth::closable::page_has_the_reasons,
    );
    let engines = [
        Trial::ignorable_test("itself::docker", || {
            with_docker(docker_is_the_same_as_itself)
        }),
        Trial::ignorable_test(
            "a_container_that_is_left_is_residue",
            podman_leaves_a_container,
        ),
        Trial::ignorable_test("a_fix_of_docker_closes_what_it_says", || {
            with_docker(docker_has_fixes)
        })
        // It takes twenty seconds, for one daemon; `make soak` runs it.
        .with_ignored_flag(true),
    ];
    let followed = [
        Trial::test(
            "every_command_of_the_pages_is_tried",
            commands::all_are_here,
        ),
        Trial::test(
            "another_output_of_a_command_is_noticed",
            commands::another_output_is_noticed,
        ),
        Trial::ignorable_test("what_the_pages_show_as_root", || {
            commands::show_what_is_said(Reader::Root)
        }),
        Trial::ignorable_test("what_the_pages_show_as_a_user", || {
            commands::show_what_is_said(Reader::User)
        }),
    ];
    let others =
        [page, less, on_host, alone, beside, bundle, adapters, closed, reasons];
    let trials = found
        .chain(reports)
        .chain(selves)
        .chain(engines)
        .chain(followed)
        .chain(quick)
        .chain(others)
        .collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Launchers that are compared with themselves; `BUNDLE` is replaced.
///
/// `ROOTFS` is replaced by the root of the bundle, `IMAGE` by an image of
/// Podman's, `SETTINGS` by a file of srt's.
const SELVES: &[(&str, &str)] = &[
    ("unshare", "unshare --mount --uts --ipc --net --pid --fork"),
    ("setpriv", "setpriv --no-new-privs"),
    ("bwrap", "bwrap: --unshare-all --dev-bind / /"),
    ("runc", "runc:BUNDLE"),
    ("crun", "crun:BUNDLE"),
    (
        "podman_with_runc",
        "podman: --runtime=runc run --rm --pids-limit=-1 --network=none \
         --rootfs ROOTFS",
    ),
    (
        "podman_with_crun",
        "podman: --runtime=crun run --rm --cgroups=disabled --network=none \
         --rootfs ROOTFS",
    ),
    (
        "podman_with_an_image",
        "podman: --root=STORE --runtime=crun run --cgroups=disabled \
         --network=none nsteps-box",
    ),
    ("srt", "srt: --settings=SETTINGS"),
];

/// What installs the launchers that `setup.sh` does not install.
const FROM: &[(&str, &str)] = &[
    ("podman is not in PATH", "apt-get install podman runc crun"),
    ("srt is not in PATH", "rust/nsteps/tests/launchers/fetch.sh"),
];

/// Puts a busybox of the bundle's as an image into a store: `podman import` runs
/// in a sandbox that lets the store through, for it writes elsewhere too.
fn import(bundle: &Path, store: &Path) -> Result<Option<String>, Failed> {
    fs::create_dir(store)?;
    let [bundle, shown] = [bundle, store].map(|it| it.display().to_string());
    let script = "tar -C \"$1/rootfs\" -c . | \
                  podman --root \"$2\" import - nsteps-box >&2 || exit; \
                  shift 2; exec \"$@\"";
    let words = ["sh", "-c", script, "sh", &bundle, &shown, "{}"];
    let line = shell_words::join(words);
    let layout = Layout::find().map_err(|it| it.message)?;
    let output = Command::new(layout.programs().join("bin/nsteps"))
        .args(["diff", "--json", "--repeat=1", "--write", &shown])
        .args(["env", &format!("cmd: {line}")])
        .output()?;
    let report: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_default();
    let images = store.join("overlay-images/images.json");
    Ok((!images.exists()).then(|| {
        format!(
            "no image was made: {} {}",
            report["launchers"][1]["said"],
            String::from_utf8_lossy(&output.stderr)
        )
    }))
}

/// The settings of srt, which denies every network.
const SETTINGS: &str = r#"{
    "network": { "allowedDomains": [], "deniedDomains": [] },
    "filesystem": { "denyRead": [], "allowWrite": ["/tmp"], "denyWrite": [] }
}"#;

/// The adapters that are in no launcher of [`SELVES`], and where they are tried.
const TRIED_ELSEWHERE: &[(&str, &str)] = &[
    ("cmd", "every command line of SELVES"),
    ("docker", "docker_is_the_same_as_itself"),
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
    let needs_root = ["BUNDLE", "podman:", "srt:"];
    if needs_root.iter().any(|it| launcher.contains(it))
        && Identity::natural() == Identity::User
    {
        return unavailable(NEEDS_ROOT);
    }
    let bundle = Bundle::new(&[], "")?;
    let [root, store, settings] = ["rootfs", "store", "settings.json"]
        .map(|it| bundle.path().join(it).display().to_string());
    fs::write(&settings, SETTINGS)?;
    let path = bundle.path().display().to_string();
    if launcher.contains("STORE")
        && is_in_path("podman")
        && let Some(why) = import(bundle.path(), Path::new(&store))?
    {
        return Err(why.into());
    }
    let launcher = launcher
        .replace("BUNDLE", &path)
        .replace("ROOTFS", &root)
        .replace("STORE", &store)
        .replace("SETTINGS", &settings);
    let report = match diff(&[], &[&launcher; 3].map(ToString::to_string))? {
        Ok(report) => report,
        Err(reason) => return unavailable(&reason),
    };
    if let Some(why) = report["launchers"][0]["did_not_run"].as_str() {
        let from = FROM.iter().find(|(missing, _)| why.contains(missing));
        return match from {
            Some((_, from)) => not_set_up(&format!("{why}: {from}")),
            None if why.contains("is not in PATH") => unavailable(why),
            None => {
                let said = &report["launchers"][0]["said"];
                Err(format!("{launcher}: {why}: {said}").into())
            }
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

/// A container that is not made with `--rm` is in the residue.
fn podman_leaves_a_container() -> Result<Completion, Failed> {
    if Identity::natural() == Identity::User {
        return unavailable(NEEDS_ROOT);
    }
    let bundle = Bundle::new(&[], "")?;
    let launcher = format!(
        "podman: --runtime=crun run --cgroups=disabled --network=none \
         --rootfs {}",
        bundle.path().join("rootfs").display()
    );
    let report = match diff(&[], &[launcher, "env".to_owned()])? {
        Ok(report) => report,
        Err(reason) => return unavailable(&reason),
    };
    let why = report["launchers"][0]["did_not_run"].as_str();
    if let Some((why, (_, from))) = why.zip(FROM.first()) {
        return match why.contains("is not in PATH") {
            true => not_set_up(&format!("{why}: {from}")),
            false => Err(why.into()),
        };
    }
    let left = value_of(&report, "residue.files", 0).unwrap_or_default();
    match left.contains("STORAGE/overlay-containers/CID") {
        true => Ok(Completion::Completed),
        false => Err(format!("left: {left}").into()),
    }
}

/// The launcher of the tests of Docker, whose image has a busybox.
const DOCKER: &str = "docker: run --network=none nsteps-box";

/// Runs a test with a daemon of its own, in namespaces of its own.
fn with_docker(
    test: fn(&Dockerd) -> Result<(), Failed>,
) -> Result<Completion, Failed> {
    if Identity::natural() == Identity::User {
        return unavailable(NEEDS_ROOT);
    }
    let missing = ["docker", "dockerd", "containerd"];
    let missing = missing.iter().find(|it| !is_in_path(it));
    if let Some(missing) = missing {
        return not_set_up(&format!(
            "{missing} is not in PATH: apt-get install docker.io"
        ));
    }
    // Two daemons would make their cgroups in one place.
    static ONE: Mutex<()> = Mutex::new(());
    let _alone = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let bundle = Bundle::new(&[], "")?;
    let daemon = match Dockerd::start()? {
        Ok(daemon) => daemon,
        Err(why) => return not_set_up(&format!("dockerd cannot start: {why}")),
    };
    daemon.import(&bundle.path().join("rootfs"), "nsteps-box")?;
    test(&daemon).map(|()| Completion::Completed)
}

fn is_in_path(name: &str) -> bool {
    find(name).is_ok()
}

/// Each of two columns is as the other, is not in a sandbox and says so, and
/// leaves no container.
fn docker_is_the_same_as_itself(daemon: &Dockerd) -> Result<(), Failed> {
    let report = daemon.diff(&[DOCKER, DOCKER], &[])?;
    let right = report["differences"].as_array().is_some_and(Vec::is_empty)
        && report["launchers"][0]["on_host"] == true
        && value_of(&report, "ns.pid", 0).as_deref() == Some("new")
        && value_of(&report, "host.parent", 0)
            .is_some_and(|it| it.contains("containerd-shim"));
    if !right {
        return Err(format!(
            "{:#} of {:#}",
            report["differences"], report["launchers"]
        )
        .into());
    }
    // What only a sandbox has does not agree with one that has it.
    let report = daemon.diff(&["unshare --net", DOCKER], &[])?;
    let is_unknown = report["unknown"].as_array().is_some_and(|rows| {
        rows.iter().any(|it| it["key"] == "net.link.veth0")
    });
    if !is_unknown {
        return Err(format!("{:#}", report["unknown"]).into());
    }
    let options = ["--situation", "killed"];
    let report = daemon.diff(&["env", DOCKER], &options)?;
    let key = "when.killed";
    let shown = [0, 1].map(|it| value_of(&report, key, it));
    let is_unknown = report["unknown"]
        .as_array()
        .is_some_and(|rows| rows.iter().any(|it| it["key"] == key));
    if shown != [Some("status 137".to_owned()), None]
        || !is_unknown
        || report["status"] != 2
    {
        return Err(format!("{shown:?} of {report:#}").into());
    }
    match daemon.containers()?.as_str() {
        "" => Ok(()),
        left => Err(format!("containers are left: {left}").into()),
    }
}

/// The fixes of Podman are those of Docker.
fn docker_has_fixes(daemon: &Dockerd) -> Result<(), Failed> {
    let wanted =
        "docker: run --network=none --user=7 --hostname=box nsteps-box";
    let launcher = "docker: run --network=none --hostname=box nsteps-box";
    let report = daemon.diff(&[wanted, launcher], &["--suggest"])?;
    let suggestions = &report["suggestions"][0];
    let closes = suggestions["changes"][0]["closes"].as_array();
    let right = suggestions["run"]
        .as_str()
        .is_some_and(|it| it.contains("--user=7' nsteps-box"))
        && closes.is_some_and(|it| it.contains(&json!("ids.uid")));
    match right {
        true => Ok(()),
        false => Err(format!("{suggestions:#}").into()),
    }
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

/// firejail is degraded below a pid namespace, and without one it is not: it
/// looks for threads of the kernel among the processes.
fn isolating_firejail() -> Result<Completion, Failed> {
    if Identity::natural() == Identity::User {
        return unavailable(NEEDS_ROOT);
    }
    if !is_in_path("firejail") {
        return not_set_up("firejail is not in PATH: apt-get install firejail");
    }
    let second = fs::read_to_string("/proc/2/comm").unwrap_or_default();
    if second.trim() != "kthreadd" {
        return unavailable("this machine is itself in a pid namespace");
    }
    let layout = Layout::find().map_err(|it| it.message)?;
    if let Err(why) = Made::for_a_trial(&layout) {
        return unavailable(&why.message);
    }
    // In a command line: the adapter makes it isolate in every sandbox.
    let launchers = ["env", "firejail --noprofile --quiet"].map(str::to_owned);
    let mut seen = Vec::new();
    for answer in ["yes", "no"] {
        let options = ["--pid-namespace", answer].map(str::to_owned);
        match diff(&options, &launchers)? {
            Ok(report) => seen.push(report),
            Err(reason) => return unavailable(&reason),
        }
    }
    let degraded =
        |it: usize| seen[it]["launchers"][1]["degraded"] != json!([]);
    let shown = |it: usize| value_of(&seen[it], "ns.pid", 1);
    let told = |it: usize| seen[it]["pid_namespace"].clone();
    let right = degraded(0)
        && seen[0]["status"] == 2
        && shown(0).is_none_or(|it| it == "unchanged")
        && told(0) == json!({ "own": true, "unprotected": null })
        && !degraded(1)
        && seen[1]["status"] == 1
        && shown(1).as_deref() == Some("new")
        && told(1)["own"] == false
        && told(1)["unprotected"].is_string();
    match right {
        true => Ok(Completion::Completed),
        false => Err(format!(
            "{} {:#} {} {:#}",
            told(0),
            seen[0]["launchers"],
            told(1),
            seen[1]["launchers"]
        )
        .into()),
    }
}

/// A bundle that launchers.toml names by a path relative to itself, from another
/// directory.
fn bundle_beside_the_file() -> Result<Completion, Failed> {
    if Identity::natural() == Identity::User {
        return unavailable(NEEDS_ROOT);
    }
    let Some(runtime) = ["crun", "runc"].into_iter().find(|it| is_in_path(it))
    else {
        return not_set_up("neither crun nor runc is in PATH");
    };
    let bundle = Bundle::new(&[], "")?;
    let parent = bundle.path().parent().ok_or("it has a parent")?;
    let name = bundle.path().file_name().ok_or("it has a name")?.display();
    let scratch = tempfile::tempdir_in(parent)?;
    let file = scratch.path().join("launchers.toml");
    fs::write(
        &file,
        format!(
            "from = \"{runtime}:../{name}\"\n\
             to = \"{runtime}:../{name}/config.json\"\n"
        ),
    )?;
    let layout = Layout::find().map_err(|it| it.message)?;
    let output = Command::new(layout.programs().join("bin/nsteps"))
        .args(["diff", "--json"])
        .arg(&file)
        .current_dir("/")
        .stdin(Stdio::null())
        .output()?;
    let report = match reported(&output)? {
        Err(why) => return unavailable(&why),
        Ok(report) => report,
    };
    let right = report["status"] == 0
        && report["clusters"] == json!([[0, 1]])
        && value_of(&report, "ns.mnt", 0).as_deref() == Some("new");
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
    let report = match reported(&output)? {
        Err(why) => return unavailable(&why),
        Ok(report) => report,
    };
    match report["differences"][0]["row"]["key"] == "security.no_new_privs" {
        true => Ok(Completion::Completed),
        false => Err(format!("{report:#}").into()),
    }
}
