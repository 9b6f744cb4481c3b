//! The view from outside must be able to contradict the payload: each value
//! that it reads is falsified once.

mod availability;

use availability::unavailable;
use harness::found::Refusal;
use harness::host::Equipment;
use harness::paths::PROBE;
use harness::sandbox::Sandbox;
use harness::sandbox::listen::{self, Answer, Running};
use harness::sandbox::plan::{Plan, Tree};
use harness::sandbox::protocol::Command;
use harness::scenario::{Identity, Mounts, Scenario};
use harness::timeout::deadline;
use harness::trial::outside::view;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use probe::{Mount, Observation, Reading};
use std::process::ExitCode;
use std::sync::LazyLock;

/// Falsifies an existing value, or returns the reason why it cannot.
type Falsify = fn(&mut Observation) -> Result<(), &'static str>;

/// The falsified value, the beginning of the expected message, and the function
/// that falsifies it.
type Lie = (&'static str, &'static str, Falsify);

/// Replaces a value by another one.
fn set(
    seen: &mut Observation,
    key: &str,
    value: &str,
) -> Result<(), &'static str> {
    let reading = seen.readings.get_mut(key).ok_or("there is no such key")?;
    let lie = Reading::Value(value.to_owned());
    if *reading == lie {
        return Err("the false value is the real one");
    }
    *reading = lie;
    Ok(())
}

fn mounts(seen: &mut Observation) -> Result<&mut Vec<Mount>, &'static str> {
    match &mut seen.mounts {
        Ok(mounts) if mounts.len() > 1 => Ok(mounts),
        _ => Err("there is no mount table"),
    }
}

const LIES: &[Lie] = &[
    ("uts", "ns.uts is", |seen| set(seen, "ns.uts", "uts:[1]")),
    ("net", "ns.net is", |seen| set(seen, "ns.net", "net:[1]")),
    ("uid", "ids.uid is", |seen| set(seen, "ids.uid", "1")),
    ("gid", "ids.gid is", |seen| set(seen, "ids.gid", "1")),
    ("uid_map", "id_maps.uid is", |seen| set(seen, "id_maps.uid", "0 0 17")),
    ("gid_map", "id_maps.gid is", |seen| set(seen, "id_maps.gid", "5 0 17")),
    ("ignored_signals", "signals.ignored is", |seen| {
        set(seen, "signals.ignored", "SIGPIPE")
    }),
    ("blocked_signals", "signals.blocked is", |seen| {
        set(seen, "signals.blocked", "SIGUSR1")
    }),
    ("effective_capabilities", "capabilities.effective is", |seen| {
        set(seen, "capabilities.effective", "KILL")
    }),
    ("bounding_capabilities", "capabilities.bounding is", |seen| {
        set(seen, "capabilities.bounding", "none")
    }),
    ("no_new_privs", "security.no_new_privs is", |seen| {
        set(seen, "security.no_new_privs", "yes")
    }),
    ("seccomp", "security.seccomp is", |seen| {
        set(seen, "security.seccomp", "strict")
    }),
    ("umask", "umask is", |seen| set(seen, "umask", "0123")),
    ("oom_score_adj", "scheduling.oom_score_adj is", |seen| {
        set(seen, "scheduling.oom_score_adj", "17")
    }),
    ("cgroup", "cgroup.", |seen| {
        let key = seen.readings.keys().find(|it| it.starts_with("cgroup."));
        let key = key.ok_or("there is no cgroup")?.clone();
        set(seen, &key, "/somewhere/else")
    }),
    ("a_mount_left_out", "", |seen| {
        let mounts = mounts(seen)?;
        mounts.pop().map(drop).ok_or("there is no mount")
    }),
    ("options_of_a_mount", "a mount is", |seen| {
        mounts(seen)?[0].options = "ro".to_owned();
        Ok(())
    }),
    ("place_of_a_mount", "a mount is", |seen| {
        mounts(seen)?[1].at = "/elsewhere".to_owned();
        Ok(())
    }),
    ("peers_of_a_mount", "a mount is", |seen| {
        mounts(seen)?[1].shared = Some(4711);
        Ok(())
    }),
];

fn main() -> ExitCode {
    let truth =
        Trial::ignorable_test("the_true_values_agree", || in_a_sandbox(agree));
    let lies = LIES.iter().map(|(name, words, falsify)| {
        Trial::ignorable_test(format!("false_value::{name}"), || {
            in_a_sandbox(|init, truth| {
                agree(init, truth)?;
                let mut told = truth.clone();
                falsify(&mut told)?;
                let found = view(init, &told).disagreements;
                // If mounts are missing, the message begins with a number.
                let words = match *words {
                    "" => format!("{} mounts", mounts(&mut told)?.len()),
                    words => words.to_owned(),
                };
                // The message uses the kernel's words, and not Rust's.
                if let Some(debug) = found.iter().find(|it| it.contains('{')) {
                    return Err(format!(
                        "not in the words of proc(5): {debug}"
                    )
                    .into());
                }
                if found.iter().any(|it| it.starts_with(&words)) {
                    return Ok(());
                }
                Err(format!(
                    "no message begins with `{words}`, only: {found:?}"
                )
                .into())
            })
        })
    });
    let trials = std::iter::once(truth).chain(lies).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

static EQUIPMENT: LazyLock<Result<Equipment, String>> =
    LazyLock::new(|| Equipment::gather(None).map_err(|it| it.message));

/// There is no disagreement about what a payload really observes.
fn agree(init: i32, truth: &Observation) -> Result<(), Failed> {
    let found = view(init, truth).disagreements;
    if found.is_empty() {
        return Ok(());
    }
    Err(format!("differences without a false value: {found:?}").into())
}

/// Holds a probe in a sandbox. Returns the sandbox's init and the probe's
/// observation.
fn in_a_sandbox(
    look: impl FnOnce(i32, &Observation) -> Result<(), Failed>,
) -> Result<Completion, Failed> {
    let equipment = EQUIPMENT.as_ref()?;
    let scenario =
        Scenario { mounts: Mounts::Shared, identity: Identity::User };
    let plan = Plan::of(scenario, Tree::Small, equipment);
    let mut sandbox = match Sandbox::enter(&plan, equipment) {
        Ok(sandbox) => sandbox,
        Err(Refusal::Unavailable(reason)) => return unavailable(&reason),
        Err(Refusal::Broken(why)) => return Err(why.into()),
    };
    let (_held, truth) = held(&mut sandbox).map_err(|it| it.message)?;
    look(sandbox.init(), &truth)?;
    Ok(Completion::Completed)
}

fn held(
    sandbox: &mut Sandbox,
) -> Result<(Running, Observation), harness::error::Error> {
    let answer = Answer::new()?;
    let argv = [&[PROBE.to_owned()][..], &answer.held()].concat();
    let command = Command { argv, ..Command::default() };
    let mut running = sandbox.run_probe(&command, answer)?;
    let (truth, _) = listen::observation(&mut running, deadline())?;
    Ok((running, truth))
}
