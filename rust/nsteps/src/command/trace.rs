//! `nsteps trace`: the system calls by which each language performs a step,
//! side by side; or those of any command line.

use crate::cli::{Trace, Tracer};
use crate::command::step_named;
use crate::equipment::Equipment;
use crate::error::{Error, Result, TROUBLE};
use crate::launcher::{LANGUAGES, LAUNCHERS, Launcher};
use crate::sandbox::Scenario;
use crate::step::Step;
use crate::timeout::timeout;
use crate::trace::print::{Column, Table};
use crate::trace::stage::{PAYLOAD, Stage};
use crate::trace::{Request, tracer};
use crate::{output, sys};
use anstyle::Style;
use serde_json::json;
use std::fmt::Write;
use std::time::Duration;

const STRONG: Style = Style::new().bold();

/// What a reader has whose terminal says nothing.
const USUAL_WIDTH: usize = 80;

/// Traces, and prints what was seen.
///
/// # Errors
///
/// Tracing is forbidden here, or nothing of what was asked for can be run.
pub fn run(options: &Trace) -> Result<u8> {
    let equipment = Equipment::gather(None)?;
    let scenario = match &options.scenario {
        None => Scenario::natural(),
        Some(name) => Scenario::named(name).ok_or_else(|| {
            Error::new(format!(
                "no scenario is called {name}: try private/user"
            ))
        })?,
    };
    let (head, columns, missing) = match &options.step {
        Some(name) => {
            let step = step_named(name)?;
            let launchers = launchers(&options.lang)?;
            let head =
                format!("{STRONG}{}{STRONG:#}: {}\n\n", step.name, step.title);
            let (columns, missing) =
                steps(step, &launchers, scenario, options.all, &equipment)?;
            (head, columns, missing)
        }
        None => {
            let lines: Vec<&[String]> = options
                .launchers
                .split(|word| word == "--")
                .filter(|line| !line.is_empty())
                .collect();
            let columns = commands(&lines, scenario, options.all, &equipment)?;
            (legend(&columns), columns, Vec::new())
        }
    };
    let table = Table::of(&columns);
    let mut text = if options.json {
        table.json(json!({
            "scenario": scenario.to_string(),
            "step": options.step,
        }))
    } else {
        let width = sys::terminal_width().unwrap_or(0).max(USUAL_WIDTH);
        head + &table.text(width)
    };
    for why in missing {
        if options.json {
            eprintln!("nsteps: {why}");
        } else {
            let _ = writeln!(text, "\nnot traced: {why}");
        }
    }
    output::print(&text)?;
    let late = columns.iter().any(|it| it.traced.recording.late);
    Ok(if late { TROUBLE } else { 0 })
}

/// The tracer's own process, in the sandbox.
///
/// # Errors
///
/// Tracing is forbidden here, or there is no such program.
pub fn tracer(options: &Tracer) -> Result<u8> {
    let request = Request {
        argv: options.argv.clone(),
        payload: options.payload.clone(),
        every: options.every,
        bound: options.seconds.map_or_else(timeout, Duration::from_secs_f64),
    };
    tracer::run(&request).map(|()| 0)
}

/// Those named, in that order; without a name the three languages.
fn launchers(names: &[String]) -> Result<Vec<Launcher>> {
    if names.is_empty() {
        return Ok(LANGUAGES.to_vec());
    }
    let mut chosen = Vec::new();
    for name in names {
        let launcher = Launcher::named(name).ok_or_else(|| {
            let known: Vec<_> = LAUNCHERS.iter().map(|it| it.name()).collect();
            Error::new(format!(
                "no language is called {name}: {}",
                known.join(", ")
            ))
        })?;
        if !chosen.contains(&launcher) {
            chosen.push(launcher);
        }
    }
    Ok(chosen)
}

/// The step by each launcher, and why some are missing.
fn steps(
    step: &Step,
    launchers: &[Launcher],
    scenario: Scenario,
    every: bool,
    equipment: &Equipment,
) -> Result<(Vec<Column>, Vec<String>)> {
    let (mut columns, mut missing) = (Vec::new(), Vec::new());
    for launcher in launchers {
        let program = launcher.program(step, &equipment.layout);
        if launcher.performs(step) && program.exists() {
            let stage = Stage::of_step(step, *launcher, scenario, equipment)?;
            let name = launcher.name().to_owned();
            columns.push(column(name, stage, Some(PAYLOAD), every)?);
        } else {
            let why = if program.exists() {
                format!("{launcher} has no {}", step.name)
            } else {
                let needs = launcher.toolchain();
                let program = program.display();
                format!("{program} is not built: it needs {needs}")
            };
            missing.push(why);
        }
    }
    if columns.is_empty() {
        return Err(Error::new(missing.join("; ")));
    }
    Ok((columns, missing))
}

/// Each command line; nobody knows what its payload is, so all is traced.
fn commands(
    lines: &[&[String]],
    scenario: Scenario,
    every: bool,
    equipment: &Equipment,
) -> Result<Vec<Column>> {
    if lines.is_empty() {
        return Err(Error::new("trace wants a step, or a command after --"));
    }
    lines
        .iter()
        .enumerate()
        .map(|(index, line)| {
            let stage = Stage::of_command(line, scenario, equipment)?;
            let letter = u8::try_from(index % 26).unwrap_or(0) + b'A';
            let name = match lines.len() {
                1 => line[0].clone(),
                _ => char::from(letter).to_string(),
            };
            column(name, stage, None, every)
        })
        .collect()
}

fn column(
    name: String,
    mut stage: Stage,
    payload: Option<&str>,
    every: bool,
) -> Result<Column> {
    let traced = stage.trace(payload, every)?;
    Ok(Column { name, argv: stage.argv, traced })
}

/// Which letter is which command line.
fn legend(columns: &[Column]) -> String {
    let mut text = String::new();
    if columns.len() > 1 {
        for column in columns {
            let _ = writeln!(
                text,
                "{STRONG}{}{STRONG:#}  {}",
                column.name,
                column.argv.join(" ")
            );
        }
        text.push('\n');
    }
    text
}
