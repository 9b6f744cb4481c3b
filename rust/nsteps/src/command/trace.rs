//! `nsteps trace`: shows the system calls by which each language performs a
//! step, side by side; or those of any command line.

use crate::calls::print::{Column, Table};
use crate::cli::{Trace, Tracer};
use crate::terminal::style::STRONG;
use crate::terminal::{output, text};
use harness::error::{Error, Result, TROUBLE};
use harness::host::Equipment;
use harness::launcher::{LANGUAGES, Launcher};
use harness::scenario::Scenario;
use harness::step::Step;
use harness::timeout::timeout;
use std::fmt::Write;
use std::time::Duration;
use trace::prepared::{PAYLOAD, Prepared};
use trace::{Request, tracer};

/// Traces, and prints the calls.
///
/// # Errors
///
/// Fails if tracing is forbidden on this machine, or if no selected launcher
/// can run.
pub fn run(options: &Trace) -> Result<u8> {
    let equipment = Equipment::gather(None)?;
    let scenario = options.scenario.unwrap_or_else(Scenario::natural);
    let (head, columns, missing) = match options.step {
        Some(step) => {
            let head =
                format!("{STRONG}{}{STRONG:#}: {}\n\n", step.name, step.title);
            let (columns, missing) =
                steps(step, options, scenario, &equipment)?;
            (head, columns, missing)
        }
        None => {
            let lines: Vec<&[String]> = options
                .words
                .split(|word| word == "--")
                .filter(|line| !line.is_empty())
                .collect();
            let columns = commands(&lines, scenario, options.all, &equipment)?;
            (legend(&columns), columns, Vec::new())
        }
    };
    let table = Table::of(&columns);
    let mut text = if options.json {
        table.json(scenario, options.step)
    } else {
        head + &table.text(text::width().unwrap_or(text::USUAL))
    };
    for why in missing {
        if options.json {
            output::complain(format_args!("nsteps: {why}"));
        } else {
            let _ = writeln!(text, "\nnot traced: {why}");
        }
    }
    output::print(&text)?;
    let late = columns.iter().any(|it| it.traced.recording.late);
    Ok(if late { TROUBLE } else { 0 })
}

/// Runs the tracer's own process, in the sandbox.
///
/// # Errors
///
/// Fails if tracing is forbidden on this machine, or if the program does not
/// exist.
pub fn tracer(options: &Tracer) -> Result<u8> {
    let request = Request {
        argv: options.argv.clone(),
        payload: options.payload.clone(),
        every: options.every,
        directory: None,
        bound: options.seconds.map_or_else(timeout, Duration::from_secs_f64),
    };
    tracer::run(&request).map(|()| 0)
}

/// The launchers that were named, each once and in that order; the three
/// languages if none was named.
fn launchers(named: &[Launcher]) -> Vec<Launcher> {
    if named.is_empty() {
        return LANGUAGES.to_vec();
    }
    let mut chosen = Vec::new();
    for launcher in named {
        if !chosen.contains(launcher) {
            chosen.push(*launcher);
        }
    }
    chosen
}

/// Traces the step with each launcher. Returns also why some are missing.
fn steps(
    step: &Step,
    options: &Trace,
    scenario: Scenario,
    equipment: &Equipment,
) -> Result<(Vec<Column>, Vec<String>)> {
    let payload: Vec<&str> = match options.words.as_slice() {
        [] => vec![PAYLOAD],
        words => words.iter().map(String::as_str).collect(),
    };
    let (mut columns, mut missing) = (Vec::new(), Vec::new());
    for launcher in launchers(&options.lang) {
        let program = launcher.program(step, &equipment.layout);
        if launcher.performs(step) && program.exists() {
            let prepared = Prepared::of_step(
                step, launcher, &payload, scenario, equipment,
            )?;
            let name = launcher.name().to_owned();
            let all = options.all;
            columns.push(column(name, prepared, Some(payload[0]), all)?);
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

/// Traces each command line. Its payload is not known, so all calls are
/// recorded.
fn commands(
    lines: &[&[String]],
    scenario: Scenario,
    every: bool,
    equipment: &Equipment,
) -> Result<Vec<Column>> {
    if lines.is_empty() {
        return Err(Error::new(
            "trace needs a step, or a command line after --",
        ));
    }
    lines
        .iter()
        .enumerate()
        .map(|(index, line)| {
            let prepared = Prepared::of_command(line, scenario, equipment)?;
            let letter = u8::try_from(index % 26).unwrap_or(0) + b'A';
            let name = match lines.len() {
                1 => line[0].clone(),
                _ => char::from(letter).to_string(),
            };
            column(name, prepared, None, every)
        })
        .collect()
}

fn column(
    name: String,
    mut prepared: Prepared,
    payload: Option<&str>,
    every: bool,
) -> Result<Column> {
    let traced = prepared.trace(payload, every)?;
    Ok(Column { name, argv: prepared.argv, traced })
}

/// The legend that says which letter is which command line.
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
