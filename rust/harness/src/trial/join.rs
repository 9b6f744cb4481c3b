//! The nine pairs of languages: one makes a container, the other joins it.
//!
//! Here namespaces are compared by identity: a launcher that joins must show
//! the inodes and the mount table of the container.

use crate::error::{Context, Error, Result};
use crate::found::Refusal;
use crate::host::Equipment;
use crate::launcher::Launcher;
use crate::paths::{NEWROOT, PROBE_IN_NEWROOT};
use crate::sandbox::Sandbox;
use crate::sandbox::listen::{self, Answer, Running, read_to_end};
use crate::sandbox::plan::{Plan, Tree};
use crate::sandbox::protocol::Command;
use crate::scenario::Scenario;
use crate::step::{Namespace, Step};
use crate::timeout::deadline;
use crate::trial::performer::{OwnProgram, Performer};
use crate::trial::unless_overrun;
use crate::trial::{Observed, Outcome, error_message, exit};
use probe::Observation;
use std::time::Instant;

/// The value of a namespace's key if it is the container's own.
pub const THE_CONTAINERS: &str = "the container's";
/// The value of the mount table's key if it is the container's own.
pub const IDENTICAL: &str = "identical";

/// The outcomes of every joining launcher in the container of one maker.
pub fn outcomes(
    maker: Launcher,
    joiners: &[Launcher],
    scenario: Scenario,
    equipment: &Equipment,
) -> Vec<(Launcher, Outcome)> {
    let all = |outcome: Outcome| {
        joiners.iter().map(|it| (*it, outcome.clone())).collect()
    };
    let missing = |launcher: Launcher, step: &str| {
        let step = Step::named(step).expect("it is in STEPS");
        launcher.missing(step, &equipment.layout)
    };
    if let Some(reason) = missing(maker, "container") {
        return all(Err(Refusal::Unavailable(reason)));
    }
    let mut plan = Plan::of(scenario, Tree::Small, equipment);
    match &equipment.rootfs {
        Ok(rootfs) => plan.rootfs = Some(rootfs.clone()),
        Err(error) => {
            return all(Err(Refusal::Unavailable(error.message.clone())));
        }
    }
    let mut sandbox = match Sandbox::enter(&plan, equipment) {
        Ok(sandbox) => sandbox,
        Err(Refusal::Unavailable(reason)) => {
            return all(Err(Refusal::Unavailable(reason)));
        }
        Err(Refusal::Broken(why)) => return all(Err(Refusal::Broken(why))),
    };
    match held_container(&mut sandbox, maker) {
        Err(error) => all(Err(Refusal::Broken(error.message))),
        Ok((container, pid, _hold)) => joiners
            .iter()
            .map(|joiner| {
                if let Some(reason) = missing(*joiner, "join") {
                    return (*joiner, Err(Refusal::Unavailable(reason)));
                }
                let joiner_itself = Performer::Launcher(*joiner);
                let outcome =
                    join(&mut sandbox, joiner_itself, &container, pid);
                let outcome = match outcome {
                    Ok(observed) => Ok(Box::new(observed)),
                    Err(error) => Err(Refusal::Broken(error.message)),
                };
                (*joiner, outcome)
            })
            .collect(),
    }
}

/// Lets a program of the user's own join the container that the steps in Rust
/// make.
pub fn of_own(
    program: &OwnProgram,
    scenario: Scenario,
    equipment: &Equipment,
) -> Outcome {
    let performer = Performer::Own(program);
    let maker = performer.maker();
    let container = Step::named("container").expect("it is in STEPS");
    if let Some(reason) = maker.missing(container, &equipment.layout) {
        return Err(Refusal::Unavailable(reason));
    }
    let mut plan = performer.adapt(Plan::of(scenario, Tree::Small, equipment));
    let unavailable =
        |error: &Error| Refusal::Unavailable(error.message.clone());
    let rootfs = equipment.rootfs.as_ref().map_err(unavailable)?;
    plan.rootfs = Some(rootfs.clone());
    let mut sandbox = Sandbox::enter(&plan, equipment)?;
    let (container, pid, _hold) = held_container(&mut sandbox, maker)?;
    let outcome = join(&mut sandbox, performer, &container, pid)
        .map(Box::new)
        .map_err(Refusal::from);
    unless_overrun(&sandbox, outcome)
}

/// Starts a container and holds its payload: what it says, its pid in the
/// sandbox, and what holds it.
///
/// # Errors
///
/// Fails if the container's payload gives no observation.
pub fn held_container(
    sandbox: &mut Sandbox,
    maker: Launcher,
) -> Result<(Observation, i32, Running)> {
    let step = Step::named("container").expect("it is in STEPS");
    let answer = Answer::new()?;
    let maker_itself = Performer::Launcher(maker);
    let mut running =
        run_probe(sandbox, maker_itself, step, NEWROOT, answer.held(), answer)?;
    let (container, _) = listen::observation(&mut running, deadline())
        .context(format_args!("observe the container of {maker}"))?;
    let outer = crate::descendants::find(sandbox.init(), &container)
        .context("find the container from outside")?;
    let pid = crate::descendants::pid_as_seen_by(sandbox.init(), outer)?;
    Ok((container, pid, running))
}

/// Starts a step whose payload is the probe in the new root.
fn run_probe(
    sandbox: &mut Sandbox,
    performer: Performer<'_>,
    step: &Step,
    operand: &str,
    arguments: Vec<String>,
    answer: Answer,
) -> Result<Running> {
    // The path for a process that is already in the new root.
    let mut payload = vec![PROBE_IN_NEWROOT];
    payload.extend(arguments.iter().map(String::as_str));
    let argv = performer.argv(step, Some(operand), &payload);
    let directory = performer.directory();
    let command = Command { argv, directory, ..Command::default() };
    sandbox.run_probe(&command, answer)
}

fn join(
    sandbox: &mut Sandbox,
    joiner: Performer<'_>,
    container: &Observation,
    pid: i32,
) -> Result<Observed> {
    let step = Step::named("join").expect("it is in STEPS");
    let pid = pid.to_string();
    let answer = Answer::new()?;
    let mut running =
        run_probe(sandbox, joiner, step, &pid, answer.once(), answer)?;
    let answer = listen::observation(&mut running, deadline());
    let ended = sandbox.wait(running.pid, deadline())?;
    let stderr = read_to_end(&mut running.stderr, Instant::now());
    let mut observed = Observed::default();
    observed.effect.change("exit", exit(ended.as_ref()));
    match answer {
        Ok((seen, _)) => {
            for namespace in Namespace::ALL {
                let key = format!("ns.{namespace}");
                let same = seen.value(&key).is_some()
                    && seen.value(&key) == container.value(&key);
                let whose = if same { THE_CONTAINERS } else { "another" };
                observed.effect.change(key, whose);
            }
            let same = seen.mounts.is_ok() && seen.mounts == container.mounts;
            let table = if same { IDENTICAL } else { "another" };
            observed.effect.change("mounts", table);
        }
        Err(_) => {
            let stderr = String::from_utf8_lossy(&stderr);
            observed.effect.change("refused", error_message(&stderr));
            observed.said = stderr.into_owned();
        }
    }
    Ok(observed)
}
