//! What goes wrong where there is more than one thread.

use super::{C, GO, Programs, RUST, by, in_one_line};
use crate::checks::pitfalls::pitfall::Evidence;
use crate::checks::session::Conditions;
use harness::found::{Found, Refusal};
use harness::launcher::Launcher;
use harness::must_run::LATER_GO;

/// Maximum number of runs before a race counts as not reproduced.
const BOUND: usize = 20;
/// How often a cure is looked at.
const CURED: usize = 3;

/// Runs something until it says what is the proof, or often enough.  Gives
/// the words in which evidence tells it.
fn until(
    programs: &mut Programs<'_>,
    (launcher, name): (Launcher, &str),
    words: &[&str],
    proof: impl Fn(&str) -> bool,
) -> Found<(bool, String)> {
    for run in 1..=BOUND {
        let said = programs.run(launcher, name, words)?.well()?;
        if proof(&said) {
            return Ok((true, format!("run {run}: {said} (the proof)")));
        }
    }
    Ok((false, format!("not in {BOUND} runs (the bound)")))
}

/// The same for what must never happen.
fn never(
    programs: &mut Programs<'_>,
    (launcher, name): (Launcher, &str),
    words: &[&str],
    proof: impl Fn(&str) -> bool,
) -> Found<(bool, String)> {
    let mut last = String::new();
    for run in 1..=CURED {
        last = programs.run(launcher, name, words)?.well()?;
        if proof(&last) {
            return Ok((false, format!("run {run}: {last}")));
        }
    }
    Ok((true, format!("{CURED} runs: {last} (the bound)")))
}

/// What happens to a thread that has unshared, and what the main thread does.
pub fn goroutines(conditions: &Conditions<'_>) -> Found<Evidence> {
    const GOROUTINE: (Launcher, &str) = (GO, "goroutine");
    const MAIN: (Launcher, &str) = (GO, "main_thread");
    const IN_THE_NEW: &str = "a thread made after unshare uts: in the new one";
    const IN_THE_OLD: &str = "a thread made after unshare uts: in the old one";
    let mut programs = Programs::new(conditions)?;
    let mut evidence = Evidence::new();
    let left = |said: &str| !said.ends_with(" 0 elsewhere");
    let (leaks, seen) = until(&mut programs, GOROUTINE, &[], left)?;
    evidence.judge("go, not locked", &seen, leaks, "it is seen elsewhere");
    let (stays, seen) = never(&mut programs, GOROUTINE, &["locked"], left)?;
    evidence.judge("go, LockOSThread", &seen, stays, "never elsewhere");
    let for_ever = |said: &str| said.ends_with("for ever");
    let (trapped, seen) = until(&mut programs, MAIN, &[], for_ever)?;
    let case = "go, a locked goroutine ends on the main thread";
    evidence.judge(case, &seen, trapped, "the process is trapped");
    let (free, seen) = never(&mut programs, MAIN, &["kept"], for_ever)?;
    let case = "go, the same, main thread locked in init()";
    evidence.judge(case, &seen, free, "the process is in the old one");
    for (launcher, described) in
        [(C, IN_THE_NEW), (RUST, IN_THE_NEW), (GO, IN_THE_OLD)]
    {
        let said = programs.run(launcher, "threads", &["alone"])?.well()?;
        let seen = said.lines().last().unwrap_or_default().to_owned();
        let case = match launcher {
            GO => "go, locked".to_owned(),
            _ => launcher.to_string(),
        };
        evidence.see(case, &seen, described);
    }
    Ok(evidence)
}

/// Which process is the first child of a launcher that has unshared.
pub fn hidden_first_child(conditions: &Conditions<'_>) -> Found<Evidence> {
    const NAME: &str = "hidden_first_child";
    let mut programs = Programs::new(conditions)?;
    let version = programs.go_version()?;
    if version < (1, 23, 3) {
        return Err(Refusal::Unavailable(format!(
            "{LATER_GO} 1.23.3 or later, which looks for pidfds by a clone; \
             this one is built with Go {}.{}.{}",
            version.0, version.1, version.2
        )));
    }
    let mut evidence = Evidence::new();
    for (way, case, described) in [
        (
            "command",
            "go, os/exec after unshare",
            "exec.Command: cannot allocate memory",
        ),
        (
            "warm",
            "go, the same after a start before it",
            "a start before: ok | pid 1 | exec.Command: ok",
        ),
        (
            "forkexec",
            "go, syscall.ForkExec after unshare",
            "pid 1 | syscall.ForkExec: ok",
        ),
    ] {
        let said = programs.run(GO, NAME, &[way])?;
        evidence.see(case, &in_one_line(&said), described);
    }
    for launcher in [C, RUST] {
        let payload = ["sh", "-c", "test $PPID = 1"];
        let said = programs.step(launcher, "unshare_init", &payload)?;
        let seen = match (said.status, said.error_message()) {
            (0, "nothing") => "its first child is PID 1",
            (_, error_message) => error_message,
        };
        let case = format!("{launcher}, fork after unshare (unshare_init)");
        evidence.see(case, seen, "its first child is PID 1");
    }
    Ok(evidence)
}

/// What one thread may do, and one of two may not.
pub fn threads_and_setns(conditions: &Conditions<'_>) -> Found<Evidence> {
    const OK: &str = "setns mnt: ok, unshare user: ok, unshare uts: ok";
    const INVALID: &str = "setns mnt: invalid argument, unshare user: \
                           invalid argument, unshare uts: ok";
    let mut programs = Programs::new(conditions)?;
    let mut evidence = Evidence::new();
    for (launcher, words, case, described) in [
        (C, "alone", "c, one thread", OK),
        (RUST, "alone", "rust, one thread", OK),
        (C, "beside", "c, two threads", INVALID),
        (RUST, "beside", "rust, two threads", INVALID),
        (GO, "locked", "go, always", INVALID),
    ] {
        let said = programs.run(launcher, "threads", &[words])?.well()?;
        let calls: Vec<String> = said
            .lines()
            .take(3)
            .map(|line| line.replace("Invalid", "invalid"))
            .collect();
        evidence.see(case, &calls.join(", "), described);
    }
    whose_change(&mut programs, &mut evidence)?;
    Ok(evidence)
}

/// Which threads have a change that one of them made.
fn whose_change(
    programs: &mut Programs<'_>,
    evidence: &mut Evidence,
) -> Found<()> {
    const ALL: &str = "every thread";
    const ONE: &str = "this thread alone";
    let is_root = !programs.conditions.is_an_ordinary_user();
    for (way, case, described, needs_root) in [
        ("setuid", "setuid of the library", ALL, true),
        ("raw_setuid", "setuid, the system call", ONE, true),
        ("no_new_privs", "PR_SET_NO_NEW_PRIVS", ONE, false),
        ("chdir", "chdir", ALL, false),
        ("own_chdir", "chdir after unshare(CLONE_FS)", ONE, false),
    ] {
        // An ordinary user has no second id to change to.
        if needs_root && !is_root {
            continue;
        }
        for launcher in [C, GO, RUST] {
            let said = programs.run(launcher, "thread_ids", &[way])?.well()?;
            evidence.see(format!("{launcher}, {case}"), &said, described);
        }
    }
    let said = programs.run(GO, "thread_ids", &["all_threads"])?.well()?;
    let case = "go, PR_SET_NO_NEW_PRIVS by AllThreadsSyscall";
    evidence.see(case, &said, ALL);
    Ok(())
}

/// Which child is killed while its parent lives.
pub fn pdeathsig(conditions: &Conditions<'_>) -> Found<Evidence> {
    let mut programs = Programs::new(conditions)?;
    let mut evidence = Evidence::new();
    for (launcher, words, case, described) in [
        (C, "main", "c, made by main", "lived"),
        (C, "thread", "c, made by a thread that ends", "killed"),
        (RUST, "main", "rust, made by main", "lived"),
        (RUST, "thread", "rust, made by a thread that ends", "killed"),
        (GO, "main", "go, started by main, which is locked", "lived"),
        (GO, "locked", "go, started by a locked goroutine that ends", "killed"),
    ] {
        let said = programs.run(launcher, "pdeathsig", &[words])?.well()?;
        evidence.see(case, &said, described);
    }
    Ok(evidence)
}

/// Which children hang on a lock that another thread held when they were
/// cloned.
pub fn locks_after_clone(conditions: &Conditions<'_>) -> Found<Evidence> {
    /// How many children there may be before none counts as none.
    const CHILDREN: &str = "2000";
    /// How many have to end, of those that never hang.
    const SAFE: &str = "200";
    let mut programs = Programs::new(conditions)?;
    let mut evidence = Evidence::new();
    for (launcher, lock, way, hangs) in [
        (C, "malloc", "clone", true),
        (C, "malloc", "fork", false),
        (C, "stdout", "clone", true),
        (C, "stdout", "fork", false),
        (RUST, "malloc", "clone", true),
        (RUST, "malloc", "fork", false),
        (RUST, "stdout", "clone", true),
        (RUST, "stdout", "fork", true),
    ] {
        let children = if hangs { CHILDREN } else { SAFE };
        let words = [lock, way, children];
        let said = programs.run(launcher, "locks", &words)?.well()?;
        let hung = said.ends_with(" hung") && said.starts_with("child ");
        let why = if hung { "the proof" } else { "the bound" };
        evidence.judge(
            format!("{}, {lock}", by(launcher, way)),
            &format!("{said} ({why})"),
            hung == hangs,
            if hangs { "a child hangs" } else { "none hangs" },
        );
    }
    Ok(evidence)
}
