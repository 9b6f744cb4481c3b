//! `nsteps check`: a program of the user's own, checked as a step.

use crate::cli::Check;
use crate::course::text::{self, Shown};
use crate::course::{Result as Checked, Stage, json, junit, session, status};
use crate::form;
use crate::terminal::output;
use crate::terminal::text::width;
use harness::error::{Context, Error, Result};
use harness::host::{Equipment, machine};
use harness::interrupt;
use harness::scenario::{SCENARIOS, Scenario};
use harness::step::{STEPS, Step};
use harness::trial::performer::OwnProgram;
use std::fs;
use std::path::Path;
use std::time::Instant;

/// Checks, reports, and returns 0 if every requirement is met, 1 if one is not,
/// 2 if one could not be looked at.
///
/// # Errors
///
/// Fails if the program or the directory is not there, or if a report cannot be
/// written.
pub fn run(options: &Check) -> Result<u8> {
    if options.list {
        let steps: Vec<&'static Step> = match options.step {
            Some(step) => vec![step],
            None => STEPS.iter().collect(),
        };
        return output::print(&text::list(&steps, width())?).map(|()| 0);
    }
    let begun = Instant::now();
    let programs = programs(options)?;
    let equipment = Equipment::for_launchers()?;
    let scenarios = scenarios(options);
    let stages: Vec<Stage> = programs
        .into_iter()
        .map(|(step, program)| Stage {
            step,
            result: program.map(|it| match it {
                Ok(it) => session::check(step, &it, &scenarios, &equipment),
                Err((words, error)) => not_checked(step, words, error),
            }),
        })
        .collect();
    interrupt::check()?;
    let seconds = begun.elapsed().as_secs_f64();
    for path in &options.report {
        let results: Vec<&Checked> =
            stages.iter().filter_map(|it| it.result.as_ref()).collect();
        let without = stages.iter().filter(|it| it.result.is_none());
        let missing: Vec<&str> = without.map(|it| it.step.name).collect();
        let text = junit::junit(&results, &missing, seconds)?;
        fs::write(path, text)
            .context(format_args!("write {}", path.display()))?;
    }
    let shown = match options.explain {
        true => Shown::Answer,
        false => Shown::Hint,
    };
    let layout = &equipment.layout;
    let text = match (options.json, stages.as_slice()) {
        (true, _) => {
            let machine = machine::in_a_few_words();
            let explained = options.explain;
            form::json(&json::form(&stages, explained, machine, seconds))
        }
        (false, [Stage { result: Some(it), .. }]) if options.next.is_none() => {
            text::result(it, shown, layout, width())
        }
        (false, all) => text::next(all, shown, layout, width()),
    };
    output::print(&text)?;
    Ok(status(&stages))
}

/// A program, or its command line and why it cannot be checked.
type Candidate = std::result::Result<OwnProgram, (Vec<String>, Error)>;

/// The programs that are to be checked, each with the step that it is to be.
fn programs(
    options: &Check,
) -> Result<Vec<(&'static Step, Option<Candidate>)>> {
    if let Some(dir) = &options.next {
        return in_directory(dir);
    }
    let step = options.step.ok_or_else(|| {
        Error::new("check wants a step: nsteps check STEP -- ./my-program")
    })?;
    if options.program.is_empty() {
        return Err(Error::new(format!(
            "check wants a program: nsteps check {} -- ./my-program",
            step.name
        )));
    }
    Ok(vec![(step, Some(Ok(OwnProgram::of(&options.program)?)))])
}

/// The program of each step in a directory, by the step's name.
fn in_directory(dir: &Path) -> Result<Vec<(&'static Step, Option<Candidate>)>> {
    let dir = fs::canonicalize(dir)
        .context(format_args!("open the directory {}", dir.display()))?;
    if !dir.is_dir() {
        return Err(Error::new(format!(
            "{} is not a directory",
            dir.display()
        )));
    }
    let of = |step: &'static Step| {
        let program = dir.join(step.name);
        let found = fs::symlink_metadata(&program).is_ok().then(|| {
            let words = vec![program.display().to_string()];
            OwnProgram::of(&words).map_err(|error| (words, error))
        });
        (step, found)
    };
    Ok(STEPS.iter().map(of).collect())
}

fn not_checked(
    step: &'static Step,
    words: Vec<String>,
    error: Error,
) -> Checked {
    let judged = Err(error.message);
    Checked { step, words, judged, not_looked_at: Vec::new() }
}

/// The scenarios that were chosen, in order, or all; the one that needs the
/// least is the first.
fn scenarios(options: &Check) -> Vec<Scenario> {
    let chosen = options.scenario.concat();
    let mut all: Vec<Scenario> = SCENARIOS
        .iter()
        .copied()
        .filter(|it| chosen.is_empty() || chosen.contains(it))
        .collect();
    all.sort_by_key(|it| *it != Scenario::natural());
    all
}
