//! `nsteps record`: writes what a launcher does to a file, for another day.

use crate::cli::Record;
use crate::diff::session::{self, Request};
use crate::form;
use harness::error::{Context, Error, Result};
use harness::host::pids::PidNamespace;
use harness::scenario::Scenario;
use launchers::consequence::Level;
use launchers::look::TWICE;
use launchers::policy::{Named, Policy};
use launchers::record;
use launchers::state::PLAIN;
use std::fs;

/// Runs the launcher and writes the file.
///
/// # Errors
///
/// Fails as `nsteps diff` does, and if the launcher did not run the probe or
/// the file cannot be written.
pub fn run(options: &Record) -> Result<u8> {
    let scenario = options.scenario.unwrap_or_else(Scenario::natural);
    let run = options.launcher.clone();
    let report = session::run(Request {
        launchers: vec![Named { name: run.clone(), run, line: 0 }],
        policy: Policy::none(),
        deny: Level::Cosmetic,
        scenario,
        write: options.write.clone(),
        cgroups: options.cgroups,
        pids: PidNamespace::Own,
        allow_unavailable: false,
        // If secrets are to be hidden, that happens when the file is written.
        show_values: true,
        states: vec![PLAIN],
        situations: Vec::new(),
        repeat: TWICE,
        suggest: false,
    })?;
    let subject = &report.launchers[0];
    let Some(program) = &subject.program else {
        let why = subject.column.did_not_answer.clone().unwrap_or_default();
        return Err(Error::new(format!("nothing is recorded: {why}")));
    };
    let form = record::form(
        &subject.column,
        program,
        session::circumstances(scenario, report.cgroups.cgroups),
        options.show_values,
    )?;
    let path = options.output.display();
    fs::write(&options.output, form::json(&form))
        .context(format_args!("write {path}"))?;
    Ok(0)
}
