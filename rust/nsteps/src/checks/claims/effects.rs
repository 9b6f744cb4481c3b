//! Claims about whole programs: their checks use the effects that `nsteps
//! compare` compares.

use super::{Conditions, Finding};
use compare::known::varies;
use compare::subject::Subject;
use harness::found::Found;
use harness::found::Refusal;
use harness::launcher::{LANGUAGES, Launcher};
use harness::scenario::{Mounts, Scenario};
use harness::step::Step;
use harness::trial::{Alone, Trial};
use probe::Effect;

/// The programs of the post cdne, each with one more namespace.
const ADDING_UP: &[&str] = &[
    "network",
    "net_mount",
    "net_mount_uts",
    "net_mount_uts_ipc",
    "net_mount_uts_ipc_pid",
];

/// The effect of a step on its payload with private mounts, as far as it does
/// not depend on what is installed.
fn effect(
    conditions: &Conditions<'_>,
    name: &str,
    launcher: Launcher,
) -> Found<Effect> {
    let step = Step::named(name).expect("it is in STEPS");
    let scenario =
        Scenario { mounts: Mounts::Private, identity: conditions.identity };
    let trial = Trial { step, launcher, scenario };
    match trial.run(conditions.equipment, &Alone) {
        Ok(mut observed) => {
            let subject = Subject { step: step.name, situation: None };
            observed.effect.0.retain(|key, change| {
                !varies(&subject, scenario, launcher, key, Some(change))
            });
            Ok(observed.effect)
        }
        Err(Refusal::Unavailable(reason)) => Err(Refusal::Unavailable(reason)),
        Err(Refusal::Broken(why)) => Err(Refusal::Broken(why)),
    }
}

/// An effect in one line, without the end of the launcher.
fn in_a_line(effect: &Effect) -> String {
    let words: Vec<_> = effect
        .0
        .iter()
        .filter(|(key, _)| *key != "exit")
        .map(|(key, change)| format!("{key} {change}"))
        .collect();
    if words.is_empty() { "no change".to_owned() } else { words.join(", ") }
}

/// Claim 14: the programs in Go have the effect of those in C.
pub fn go_does_what_c_does(conditions: &Conditions<'_>) -> Found<Finding> {
    let c = effect(conditions, "network", Launcher::C)?;
    let go = effect(conditions, "network", Launcher::Go)?;
    let isolates = |effect: &Effect| {
        effect.0.get("ns.net").is_some_and(|change| change == "new")
    };
    Ok(Finding::plainly(c == go && isolates(&c))
        .seen(format!("c:  {}", in_a_line(&c)))
        .seen(format!("go: {}", in_a_line(&go))))
}

/// Claim 22: each program of the series adds one thing to the one before.
pub fn programs_add_up(conditions: &Conditions<'_>) -> Found<Finding> {
    let mut holds = true;
    let mut finding = Finding::new();
    let mut before = Effect::default();
    for name in ADDING_UP {
        let now = effect(conditions, name, Launcher::C)?;
        let kept = before
            .0
            .iter()
            .all(|(key, change)| now.0.get(key).is_some_and(|it| it == change));
        let more: Vec<&str> = now
            .0
            .keys()
            .filter(|key| *key != "exit" && !before.0.contains_key(*key))
            .map(String::as_str)
            .collect();
        let made = more.iter().filter(|key| key.starts_with("ns.")).count();
        holds &= kept && made == 1;
        let less = if kept { "" } else { ", and less than before" };
        finding = finding.seen(format!("{name}: {}{less}", more.join(" ")));
        before = now;
    }
    Ok(finding.case("", holds))
}

/// Claim 24: the skeleton changes nothing, in every language that is built.
pub fn skeleton_changes_nothing(conditions: &Conditions<'_>) -> Found<Finding> {
    let mut holds = true;
    let mut finding = Finding::new();
    let mut reason = None;
    for launcher in LANGUAGES {
        match effect(conditions, "skeleton", *launcher) {
            Ok(effect) => {
                // The key `exit` is part of every effect.
                holds &= effect.0.keys().eq(["exit"]);
                finding =
                    finding.seen(format!("{launcher}: {}", in_a_line(&effect)));
            }
            Err(Refusal::Unavailable(why)) => reason = Some(why),
            Err(broken) => return Err(broken),
        }
    }
    match reason {
        Some(why) if finding.evidence.is_empty() => {
            Err(Refusal::Unavailable(why))
        }
        _ => Ok(finding.case("", holds)),
    }
}
