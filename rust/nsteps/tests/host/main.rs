//! The host is the same after a run as before, however the run ends.
//!
//! Mounts, host name, System V objects, network interfaces, cgroups and
//! processes are recorded before and after: a run that is interrupted or
//! killed, a launcher that is killed, a payload that hides. This process adopts
//! every orphan that it makes, so each process that is left behind is found
//! below it.

#[path = "../availability/mod.rs"]
mod availability;
mod launchers;
#[path = "../pages_written/mod.rs"]
mod pages_written;
#[path = "../scratch/mod.rs"]
mod scratch;
mod snapshot;
mod soak;

use availability::unavailable;
use harness::descendants::{Descendant, descendants, one_ends};
use harness::found::Refusal;
use harness::host::Equipment;
use harness::host::layout::Layout;
use harness::interrupt;
use harness::paths::PROGRAMS;
use harness::sandbox::Sandbox;
use harness::sandbox::plan::{Plan, Tree};
use harness::scenario::{Identity, SCENARIOS, Scenario};
use harness::timeout::{any_readable, deadline, within};
use kernel::pidfd_open;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::stat::Mode;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, mkfifo};
use scratch::Scratch;
use serde_json::Value;
use snapshot::Host;
use std::fs::{self, File};
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Instant;

/// A trial: its name, and what is done to the host, which must not change.
type Tried = (&'static str, fn() -> Result<(), Failed>);

/// These need a mount namespace in which the host's files are watched.
const WATCHED: &[Tried] = &[
    ("launchers_of_others_reach_nothing", launchers::run_to_the_end),
    ("launchers_of_others_leave_nothing_when_killed", launchers::killed),
];

const TRIALS: &[Tried] = &[
    ("a_run_leaves_the_host_as_it_was", a_whole_run),
    ("a_run_leaves_a_shared_host_as_it_was", on_a_shared_host),
    ("an_interrupted_run_leaves_nothing", interrupted),
    ("a_terminated_run_leaves_nothing", terminated),
    ("a_killed_run_leaves_nothing", killed),
    ("a_killed_launcher_is_survived", killed_launcher),
    ("a_payload_that_hides_is_found_and_ended", hiding_payload),
    ("a_payload_that_hangs_is_ended", hanging_payload),
    ("a_launcher_that_writes_everywhere_reaches_nothing", writing_launcher),
    ("what_is_let_through_is_written", let_through),
];

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Trials run one after another, because they look at every process below
    // this one.
    arguments.test_threads = Some(1);
    let watched = WATCHED.iter().map(|it| (it, true));
    let long = Trial::ignorable_test("a_thousand_runs_leave_nothing", || {
        match forbidden() {
            Some(reason) => unavailable(&reason),
            None => leaves_nothing(soak::a_thousand_runs)
                .map(|()| Completion::Completed),
        }
    })
    .with_ignored_flag(true);
    let trials = TRIALS
        .iter()
        .map(|it| (it, false))
        .chain(watched)
        .map(|((name, run), is_watched)| {
            Trial::ignorable_test(*name, move || {
                let reason = forbidden().or_else(|| {
                    is_watched.then(launchers::cannot_watch).flatten()
                });
                match reason {
                    Some(reason) => unavailable(&reason),
                    None => {
                        leaves_nothing(*run).map(|()| Completion::Completed)
                    }
                }
            })
        })
        .chain([long])
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// The reason why this machine allows no sandbox, if it does not.
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

fn leaves_nothing(run: fn() -> Result<(), Failed>) -> Result<(), Failed> {
    set_child_subreaper(true)?;
    let before = Host::now();
    let ended = run();
    let left = wait_for_all(deadline(), NONE);
    let after = Host::now();
    if after == before {
        return ended;
    }
    for process in left {
        // Otherwise the next trial would find it too.
        let _ = kill(Pid::from_raw(process.pid()), Signal::SIGKILL);
    }
    let differences = before.differences(&after).join("\n");
    Err(format!("the host has changed:\n{differences}").into())
}

/// The pid of no process.
const NONE: i32 = -1;

/// Waits until every process below this one has ended, also the orphans that it
/// adopts, with one exception; returns those that do not end in time.
fn wait_for_all(until: Instant, but: i32) -> Vec<Descendant> {
    loop {
        reap();
        let mut left = below_this_process();
        left.retain(|it| it.pid() != but);
        if left.is_empty() || !one_ends(&left, until) {
            return left;
        }
    }
}

/// Waits for every orphan that has ended.
fn reap() {
    let none = |status| matches!(status, WaitStatus::StillAlive);
    while waitpid(None, Some(WaitPidFlag::WNOHANG))
        .is_ok_and(|status| !none(status))
    {}
}

/// The processes below this one.
fn below_this_process() -> Vec<Descendant> {
    let own = std::process::id().cast_signed();
    let mut all = descendants(own);
    all.retain(|it| it.pid() != own);
    all
}

fn layout() -> Result<Layout, Failed> {
    Ok(Layout::find().map_err(|it| it.message)?)
}

fn nsteps(arguments: &[&str]) -> Result<Command, Failed> {
    let mut command = Command::new(layout()?.programs().join("bin/nsteps"));
    quietly(command.args(arguments));
    Ok(command)
}

/// Discards the output: most commands that are started here have to fail.
fn quietly(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.process_group(0)
}

/// An event in a run, at which the run is ended.
struct Moment {
    about: &'static str,
    /// The program that is replaced, so that it reports the event.
    program: &'static str,
    /// The script that replaces it.
    script: &'static str,
    /// The number of the report at which the run is ended, from 1.
    number: usize,
}

const SANDBOX: &str = "[ \"$1\" != sandbox ] || echo now 1<>\"$DIR/moments\"
exec \"$DIR/bin/nsteps.real\" \"$@\"";
const LAUNCHER: &str = "echo now 1<>\"$DIR/moments\"
exec \"$DIR/c/skeleton.real\" \"$@\"";
/// A payload that answers, reports this as an event, and waits.
const PAYLOAD: &str = "case \" $* \" in
*' --hold '*)
    for word; do
        shift
        [ \"$word\" = --hold ] || set -- \"$@\" \"$word\"
    done
    \"$DIR/bin/nsteps-probe.real\" \"$@\"
    echo now 1<>\"$DIR/moments\"
    exec \"$DIR/bin/nsteps-probe.real\" \"$@\" --hold ;;
*) exec \"$DIR/bin/nsteps-probe.real\" \"$@\" ;;
esac";

/// The moments at which a run is ended.
const MOMENTS: &[Moment] = &[
    Moment {
        about: "the first sandbox is made",
        program: "bin/nsteps",
        script: SANDBOX,
        number: 1,
    },
    Moment {
        about: "a launcher has started",
        program: "c/skeleton",
        script: LAUNCHER,
        number: 1,
    },
    Moment {
        about: "a payload is held",
        program: "bin/nsteps-probe",
        script: PAYLOAD,
        number: 1,
    },
    Moment {
        about: "the fiftieth sandbox is made",
        program: "bin/nsteps",
        script: SANDBOX,
        number: 50,
    },
];

/// A run that reports events, and the file from which the reports are read.
struct Watched {
    run: Child,
    fifo: File,
    _scratch: Scratch,
}

impl Watched {
    /// Starts `nsteps` with these words; a script may replace a program. The
    /// script knows the directory of the programs as `$DIR`, and writes a line
    /// into `$DIR/moments` for each event. It opens that file for reading and
    /// writing; otherwise it would wait for a reader after this process has
    /// ended.
    fn start(
        script: Option<(&str, &str)>,
        words: &[&str],
    ) -> Result<Watched, Failed> {
        let layout = layout()?;
        let scratch = Scratch::new(&layout)?;
        let at = scratch.programs().join("moments");
        mkfifo(&at, Mode::from_bits_truncate(0o666))?;
        // Opened for both, so that neither side waits for the other to open it.
        let fifo = File::options().read(true).write(true).open(&at)?;
        let mut nsteps = layout.programs().join("bin/nsteps");
        if let Some((program, text)) = script {
            let mut dir = PROGRAMS.to_owned();
            if program == "bin/nsteps" {
                // The harness starts this program on the host, and the others
                // in a sandbox; and the harness starts itself, unless the
                // program has another name.
                dir = scratch.programs().display().to_string();
                nsteps = scratch.programs().join("bin/nsteps.real");
            }
            scratch.put_script(program, &format!("DIR='{dir}'\n{text}"))?;
        }
        let run = quietly(&mut scratch.nsteps(&nsteps, words)).spawn()?;
        Ok(Watched { run, fifo, _scratch: scratch })
    }

    /// Waits for a number of reports, while the run lasts.
    fn wait_for(&mut self, number: usize) -> Result<(), Failed> {
        let run = pidfd_open(self.run.id().cast_signed())?;
        let until = deadline();
        let mut seen = 0;
        while seen < number {
            if !any_readable(&[self.fifo.as_fd(), run.as_fd()], until) {
                return Err(
                    format!("the event did not happen {}", within()).into()
                );
            }
            if !any_readable(&[self.fifo.as_fd()], Instant::now()) {
                return Err("the run ended before the event".into());
            }
            let mut lines = [0; 4096];
            let count = self.fifo.read(&mut lines)?;
            seen += lines[..count].iter().filter(|it| **it == b'\n').count();
        }
        Ok(())
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.run.kill();
        let _ = self.run.wait();
    }
}

fn ended_by(signal: Signal, to: fn(&Child, Signal)) -> Result<(), Failed> {
    for moment in MOMENTS {
        let Moment { about, program, script, number } = moment;
        let because = |why: Failed| {
            let why = why.message().unwrap_or("it failed").to_owned();
            Failed::from(format!("{signal}, when {about}: {why}"))
        };
        let mut watched =
            Watched::start(Some((program, script)), &["compare"])?;
        watched.wait_for(*number).map_err(because)?;
        to(&watched.run, signal);
        let status = watched.run.wait()?;
        // After a signal it lets the running trials finish, and ends with the
        // status that a shell expects.
        let said = match signal {
            Signal::SIGKILL => None,
            _ => Some(i32::from(interrupt::STATUS)),
        };
        if status.signal() != Some(signal as i32)
            && (said.is_none() || status.code() != said)
        {
            return Err(because(status.to_string().into()));
        }
    }
    Ok(())
}

fn pid_of(run: &Child) -> Pid {
    Pid::from_raw(run.id().cast_signed())
}

/// Ctrl-C: the terminal sends SIGINT to every process in the process group.
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

/// All processes of nsteps are killed; only the cleaner is left to clean up.
fn killed() -> Result<(), Failed> {
    ended_by(Signal::SIGKILL, |run, signal| {
        let _ = kill(pid_of(run), signal);
    })
}

/// Runs the steps that change most on the host without a sandbox.
const LEAKY: &[&str] = &[
    "compare", "--only", "cgroup", "--only", "ipc", "--only", "mount",
    "--only", "network", "--only", "pid", "--only", "uts",
];

fn a_whole_run() -> Result<(), Failed> {
    let output = nsteps(LEAKY)?
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(format!("{}\n{}", output.status, String::from_utf8_lossy(&said)).into())
}

/// On a machine with systemd `/` is shared: the mounts of a sandbox would reach
/// the host if the sandbox were in the same peer group.
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

/// A probe that kills the program which started it, if that is one in C.
const KILLS_C: &str = "case \" $* \" in
*' --hold '*)
    case $(readlink /proc/$PPID/exe) in
    /nsteps/c/*) kill -KILL $PPID ;;
    esac ;;
esac
exec /nsteps/bin/nsteps-probe.real \"$@\"";

/// A launcher is killed while its payload runs: the comparison continues to its
/// end, and shows which launcher was killed.
fn killed_launcher() -> Result<(), Failed> {
    let layout = layout()?;
    let scratch = Scratch::new(&layout)?;
    scratch.put_script("bin/nsteps-probe", KILLS_C)?;
    let program = layout.programs().join("bin/nsteps");
    let scenario = Scenario::natural().to_string();
    let words =
        ["compare", "--json", "--only", "skeleton", "--scenario", &scenario];
    let output = scratch.nsteps(&program, &words).output()?;
    let report: Value = serde_json::from_slice(&output.stdout)?;
    let comparisons = report["comparisons"].as_array();
    let exits: Vec<&Value> = comparisons
        .into_iter()
        .flatten()
        .filter(|it| it["situation"].is_null())
        .flat_map(|it| it["rows"].as_array().into_iter().flatten())
        .filter(|row| row["key"] == "exit")
        .collect();
    let [exit] = exits[..] else {
        return Err(format!("rows about the exit: {exits:?}").into());
    };
    let was_killed = |launcher: &str| {
        let groups = exit["groups"].as_array();
        groups.into_iter().flatten().any(|group| {
            let launchers = group["launchers"].as_array();
            group["value"] == "137"
                && launchers.into_iter().flatten().any(|it| it == launcher)
        })
    };
    let right = was_killed("c") && !was_killed("rust");
    if right && output.status.code() == Some(1) {
        return Ok(());
    }
    let status = output.status;
    Err(format!("nsteps compare: {status}, and says: {exit:#}").into())
}

fn observe(script: &str) -> Result<(i32, String), Failed> {
    let output = nsteps(&["observe", "--", "sh", "-c", script, "sh"])?
        .stdout(Stdio::piped())
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok((output.status.code().unwrap_or(-1), said))
}

/// The payload becomes a daemon: another session, no parent, no open
/// descriptors.
fn hiding_payload() -> Result<(), Failed> {
    let daemon = "setsid sh -c 'sleep 1000 & sleep 1000' \
                  </dev/null >/dev/null 2>&1 &";
    let (status, said) = observe(&format!("{daemon} exec \"$@\""))?;
    if status != 0 || !said.contains("residue.processes") {
        return Err(format!("status {status}, and it says: {said}").into());
    }
    Ok(())
}

/// The payload never answers, and does not end.
fn hanging_payload() -> Result<(), Failed> {
    let script = format!("echo now 1<>{PROGRAMS}/moments; exec sleep 1000");
    let words = ["observe", "--", "sh", "-c", &script, "sh"];
    let mut watched = Watched::start(None, &words)?;
    watched.wait_for(1)?;
    kill(pid_of(&watched.run), Signal::SIGTERM)?;
    let status = watched.run.wait()?;
    if status.code() == Some(i32::from(interrupt::STATUS)) {
        return Ok(());
    }
    Err(format!("asked to end, nsteps observe ended with {status}").into())
}

/// The name of the files that the launcher below writes, in every directory.
const WRITTEN: &str = "nsteps-wrote-this";

/// Makes a file in every directory of two levels, and changes the mode of a
/// device. If a sandbox does not hold that back, it does no harm: the files are
/// empty, and /dev/full gets a bit that has no effect.
const WRITES: &str = "
    for dir in / /*/ /*/*/; do
        case $dir in /proc/*) continue ;; esac
        : >\"${dir}nsteps-wrote-this\"
    done
    chmod u+x /dev/full
    mkdir /sys/fs/cgroup/nsteps-wrote-this
    exec \"$@\"";

/// What a launcher writes stays in the sandbox, and is listed.
fn writing_launcher() -> Result<(), Failed> {
    let (_, said) = observe(&format!("{{ {WRITES}\n}} 2>/dev/null"))?;
    let names = |dir: PathBuf| {
        fs::read_dir(dir).into_iter().flatten().flatten().map(|it| it.path())
    };
    let root = PathBuf::from("/");
    let one: Vec<PathBuf> = names(root.clone()).collect();
    let two: Vec<PathBuf> = one.iter().cloned().flat_map(names).collect();
    let dirs = [vec![root], one, two].concat();
    let mut reached = Vec::new();
    for path in dirs.iter().map(|dir| dir.join(WRITTEN)) {
        if path.exists() {
            reached.push(path.display().to_string());
            // Otherwise the next run would find it.
            let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir(&path));
        }
    }
    let full = Path::new("/dev/full");
    let mut mode = fs::metadata(full)?.permissions();
    if mode.mode() & 0o100 != 0 {
        reached.push("the mode of /dev/full".to_owned());
        mode.set_mode(mode.mode() & !0o100);
        fs::set_permissions(full, mode)?;
    }
    if !reached.is_empty() {
        return Err(format!("on the host: {}", reached.join(" ")).into());
    }
    for known in [WRITTEN, "residue.files"] {
        if !said.contains(known) {
            return Err(format!("no {known} in the report: {said}").into());
        }
    }
    Ok(())
}

/// `--write` makes one directory of the host writable, and no other.
fn let_through() -> Result<(), Failed> {
    let [one, other] = [tempfile::tempdir()?, tempfile::tempdir()?];
    let script = format!(
        ": >{}/x; : >{}/x; exec \"$@\"",
        one.path().display(),
        other.path().display()
    );
    let one_path = one.path().display().to_string();
    let words = ["observe", "--write", &one_path];
    let output =
        nsteps(&[&words[..], &["--", "sh", "-c", &script, "sh"]].concat())?
            .stderr(Stdio::piped())
            .output()?;
    let written = [&one, &other].map(|it| it.path().join("x").exists());
    match written {
        [true, false] => Ok(()),
        _ => {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(format!("written: {written:?}; {said}").into())
        }
    }
}
