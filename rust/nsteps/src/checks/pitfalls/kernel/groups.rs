//! How far kill(0) reaches.

use super::super::{C, GO, RUST};
use crate::checks::pitfalls::pitfall::Evidence;
use crate::checks::session::{Conditions, Session};
use harness::found::Found;
use harness::launcher::Launcher;
use harness::paths::{NEWROOT, PROGRAMS};
use harness::scenario::Mounts;
use harness::step::{Arguments, Step};

/// A payload that signals its process group.
const PAYLOAD: &[&str] = &["sh", "-c", "kill -TERM 0"];
/// The same in a session, and so in a group, of its own.
const APART: &[&str] = &["setsid", "sh", "-c", "kill -TERM 0"];
/// Runs a launcher, and is of the same group: that of a session that is new,
/// so that nothing else is.
const CALLER: &[&str] = &["setsid", "sh", "-c", "\"$@\"; echo lives on", "sh"];

const KILLED: &str = "is killed by SIGTERM";
const LIVES: &str = "lives on";

/// What the payload of a launcher does to the launcher's caller.
pub fn kill_0(conditions: &Conditions<'_>) -> Found<Evidence> {
    let mut evidence = Evidence::new();
    for (step, payload, how, described) in [
        ("skeleton", PAYLOAD, "", KILLED),
        ("pid", PAYLOAD, "", KILLED),
        ("container", PAYLOAD, "", KILLED),
        ("rootless", PAYLOAD, "", KILLED),
        ("pid", APART, ", whose payload setsid(1) starts", LIVES),
        ("container", APART, ", whose payload setsid(1) starts", LIVES),
        ("rootless", APART, ", whose payload setsid(1) starts", LIVES),
    ] {
        let step = Step::named(step).expect("it is in STEPS");
        let mut seen = Vec::new();
        for launcher in [C, GO, RUST] {
            let caller = caller_of_step(conditions, launcher, step, payload)?;
            seen.push(format!("{launcher}: {caller}"));
        }
        let case = format!("{}{how}", step.name);
        evidence.see(case, &in_common(&seen), described);
    }
    let control = [&["unshare", "--pid", "--fork"], PAYLOAD].concat();
    let mut session = conditions.session(Mounts::Private)?;
    let seen = caller_of(&mut session, &control)?;
    evidence.see("unshare(1), --pid --fork", &seen, KILLED);
    Ok(evidence)
}

/// What becomes of the caller of a step.
fn caller_of_step(
    conditions: &Conditions<'_>,
    launcher: Launcher,
    step: &Step,
    payload: &[&str],
) -> Found<String> {
    let program = format!("{launcher}/{}", step.name);
    conditions.program(&program, launcher.toolchain())?;
    let subject = (step.arguments == Arguments::NewRoot).then_some(NEWROOT);
    let mut session = match subject {
        Some(_) => conditions.session_with_new_root(Mounts::Private)?,
        None => conditions.session(Mounts::Private)?,
    };
    let argv = launcher.argv(step, PROGRAMS, subject, payload);
    let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
    caller_of(&mut session, &argv)
}

/// What was seen of every language, or of each where they differ.
fn in_common(seen: &[String]) -> String {
    let what = |it: &str| it.split_once(": ").map(|(_, it)| it.to_owned());
    let first = seen.first().and_then(|it| what(it));
    match first {
        Some(first)
            if seen.iter().all(|it| what(it) == Some(first.clone())) =>
        {
            first
        }
        _ => seen.join("; "),
    }
}

/// What becomes of the caller of a launcher.
fn caller_of(session: &mut Session<'_>, argv: &[&str]) -> Found<String> {
    let said = session.run(&[CALLER, argv].concat())?;
    Ok(match (said.status, said.stdout.ends_with(LIVES)) {
        (143, false) => KILLED.to_owned(),
        (0, true) => LIVES.to_owned(),
        _ => format!(
            "ends with {}: {} {}",
            said.status, said.stdout, said.stderr
        ),
    })
}
