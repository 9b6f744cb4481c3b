//! SIGINT and SIGTERM end a run and all its processes, soon.

use crate::availability::unavailable;
use crate::{Found, Tried, program};
use harness::descendants::descendants;
use harness::timeout::{any_readable, deadline};
use libtest_mimic::{Completion, Failed};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub const TRIALS: &[Tried] = &[
    ("a_signal_ends_all_processes_soon::observe", || {
        ended(&["observe", "--", "sh", "-c", HOLD])
    }),
    ("a_signal_ends_all_processes_soon::trace", || {
        ended(&["trace", "--", "sh", "-c", HOLD])
    }),
    ("a_signal_ends_all_processes_soon::diff", || {
        ended(&["diff", "env", &format!("sh -c '{HOLD}'")])
    }),
    ("a_signal_ends_all_processes_soon::run_in_a_sandbox", || {
        ended(&["run", "uts", "--sandbox", "--", "sh", "-c", HOLD])
    }),
];

/// A launcher that only SIGKILL ends.
const HOLD: &str = "trap \"\" TERM INT; while :; do sleep 1000; done";

/// How long the end may take on a machine on which a whole run takes no time.
const SOON: Duration = Duration::from_secs(2);

fn ended(words: &[&str]) -> Found {
    let begun = Instant::now();
    let tried = Command::new(program()?)
        .args(["run", "skeleton", "--sandbox", "--", "true"])
        .stdin(Stdio::null())
        .output()?;
    if !tried.status.success() {
        return unavailable(String::from_utf8_lossy(&tried.stderr).trim());
    }
    // On a slow machine it may take as long as several runs.
    let soon = SOON.max(begun.elapsed() * 5);
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        // A caller in the background of a script ignores SIGINT.
        let mut run = Command::new("env")
            .arg("--default-signal=INT,TERM")
            .arg(program()?)
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let found = signalled(&mut run, signal, soon);
        // It has ended already, unless that is what is wrong.
        let _ = run.kill();
        run.wait()?;
        found?;
    }
    Ok(Completion::Completed)
}

/// Sends the signal when the launcher has been started, and waits for the end of
/// every process that was there.
fn signalled(
    run: &mut Child,
    signal: Signal,
    soon: Duration,
) -> Result<(), Failed> {
    let pid = run.id().cast_signed();
    let until = deadline();
    let is_held = || {
        descendants(pid).iter().any(|it| {
            let path = format!("/proc/{}/comm", it.pid());
            std::fs::read_to_string(path).is_ok_and(|it| it == "sleep\n")
        })
    };
    while !is_held() {
        if run.try_wait()?.is_some() || Instant::now() > until {
            return Err("the launcher was not started".into());
        }
        std::thread::yield_now();
    }
    let all: Vec<OwnedFd> = descendants(pid)
        .iter()
        .map(harness::descendants::Descendant::pid)
        .chain([pid])
        .filter_map(|pid| kernel::pidfd_open(pid).ok())
        .collect();
    let begun = Instant::now();
    kill(Pid::from_raw(pid), signal)?;
    for process in &all {
        if !any_readable(&[process.as_fd()], begun + soon) {
            return Err(
                format!("{signal}: a process is there after {soon:?}").into()
            );
        }
    }
    Ok(())
}
