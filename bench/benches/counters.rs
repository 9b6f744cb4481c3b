//! What a launch takes that does not drift: system calls, pids, page faults,
//! memory, instructions and bytes.
//!
//! `cargo bench --bench counters [-- PART...]` counts in the rows whose names
//! contain a PART, and writes `target/bench/counters.json`.

use bench::counters::{Column, Often, Range, Row, count};
use bench::programs;
use nsteps::error::{Context, Result};
use nsteps::layout::Layout;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` only wants to know whether it starts.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let parts: Vec<String> =
        arguments.into_iter().filter(|it| !it.starts_with('-')).collect();
    match measure(&parts) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(parts: &[String]) -> Result<()> {
    let wanted = |name: &str| {
        parts.is_empty() || parts.iter().any(|part| name.contains(&**part))
    };
    let short = std::env::var("NSTEPS_BENCH").is_ok_and(|it| it == "short");
    let often = if short { Often::SHORT } else { Often::FULL };
    let layout = Layout::find()?;
    programs::build(&layout)?;
    println!(
        "{:34}{:>11}{:>9}{:>6}{:>11}{:>13}{:>19}{:>10}",
        "",
        "calls",
        "threads",
        "pids",
        "faults",
        "peak KiB",
        "instructions",
        "bytes"
    );
    let counters = count(&layout, often, &wanted, &mut |row| print(row))?;
    let text = serde_json::to_string_pretty(&counters)
        .context("write down the counters")?;
    let to = layout.programs().join("bench/counters.json");
    std::fs::write(&to, text)
        .context(format_args!("write {}", to.display()))?;
    println!("\nwith every call by name: {}", to.display());
    Ok(())
}

fn print(row: &Row) {
    println!("{}", row.name);
    for column in &row.columns {
        println!("{}", line(column));
        if let Err(why) = &column.instructions {
            println!("        callgrind: {why}");
        }
    }
}

fn line(column: &Column) -> String {
    let range = |it: Option<Range>| match it {
        Some(it) if it.is_exact() => it.0.to_string(),
        Some(Range(low, high)) => format!("{low}-{high}"),
        None => "-".to_owned(),
    };
    let size = column.size.map_or_else(|| "-".to_owned(), |it| it.to_string());
    format!(
        "    {:30}{:>11}{:>9}{:>6}{:>11}{:>13}{:>19}{:>10}",
        column.name,
        range(Some(column.calls)),
        range(Some(column.threads)),
        range(Some(column.pids)),
        range(column.faults),
        range(column.resident),
        range(column.instructions.clone().ok()),
        size
    )
}
