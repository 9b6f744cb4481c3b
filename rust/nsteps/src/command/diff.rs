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
use launchers::provenance;
use launchers::spec::Spec;
use launchers::verdict::{Policy, decide};
use std::time::Instant;

/// Runs each launcher, compares, reports, and returns the status of the
/// verdict: 0, 1 or 2.
///
/// # Errors
///
/// Fails if a launcher is not of a form that an adapter takes, if the machine
/// allows no sandbox, or if it was interrupted. No launcher has been started
/// where one is not of such a form.
pub fn run(options: &Diff) -> Result<u8> {
    let equipment = Equipment::gather(None)?;
    let begun = Instant::now();
    let scenario = options.scenario.unwrap_or_else(Scenario::natural);
    let mut prepared = Vec::new();
    for text in &options.launchers {
        prepared.push((text.clone(), Spec::parse(text)?.prepare()?));
    }
    let conditions = Conditions {
        equipment: &equipment,
        scenario,
        writable: &options.write,
    };
    let (mut columns, mut programs) = (Vec::new(), Vec::new());
    for (name, it) in prepared {
        programs.push(provenance::of(&it.program, scenario, &equipment)?);
        columns.push(look::twice(name, &it, &conditions)?);
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
