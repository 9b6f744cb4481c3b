//! What PID 1 notices of signals that a process outside sends it, and of a
//! fault of its own.

use super::{C, GO, Programs, RUST};
use crate::checks::pitfalls::pitfall::Evidence;
use harness::found::Found;
use harness::launcher::Launcher;

/// What PID 1 has no handler for; each of them ends another process.
const DROPPED: &[&str] = &["HUP", "INT", "QUIT", "TERM", "USR1", "SEGV"];

/// Sends signals from the sandbox to the payload of `pid_oldproc`,
/// which is PID 1 and has no handler; and lets a payload fault.
pub fn signals(
    programs: &mut Programs<'_>,
    evidence: &mut Evidence,
) -> Found<()> {
    const LIVES_ON: &str = "the payload lives on";
    const ENDS: &str = "the payload ends";
    const STOPS: &str = "the payload stops until SIGCONT";
    for launcher in [C, GO, RUST] {
        let all: Vec<String> =
            DROPPED.iter().map(|it| format!("SIG{it}")).collect();
        let send = |pid: &str| {
            format!(
                "for it in {}; do kill -s $it {pid} || :; done",
                DROPPED.join(" ")
            )
        };
        let seen = answer(programs, launcher, send)?;
        let case = format!("{launcher}, {} from outside", all.join(", "));
        evidence.see(case, seen.unwrap_or(ENDS), LIVES_ON);

        let seen =
            answer(programs, launcher, |pid| format!("kill -s KILL {pid}"))?;
        let case = format!("{launcher}, SIGKILL from outside");
        evidence.see(case, seen.unwrap_or(ENDS), ENDS);

        // Said by a process that waits until the kernel has stopped it.
        let stop = |pid: &str| {
            format!(
                "kill -s STOP {pid}
                 while ! grep -q '^State:.T' /proc/{pid}/status; do
                     [ -e /proc/{pid} ] || exit 0
                 done
                 kill -s CONT {pid}"
            )
        };
        let seen = answer(programs, launcher, stop)?.map(|_| STOPS);
        let case = format!("{launcher}, SIGSTOP from outside");
        evidence.see(case, seen.unwrap_or(ENDS), STOPS);
    }
    let fault = programs.program(C, "pitfalls/fault")?;
    let said = programs.step(RUST, "pid_oldproc", &[&fault])?;
    let seen = match said.status {
        139 => ENDS.to_owned(),
        status => format!("it ends with {status}"),
    };
    evidence.see("rust, PID 1 writes to address 0", &seen, ENDS);
    Ok(())
}

/// Whether the payload still answers after a shell has run `script` with its
/// pid in the sandbox.  No pause is needed: a signal that is not dropped ends
/// a process before its next instruction.
fn answer(
    programs: &mut Programs<'_>,
    launcher: Launcher,
    script: impl Fn(&str) -> String,
) -> Found<Option<&'static str>> {
    let program = programs.program(launcher, "pid_oldproc")?;
    // The procfs is the sandbox's, and so is the number in it. A shell has a
    // handler for SIGINT, and becomes wc(1), which has none and answers when
    // its input ends.
    let payload = "read -r pid _ </proc/self/stat; echo $pid
        echo ready
        exec wc -c";
    let held = programs.session.hold_sh(&[&program], payload)?;
    let pid = held.said.lines().next_back().unwrap_or_default().to_owned();
    let script = script(&pid);
    programs
        .session
        .sh(&format!(
            "while read -r name </proc/{pid}/comm; do
                 [ $name != wc ] || break
             done
             {script}"
        ))?
        .well()?;
    let said = programs.session.release(held)?;
    Ok((said.stdout == "0").then_some("the payload lives on"))
}
