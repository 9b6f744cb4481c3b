//! Claims about the pid namespace.

use super::{Conditions, Finding};
use harness::found::Found;
use harness::paths::OBSERVED_PROC;
use harness::scenario::Mounts;
use harness::trial::witness::{
    LEAVES_A_WITNESS, WITNESS, arrives, is_left, lives,
};
use nix::libc::SIGTERM;

/// Lists every process that the mounted /proc shows.
const PS: &[&str] = &["ps", "-e", "-o", "pid=", "-o", "comm="];
/// A process for the checks, which must not keep a pipe open.
const SLEEP: &str = "sleep 1000 </dev/null >/dev/null 2>&1";

/// Claim 8: ps(1) shows the processes of the procfs that is mounted at /proc.
pub fn proc_decides_what_ps_shows(
    conditions: &Conditions<'_>,
) -> Found<Finding> {
    conditions.needs("ps", "procps")?;
    let mut session = conditions.session(Mounts::Private)?;
    let outside = in_a_line(&session.run(PS)?.well()?);
    let script = format!("echo $$; {}; true", PS.join(" "));
    let old = session.step_sh("pid_oldproc", &script)?.well()?;
    let (own, old) = old.split_once('\n').unwrap_or_default();
    let old = in_a_line(old);
    let new = in_a_line(&session.step("pid", PS)?.well()?);
    // The processes of the sandbox: its init, and an unrelated process.
    let others: Vec<_> =
        outside.split(", ").filter(|it| !it.ends_with(" ps")).collect();
    let all_listed = others.len() > 1
        && others.iter().all(|it| old.split(", ").any(|line| line == *it));
    let holds = own == "1" && all_listed && new == "1 ps";
    Ok(Finding::plainly(holds)
        .seen(format!("outside, ps: {outside}"))
        .seen(format!("old /proc, getpid() {own}, ps: {old}"))
        .seen(format!("new /proc, ps: {new}")))
}

/// The output of ps, in one line.
fn in_a_line(ps: &str) -> String {
    ps.lines().map(str::trim).collect::<Vec<_>>().join(", ")
}

/// Claim 36: execve(2) keeps the pid, and a child has another one.
pub fn exec_keeps_the_pid(conditions: &Conditions<'_>) -> Found<Finding> {
    let mut session = conditions.session(Mounts::Private)?;
    let mut pids = |script: &str| -> Found<(String, String)> {
        let said = session.step_sh("pid", script)?.well()?;
        let (before, after) = said.split_once('\n').unwrap_or_default();
        Ok((before.to_owned(), after.to_owned()))
    };
    let exec = pids("echo $$; exec sh -c 'echo $$'")?;
    let fork = pids("echo $$; sh -c 'echo $$'; true")?;
    let holds = exec.0 == "1" && exec.0 == exec.1 && fork.0 != fork.1;
    Ok(Finding::plainly(holds)
        .seen(format!("exec: {}, then {}", exec.0, exec.1))
        .seen(format!("fork and exec: {}, then {}", fork.0, fork.1)))
}

/// Claim 9: all processes end with PID 1. Without a pid namespace a process
/// that is left behind lives on.
pub fn all_end_with_pid_1(conditions: &Conditions<'_>) -> Found<Finding> {
    let mut finding = Finding::new();
    let mut holds = true;
    for (step, words, outlives) in [
        ("pid", "PID 1", false),
        ("skeleton", "a command without a namespace", true),
    ] {
        let mut session = conditions.session(Mounts::Private)?;
        let argv = conditions.step(step, &["sh", "-c", LEAVES_A_WITNESS])?;
        let mut running = session.start(&argv)?;
        is_left(&mut running)?;
        // When a launcher learns that PID 1 has ended, the kernel has already
        // killed all other processes of the namespace.
        session.ended(running.pid)?;
        let survives = lives(&mut running)?;
        holds &= survives == outlives;
        let fate = if survives { "lives on" } else { "has been killed" };
        finding = finding.seen(format!("{words} has ended: its child {fate}"));
    }
    Ok(finding.case("", holds))
}

/// Claim 16: the first child in a new pid namespace has pid 1.
pub fn first_child_is_pid_1(conditions: &Conditions<'_>) -> Found<Finding> {
    let mut session = conditions.session(Mounts::Private)?;
    let said = session.demonstrate(&["pid_for_children"])?.well()?;
    let after = |what: &str| {
        said.lines().find_map(|line| line.strip_prefix(what)).unwrap_or("?")
    };
    let holds = after("before unshare, getpid(): ")
        == after("after it, getpid(): ")
        && after("first child, getpid(): ") == "1"
        && after("it has ended; the next fork: ") == "ENOMEM";
    Ok(said.lines().fold(Finding::plainly(holds), Finding::seen))
}

/// Claim 26: init adopts orphans. The parent of `sleep` ends at once; then
/// `sleep` is killed, and only its new parent can wait for it.
pub fn init_adopts_orphans(conditions: &Conditions<'_>) -> Found<Finding> {
    let mut session = conditions.session(Mounts::Private)?;
    let script = format!(
        "set -- $(sh -c '{SLEEP} & echo $! $$')
         orphan=$1
         [ -e /proc/$2 ] || echo \"its parent $2 has ended\"
         read -r init </proc/1/comm
         grep PPid /proc/$orphan/status
         echo $init
         kill -KILL $orphan
         while [ -e /proc/$orphan ]; do :; done
         echo \"killed, and waited for\""
    );
    let said = session.step_sh("unshare_init", &script)?.well()?;
    let lines: Vec<&str> = said.lines().collect();
    let holds = matches!(
        lines.as_slice(),
        [parent, "PPid:\t1", "unshare_init", "killed, and waited for"]
            if parent.ends_with("has ended")
    );
    let ppid = lines.get(1).map_or("?", |it| it.trim());
    let init = lines.get(2).unwrap_or(&"?");
    Ok(Finding::plainly(holds)
        .seen(format!("an orphan: {}", lines.first().unwrap_or(&"?")))
        .seen(format!("{}, which is {init}", ppid.replace('\t', " ")))
        .seen((*lines.last().unwrap_or(&"?")).to_owned()))
}

/// Claim 27: a process is seen from the pid namespaces above it, and from no
/// other.
pub fn seen_from_above_only(conditions: &Conditions<'_>) -> Found<Finding> {
    let mut session = conditions.session(Mounts::Private)?;
    let other = session.start(&["sh", "-c", &format!("exec {SLEEP}")])?;
    let script =
        format!("echo $$; cd /proc; echo [0-9]*; kill -0 {} 2>&1", other.pid);
    let held = session.hold_step("pid", &script)?;
    // A process of the namespace below has two pids; the last one is that in
    // its own namespace.
    let status = format!("cat {OBSERVED_PROC}/[0-9]*/status");
    let status = session.sh(&status)?.stdout;
    let outer: Vec<String> = status
        .lines()
        .filter_map(|it| it.strip_prefix("NSpid:\t"))
        .filter(|it| it.ends_with("\t1"))
        .map(|it| it.replace('\t', " "))
        .collect();
    let said = held.said.clone();
    session.release(held)?;
    let lines: Vec<&str> = said.lines().collect();
    let alone = matches!(
        lines.as_slice(),
        ["1", "1", refused] if refused.contains("No such process")
    );
    let above = matches!(outer.as_slice(), [one] if one != "1 1");
    let refused = lines.last().unwrap_or(&"?");
    Ok(Finding::plainly(alone && above)
        .seen(format!("outside, NSpid of the command: {}", outer.join(", ")))
        .seen(format!("inside, in /proc: {}", lines.get(1).unwrap_or(&"?")))
        .seen(format!("inside, kill -0 {}: {refused}", other.pid)))
}

/// Claim 28: signals reach processes outside; with a pid namespace as the
/// control.
pub fn signals_reach_outside(conditions: &Conditions<'_>) -> Found<Finding> {
    let mut finding = Finding::new();
    let mut holds = true;
    for (step, words, reaches) in [
        ("skeleton", "without a pid namespace", true),
        ("pid", "with one", false),
    ] {
        let mut session = conditions.session(Mounts::Private)?;
        let mut other = session.start(&[WITNESS])?;
        arrives(&mut other)?;
        let kill = format!("kill -TERM {} 2>&1", other.pid);
        let said = session.step_sh(step, &kill)?;
        let words = if lives(&mut other)? {
            holds &= !reaches && said.stdout.contains("No such process");
            format!("{words}: {}", said.stdout)
        } else {
            let status = session.ended(other.pid)?;
            holds &=
                reaches && status == 128 + SIGTERM && said.stdout.is_empty();
            format!("{words}: the other process ended with {status}")
        };
        finding = finding.seen(words);
    }
    Ok(finding.case("", holds))
}
