//! Counts what a launch uses that does not drift: system calls, pids, page
//! faults, memory, instructions and bytes.
//!
//! `cargo bench --bench counters [-- PART...]` counts in the rows whose names
//! contain a PART, and writes `target/bench/counters.json`.

use bench::measure::counters::{Often, count};
use bench::measure::selection::Selection;
use bench::measure::{asked, launch, programs};
use bench::record::counted::{Column, Range, Row};
use bench::rows::{EXEC, launches};
use harness::error::Result;
use harness::host::layout::Layout;
use std::process::ExitCode;

fn main() -> ExitCode {
    let names: Vec<String> =
        [EXEC.to_owned()].into_iter().chain(launches()).collect();
    asked::run(
        |arguments| Selection::among(&names, arguments),
        |selection| measure(&names, selection),
    )
}

/// Counts in the selected rows. It is an error if a launcher does not have the
/// effect that its row is about, so every counted launch is a real one.
fn measure(names: &[String], selection: &Selection) -> Result<bool> {
    let wanted = |name: &str| selection.wants(name);
    if selection.list {
        asked::list(names.iter().filter(|name| wanted(name)));
        return Ok(true);
    }
    let often = if asked::is_short() { Often::SHORT } else { Often::FULL };
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
    asked::write(&layout, "counters.json", &counters)?;
    Ok(true)
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
