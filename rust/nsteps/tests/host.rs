//! The host is as before, however a run ends.
//!
//! Mounts, host name, System V objects, links, cgroups and processes are
//! noted before and after: a run that is interrupted or killed, a launcher
//! that is killed, a payload that hides.  This process adopts every orphan it
//! makes, so that whoever is left behind is found below it.

mod availability;

use availability::unavailable;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, gethostname};
use nsteps::equipment::Equipment;
use nsteps::interrupt;
use nsteps::layout::Layout;
use nsteps::sandbox::{Identity, Plan, Refusal, SCENARIOS, Sandbox, Tree};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// A name, and what is done to a host that must not notice.
type Tried = (&'static str, fn() -> Result<(), Failed>);

const TRIALS: &[Tried] = &[
    ("a_run_leaves_the_host_as_it_was", a_whole_run),
    ("a_run_leaves_a_shared_host_as_it_was", on_a_shared_host),
    ("an_interrupted_run_leaves_nothing", interrupted),
    ("a_terminated_run_leaves_nothing", terminated),
    ("a_killed_run_leaves_nothing", killed),
    ("a_killed_launcher_is_survived", killed_launcher),
    ("a_payload_that_hides_is_found_and_ended", hiding_payload),
    ("a_payload_that_hangs_is_ended", hanging_payload),
];

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // They look at everyone below this process.
    arguments.test_threads = Some(1);
    let trials = TRIALS
        .iter()
        .map(|(name, run)| {
            Trial::ignorable_test(*name, move || match forbidden() {
                Some(reason) => unavailable(&reason),
                None => leaves_nothing(*run).map(|()| Completion::Completed),
            })
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Why this machine allows no sandbox, if it does not.
fn forbidden() -> Option<String> {
    let equipment = Equipment::gather(None).ok()?;
    let natural = Identity::natural();
    let scenario = SCENARIOS.iter().find(|it| it.identity == natural)?;
    let plan = Plan::of(*scenario, Tree::Small, &equipment);
    match Sandbox::enter(&plan, &equipment) {
        Err(Refusal::Unavailable(reason)) => Some(reason),
        _ => None,
    }
}

/// How long what was killed may take to be gone.
const PATIENCE: Duration = Duration::from_secs(3);

fn leaves_nothing(run: fn() -> Result<(), Failed>) -> Result<(), Failed> {
    set_child_subreaper(true)?;
    let before = Host::now();
    let ended = run();
    let until = Instant::now() + PATIENCE;
    loop {
        reap();
        let after = Host::now();
        if after == before {
            return ended;
        }
        if Instant::now() > until {
            let left = descendants(std::process::id());
            // Whoever is left would be left for the next trial too.
            for process in left {
                let _ = kill(Pid::from_raw(process.pid), Signal::SIGKILL);
            }
            let differences = before.differences(&after).join("\n");
            return Err(format!("the host has changed:\n{differences}").into());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Waits for every orphan that has ended.
fn reap() {
    let nobody = |status| matches!(status, WaitStatus::StillAlive);
    while waitpid(None, Some(WaitPidFlag::WNOHANG))
        .is_ok_and(|status| !nobody(status))
    {}
}

/// What a run could change, one line for each thing.
#[derive(PartialEq, Eq)]
struct Host(BTreeSet<String>);

impl Host {
    fn now() -> Host {
        let mut lines = BTreeSet::new();
        let name = gethostname().unwrap_or_default();
        lines.insert(format!("host name {}", name.display()));
        for (what, file) in [
            ("mount", "/proc/self/mountinfo"),
            ("queue", "/proc/sysvipc/msg"),
            ("shared memory", "/proc/sysvipc/shm"),
            ("semaphores", "/proc/sysvipc/sem"),
            ("link", "/proc/net/dev"),
        ] {
            let text = fs::read_to_string(file).unwrap_or_default();
            for line in text.lines() {
                // The counters of a link are not ours.
                let line = match what {
                    "link" => line.split(':').next().unwrap_or(line),
                    _ => line,
                };
                lines.insert(format!("{what} {}", line.trim()));
            }
        }
        for cgroup in abandoned_cgroups() {
            lines.insert(format!("cgroup {}", cgroup.display()));
        }
        for process in descendants(std::process::id()) {
            let Process { pid, name } = process;
            lines.insert(format!("process {pid} {name}"));
        }
        Host(lines)
    }

    fn differences(&self, after: &Host) -> Vec<String> {
        let gone = self.0.difference(&after.0).map(|it| format!("- {it}"));
        let new = after.0.difference(&self.0).map(|it| format!("+ {it}"));
        gone.chain(new).collect()
    }
}

/// The cgroups of runs that have ended.
fn abandoned_cgroups() -> Vec<PathBuf> {
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    table
        .lines()
        .filter(|line| line.contains(" - cgroup"))
        .filter_map(|line| line.split(' ').nth(4))
        .flat_map(|at| fs::read_dir(at).into_iter().flatten().flatten())
        .map(|entry| entry.path())
        .filter(|dir| {
            let name = dir.file_name().map(|it| it.to_string_lossy());
            name.as_deref()
                .and_then(|name| name.strip_prefix("nsteps-"))
                .is_some_and(|pid| !Path::new("/proc").join(pid).exists())
        })
        .collect()
}

/// A process below this one.
struct Process {
    pid: i32,
    name: String,
}

/// Everyone below a process, zombies left out.
fn descendants(top: u32) -> Vec<Process> {
    let mut found = Vec::new();
    let mut waiting = vec![top.to_string()];
    while let Some(pid) = waiting.pop() {
        let dir = Path::new("/proc").join(&pid);
        for task in fs::read_dir(dir.join("task")).into_iter().flatten() {
            let children = task.map(|it| it.path().join("children"));
            let children = children.and_then(fs::read_to_string);
            let children = children.unwrap_or_default();
            waiting.extend(children.split_whitespace().map(str::to_owned));
        }
        let stat = fs::read_to_string(dir.join("stat")).unwrap_or_default();
        let Some((name, rest)) = stat.rsplit_once(") ") else { continue };
        let name = name.split_once('(').map_or("", |(_, name)| name);
        if pid != top.to_string() && !rest.starts_with(['Z', 'X']) {
            let pid = pid.parse().unwrap_or(0);
            found.push(Process { pid, name: name.to_owned() });
        }
    }
    found
}

fn nsteps(arguments: &[&str]) -> Result<Command, Failed> {
    let layout = Layout::find().map_err(|it| it.message)?;
    let mut command = Command::new(layout.programs().join("bin/nsteps"));
    command.args(arguments).stdin(Stdio::null());
    // Most of what fails here is meant to.
    command.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    Ok(command)
}

/// Starts a run of everything, and waits until a probe runs in it.
fn in_mid_run() -> Result<Child, Failed> {
    let mut run = nsteps(&["compare"])?.spawn()?;
    match until_somebody_is(run.id(), &["nsteps-probe"]) {
        Ok(_) => Ok(run),
        Err(why) => {
            let _ = run.kill();
            let _ = run.wait();
            Err(why)
        }
    }
}

/// Waits for a process of one of these names below `top`.
fn until_somebody_is(top: u32, names: &[&str]) -> Result<Process, Failed> {
    let until = Instant::now() + Duration::from_secs(10);
    while Instant::now() < until {
        let mut all = descendants(top).into_iter();
        if let Some(it) = all.find(|it| names.contains(&it.name.as_str())) {
            return Ok(it);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Err(format!("nobody ran who is called {names:?}").into())
}

/// When in a run it is ended: at once, and later, in other trials.
const MOMENTS: [Duration; 4] = [
    Duration::ZERO,
    Duration::from_millis(20),
    Duration::from_millis(110),
    Duration::from_millis(430),
];

fn ended_by(signal: Signal, to: fn(&Child, Signal)) -> Result<(), Failed> {
    for moment in MOMENTS {
        let mut run = in_mid_run()?;
        std::thread::sleep(moment);
        to(&run, signal);
        let status = run.wait()?;
        // Asked to end, it lets the trials in hand end, and says so as a
        // shell would.
        let said = match signal {
            Signal::SIGKILL => None,
            _ => Some(i32::from(interrupt::STATUS)),
        };
        if status.signal() != Some(signal as i32)
            && (said.is_none() || status.code() != said)
        {
            return Err(format!("{signal} after {moment:?}: {status}").into());
        }
    }
    Ok(())
}

fn pid_of(run: &Child) -> Pid {
    Pid::from_raw(run.id().cast_signed())
}

/// Ctrl-C: the terminal sends it to everyone in the process group.
fn interrupted() -> Result<(), Failed> {
    ended_by(Signal::SIGINT, |run, signal| {
        let _ = killpg(pid_of(run), signal);
    })
}

fn terminated() -> Result<(), Failed> {
    ended_by(Signal::SIGTERM, |run, signal| {
        let _ = kill(pid_of(run), signal);
    })
}

/// Nothing of nsteps is left that could clean up, but the janitor.
fn killed() -> Result<(), Failed> {
    ended_by(Signal::SIGKILL, |run, signal| {
        let _ = kill(pid_of(run), signal);
    })
}

/// Runs the steps whose leaks would reach furthest.
const LEAKY: &[&str] = &[
    "compare", "--only", "cgroup", "--only", "ipc", "--only", "mount",
    "--only", "network", "--only", "pid", "--only", "uts",
];

fn a_whole_run() -> Result<(), Failed> {
    let status = nsteps(LEAKY)?.status()?;
    if status.success() {
        return Ok(());
    }
    Err(format!("nsteps {}: {status}", LEAKY.join(" ")).into())
}

/// On a machine run by systemd `/` is shared: what a sandbox mounts would
/// reach everyone if it were a peer.
fn on_a_shared_host() -> Result<(), Failed> {
    let script = "look() {
            cat /proc/self/mountinfo /proc/sysvipc/msg; hostname; ip link
        }
        before=$(look)
        \"$@\" >/dev/null || exit
        [ \"$before\" = \"$(look)\" ] || { look | diff <(echo \"$before\") -; }";
    let layout = Layout::find().map_err(|it| it.message)?;
    let mut unshare = Command::new("unshare");
    if Identity::natural() == Identity::User {
        unshare.args(["--user", "--map-root-user"]);
    }
    let output = unshare
        .args(["--mount", "--propagation", "shared", "--uts", "--ipc"])
        .args(["--net", "bash", "-c", script, "bash"])
        .arg(layout.programs().join("bin/nsteps"))
        .args(LEAKY)
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(format!("{}\n{}", output.status, String::from_utf8_lossy(&said)).into())
}

/// A launcher is killed while its payload is held: the comparison goes on to
/// its end, and says that something was wrong.
fn killed_launcher() -> Result<(), Failed> {
    let mut run =
        nsteps(&["compare", "--only", "skeleton", "--only", "pid"])?.spawn()?;
    let victim = until_somebody_is(run.id(), &["skeleton", "pid"]);
    if let Ok(victim) = &victim {
        let _ = kill(Pid::from_raw(victim.pid), Signal::SIGKILL);
    }
    let status = run.wait()?;
    victim?;
    match status.code() {
        // Who was killed may have been about to end.
        Some(0..=2) => Ok(()),
        _ => Err(format!("nsteps compare: {status}").into()),
    }
}

fn observe(script: &str) -> Result<(i32, String), Failed> {
    let output = nsteps(&["observe", "--", "sh", "-c", script, "sh"])?
        .stdout(Stdio::piped())
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok((output.status.code().unwrap_or(-1), said))
}

/// A daemon's way out: another session, no parent, nothing open.
fn hiding_payload() -> Result<(), Failed> {
    let daemon = "setsid sh -c 'sleep 1000 & sleep 1000' \
                  </dev/null >/dev/null 2>&1 &";
    let (status, said) = observe(&format!("{daemon} exec \"$@\""))?;
    if status != 0 || !said.contains("residue.processes") {
        return Err(format!("status {status}, and it says: {said}").into());
    }
    Ok(())
}

/// The payload says what it sees, and then does not end.
fn hanging_payload() -> Result<(), Failed> {
    let mut run =
        nsteps(&["observe", "--", "sh", "-c", "sleep 1000", "sh"])?.spawn()?;
    let sleeper = until_somebody_is(run.id(), &["sleep"]);
    kill(pid_of(&run), Signal::SIGTERM)?;
    run.wait()?;
    sleeper.map(drop)
}
