//! What `nsteps diff` says of real launchers: what each does with a
//! configuration was found out by hand first, with other programs.
//!
//! A launcher that is not here is left out; a case of which fewer than two
//! launchers are here is unavailable. `tests/launchers/fetch.sh` installs those
//! that no distribution has.

mod availability;
#[path = "launchers/dockerd.rs"]
mod dockerd;

use availability::{is_of_the_machine, not_set_up, unavailable};
use dockerd::Dockerd;
use harness::found::NEEDS_ROOT;
use harness::host::layout::Layout;
use harness::host::rootfs::Rootfs;
use harness::scenario::Identity;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::{Mutex, PoisonError};
use tempfile::TempDir;

/// What a launcher must show under a key.
#[derive(Clone, Copy, Debug)]
enum Want {
    /// A change with these words in it.
    Has(&'static str),
    /// A change without these words, or none.
    Not(&'static str),
    /// No change.
    Same,
    /// The launcher refuses, with these words on standard error.
    Refused(&'static str),
}

use Want::{Has, Not, Refused, Same};

/// The runtimes of the OCI, by the names of the cases: each is a word before
/// the bundle.
const RUNTIMES: &[&str] = &["runc", "runc-1.4", "crun", "youki"];

/// One configuration, and what each runtime makes of it.
struct Case {
    name: &'static str,
    /// What differs from the configuration that all cases have.
    edit: fn(&mut Value),
    key: &'static str,
    /// In the order of [`RUNTIMES`].
    wants: [Want; 4],
}

const CASES: &[Case] = &[
    Case {
        name: "a_payload_of_youki_ignores_sigpipe",
        edit: |_| {},
        key: "signals.ignored",
        wants: [Not("PIPE"), Not("PIPE"), Not("PIPE"), Has("PIPE")],
    },
    Case {
        name: "lo_is_up_but_under_youki",
        edit: |_| {},
        key: "net.link.lo",
        wants: [Not("down"), Not("down"), Not("down"), Has("down")],
    },
    Case {
        name: "home_is_set_without_a_passwd_but_under_youki",
        edit: |_| {},
        key: "env.HOME",
        wants: [Not("unset"), Not("unset"), Not("unset"), Has("unset")],
    },
    Case {
        name: "the_superblock_of_sys",
        edit: |_| {},
        key: "mnt./sys",
        wants: [
            Has("(super ro)"),
            Has("(super ro)"),
            Has("(super rw)"),
            Has("(super rw)"),
        ],
    },
    Case {
        name: "a_read_only_path_keeps_the_options_of_its_mount_or_not",
        edit: |config| {
            for mount in list(&mut config["mounts"]) {
                if mount["destination"] == "/proc" {
                    mount["options"] = json!(["nosuid", "noexec", "nodev"]);
                }
            }
        },
        key: "mnt./proc/sys",
        wants: [
            Has("ro,nosuid,nodev,noexec"),
            Has("ro,nosuid,nodev,noexec"),
            Has("ro,relatime"),
            Has("ro,nosuid,nodev,noexec"),
        ],
    },
    Case {
        name: "no_capabilities_in_the_configuration_are_all_or_none",
        edit: |config| {
            remove(&mut config["process"], "capabilities");
        },
        key: "capabilities.effective",
        wants: [Has("none"), Same, Has("none"), Same],
    },
    Case {
        name: "a_scheduler_is_applied_or_ignored",
        edit: |config| {
            config["process"]["scheduler"] =
                json!({ "policy": "SCHED_BATCH", "nice": 5 });
        },
        key: "scheduling.nice",
        wants: [Same, Has("5"), Same, Has("5")],
    },
    Case {
        name: "a_domain_name_is_applied_or_ignored",
        edit: |config| config["domainname"] = json!("d.test"),
        key: "uts.domainname",
        wants: [Same, Has("d.test"), Has("d.test"), Has("d.test")],
    },
    Case {
        name: "a_personality_is_applied_or_ignored",
        edit: |config| {
            config["linux"]["personality"] = json!({ "domain": "LINUX32" });
        },
        key: "uts.machine",
        wants: [Same, Has("i686"), Has("i686"), Has("i686")],
    },
    Case {
        name: "a_root_that_shall_be_shared_is_shared_or_not",
        edit: |config| {
            config["linux"]["rootfsPropagation"] = json!("shared");
        },
        key: "mnt./",
        wants: [Has("private"), Has("shared"), Has("shared"), Has("shared")],
    },
    Case {
        name: "a_variable_without_a_value_is_refused_or_not",
        edit: |config| {
            list(&mut config["process"]["env"]).push(json!("X"));
        },
        key: "exit",
        wants: [
            Refused("environment"),
            Refused("environment"),
            Not("1"),
            Not("1"),
        ],
    },
];

fn main() -> ExitCode {
    let cases = CASES.iter().map(|case| {
        Trial::ignorable_test(case.name, || case.is_as_found_out())
    });
    let selves = SELVES.iter().map(|(name, launcher)| {
        let name = format!("itself::{name}");
        Trial::ignorable_test(name, || is_the_same_as_itself(launcher))
    });
    let pairs = PAIRS.iter().map(|pair| {
        Trial::ignorable_test(pair.name, || pair.is_as_found_out())
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
        }),
    ];
    let trials = cases
        .chain(selves)
        .chain(pairs)
        .chain([less, alone, beside])
        .chain(engines)
        .collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// The items of a list in a configuration.
fn list(value: &mut Value) -> &mut Vec<Value> {
    value.as_array_mut().expect("the configuration has this list")
}

fn remove(object: &mut Value, member: &str) {
    if let Some(object) = object.as_object_mut() {
        object.remove(member);
    }
}

/// A bundle with busybox as its root, as `runc spec` makes one, without limits
/// of resources: crun asks for an unlimited RLIMIT_MEMLOCK to set them, which
/// not every root may have.
struct Bundle(TempDir);

impl Bundle {
    fn new(edit: fn(&mut Value)) -> Result<Bundle, Failed> {
        let layout = Layout::find().map_err(|it| it.message)?;
        let rootfs = Rootfs::busybox(&layout).map_err(|it| it.message)?;
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755))?;
        let root = dir.path().join("rootfs");
        fs::create_dir(&root)?;
        rootfs.make(&root).map_err(|it| it.message)?;
        // With it every runtime sets HOME.
        let _ = fs::remove_file(root.join("etc/passwd"));
        let mut config = default_config();
        edit(&mut config);
        let config = format!("{config:#}");
        fs::write(dir.path().join("config.json"), config)?;
        Ok(Bundle(dir))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

/// The configuration of `runc spec`, without its limits.
fn default_config() -> Value {
    let capabilities =
        json!(["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]);
    let quiet = ["nosuid", "noexec", "nodev"];
    json!({
        "ociVersion": "1.0.2",
        "process": {
            "terminal": false,
            "user": { "uid": 0, "gid": 0 },
            "args": ["sh"],
            "env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
            "cwd": "/",
            "capabilities": {
                "bounding": capabilities,
                "effective": capabilities,
                "permitted": capabilities
            },
            "rlimits":
                [{ "type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024 }],
            "noNewPrivileges": true
        },
        "root": { "path": "rootfs", "readonly": true },
        "hostname": "box",
        "mounts": [
            { "destination": "/proc", "type": "proc", "source": "proc" },
            { "destination": "/dev", "type": "tmpfs", "source": "tmpfs",
              "options": ["nosuid", "strictatime", "mode=755", "size=65536k"] },
            { "destination": "/dev/pts", "type": "devpts", "source": "devpts",
              "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666",
                          "mode=0620"] },
            { "destination": "/dev/shm", "type": "tmpfs", "source": "shm",
              "options": ["nosuid", "noexec", "nodev", "mode=1777",
                          "size=65536k"] },
            { "destination": "/dev/mqueue", "type": "mqueue",
              "source": "mqueue", "options": quiet },
            { "destination": "/sys", "type": "sysfs", "source": "sysfs",
              "options": ["nosuid", "noexec", "nodev", "ro"] }
        ],
        "linux": {
            "namespaces": [
                { "type": "pid" }, { "type": "network" }, { "type": "ipc" },
                { "type": "uts" }, { "type": "mount" }
            ],
            "maskedPaths": ["/proc/acpi", "/proc/keys", "/sys/firmware"],
            "readonlyPaths": ["/proc/bus", "/proc/irq", "/proc/sys"]
        }
    })
}

/// The launcher of that name around a bundle; `None` if it is not here.
fn around(runtime: &str, bundle: &Path) -> Option<String> {
    let bundle = bundle.display();
    let fetched = Layout::find().ok()?.programs().join("launchers");
    let fetched = fetched.join(runtime);
    if fetched.exists() {
        return Some(format!("oci:{}:{bundle}", fetched.display()));
    }
    let path = std::env::var("PATH").unwrap_or_default();
    path.split(':')
        .chain(["/usr/sbin", "/sbin"])
        .any(|dir| Path::new(dir).join(runtime).is_file())
        .then(|| format!("{runtime}:{bundle}"))
}

/// The caller's PATH, and behind it what `fetch.sh` has installed.
fn path_with_fetched(layout: &Layout) -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    let fetched = layout.programs().join("launchers/path");
    format!("{path}:{}", fetched.display())
}

/// Runs `nsteps diff`, and gives its report and its status.
fn diff(launchers: &[String]) -> Result<Result<Value, String>, Failed> {
    let layout = Layout::find().map_err(|it| it.message)?;
    let output = Command::new(layout.programs().join("bin/nsteps"))
        .args(["diff", "--json"])
        .args(launchers)
        .env("PATH", path_with_fetched(&layout))
        .output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    if output.stdout.is_empty() && is_of_the_machine(&stderr) {
        return Ok(Err(stderr.trim().to_owned()));
    }
    let report = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{error}: {stderr}"))?;
    Ok(Ok(report))
}

/// The value that a launcher shows under a key; `None` where it shows no
/// change, or where all that ran show the same.
fn shown(report: &Value, key: &str, launcher: usize) -> Option<String> {
    let rows = ["differences", "unknown", "alike"]
        .into_iter()
        .filter_map(|it| report[it].as_array())
        .flatten()
        .map(|it| if it["row"].is_object() { &it["row"] } else { it });
    for row in rows.filter(|row| row["key"] == key) {
        for value in row["values"].as_array().into_iter().flatten() {
            let who = value["launchers"].as_array();
            if who.into_iter().flatten().any(|it| *it == json!(launcher)) {
                return value["value"].as_str().map(str::to_owned);
            }
        }
    }
    None
}

impl Want {
    /// What is wrong with what a launcher showed.
    fn wrong(self, report: &Value, key: &str, at: usize) -> Option<String> {
        let launcher = &report["launchers"][at];
        let refused = launcher["did_not_run"].as_str();
        let shown = shown(report, key, at);
        let text = shown.as_deref().unwrap_or("");
        let right = match (self, refused) {
            (Refused(words), Some(_)) => {
                launcher["said"].as_str().is_some_and(|it| it.contains(words))
            }
            (Refused(_), None) | (_, Some(_)) => false,
            (Has(words), None) => text.contains(words),
            (Not(words), None) => !text.contains(words),
            (Same, None) => shown.is_none(),
        };
        (!right).then(|| {
            format!(
                "{}: {key} must be {self:?}, and is {shown:?} (not run: {:?}, \
                 said: {})",
                launcher["name"], refused, launcher["said"]
            )
        })
    }
}

impl Case {
    fn is_as_found_out(&self) -> Result<Completion, Failed> {
        if Identity::natural() == Identity::User {
            return unavailable(NEEDS_ROOT);
        }
        let bundle = Bundle::new(self.edit)?;
        let (mut launchers, mut wants) = (Vec::new(), Vec::new());
        for (runtime, want) in RUNTIMES.iter().zip(self.wants) {
            if let Some(launcher) = around(runtime, bundle.path()) {
                launchers.push(launcher);
                wants.push(want);
            }
        }
        if launchers.len() < 2 {
            return unavailable("fewer than two runtimes of the OCI are here");
        }
        let report = match diff(&launchers)? {
            Ok(report) => report,
            Err(reason) => return unavailable(&reason),
        };
        all_right(
            wants
                .iter()
                .enumerate()
                .filter_map(|(at, want)| want.wrong(&report, self.key, at)),
        )
    }
}

fn all_right(
    wrong: impl Iterator<Item = String>,
) -> Result<Completion, Failed> {
    let wrong: Vec<String> = wrong.collect();
    match wrong.is_empty() {
        true => Ok(Completion::Completed),
        false => Err(wrong.join("\n").into()),
    }
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

/// Each of three columns of one launcher is as the others, and nothing varies.
fn is_the_same_as_itself(launcher: &str) -> Result<Completion, Failed> {
    let needs_root = ["BUNDLE", "podman:", "srt:"];
    if needs_root.iter().any(|it| launcher.contains(it))
        && Identity::natural() == Identity::User
    {
        return unavailable(NEEDS_ROOT);
    }
    let bundle = Bundle::new(|_| {})?;
    let [root, store, settings] = ["rootfs", "store", "settings.json"]
        .map(|it| bundle.path().join(it).display().to_string());
    fs::write(&settings, SETTINGS)?;
    let path = bundle.path().display().to_string();
    let is_here = |it: &str| around(it, bundle.path()).is_some();
    if launcher.contains("STORE")
        && is_here("podman")
        && let Some(why) = import(bundle.path(), Path::new(&store))?
    {
        return Err(why.into());
    }
    let launcher = launcher
        .replace("BUNDLE", &path)
        .replace("ROOTFS", &root)
        .replace("STORE", &store)
        .replace("SETTINGS", &settings);
    let report = match diff(&[&launcher; 3].map(ToString::to_string))? {
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
    let bundle = Bundle::new(|_| {})?;
    let launcher = format!(
        "podman: --runtime=crun run --cgroups=disabled --network=none \
         --rootfs {}",
        bundle.path().join("rootfs").display()
    );
    let report = match diff(&[launcher, "env".to_owned()])? {
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
    let left = shown(&report, "residue.files", 0).unwrap_or_default();
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
    let bundle = Bundle::new(|_| {})?;
    let daemon = match Dockerd::start()? {
        Ok(daemon) => daemon,
        Err(why) => return not_set_up(&format!("dockerd cannot start: {why}")),
    };
    daemon.import(&bundle.path().join("rootfs"), "nsteps-box")?;
    test(&daemon).map(|()| Completion::Completed)
}

fn is_in_path(name: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default();
    path.split(':').any(|dir| Path::new(dir).join(name).is_file())
}

/// Each of two columns is as the other, is not in a sandbox and says so, and
/// leaves no container.
fn docker_is_the_same_as_itself(daemon: &Dockerd) -> Result<(), Failed> {
    let report = daemon.diff(&[DOCKER, DOCKER], &[])?;
    let right = report["differences"] == json!([])
        && report["status"] == 0
        && report["launchers"][0]["on_host"] == true
        && shown(&report, "ns.pid", 0).as_deref() == Some("new")
        && shown(&report, "host.parent", 0)
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

/// Two launchers that do not do the same.
struct Pair {
    name: &'static str,
    launchers: [&'static str; 2],
    key: &'static str,
    wants: [Want; 2],
    level: &'static str,
}

const PAIRS: &[Pair] = &[
    Pair {
        name: "bwrap_brings_lo_up_and_unshare_does_not",
        launchers: ["unshare --net", "bwrap: --dev-bind / / --unshare-net"],
        key: "net.link.lo",
        wants: [Has("down"), Same],
        level: "breaks",
    },
    Pair {
        name: "the_payload_of_bwrap_is_not_pid_1",
        launchers: [
            "unshare --pid --fork --mount-proc",
            "bwrap: --unshare-pid --dev-bind / / --proc /proc",
        ],
        key: "processes.pid",
        wants: [Has("1"), Has("2")],
        level: "breaks",
    },
    Pair {
        name: "setpriv_sets_no_new_privs",
        launchers: ["env", "setpriv --no-new-privs"],
        key: "security.no_new_privs",
        wants: [Same, Has("yes")],
        level: "security",
    },
    Pair {
        name: "nohup_ignores_sighup",
        launchers: ["env", "nohup"],
        key: "signals.ignored",
        wants: [Same, Has("HUP")],
        level: "changes",
    },
];

impl Pair {
    fn is_as_found_out(&self) -> Result<Completion, Failed> {
        let report = match diff(&self.launchers.map(str::to_owned))? {
            Ok(report) => report,
            Err(reason) => return unavailable(&reason),
        };
        for launcher in report["launchers"].as_array().into_iter().flatten() {
            let why = launcher["did_not_run"].as_str().unwrap_or("");
            if why.contains("is not in PATH") {
                return unavailable(why);
            }
        }
        let differences = report["differences"].as_array();
        let row = differences
            .into_iter()
            .flatten()
            .find(|it| it["row"]["key"] == self.key);
        let level = row.map_or("none", |it| it["level"].as_str().unwrap_or(""));
        let wrong_level = (level != self.level)
            .then(|| format!("the level is {level}, not {}", self.level));
        let wants = self.wants.iter().enumerate();
        all_right(
            wants
                .filter_map(|(at, want)| want.wrong(&report, self.key, at))
                .chain(wrong_level),
        )
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
    let report = match diff(&[program, "env".to_owned()])? {
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

/// `nsteps diff` by a copy of the program, where the repository cannot be seen.
/// A file of launchers in another directory, which names a program beside it.
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
