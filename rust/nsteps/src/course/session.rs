//! Tries a program of the user's own as a step: alone in every scenario, then
//! in the situations around a step.

use super::Result;
use compare::requirement::judge::{Tried, judge, situations};
use harness::found::Refusal;
use harness::host::Equipment;
use harness::scenario::{Identity, Scenario};
use harness::step::{Arguments, Step};
use harness::trial::performer::OwnProgram;
use harness::trial::situation::{self, Situation};
use harness::trial::{self, Outcome, join};
use harness::workers;

/// One trial that is to be done.
struct Task {
    situation: Option<&'static Situation>,
    scenario: Scenario,
}

/// Checks a program in these scenarios.
pub fn check(
    step: &'static Step,
    program: &OwnProgram,
    scenarios: &[Scenario],
    equipment: &Equipment,
) -> Result {
    let tried = tries(step, program, scenarios, equipment);
    let not_looked_at = tried
        .iter()
        .filter(|it| it.situation.is_none())
        .filter_map(|it| match &it.outcome {
            Err(refusal) => Some((it.scenario, refusal.clone().into_reason())),
            Ok(_) => None,
        })
        .collect();
    Result {
        step,
        words: program.words().to_vec(),
        judged: judge(step, &tried).map_err(|error| error.message),
        not_looked_at,
    }
}

/// Every trial of a program. Where it does not run its command at first, nothing
/// else is tried: each trial would wait as long.
fn tries(
    step: &'static Step,
    program: &OwnProgram,
    scenarios: &[Scenario],
    equipment: &Equipment,
) -> Vec<Tried> {
    let work = |task: &Task| Tried {
        situation: task.situation,
        scenario: task.scenario,
        outcome: outcome(step, program, task, equipment),
    };
    let mut tasks = tasks(step, scenarios);
    let mut done = Vec::new();
    while !tasks.is_empty() {
        let first = work(&tasks.remove(0));
        let has_looked = first.outcome.is_ok();
        let goes_on = match &first.outcome {
            Ok(observed) => observed.did_not_answer.is_none(),
            Err(Refusal::Unavailable(_)) => true,
            Err(Refusal::Broken(_)) => false,
        };
        done.push(first);
        if !goes_on {
            return done;
        }
        if has_looked {
            break;
        }
    }
    let name = |task: &Task| match task.situation {
        Some(it) => format!("{} {}", step.name, it.name),
        None => format!("{} {}", step.name, task.scenario),
    };
    done.extend(workers::in_order(&tasks, work, name));
    done
}

/// What is to be tried, in order: the step alone in each scenario, then each
/// situation, under its mounts, by the same users.
fn tasks(step: &'static Step, scenarios: &[Scenario]) -> Vec<Task> {
    let mut tasks: Vec<Task> = scenarios
        .iter()
        .map(|scenario| Task { situation: None, scenario: *scenario })
        .collect();
    let mut identities: Vec<Identity> = Vec::new();
    for scenario in scenarios {
        if !identities.contains(&scenario.identity) {
            identities.push(scenario.identity);
        }
    }
    for situation in situations(step) {
        tasks.extend(identities.iter().map(|identity| Task {
            situation: Some(situation),
            scenario: Scenario {
                mounts: situation.mounts,
                identity: *identity,
            },
        }));
    }
    tasks
}

fn outcome(
    step: &'static Step,
    program: &OwnProgram,
    task: &Task,
    equipment: &Equipment,
) -> Outcome {
    let Task { situation, scenario } = *task;
    match (situation, step.arguments) {
        (Some(it), _) => {
            situation::of_own(program, it, step, scenario, equipment)
        }
        (None, Arguments::Pid) => join::of_own(program, scenario, equipment),
        (None, _) => trial::of_own(program, step, scenario, equipment),
    }
}
