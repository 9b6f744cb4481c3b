//! Which process is PID 1, and which processes live longer.

use super::{C, GO, Programs, RUST};
use crate::checks::pitfalls::pitfall::Evidence;
use crate::checks::session::Conditions;
use harness::found::Found;
use harness::trial::witness::{WITNESS, arrives, lives};
use nix::libc::SIGINT;

/// Waits until PID 1 has done what a signal makes it do.
///
/// kill(2) wakes a thread of PID 1 before it returns, unless PID 1 ignores the
/// signal.  That thread sleeps again when it has handled it.  Then an orphan
/// ends, and PID 1 has to run to wait for it.  Where PID 1 ends instead, the
/// kernel kills the shell too.
const UNTIL_INIT_RESTS: &str = "busy=yes
while [ \"$busy\" ]; do
    busy=
    for stat in /proc/1/task/*/stat; do
        read -r line <\"$stat\" || line=
        case ${line##*) } in S*) ;; *) busy=yes ;; esac
    done
done
orphan=$(sh -c 'true & echo $!')
while [ -e \"/proc/$orphan\" ]; do :; done";

/// Which init dies of a signal from inside.
pub fn signals(conditions: &Conditions<'_>) -> Found<Evidence> {
    const LIVES_ON: &str = "the payload lives on";
    const ENDS: &str = "init ends, and every process with it";
    let mut programs = Programs::new(conditions)?;
    let mut evidence = Evidence::new();
    for (launcher, signal, described) in [
        (C, "TERM", LIVES_ON),
        (C, "HUP", LIVES_ON),
        (C, "QUIT", LIVES_ON),
        (C, "SEGV", LIVES_ON),
        (C, "KILL", LIVES_ON),
        (RUST, "TERM", LIVES_ON),
        (RUST, "HUP", LIVES_ON),
        // The runtime of another program in Rust would catch it.
        (RUST, "SEGV", LIVES_ON),
        (GO, "TERM", ENDS),
        (GO, "HUP", ENDS),
        (GO, "QUIT", ENDS),
        (GO, "SEGV", ENDS),
        (GO, "USR1", LIVES_ON),
        (GO, "PIPE", LIVES_ON),
        (GO, "CHLD", LIVES_ON),
        (GO, "KILL", LIVES_ON),
    ] {
        let script =
            format!("kill -{signal} 1\n{UNTIL_INIT_RESTS}\necho lives");
        let payload = ["sh", "-c", script.as_str()];
        let said = programs.step(launcher, "unshare_init", &payload)?;
        // Go's runtime says at once that it ends, then prints the stacks of
        // all threads; the payload may still speak meanwhile.
        let is_ending = said.stderr.contains(&format!("SIG{signal}: "));
        let seen = match said.stdout.as_str() {
            "lives" if !is_ending => LIVES_ON,
            _ => ENDS,
        };
        let case = format!("{launcher}, SIG{signal} for PID 1 from inside");
        evidence.see(case, seen, described);
    }
    super::init_from_outside::signals(&mut programs, &mut evidence)?;
    reaps_too_much(&mut programs, &mut evidence)?;
    Ok(evidence)
}

/// What a library says of its child if another thread waits for every child.
fn reaps_too_much(
    programs: &mut Programs<'_>,
    evidence: &mut Evidence,
) -> Found<()> {
    /// How many children there may be before none counts as none.
    const CHILDREN: &str = "500";
    for (launcher, case) in [
        (C, "c, system(3) beside waitpid(-1)"),
        (RUST, "rust, Command beside waitpid(-1)"),
        (GO, "go, os/exec beside Wait4(-1)"),
    ] {
        let said = programs.run(launcher, "reaper", &[CHILDREN])?.well()?;
        let lost = said.to_lowercase().contains(": no child process")
            || said.contains(": waitid: no child processes");
        let why = if lost { "the proof" } else { "the bound" };
        evidence.judge(
            case,
            &format!("{said} ({why})"),
            lost,
            "the status of a child is lost",
        );
    }
    Ok(())
}

/// Which processes live on after Ctrl-C has ended their launcher.
pub fn orphan(conditions: &Conditions<'_>) -> Found<Evidence> {
    let mut evidence = Evidence::new();
    for launcher in [C, GO, RUST] {
        for (step, described) in [
            ("skeleton", "the launcher dies, the payload dies"),
            ("pid_oldproc", "the launcher dies, the payload lives on"),
        ] {
            let mut programs = Programs::new(conditions)?;
            let program = programs.program(launcher, step)?;
            // A group of its own, as a shell makes for each of its jobs.
            let argv = ["setsid", &program, WITNESS];
            let mut running = programs.session.start(&argv)?;
            arrives(&mut running)?;
            let kill = format!("kill -s {SIGINT} -- -{}", running.pid);
            programs.session.sh(&kill)?.well()?;
            programs.session.ended(running.pid)?;
            let payload = match lives(&mut running)? {
                true => "the payload lives on",
                false => "the payload dies",
            };
            let seen = format!("the launcher dies, {payload}");
            evidence.see(format!("{launcher}, {step}"), &seen, described);
        }
    }
    Ok(evidence)
}
