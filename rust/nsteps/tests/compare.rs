//! One named trial for each step, launcher and scenario, for each pair of
//! languages that join each other, and for each situation.
//!
//! A trial passes if its launcher has the expected effect, makes exactly the
//! namespaces that the step declares, and the payload and the harness read the
//! same values. The trial `agreement` of a step passes if its launchers differ
//! in nothing that is not explained; the trial of an explanation passes if that
//! is still needed.

mod availability;

use availability::unavailable;
use clap::Parser;
use compare::comparison::Comparison;
use compare::expected::{self, Expected};
use compare::known::{KNOWN_DIFFERENCES, KnownDifference, Seen};
use compare::run::{self, Group, Outcomes, Selection};
use compare::subject::Subject;
use harness::found::Refusal;
use harness::host::Equipment;
use harness::launcher::{LANGUAGES, Launcher};
use harness::scenario::Scenario;
use harness::trial::Outcome;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use nsteps::cli::{Cli, Command};
use nsteps::command::compare::selection;
use std::process::ExitCode;
use std::sync::LazyLock;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    libtest_mimic::run(&arguments, trials()).exit_code()
}

/// Every trial of this test, by name.
fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for Group { subject, scenario, launchers, .. } in
        run::groups(&Selection::everything())
    {
        for launcher in launchers {
            let subject = subject.clone();
            trials.push(Trial::ignorable_test(
                name(&subject, launcher.name(), scenario),
                move || has_the_expected_effect(&subject, launcher, scenario),
            ));
        }
        trials.push(Trial::ignorable_test(
            name(&subject, "agreement", scenario),
            move || agree(&subject, scenario),
        ));
    }
    trials.extend(KNOWN_DIFFERENCES.iter().map(|known| {
        Trial::ignorable_test(known_name(known), move || is_still_seen(known))
    }));
    trials
}

/// A name such as `pid::c::proc_nested/root`, `uts::exit_3::go::private/user`.
fn name(subject: &Subject, launcher: &str, scenario: Scenario) -> String {
    match &subject.situation {
        None => format!("{}::{launcher}::{scenario}", subject.step),
        Some(situation) => {
            format!("{}::{situation}::{launcher}::{scenario}", subject.step)
        }
    }
}

fn known_name(known: &KnownDifference) -> String {
    format!("known::{}", known.slug)
}

/// The outcomes of all launchers.
struct Done {
    outcomes: Outcomes,
    comparisons: Vec<Comparison>,
    equipment: Equipment,
}

/// Everything runs once, on all processors, before the first trial is judged.
static SEEN: LazyLock<Result<Done, String>> = LazyLock::new(|| {
    let equipment = Equipment::gather(None).map_err(|it| it.message)?;
    let outcomes = run::observe(&wanted()?, &equipment);
    let comparisons =
        run::compare(&outcomes, &equipment.layout).map_err(|it| it.message)?;
    Ok(Done { outcomes, comparisons, equipment })
});

/// The selection that the trials named on the command line need.
fn wanted() -> Result<Selection, String> {
    let arguments = Arguments::from_args();
    let everything = Selection::everything();
    let any = |name: String| {
        !arguments.is_filtered_out(&Trial::test(name, || Ok(())))
    };
    if KNOWN_DIFFERENCES.iter().any(|known| any(known_name(known))) {
        return Ok(everything);
    }
    let mut command = vec!["nsteps".to_owned(), "compare".to_owned()];
    for group in run::groups(&everything) {
        let (subject, scenario) = (&group.subject, group.scenario);
        let mut names = group.launchers.iter().map(|it| it.name());
        if any(name(subject, "agreement", scenario))
            || names.any(|it| any(name(subject, it, scenario)))
        {
            command.extend(["--only".to_owned(), subject.step.to_owned()]);
            command.extend(["--scenario".to_owned(), scenario.to_string()]);
        }
    }
    let Command::Compare(options) = Cli::parse_from(command).command else {
        return Err("`nsteps compare` is another command".to_owned());
    };
    Ok(selection(&options))
}

fn seen() -> Result<&'static Done, Failed> {
    SEEN.as_ref().map_err(Failed::from)
}

/// What the launchers of one group did, and the comparison of that.
struct Tried {
    outcomes: &'static [(Launcher, Outcome)],
    comparison: &'static Comparison,
}

fn group(subject: &Subject, scenario: Scenario) -> Result<Tried, Failed> {
    let seen = seen()?;
    seen.outcomes
        .iter()
        .zip(&seen.comparisons)
        .find(|((of, at, _), _)| of == subject && *at == scenario)
        .map(|((.., outcomes), comparison)| Tried { outcomes, comparison })
        .ok_or_else(|| "the trial was not run".into())
}

fn has_the_expected_effect(
    subject: &Subject,
    launcher: Launcher,
    scenario: Scenario,
) -> Result<Completion, Failed> {
    let Tried { outcomes, .. } = group(subject, scenario)?;
    let own = outcomes
        .iter()
        .find(|(it, _)| *it == launcher)
        .ok_or("the trial was not run")?;
    match &own.1 {
        Err(Refusal::Unavailable(reason)) => return unavailable(reason),
        Err(Refusal::Broken(why)) => return Err(why.into()),
        Ok(_) => {}
    }
    let of = |outcomes: &[_], expected| {
        Comparison::of(subject.clone(), scenario, outcomes, expected)
    };
    if LANGUAGES.contains(&launcher) {
        let layout = &seen()?.equipment.layout;
        let file = layout.expected().join(expected::file_of(subject));
        let expected = Expected::read(&file).map_err(|it| it.message)?;
        return verdict(&of(std::slice::from_ref(own), Some(&expected)));
    }
    // The control has no expected effect: it must do what one of the languages
    // does.
    let beside: Vec<Comparison> = outcomes
        .iter()
        .filter(|(it, _)| LANGUAGES.contains(it))
        .map(|language| of(&[language.clone(), own.clone()], None))
        .collect();
    match beside.iter().find(|it| it.differing().next().is_none()) {
        Some(_) => Ok(Completion::Completed),
        None => beside.first().map_or(
            Err("there is no language to compare it with".into()),
            verdict,
        ),
    }
}

/// Passes if nothing differs; else lists what does.
fn verdict(comparison: &Comparison) -> Result<Completion, Failed> {
    let differing: Vec<String> = comparison
        .differing()
        .map(|(row, why)| format!("{}: {why}", row.key))
        .collect();
    if differing.is_empty() {
        return Ok(Completion::Completed);
    }
    Err(differing.join("\n").into())
}

fn agree(subject: &Subject, scenario: Scenario) -> Result<Completion, Failed> {
    let Tried { outcomes, comparison } = group(subject, scenario)?;
    if comparison.unavailable.len() == outcomes.len() {
        return unavailable(&comparison.unavailable[0].1);
    }
    verdict(comparison)
}

fn is_still_seen(
    known: &'static KnownDifference,
) -> Result<Completion, Failed> {
    let comparisons = &seen()?.comparisons;
    if comparisons.iter().any(|it| it.explanations().contains(&known)) {
        return Ok(Completion::Completed);
    }
    if known.seen == Seen::Sometimes {
        return Ok(Completion::ignored_with("not with what is installed here"));
    }
    let reasons = comparisons.iter().flat_map(|it| &it.unavailable);
    match reasons.map(|(_, reason)| reason).next() {
        Some(reason) => unavailable(&format!("not seen, but: {reason}")),
        None => {
            Err("no trial shows this difference any more: remove its entry \
                     in known.rs and its page"
                .into())
        }
    }
}
