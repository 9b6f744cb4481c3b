//! `--cgroups`: what a launcher sees and can write to with each choice, what
//! the report says of it, and what is said where the machine cannot give it.

mod availability;
mod reported;

use availability::{is_of_the_machine, unavailable};
use harness::found::NEEDS_ROOT;
use harness::host::cgroup::{CgroupLease, Made, Way};
use harness::host::cgroups::{Cgroups, is_of_cgroups};
use harness::host::layout::Layout;
use harness::scenario::Identity;
use harness::timeout::{any_readable, deadline, within};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use nix::fcntl::{FcntlArg, OFlag};
use reported::reported;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output, Stdio};

type Test = fn() -> Result<Completion, Failed>;

fn main() -> ExitCode {
    let tests: &[(&str, Test)] = &[
        ("v2_is_a_cgroup_of_its_own", own),
        ("v2_is_there_where_the_host_has_nothing_else", on_pure_v2),
        ("host_is_what_the_host_has_and_is_read_only", of_the_host),
        ("none_is_no_cgroup_file_system", no_mounts),
        ("what_is_written_to_the_hosts_cgroups_is_told", written),
        ("a_user_without_a_delegated_cgroup_is_told_the_command", remedy),
        ("a_user_with_a_delegated_cgroup_has_v2", delegated),
        ("without_a_choice_the_report_says_why_it_is_not_v2", no_choice),
        ("a_record_is_compared_with_the_same_cgroups", record),
        ("every_report_says_which_cgroups_there_were", reports),
        ("a_path_that_cgroups_cover_is_not_let_through", covered),
        ("without_a_pid_namespace_what_is_left_ends", what_is_left_ends),
        ("without_a_pid_namespace_all_ends_with_nsteps", all_ends_with_nsteps),
        ("a_user_in_a_delegated_cgroup_needs_no_pid_namespace", user_without),
        ("cgroups_of_the_host_exclude_no_pid_namespace", excluded),
    ];
    let trials = tests
        .iter()
        .map(|(name, test)| Trial::ignorable_test(*name, test))
        .collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn nsteps() -> Result<PathBuf, Failed> {
    let layout = Layout::find().map_err(|it| it.message)?;
    Ok(layout.programs().join("bin/nsteps"))
}

/// Runs nsteps, and gives what it printed as JSON and its status; or why this
/// machine does not allow it.
fn run(words: &[&str]) -> Result<Result<(Value, i32), String>, Failed> {
    let output =
        Command::new(nsteps()?).args(words).stdin(Stdio::null()).output()?;
    let status = output.status.code().ok_or("it was killed")?;
    Ok(reported(&output)?.map(|value| (value, status)))
}

/// What a launcher that is a script shows, with these cgroups: the report, and
/// the launcher in it.
fn observe(
    options: &[&str],
    script: &str,
) -> Result<Result<(Value, Value), String>, Failed> {
    let script = format!("{script}; exec \"$@\"");
    let words = ["--", "sh", "-c", &script, "sh"];
    let all = [&["observe", "--json"], options, &words].concat();
    let seen = run(&all)?;
    Ok(seen.map(|(value, _)| {
        let launcher = value["launchers"][0].clone();
        (value, launcher)
    }))
}

fn right(is_right: bool, seen: &Value) -> Result<Completion, Failed> {
    match is_right {
        true => Ok(Completion::Completed),
        false => Err(format!("{seen:#}").into()),
    }
}

/// The mount points of cgroups that a payload saw: where, and the version.
fn of_cgroups(launcher: &Value) -> Result<BTreeSet<(String, String)>, Failed> {
    let observation = launcher["observation"].clone();
    let observation: probe::Observation = serde_json::from_value(observation)?;
    let mounts = observation.mounts.map_err(|it| it.to_string())?;
    let mounts = mounts.into_iter().filter(is_of_cgroups);
    Ok(mounts.map(|it| (it.at, it.fs_type)).collect())
}

/// Why no cgroup of version 2 can be made.
fn no_v2() -> Result<Option<String>, Failed> {
    let layout = Layout::find().map_err(|it| it.message)?;
    Ok(Made::for_a_trial(&layout).err().map(|it| it.message))
}

fn own() -> Result<Completion, Failed> {
    if let Some(why) = no_v2()? {
        return unavailable(&why);
    }
    let script = "mkdir /sys/fs/cgroup/x && cat /proc/self/cgroup >&2";
    let (value, launcher) = match observe(&["--cgroups", "v2"], script)? {
        Err(why) => return unavailable(&why),
        Ok(seen) => seen,
    };
    let said = launcher["effect"]["said"].as_str().unwrap_or("");
    let there = ("/sys/fs/cgroup".to_owned(), "cgroup2".to_owned());
    let is_right = value["cgroups"]
        == json!({
            "which": "v2", "why": null, "unprotected": null
        })
        && launcher["effect"]["residue.cgroups"] == "+ /x"
        && said.split(" | ").any(|it| it == "0::/launcher")
        && of_cgroups(&launcher)?.contains(&there);
    right(is_right, &value)
}

/// A host with systemd has cgroup2 itself on `/sys/fs/cgroup`, and the kernel does
/// not mount the same file system on top of it.
fn on_pure_v2() -> Result<Completion, Failed> {
    if Identity::natural() == Identity::User {
        return unavailable(NEEDS_ROOT);
    }
    if let Some(why) = no_v2()? {
        return unavailable(&why);
    }
    let alone = "umount --recursive --lazy /sys/fs/cgroup
        mount -t cgroup2 none /sys/fs/cgroup && exec \"$@\"";
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", alone, "sh"])
        .arg(nsteps()?)
        .args(["observe", "--json", "--cgroups", "v2", "--", "env"])
        .stdin(Stdio::null())
        .output()?;
    let value = reported(&output)??;
    let there = ("/sys/fs/cgroup".to_owned(), "cgroup2".to_owned());
    let seen = of_cgroups(&value["launchers"][0])?;
    right(seen.contains(&there), &value)
}

fn of_the_host() -> Result<Completion, Failed> {
    let name = format!("nsteps-test-{}", std::process::id());
    let script = format!(
        "for it in /sys/fs/cgroup /sys/fs/cgroup/*; do
            mkdir $it/{name} && echo made; done; true"
    );
    let seen = observe(&["--cgroups", "host"], &script)?;
    let was_made = removed_from_the_host(&name);
    let (value, launcher) = match seen {
        Err(why) => return unavailable(&why),
        Ok(seen) => seen,
    };
    let seen = probe::observe(&probe::Proc::at("/proc"), &["mounts"]);
    let mounts = seen.mounts.map_err(|it| it.to_string())?;
    let own: BTreeSet<(String, String)> = mounts
        .into_iter()
        .filter(|it| is_of_cgroups(it) && it.at.starts_with("/sys/"))
        .map(|it| (it.at, it.fs_type))
        .collect();
    let said = launcher["effect"]["said"].as_str().unwrap_or("");
    let is_right = value["cgroups"]["which"] == "host"
        && value["cgroups"]["unprotected"].is_string()
        && !own.is_empty()
        && of_cgroups(&launcher)? == own
        && launcher["effect"]["ns.cgroup"].is_null()
        && said.contains("Read-only file system")
        && !said.contains("made")
        && !was_made;
    right(is_right, &value)
}

/// Removes what has that name at or directly below the host's cgroups, and
/// whether there was any.
fn removed_from_the_host(name: &str) -> bool {
    let top = Path::new("/sys/fs/cgroup");
    let dirs = fs::read_dir(top).into_iter().flatten().flatten();
    let mut all: Vec<PathBuf> = dirs.map(|it| it.path()).collect();
    // What is in another one comes first.
    all.sort_by_key(|it| !it.ends_with(name));
    all.push(top.to_owned());
    let removed =
        all.iter().filter(|it| fs::remove_dir(it.join(name)).is_ok()).count();
    removed > 0
}

fn no_mounts() -> Result<Completion, Failed> {
    let script = "ls -A /sys/fs/cgroup >&2; ls /sys >&2";
    let (value, launcher) = match observe(&["--cgroups", "none"], script)? {
        Err(why) => return unavailable(&why),
        Ok(seen) => seen,
    };
    let said = launcher["effect"]["said"].as_str().unwrap_or("");
    let is_right = value["cgroups"]["which"] == "none"
        && of_cgroups(&launcher)?.is_empty()
        // There is nothing in the first directory, and the second is a sysfs.
        && said.starts_with("block | ")
        && said.contains(" | kernel");
    right(is_right, &value)
}

/// What a launcher writes to the host's cgroups reaches the host only if the
/// user has let it through, and that is said.
fn written() -> Result<Completion, Failed> {
    if Identity::natural() == Identity::User {
        return unavailable(NEEDS_ROOT);
    }
    let found = CgroupLease::find();
    let Ok(Way::Make(dir)) = found else {
        return unavailable("no cgroup may be made here");
    };
    let name = format!("nsteps-test-{}-written", std::process::id());
    let made = dir.with_file_name(&name);
    let script = format!("mkdir -p {}", made.display());
    let all = ["--cgroups", "host", "--write", "/sys/fs/cgroup"];
    let mut seen = Vec::new();
    for options in [&all[..2], &all[..]] {
        let (value, _) = match observe(options, &script)? {
            Err(why) => return unavailable(&why),
            Ok(seen) => seen,
        };
        seen.push((value, fs::remove_dir(&made).is_ok()));
    }
    let (value, was_made) = seen.remove(1);
    let told = value["cgroups"]["unprotected"].as_str().unwrap_or("");
    let is_right = was_made
        && !seen[0].1
        && told.contains("reaches the host")
        && seen[0].0["cgroups"]["unprotected"] != told;
    right(is_right, &value)
}

/// Runs nsteps as an ordinary user, in this cgroup if one is named.
fn as_a_user(
    words: &[&str],
    cgroup: Option<&Path>,
) -> Result<Result<Output, &'static str>, Failed> {
    let mut command = Command::new("sh");
    let script = "[ -z \"$0\" ] || echo 0 >\"$0/cgroup.procs\" || exit 9
        [ \"$(id -u)\" != 0 ] ||
            set -- setpriv --reuid 1000 --regid 1000 --clear-groups \"$@\"
        exec \"$@\"";
    let cgroup = cgroup.unwrap_or(Path::new(""));
    command.args(["-c", script]).arg(cgroup).arg(nsteps()?).args(words);
    let output = command.env("HOME", "/").stdin(Stdio::null()).output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    if stderr.contains("Permission denied") && stderr.contains("bin/nsteps") {
        return Ok(Err("another user may not see the programs"));
    }
    Ok(Ok(output))
}

fn remedy() -> Result<Completion, Failed> {
    let words = ["diff", "--cgroups", "v2", "env", "env A='b c'"];
    let output = match as_a_user(&words, None)? {
        Err(why) => return unavailable(why),
        Ok(output) => output,
    };
    if output.status.success() {
        return unavailable("an ordinary user may make cgroups here");
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    let line = format!(
        "systemd-run --user --scope -p Delegate=yes {} diff --cgroups v2 env \
         'env A='\\''b c'\\'''\n",
        nsteps()?.display()
    );
    let is_right = output.status.code() == Some(2)
        && output.stdout.is_empty()
        && stderr.contains("--cgroups v2 is unavailable: ")
        && stderr.ends_with(&line);
    match is_right {
        true => Ok(Completion::Completed),
        false => Err(format!("{output:?}").into()),
    }
}

/// A cgroup of version 2 that belongs to the user 1000, and in it one for a
/// process. It is removed at the end.
struct Delegated(PathBuf);

impl Delegated {
    fn new() -> Option<Delegated> {
        let found = CgroupLease::find().ok()?;
        let Way::Make(dir) = found else { return None };
        let name = format!("nsteps-test-{}-delegated", std::process::id());
        let all = Delegated(dir.with_file_name(name));
        fs::create_dir_all(all.leaf()).ok()?;
        for dir in [all.0.clone(), all.leaf()] {
            chown(&dir, Some(1000), Some(1000)).ok()?;
            for file in ["cgroup.procs", "cgroup.subtree_control"] {
                chown(dir.join(file), Some(1000), Some(1000)).ok()?;
            }
        }
        Some(all)
    }

    fn leaf(&self) -> PathBuf {
        self.0.join("leaf")
    }
}

impl Drop for Delegated {
    fn drop(&mut self) {
        let _ = fs::remove_dir(self.leaf());
        let _ = fs::remove_dir(&self.0);
    }
}

fn delegated() -> Result<Completion, Failed> {
    in_a_delegated_cgroup(["--cgroups", "v2"], |cgroup, value| {
        let left = fs::read_dir(&cgroup.0)?.flatten();
        let left = left.filter(|it| it.path().is_dir()).count();
        let is_right = value["cgroups"]["which"] == "v2"
            && value["launchers"][0]["effect"]["exit"] == "0"
            && left == 1;
        right(is_right, value)
    })
}

/// Judges what `nsteps observe` with an option says of env(1), as an ordinary
/// user in a cgroup that root has given to the user.
fn in_a_delegated_cgroup(
    [option, value]: [&str; 2],
    judge: impl FnOnce(&Delegated, &Value) -> Result<Completion, Failed>,
) -> Result<Completion, Failed> {
    if Identity::natural() == Identity::User {
        return unavailable(NEEDS_ROOT);
    }
    let Some(cgroup) = Delegated::new() else {
        return unavailable("no cgroup of version 2 may be made here");
    };
    let words = ["observe", "--json", option, value, "--", "env"];
    let output = match as_a_user(&words, Some(&cgroup.leaf()))? {
        Err(why) => return unavailable(why),
        Ok(output) => output,
    };
    let value = match reported(&output)? {
        Err(why) => return unavailable(&why),
        Ok(value) => value,
    };
    judge(&cgroup, &value)
}

/// What an observation without a pid namespace of its own is started with; the
/// launcher may write to this directory of the host.
fn without_pids(directory: &str) -> [&str; 5] {
    ["observe", "--pid-namespace", "no", "--write", directory]
}

/// A directory that launchers may write to, with a pipe in it.
fn with_a_pipe() -> Result<(tempfile::TempDir, PathBuf), Failed> {
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let pipe = scratch.path().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU)?;
    Ok((scratch, pipe))
}

/// A launcher leaves a process in a session of its own, which has the pid that
/// the host gave it.
fn what_is_left_ends() -> Result<Completion, Failed> {
    if let Some(why) = no_v2()? {
        return unavailable(&why);
    }
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let file = scratch.path().join("pids");
    let script = format!(
        "setsid tail -f /dev/null </dev/null >/dev/null 2>&1 & \
         echo $! >>{}",
        file.display()
    );
    let directory = scratch.path().display().to_string();
    let options = &without_pids(&directory)[1..];
    let (value, launcher) = match observe(options, &script)? {
        Err(why) => return unavailable(&why),
        Ok(seen) => seen,
    };
    let pids = fs::read_to_string(&file)?;
    let pids: Vec<i32> =
        pids.lines().map(str::parse).collect::<Result<_, _>>()?;
    let still = pids.iter().filter(|pid| is_tail(**pid)).count();
    let is_right = pids.len() == 2
        && still == 0
        && launcher["effect"]["residue.processes"] == "1 more"
        && launcher["effect"]["host.launcher"] == "tail"
        && value["pid_namespace"]["own"] == false;
    right(is_right, &value)
}

/// Whether a process runs tail, and is none that has ended and was not reaped.
fn is_tail(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.is_ok_and(|it| it.contains("(tail)") && !it.contains(") Z "))
}

/// nsteps gets SIGKILL while a launcher and a process in a session of its own
/// run: both end, and the cgroup is removed.
fn all_ends_with_nsteps() -> Result<Completion, Failed> {
    if let Some(why) = no_v2()? {
        return unavailable(&why);
    }
    let (scratch, pipe) = with_a_pipe()?;
    let mut reader = fs::File::options()
        .read(true)
        .custom_flags(OFlag::O_NONBLOCK.bits())
        .open(&pipe)?;
    let directory = scratch.path().display().to_string();
    let script = format!(
        "setsid tail -f /dev/null </dev/null >/dev/null 2>&1 & \
         echo $! $$ >{}; exec tail -f /dev/null",
        pipe.display()
    );
    let mut nsteps = Command::new(nsteps()?)
        .args(without_pids(&directory))
        .args(["--", "sh", "-c", &script, "sh"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let mut told = String::new();
    if any_readable(&[reader.as_fd()], deadline()) {
        // The shell closes it next.
        nix::fcntl::fcntl(&reader, FcntlArg::F_SETFL(OFlag::empty()))?;
        reader.read_to_string(&mut told)?;
    }
    if told.is_empty() {
        nsteps.kill()?;
        nsteps.wait()?;
        return Err(format!("no launcher was started {}", within()).into());
    }
    let pids: Vec<i32> =
        told.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    let opened: Result<Vec<_>, _> =
        pids.iter().copied().map(kernel::pidfd_open).collect();
    let own = fs::read_to_string(format!("/proc/{}/cgroup", pids[0]))?;
    nsteps.kill()?;
    nsteps.wait()?;
    let until = deadline();
    for (pid, pidfd) in pids.iter().zip(opened?) {
        if !any_readable(&[pidfd.as_fd()], until) {
            return Err(format!("process {pid} runs on {}", within()).into());
        }
    }
    let name = own
        .lines()
        .find_map(|it| it.strip_prefix("0::"))
        .and_then(|it| it.split('/').find(|it| it.starts_with("nsteps-")))
        .ok_or_else(|| format!("no cgroup of nsteps in {own}"))?;
    let Ok(Way::Make(beside)) = CgroupLease::find() else {
        return Ok(Completion::Completed);
    };
    // The process that removes it is no child of this one.
    while beside.with_file_name(name).exists() {
        if std::time::Instant::now() > until {
            return Err(format!("{name} is left {}", within()).into());
        }
        std::thread::yield_now();
    }
    Ok(Completion::Completed)
}

/// In a user namespace no procfs can be mounted for the pid namespace of the
/// host: the sandbox has the caller's.
fn user_without() -> Result<Completion, Failed> {
    in_a_delegated_cgroup(["--pid-namespace", "no"], |_, value| {
        let launcher = &value["launchers"][0];
        let visible = &launcher["observation"]["readings"]["processes.visible"];
        let is_right = launcher["effect"]["exit"] == "0"
            && value["pid_namespace"]["own"] == false
            && launcher["disagreements"] == json!([]);
        match is_right {
            true => Ok(Completion::Completed),
            false => Err(format!("{visible} of {launcher:#}").into()),
        }
    })
}

fn excluded() -> Result<Completion, Failed> {
    let words =
        ["diff", "--cgroups", "host", "--pid-namespace", "no", "env", "env"];
    let output =
        Command::new(nsteps()?).args(words).stdin(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let is_right = output.status.code() == Some(2)
        && output.stdout.is_empty()
        && (said.contains("choose --cgroups v2")
            || said.contains("--cgroups host is unavailable"));
    match is_right {
        true => Ok(Completion::Completed),
        false => Err(format!("{output:?}").into()),
    }
}

fn no_choice() -> Result<Completion, Failed> {
    let output = match as_a_user(&["diff", "--json", "env", "env"], None)? {
        Err(why) => return unavailable(why),
        Ok(output) => output,
    };
    let value = match reported(&output)? {
        Err(why) => return unavailable(&why),
        Ok(value) => value,
    };
    let seen = &value["cgroups"];
    if seen["which"] == "v2" {
        return unavailable("an ordinary user may make cgroups here");
    }
    let why = seen["why"].as_str().unwrap_or("");
    let is_right = seen["which"] == "host" && why.contains("Delegate=yes");
    right(is_right && value["status"] == 0, &value)
}

fn record() -> Result<Completion, Failed> {
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let file = scratch.path().join("record.json");
    let file = file.display().to_string();
    let output = Command::new(nsteps()?)
        .args(["record", "--cgroups", "none", "-o", &file, "env"])
        .output()?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return match is_of_the_machine(&stderr) {
            true => unavailable(stderr.trim()),
            false => Err(format!("{output:?}").into()),
        };
    }
    let diff = |which: &str| {
        Command::new(nsteps().map_err(|it| format!("{it:?}"))?)
            .args(["diff", "--cgroups", which, &file, "env"])
            .output()
            .map_err(|error| error.to_string())
    };
    let (same, other) = (diff("none")?, diff("host")?);
    let stderr = String::from_utf8_lossy(&other.stderr);
    let is_right = same.status.code() == Some(0)
        && other.status.code() == Some(2)
        && stderr.contains("was recorded with --cgroups none");
    match is_right {
        true => Ok(Completion::Completed),
        false => Err(format!("{same:?}\n{other:?}").into()),
    }
}

fn reports() -> Result<Completion, Failed> {
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let names = ["json", "xml", "md", "html"];
    let files = names.map(|it| scratch.path().join(format!("report.{it}")));
    let mut command = Command::new(nsteps()?);
    command.args(["diff", "--cgroups", "host", "env", "env"]);
    for file in &files {
        command.arg("--report").arg(file);
    }
    let output = command.output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    if output.stdout.is_empty() && is_of_the_machine(&stderr) {
        return unavailable(stderr.trim());
    }
    let mut texts = vec![String::from_utf8_lossy(&output.stdout).into_owned()];
    for file in &files {
        texts.push(fs::read_to_string(file)?);
    }
    let flat =
        |it: &String| it.split_whitespace().collect::<Vec<_>>().join(" ");
    let forms = [
        "cgroups host",
        "\"which\": \"host\"",
        "<property name=\"cgroups\" value=\"host\"/>",
    ];
    let says = |it: &String| {
        let it = flat(it);
        forms.iter().any(|form| it.contains(form))
    };
    match texts.iter().all(says) {
        true => Ok(Completion::Completed),
        false => Err(format!("{texts:#?}").into()),
    }
}

fn covered() -> Result<Completion, Failed> {
    for which in [Cgroups::V2, Cgroups::None] {
        if which == Cgroups::V2 && no_v2()?.is_some() {
            continue;
        }
        let output = Command::new(nsteps()?)
            .args(["diff", "--cgroups", which.name()])
            .args(["--write", "/sys/fs/cgroup", "env", "env"])
            .output()?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        let is_right = output.status.code() == Some(2)
            && output.stdout.is_empty()
            && stderr.contains("choose --cgroups host");
        if !is_right {
            return Err(format!("{which}: {output:?}").into());
        }
    }
    Ok(Completion::Completed)
}
