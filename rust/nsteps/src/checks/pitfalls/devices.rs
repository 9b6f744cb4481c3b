//! What a payload meets in a root whose /dev is empty.

use super::{GO, Programs, RUST};
use crate::checks::pitfalls::pitfall::Evidence;
use crate::checks::session::Conditions;
use harness::found::Found;
use harness::paths::NEWROOT;

/// Where /dev/null is needed, and what comes of it where there is none.
pub fn empty_dev(conditions: &Conditions<'_>) -> Found<Evidence> {
    /// Before this version Go leaves closed what was closed.
    const GO_OPENS_NULL: (u32, u32, u32) = (1, 22, 0);
    let mut programs = Programs::with_new_root(conditions)?;
    for launcher in [RUST, GO] {
        let launch = programs.program(launcher, "pitfalls/launch")?;
        let there = format!("{NEWROOT}/{launcher}-launch");
        programs.session.run(&["cp", &launch, &there])?.well()?;
    }
    let throws = programs.go_version()? >= GO_OPENS_NULL;
    let mut evidence = Evidence::new();
    for (case, script, empty, filled) in [
        ("c, streams closed", closed("/bin/true"), 0, 0),
        ("rust, streams closed", closed("/rust-launch libc -"), 134, 0),
        (
            "rust, streams closed, as PID 1",
            "exec /rust-launch libc - <&- >&- 2>&-".to_owned(),
            139,
            0,
        ),
        (
            "go, streams closed",
            closed("/go-launch version -"),
            if throws { 2 } else { 0 },
            0,
        ),
        ("go, os/exec, nothing set", "/go-launch cmd_bare true".into(), 125, 0),
        (
            "rust, Command::output",
            "/rust-launch command_output true".into(),
            125,
            0,
        ),
        (
            "a shell, nothing in /dev/null that was sent there",
            "echo something >/dev/null; test ! -s /dev/null".to_owned(),
            1,
            0,
        ),
    ] {
        for (step, described) in [("pivot_root", empty), ("container", filled)]
        {
            let payload = [NEWROOT, "sh", "-c", script.as_str()];
            let said = programs.step(RUST, step, &payload)?;
            evidence.see(
                format_args!("{case}, in {step}"),
                &format!("ends with {}", said.status),
                &format!("ends with {described}"),
            );
        }
    }
    Ok(evidence)
}

/// A command without standard streams, in a process of its own: a shell would
/// become the last one, and so PID 1.
fn closed(command: &str) -> String {
    format!("(exec {command} <&- >&- 2>&-); exit $?")
}
