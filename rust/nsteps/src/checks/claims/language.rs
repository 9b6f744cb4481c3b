//! Claims about a language: a stack in C, goroutines in Go. The programs are in
//! the directories `pitfalls` of the two.

use super::{Conditions, Finding};
use harness::found::Found;
use harness::launcher::Launcher;
use harness::scenario::Mounts;

/// The case in which claim 20 holds.
pub const ON_THE_MAIN_STACK: &str =
    "it lies on the main stack, and the child has a copy";

/// How often the goroutine is tried until it counts as safe.
const BOUND: usize = 20;
/// How often the goroutine that is locked to its thread is tried.
const TIED: usize = 3;

/// Claim 20: the same clone with three arrays as stacks.
pub fn low_end_of_a_stack(conditions: &Conditions<'_>) -> Found<Finding> {
    let toolchain = Launcher::C.toolchain();
    let program = conditions.program("c/pitfalls/lowstack", toolchain)?;
    let mut session = conditions.session(Mounts::Private)?;
    let mut finding = Finding::new();
    for (mode, condition) in [
        ("stack", Some(ON_THE_MAIN_STACK)),
        ("vm", Some("the child shares its parent's memory")),
        // What is below the static array depends on the linker.
        ("static", None),
    ] {
        let said = session.run(&[program.as_str(), mode])?;
        let end = match said.status {
            0 => said.stdout.clone(),
            // The status that a shell shows after SIGSEGV.
            139 => format!("{mode}: the parent was killed by signal 11"),
            other => format!("{mode}: ended with {other}: {}", said.stderr),
        };
        let works = said.status == 0 && said.stdout.contains("exited with 0");
        finding = finding.seen(end);
        if let Some(condition) = condition {
            finding = finding.case(condition, works);
        }
    }
    Ok(finding)
}

/// Claim 23: tries until the goroutine is seen in another namespace, or until
/// the bound.
pub fn goroutine_leaks(conditions: &Conditions<'_>) -> Found<Finding> {
    let program = conditions
        .program("go/pitfalls/goroutine", Launcher::Go.toolchain())?;
    let mut session = conditions.session(Mounts::Private)?;
    let mut elsewhere = |argv: &[&str]| -> Found<(String, bool)> {
        let said = session.run(argv)?.well()?;
        let stayed = said.ends_with(" 0 elsewhere");
        Ok((said, !stayed))
    };
    let mut finding = Finding::new();
    let mut leaks = false;
    for run in 1..=BOUND {
        let (said, leaked) = elsewhere(&[&program])?;
        if leaked || run == BOUND {
            let why = if leaked { "the proof" } else { "the bound" };
            finding =
                finding.seen(format!("not tied, run {run}: {said} ({why})"));
            leaks = leaked;
            break;
        }
    }
    let mut cured = true;
    for run in 1..=TIED {
        let (said, leaked) = elsewhere(&[&program, "locked"])?;
        cured &= !leaked;
        if leaked || run == TIED {
            let why = if leaked { "no cure" } else { "the bound" };
            finding = finding.seen(format!(
                "runtime.LockOSThread, run {run}: {said} ({why})"
            ));
            break;
        }
    }
    Ok(finding.case("", leaks && cured))
}
