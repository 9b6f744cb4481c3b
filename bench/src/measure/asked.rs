//! What the targets of `cargo bench` have in common: reading the command line,
//! printing headings, and writing a record.

use crate::measure::selection::{self, Selection};
use crate::record::machine::Machine;
use crate::record::outcome::{Extent, Verdict};
use crate::record::used::Used;
use harness::error::{Context, Error, Result};
use harness::host::layout::Layout;
use serde::Serialize;
use std::fmt::Display;
use std::process::ExitCode;

/// Runs a target with the arguments of `cargo bench [-- WORD...]`. `measure`
/// returns whether every proof was right.
pub fn run(
    select: impl FnOnce(&[String]) -> Result<Selection>,
    measure: impl FnOnce(&Selection) -> Result<bool>,
) -> ExitCode {
    let arguments = command();
    if arguments.iter().any(|it| it == "--help" || it == "-h") {
        println!("{}", selection::help());
        return ExitCode::SUCCESS;
    }
    // `cargo test --benches` only checks that the program starts.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    match select(&arguments).and_then(|it| measure(&it)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// True if `make bench-report` continues an interrupted run with what that has
/// already measured: `NSTEPS_BENCH=resume`.
pub fn is_resumed() -> bool {
    std::env::var_os("NSTEPS_BENCH").is_some_and(|it| it == "resume")
}

/// True if each row is measured only briefly: `NSTEPS_BENCH=short`.
pub fn is_short() -> bool {
    std::env::var("NSTEPS_BENCH").is_ok_and(|it| it == "short")
}

/// Prints names as a harness lists its benchmarks.
pub fn list(names: impl IntoIterator<Item = impl Display>) {
    names.into_iter().for_each(|name| println!("{name}: benchmark"));
}

/// Prints on which machine and how much the tables below it measure.
pub fn head(machine: &Machine, extent: Extent) {
    println!("{machine}");
    let Extent { rounds, most, block } = extent;
    let further = match most > rounds {
        true => format!(" to {most}"),
        false => String::new(),
    };
    println!(
        "{rounds}{further} rounds of {block} times each, in rotating order; \
         medians{}",
        if is_short() { "; too few to be quoted" } else { "" }
    );
}

/// The arguments of this run, for the record.
pub fn command() -> Vec<String> {
    std::env::args().skip(1).collect()
}

/// Writes a record to `target/bench/FILE`.
///
/// # Errors
///
/// Fails if the file cannot be written.
pub fn write(
    layout: &Layout,
    file: &str,
    record: &impl Serialize,
) -> Result<()> {
    let text = serde_json::to_string_pretty(record)
        .context("write down the figures")?;
    let to = layout.programs().join("bench").join(file);
    std::fs::write(&to, text)
        .context(format_args!("write {}", to.display()))?;
    println!("\nin full: {}", to.display());
    Ok(())
}

/// Returns whether the run counts as a measurement, and prints what does not
/// count.
///
/// # Errors
///
/// Fails if no row could be measured.
pub fn conclude(what: &str, results: &[(&Verdict, Used)]) -> Result<bool> {
    let count = |is: fn(&(&Verdict, Used)) -> bool| {
        results.iter().filter(|it| is(it)).count()
    };
    let proved = count(|(verdict, _)| **verdict == Verdict::Proved);
    let wrong = count(|(verdict, _)| matches!(verdict, Verdict::Wrong(_)));
    let marked = count(|(_, used)| used.is_too_much());
    if marked > 0 {
        println!("{marked} {what} are marked: measure them again in peace");
    }
    if proved + wrong == 0 {
        return Err(Error::new("none of the selected rows is possible here"));
    }
    if wrong > 0 {
        println!("{wrong} {what} are WRONG: their figures do not count");
    }
    Ok(wrong == 0)
}
