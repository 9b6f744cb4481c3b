//! A table for each group of rows, how far the runs agree, and criterion's
//! figures.

use crate::chapter::parts::{cell, figure, folded};
use crate::chapter::scale::{digits, time};
use crate::judge::agreement::{LIMITS, apart, by_speed, limit};
use crate::library;
use crate::record::outcome::{Outcome, Verdict};
use crate::record::stored::Record;
use crate::rows::{BESIDE_WARM, CAREFUL, PROCESS, PUBLISHED, SIX, WARM};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// The groups, each with its heading and what its ratios show.
const GROUPS: &[(&str, &str, &str)] = &[
    (
        "launch",
        "Whole launches",
        "A step as a whole process, from before it is made until it has been \
         waited for; its payload is three instructions long.\n\
         The careful C has the effect of the step in Rust, which is looked at \
         first. The published C loads glibc, and copies page tables to make \
         its child: its distance is no distance between languages.",
    ),
    (
        "first",
        "Until the first instruction",
        "The same launches until the payload has read the clock, which is its \
         first act; what comes after that is the end of the payload, of its \
         namespaces, and of the launcher.",
    ),
    (
        "exec",
        "Programs that do nothing",
        "What a language costs before `main`.",
    ),
    (
        "spawn",
        "The language's own way",
        "posix_spawn, `Command` and os/exec; with namespaces fork, unshare and \
         exec, `pre_exec`, and `SysProcAttr`.",
    ),
    (
        "library",
        "By a library",
        "The crate [nsteps-spawn](spawn.md) beside other ways to start a \
         program from within one; `floor` makes the same system calls by \
         hand.",
    ),
    (
        "attach",
        "Into a cgroup",
        "A program that ends in another cgroup of version 2: it writes itself \
         into cgroup.procs, its parent does, or it is born there by \
         CLONE_INTO_CGROUP; back to back, and with 20 ms before each time. \
         [Why](costs/born-in-a-cgroup.md).",
    ),
    (
        "clone",
        "clone",
        "A child that ends at once.\n\
         As fork, its parent's page tables are copied; with CLONE_VM and \
         CLONE_VFORK nothing is.",
    ),
    ("unshare", "unshare", "The call alone; the way back is not timed."),
    (
        "setns",
        "setns",
        "One kind by its file in /proc, several through one pidfd.",
    ),
    (
        "pivot_root",
        "pivot_root",
        "The call alone, the detachment of the old root, and the whole switch \
         with mount(2) and with open_tree(2).",
    ),
];

/// The contenders that have a column of times. Each of the others has a line
/// below the table.
const COLUMNS: &[&str] = &["floor", CAREFUL, PUBLISHED, "rust", "go", "go2"];

/// Writes a section for each group that was measured.
pub fn sections(record: &Record) -> String {
    let mut text = String::new();
    for (group, heading, words) in GROUPS {
        let prefix = format!("{group}/");
        let rows: Vec<&str> =
            record.rows().filter(|it| it.starts_with(&prefix)).collect();
        if rows.is_empty() {
            continue;
        }
        let _ = write!(text, "## {heading}\n\n{words}\n\n");
        match *group {
            "launch" => {
                text += &figure("six", "All six namespaces by each launcher");
                text += &others(record);
            }
            "clone" => {
                let words = "clone and unshare for each namespace";
                text += &figure("namespace", words);
            }
            _ => {}
        }
        text += &match *group {
            "library" => libraries(record),
            _ => ratios(record, group, &rows),
        };
        if *group == "first" {
            text += &until_first(record, &rows);
        }
        if *group == "attach" {
            text += &medians(record, &rows);
        }
        // The tables of libraries have the times.
        if *group != "library" {
            let summary =
                "Times in microseconds: minimum / median / 99th percentile";
            text += &folded(summary, &times(record, &rows));
        }
        text += &absent(record, &rows);
    }
    text
}

fn ratios(record: &Record, group: &str, rows: &[&str]) -> String {
    let bases: &[(&str, &str)] = match record.has(group, CAREFUL) {
        true => &[("careful", CAREFUL), ("published c", PUBLISHED)],
        false => &[("c", PUBLISHED)],
    };
    let mut text = String::from("| |");
    for (words, _) in bases {
        let _ = write!(text, " rust / {words} | 95 % |");
    }
    text += " rust / floor | go / c | go2 / c |\n|---|";
    text += &"---:|---|".repeat(bases.len());
    text += "---:|---:|---:|\n";
    for row in rows {
        if let Some(why) = no_figures(record, row) {
            let empty = " |".repeat(2 * bases.len() + 2);
            let _ = writeln!(text, "| `{row}` | {} |{empty}", cell(&why));
            continue;
        }
        let busy = record.outcomes(row).any(|it| it.used.is_too_much());
        let _ = write!(text, "| `{row}`{} |", if busy { " !" } else { "" });
        for (number, (_, base)) in bases.iter().enumerate() {
            let mark = if number == 0 { "**" } else { "" };
            let ratio = match record.ratio(row, "rust", base) {
                Some(it) => {
                    let it = it.estimate;
                    let (low, high) = (it.low, it.high);
                    format!(
                        " {mark}{:.3}{mark} | {low:.3} to {high:.3} |",
                        it.median
                    )
                }
                None => " - | |".to_owned(),
            };
            text += &ratio;
        }
        let others = [("rust", "floor"), ("go", PUBLISHED), ("go2", PUBLISHED)];
        for (column, base) in others {
            let ratio = record.ratio(row, column, base);
            let words = ratio.map_or("-".to_owned(), |it| {
                format!("{:.3}", it.estimate.median)
            });
            let _ = write!(text, " {words} |");
        }
        text.push('\n');
    }
    text + "\n"
}

/// A table for each row of the group `library`: every column against the
/// first.
fn libraries(record: &Record) -> String {
    let mut text = String::new();
    let in_process = library::ROWS.iter().filter_map(|row| {
        let names: Vec<&str> = row.ways.iter().map(|it| it.0).collect();
        Some((row.name, row.about, *names.first()?, names))
    });
    let about = "whole processes, with all six namespaces, a new root, /proc \
                 and a file system on /dev; `warm` is `nsteps warm` with a \
                 daemon";
    let names = [&[WARM], BESIDE_WARM].concat();
    let processes = (PROCESS, about, WARM, names);
    for (row, about, first, names) in in_process.chain([processes]) {
        if let Some(why) = no_figures(record, row) {
            let _ = write!(text, "`{row}`: {}\n\n", cell(&why));
            continue;
        }
        let busy = record.outcomes(row).any(|it| it.used.is_too_much());
        let _ = write!(
            text,
            "`{row}`{}, {about}:\n\n\
             | | / {first} | 95 % | minimum | median | 99th percentile |\n\
             |---|---:|---|---:|---:|---:|\n",
            if busy { " !" } else { "" },
        );
        for name in names {
            let ratio = record.ratio(row, name, first);
            let times = record.times(row, name);
            let Some((ratio, times)) = ratio.zip(times) else { continue };
            let it = ratio.estimate;
            let _ = writeln!(
                text,
                "| {name} | **{:.3}** | {:.3} to {:.3} | {} | {} | {} |",
                it.median,
                it.low,
                it.high,
                time(times.min),
                time(times.median),
                time(times.p99)
            );
        }
        text.push('\n');
    }
    text
}

/// A table of the times, for groups in which the difference between rows
/// matters.
fn medians(record: &Record, rows: &[&str]) -> String {
    let columns = ["floor", PUBLISHED, "rust", "go"];
    let mut text = "Medians:\n\n| | floor | c | rust | go |\n\
                    |---|---:|---:|---:|---:|\n"
        .to_owned();
    for row in rows {
        let _ = write!(text, "| `{row}` |");
        for column in columns {
            let median = record.times(row, column).map(|it| it.median);
            let _ = write!(text, " {} |", median.map_or("-".into(), time));
        }
        text.push('\n');
    }
    text + "\n"
}

/// A table of the time until the first instruction, beside the time until the
/// same launch has been waited for.
fn until_first(record: &Record, rows: &[&str]) -> String {
    let columns = ["floor", CAREFUL, PUBLISHED, "rust", "go"];
    let mut text = "Microseconds until the first instruction / until the same \
                    launch has been waited for:\n\n| |"
        .to_owned();
    for column in columns {
        let _ = write!(text, " {column} |");
    }
    text += "\n|---|";
    text += &"---:|".repeat(columns.len());
    text.push('\n');
    for row in rows {
        let waited = row.replace("first/", "launch/");
        let _ = write!(text, "| `{row}` |");
        for column in columns {
            let of = |row: &str| match record.times(row, column) {
                Some(it) => digits(it.median / 1e3),
                None => "-".to_owned(),
            };
            let _ = write!(text, " {} / {} |", of(row), of(&waited));
        }
        text.push('\n');
    }
    text + "\n"
}

/// The reason why a row has no figures.
fn no_figures(record: &Record, row: &str) -> Option<String> {
    let mut outcomes = record.outcomes(row);
    outcomes.find_map(|it| match &it.verdict {
        Verdict::Proved => None,
        Verdict::NotPossible(why) => Some(format!("not possible: {why}")),
        Verdict::Wrong(why) => Some(format!("WRONG: {why}")),
    })
}

fn times(record: &Record, rows: &[&str]) -> String {
    let mut text = String::from("| |");
    for column in COLUMNS {
        let _ = write!(text, " {column} |");
    }
    text.push_str("\n|---|");
    text.push_str(&"---:|".repeat(COLUMNS.len()));
    text.push('\n');
    for row in rows {
        let _ = write!(text, "| `{row}` |");
        for column in COLUMNS {
            let words = match record.times(row, column) {
                Some(it) => [it.min, it.median, it.p99]
                    .map(|it| digits(it / 1e3))
                    .join(" / "),
                None => "-".to_owned(),
            };
            let _ = write!(text, " {words} |");
        }
        text.push('\n');
        for other in without_column(record, row) {
            if let Some(it) = record.times(row, other) {
                let all = [it.min, it.median, it.p99];
                let all = all.map(|it| digits(it / 1e3)).join(" / ");
                let empty = " |".repeat(COLUMNS.len());
                let _ = writeln!(text, "| {}{empty} {all} |", cell(other));
            }
        }
    }
    text
}

fn without_column<'a>(record: &'a Record, row: &'a str) -> Vec<&'a str> {
    let outcome = record.outcomes(row).next();
    let figures = outcome.into_iter().flat_map(|it| &it.figures);
    let names = figures.map(|it| it.name.as_str());
    names.filter(|it| !COLUMNS.contains(it)).collect()
}

/// Every launcher that makes all six namespaces, against Rust.
fn others(record: &Record) -> String {
    let names = without_column(record, SIX);
    if names.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "All six namespaces, a new root, /proc and a tmpfs (`{SIX}`), against \
         Rust:\n\n| | times Rust's | 95 % | median |\n|---|---:|---|---:|\n"
    );
    for name in names {
        let Some(ratio) = record.ratio(SIX, name, "rust") else { continue };
        let it = ratio.estimate;
        let median = record.times(SIX, name).map_or(f64::NAN, |it| it.median);
        let _ = writeln!(
            text,
            "| {name} | **{}** | {} to {} | {} |",
            digits(it.median),
            digits(it.low),
            digits(it.high),
            time(median)
        );
    }
    text + "\nunshare(1) changes its root with chroot(2) and mounts no tmpfs: \
            it does less.\n\n"
}

/// Names the contenders that were absent from rows, with the reason.
fn absent(record: &Record, rows: &[&str]) -> String {
    let mut why: BTreeMap<(String, String), BTreeSet<&str>> = BTreeMap::new();
    for row in rows {
        let outcome: Option<&Outcome> = record.outcomes(row).next();
        for it in outcome.into_iter().flat_map(|it| &it.absent) {
            why.entry(it.clone()).or_default().insert(row);
        }
    }
    let mut text = String::new();
    for ((name, why), rows) in why {
        let rows: Vec<String> =
            rows.iter().map(|it| format!("`{it}`")).collect();
        let rows = rows.join(", ");
        let _ = writeln!(text, "- {name}, not in {rows}: {}", cell(&why));
    }
    text + "\n"
}

/// A table of how far the runs differ, against how far they may.
pub fn agreement(record: &Record) -> String {
    let mut text = format!(
        "## How far {} runs agree\n\n\
         Of the ratio Rust / C in each row, and of the careful C where there \
         is one, the largest divided by the smallest, less one.\n\n\
         | | may be | rows | within | furthest apart |\n\
         |---|---:|---:|---:|---|\n",
        record.runs.len()
    );
    let all = apart(record);
    let percent = |it: f64| format!("{:.1} %", 100.0 * it);
    let mut beyond = Vec::new();
    for one in LIMITS {
        let rows: Vec<_> = all
            .iter()
            .filter(|(row, _)| limit(row).is_some_and(|it| it.rows == one.rows))
            .collect();
        let far = rows.iter().filter(|(_, apart)| *apart > one.at_most);
        let far: Vec<_> = far.collect();
        let most = rows.iter().max_by(|a, b| a.1.total_cmp(&b.1));
        let most = most.map_or("-".to_owned(), |(row, apart)| {
            format!("{} (`{row}`)", percent(*apart))
        });
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {most} |",
            one.rows,
            percent(one.at_most),
            rows.len(),
            rows.len() - far.len(),
        );
        beyond.extend(far.into_iter().map(|it| **it));
    }
    if !beyond.is_empty() {
        let each: Vec<String> = beyond
            .iter()
            .map(|(row, apart)| {
                let words = by_speed(record, row)
                    .map_or_else(String::new, |(fast, slow)| {
                        format!(" ({fast:.3} and {slow:.3})")
                    });
                format!("`{row}` {}{words}", percent(*apart))
            })
            .collect();
        let _ = write!(
            text,
            "\nBeyond their limit: {}.\n\
             In brackets the ratio in the third of all rounds in which the \
             floor was fastest, and in the third in which it was slowest. If \
             both differ, the machine ran at two speeds, and one language \
             lost more by the lower speed: then runs differ by how long the \
             machine was slow.\n",
            each.join(", ")
        );
    }
    text + "\n"
}

/// The figures of criterion, in a part that is folded away.
pub fn criterion(record: &Record) -> String {
    let mut rows: BTreeMap<&str, BTreeMap<&str, String>> = BTreeMap::new();
    for it in &record.absolute {
        if let Some((row, peer)) = it.name.rsplit_once('/') {
            let words = format!(
                "{} ({} to {})",
                digits(it.mean / 1e3),
                digits(it.interval.0 / 1e3),
                digits(it.interval.1 / 1e3)
            );
            rows.entry(row).or_default().insert(peer, words);
        }
    }
    let columns = ["floor", "c", "rust", "go"];
    let mut text =
        String::from("| | floor | c | rust | go |\n|---|---|---|---|---|\n");
    for (row, peers) in rows {
        let _ = write!(text, "| `{row}` |");
        for column in columns {
            let words = peers.get(column).map_or("-", String::as_str);
            let _ = write!(text, " {words} |");
        }
        text.push('\n');
    }
    format!(
        "## Criterion's figures\n\n\
         Mean in microseconds, and its 95 % interval.\n\
         They were taken one after the other, so that they drift with the \
         machine: they say what an operation costs, and not which is faster.\n\n{}",
        folded("The figures", &text)
    )
}
