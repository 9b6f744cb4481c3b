//! `nsteps diff`: launchers compared by what their payload observes.

use crate::cli::Diff;
use crate::diff::{self, Report};
use crate::form;
use crate::terminal::output;
use harness::error::Result;
use harness::host::{Equipment, machine};
use harness::interrupt;
use harness::scenario::Scenario;
use harness::workers;
use launchers::look::{self, Conditions, Launcher};
use launchers::provenance::{self, Provenance};
use launchers::spec::Spec;
use launchers::state::{PLAIN, STATES, State};
use launchers::verdict::{Policy, decide};
use std::time::Instant;

/// Runs each launcher, compares, reports, and returns the status of the
/// verdict: 0, 1 or 2.
///
/// # Errors
///
/// Fails if no adapter has the name that a launcher begins with, if the machine
/// allows no sandbox, or if it was interrupted.
pub fn run(options: &Diff) -> Result<u8> {
    let equipment = Equipment::gather(None)?;
    let begun = Instant::now();
    let scenario = options.scenario.unwrap_or_else(Scenario::natural);
    let specs: Vec<Spec> = options
        .launchers
        .iter()
        .map(|text| Spec::parse(text))
        .collect::<Result<_>>()?;
    let conditions = Conditions {
        equipment: &equipment,
        scenario,
        writable: &options.write,
    };
    workers::make_room()?;
    let launchers: Vec<Launcher> = specs.iter().map(launcher).collect();
    let programs = programs(&launchers, &conditions)?;
    let repeat = usize::from(options.repeat);
    let states = look::all(&launchers, &states(options), repeat, &conditions)?;
    let verdict = decide(&states, &Policy { deny: options.deny });
    let report = Report {
        launchers: &launchers,
        states: &states,
        programs: &programs,
        verdict: &verdict,
        scenario,
        machine: machine::in_a_few_words(),
        seconds: begun.elapsed().as_secs_f64(),
    };
    let text = match options.json {
        true => form::json(&diff::json::form(&report)),
        false => diff::text::text(&report),
    };
    output::print(&text)?;
    Ok(verdict.status)
}

/// The states that the command line names.
fn states(options: &Diff) -> Vec<&'static State> {
    if options.states.is_some() {
        return STATES.iter().collect();
    }
    if options.state.is_empty() {
        return vec![PLAIN];
    }
    let is_named = |it: &&State| options.state.contains(it);
    STATES.iter().filter(is_named).collect()
}

/// Makes a launcher. Where its program or its bundle cannot be used, its column
/// says why, and the others are compared all the same.
fn launcher(spec: &Spec) -> Launcher {
    Launcher {
        name: spec.text.clone(),
        prepared: spec.prepare().map_err(|error| error.message),
    }
}

/// What really runs.
fn programs(
    launchers: &[Launcher],
    conditions: &Conditions<'_>,
) -> Result<Vec<Provenance>> {
    let Conditions { equipment, scenario, .. } = conditions;
    let programs = workers::in_order(
        launchers,
        |it| match &it.prepared {
            Err(_) => Ok(Provenance::unknown(it.name.clone())),
            Ok(it) => provenance::of(&it.program, *scenario, equipment),
        },
        |it| it.name.clone(),
    );
    interrupt::check()?;
    programs.into_iter().collect()
}
