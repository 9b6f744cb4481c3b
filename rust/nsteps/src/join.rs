//! The nine pairs: a container made by one language, joined by another.
//!
//! Here, and only here, identity is literal: whoever joins must show the very
//! inodes and the very mount table of the container.

use crate::equipment::Equipment;
use crate::error::{Context, Error, Result};
use crate::launcher::Launcher;
use crate::sandbox::protocol::Command;
use crate::sandbox::{
    NEWROOT, PROBE_IN_NEWROOT, PROGRAMS, Plan, Refusal, Sandbox, Scenario,
    Tree, deadline, read_line, read_to_end,
};
use crate::step::{Namespace, Step};
use crate::trial::{Observed, Outcome, complaint, observation_in};
use probe::Observation;

/// Lets every joiner join the container of one maker.
pub fn outcomes(
    maker: Launcher,
    joiners: &[Launcher],
    scenario: Scenario,
    equipment: &Equipment,
) -> Vec<(Launcher, Outcome)> {
    let all = |outcome: Outcome| {
        joiners.iter().map(|it| (*it, outcome.clone())).collect()
    };
    let mut plan = Plan::of(scenario, Tree::Small, equipment);
    match &equipment.rootfs {
        Ok(rootfs) => plan.rootfs = Some(rootfs.clone()),
        Err(error) => return all(Outcome::Unavailable(error.message.clone())),
    }
    let mut sandbox = match Sandbox::enter(&plan, equipment) {
        Ok(sandbox) => sandbox,
        Err(Refusal::Unavailable(reason)) => {
            return all(Outcome::Unavailable(reason));
        }
        Err(Refusal::Broken(why)) => return all(Outcome::Broken(why)),
    };
    match held_container(&mut sandbox, maker) {
        Err(error) => all(Outcome::Broken(error.message)),
        Ok((container, pid, _hold)) => joiners
            .iter()
            .map(|joiner| {
                let outcome = join(&mut sandbox, *joiner, &container, pid);
                let outcome = match outcome {
                    Ok(observed) => Outcome::Observed(Box::new(observed)),
                    Err(error) => Outcome::Broken(error.message),
                };
                (*joiner, outcome)
            })
            .collect(),
    }
}

/// Starts a container and holds its payload: what it says, its pid in the
/// sandbox, and what holds it.
///
/// # Errors
///
/// The container's payload said nothing that can be understood.
pub fn held_container(
    sandbox: &mut Sandbox,
    maker: Launcher,
) -> Result<(Observation, i32, crate::sandbox::Running)> {
    let step = Step::named("container").expect("it is in STEPS");
    let payload = [PROBE_IN_NEWROOT, "--json", "--hold"];
    let argv = maker.argv(step, PROGRAMS, Some(NEWROOT), &payload);
    let mut running = sandbox.run(&Command { argv, ..Command::default() })?;
    let said = read_line(&mut running.stdout, deadline());
    let container = observation_in(said.text())
        .map_err(|error| Error::new(format!("{maker}'s container: {error}")))?;
    let outer = crate::outside::find(sandbox.init(), &container)
        .context("find the container from outside")?;
    let pid = crate::outside::pid_as_seen_by(sandbox.init(), outer)?;
    Ok((container, pid, running))
}

fn join(
    sandbox: &mut Sandbox,
    joiner: Launcher,
    container: &Observation,
    pid: i32,
) -> Result<Observed> {
    let step = Step::named("join").expect("it is in STEPS");
    let pid = pid.to_string();
    // The payload's path is in the eyes of who is inside already.
    let payload = [PROBE_IN_NEWROOT, "--json"];
    let argv = joiner.argv(step, PROGRAMS, Some(&pid), &payload);
    let mut running = sandbox.run(&Command { argv, ..Command::default() })?;
    let stdout = read_to_end(&mut running.stdout, deadline());
    let ended = sandbox.wait(running.pid, deadline())?;
    let stderr = read_to_end(&mut running.stderr, deadline());
    let mut observed = Observed::default();
    let exit = ended.map_or("never".into(), |it| it.status.to_string());
    observed.effect.change("exit", exit);
    match observation_in(&stdout) {
        Ok(seen) => {
            for namespace in Namespace::ALL {
                let key = format!("ns.{namespace}");
                let same = seen.value(&key).is_some()
                    && seen.value(&key) == container.value(&key);
                let whose = if same { "the container's" } else { "another" };
                observed.effect.change(key, whose);
            }
            let same = seen.mounts.is_ok() && seen.mounts == container.mounts;
            let table = if same { "identical" } else { "another" };
            observed.effect.change("mounts", table);
        }
        Err(_) => {
            let stderr = String::from_utf8_lossy(&stderr);
            observed.effect.change("refused", complaint(&stderr));
        }
    }
    Ok(observed)
}
