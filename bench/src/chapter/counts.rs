//! The section of the chapter about counters: what a launch uses that a busy
//! machine does not change.

use crate::chapter::parts::{cell, folded};
use crate::judge::extra::{EXTRA, excess, unnamed};
use crate::record::counted::{Column, Range};
use crate::record::stored::Record;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// The section of the chapter about what is counted, as Markdown.
pub fn section(record: &Record) -> String {
    let mut text = "## Counters\n\n\
         What does not depend on the machine's speed.\n\
         Each was counted several times; where it was not always the same, \
         both ends are given.\n\n"
        .to_owned();
    let few = ["exec/empty", "launch/skeleton", "launch/six"];
    text += &table(record, &|row| few.contains(&row));
    text += &folded("Every step", &table(record, &|row| !few.contains(&row)));
    text += "- System calls, threads and pids are those of the launcher and of \
             all it makes, up to the payload (`nsteps trace --all`). A thread \
             takes a pid.\n\
             - Page faults are minor ones, of the payload too (wait4(2)).\n\
             - The peak is the largest resident set of any one process. A \
             program inherits the peak of the process that executed it; here that \
             is one with a few pages.\n\
             - Instructions are those of the launcher's own process in user \
             space, by callgrind.\n\
             - Bytes are those of the program's file; one with `+` has its \
             libraries elsewhere.\n\n";
    text += &uncounted(record);
    text + &calls(record)
}

fn table(record: &Record, wanted: &dyn Fn(&str) -> bool) -> String {
    let mut text = "| | | system calls | threads | pids | page faults | \
                    peak, KiB | instructions | bytes |\n\
                    |---|---|---:|---:|---:|---:|---:|---:|---:|\n"
        .to_owned();
    for row in record.counters.rows.iter().filter(|it| wanted(&it.name)) {
        let mut name = format!("`{}`", row.name);
        for column in &row.columns {
            let _ = writeln!(text, "| {name} | {} |", cells(column));
            name.clear();
        }
    }
    text + "\n"
}

fn cells(column: &Column) -> String {
    let maybe = |it: Option<Range>| it.map_or("-".to_owned(), range);
    let size = match (column.size, column.dynamic) {
        (Some(size), true) => format!("{size} +"),
        (Some(size), false) => size.to_string(),
        (None, _) => "-".to_owned(),
    };
    [
        column.name.clone(),
        range(column.calls),
        range(column.threads),
        range(column.pids),
        maybe(column.faults),
        maybe(column.resident),
        maybe(column.instructions.clone().ok()),
        size,
    ]
    .join(" | ")
}

fn range(it: Range) -> String {
    match it.is_exact() {
        true => it.0.to_string(),
        false => format!("{} to {}", it.0, it.1),
    }
}

/// Names the columns whose instructions were not counted, with the reason.
fn uncounted(record: &Record) -> String {
    let mut why: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for row in &record.counters.rows {
        for column in &row.columns {
            if let Err(reason) = &column.instructions {
                let place = format!("{} in `{}`", column.name, row.name);
                why.entry(reason).or_default().insert(place);
            }
        }
    }
    let mut text = String::new();
    for (why, places) in why {
        let languages: BTreeSet<&str> =
            places.iter().filter_map(|it| it.split(' ').next()).collect();
        let launchers = match places.len() {
            0..=4 => Vec::from_iter(places).join(", "),
            many => {
                let languages = Vec::from_iter(languages).join(", ");
                format!("{languages} in {many} rows")
            }
        };
        let _ = writeln!(text, "Not counted of {launchers}: {}.", cell(why));
    }
    text + "\n"
}

/// Lists the calls that Rust makes and C does not.
fn calls(record: &Record) -> String {
    let counters = &record.counters;
    let mut text = "### System calls that Rust makes and C does not\n\n\
         | | rust | c | more than C, of these | without a reason |\n\
         |---|---:|---:|---|---|\n"
        .to_owned();
    let list = |calls: Vec<(String, u64)>| {
        let each: Vec<String> =
            calls.iter().map(|(name, more)| format!("{name} {more}")).collect();
        if each.is_empty() { "none".to_owned() } else { each.join(", ") }
    };
    for row in &counters.rows {
        let of = |column| counters.of(&row.name, column).map(|it| it.calls);
        let Some((rust, c)) = of("rust").zip(of("c")) else { continue };
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} | {} |",
            row.name,
            range(rust),
            range(c),
            list(excess(counters, &row.name)),
            list(unnamed(counters, &row.name))
        );
    }
    text = folded_table(text);
    text += "What needs them:\n\n| | at most | where | |\n|---|---:|---|---|\n";
    for it in EXTRA {
        let rows: Vec<String> = it
            .rows
            .iter()
            .map(|row| format!("`{}`", row.trim_start_matches("launch/")))
            .collect();
        let rows = match rows.as_slice() {
            [] => "everywhere".to_owned(),
            rows => rows.join(", "),
        };
        let _ = writeln!(
            text,
            "| {} | {} | {rows} | {} |",
            it.call, it.more, it.why
        );
    }
    text + "\n"
}

/// Keeps the heading and folds the rest away.
fn folded_table(text: String) -> String {
    match text.split_once("\n\n") {
        Some((heading, table)) => {
            format!("{heading}\n\n{}", folded("Row by row", table))
        }
        None => text,
    }
}
