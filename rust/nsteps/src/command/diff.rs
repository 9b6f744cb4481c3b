//! `nsteps diff`: launchers compared by what their payload observes.

use crate::cli::Diff;
use crate::diff::{self, Report};
use crate::form;
use crate::terminal::output;
use harness::error::Result;
use harness::host::{Equipment, machine};
use harness::interrupt;
use harness::scenario::Scenario;
use launchers::look::{self, Conditions};
use launchers::matrix::Column;
use launchers::provenance::{self, Provenance};
use launchers::spec::Spec;
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
    let equipment = Equipment::for_launchers()?;
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
    let (mut columns, mut programs) = (Vec::new(), Vec::new());
    for spec in specs {
        let (column, program) = look_at(&spec, &conditions)?;
        columns.push(column);
        programs.push(program);
        interrupt::check()?;
    }
    let verdict = decide(&columns, &Policy { deny: options.deny });
    let report = Report {
        columns: &columns,
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

/// Looks at one launcher. Where its program or its bundle cannot be used, its
/// column says why, and the others are compared all the same.
fn look_at(
    spec: &Spec,
    conditions: &Conditions<'_>,
) -> Result<(Column, Provenance)> {
    let name = spec.text.clone();
    let prepared = match spec.prepare() {
        Ok(prepared) => prepared,
        Err(error) => {
            let program = Provenance::unknown(name.clone());
            return Ok((Column::not_started(name, error.message), program));
        }
    };
    let Conditions { equipment, scenario, .. } = conditions;
    let program = provenance::of(&prepared.program, *scenario, equipment)?;
    Ok((look::twice(name, &prepared, conditions)?, program))
}
