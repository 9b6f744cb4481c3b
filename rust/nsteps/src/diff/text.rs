//! The comparison of launchers for a terminal.

use super::Report;
use super::letters::{letter, letters};
use crate::checked::some;
use crate::terminal::style::{BAD, FAINT, GOOD, NOTE, PLAIN, STRONG};
use crate::terminal::text::paragraph;
use anstyle::Style;
use launchers::consequence::Level;
use launchers::matrix::{Column, Row, Value};
use launchers::state;
use launchers::verdict::Judged;
use std::fmt::Write;

/// How far in the values of a key are, in columns.
const VALUE: usize = 4;

/// The whole report, with colours; the stream drops them where they are not
/// wanted.
pub fn text(report: &Report<'_>) -> String {
    let mut out = String::new();
    launchers(&mut out, report);
    clusters(&mut out, report);
    for level in Level::ALL {
        differences(&mut out, report, level);
    }
    unknown(&mut out, report);
    disagreements(&mut out, report);
    summary(&mut out, report);
    out
}

/// Each launcher, and what really ran; and the states that are unavailable.
fn launchers(out: &mut String, report: &Report<'_>) {
    for (index, launcher) in report.launchers.iter().enumerate() {
        let program = &report.programs[index];
        let name = letter(index);
        let _ = writeln!(out, "{STRONG}{name}{STRONG:#}  {}", launcher.name);
        if let Some(digest) = program.sha256.get(..12) {
            let version = program.version.as_deref().unwrap_or("no version");
            let what = format!("{}, {version}, sha256 {digest}", program.path);
            paragraph(out, &what, 3, 0, FAINT);
        }
        for (what, states) in troubles(report, index) {
            let states = in_states(report, &states);
            for (number, (line, style)) in what.into_iter().enumerate() {
                let states = if number == 0 { states.as_str() } else { "" };
                paragraph(out, &format!("{line}{states}"), 3, 2, style);
            }
        }
    }
    for it in report.states {
        if let Some(why) = &it.unavailable {
            let what = format!("state {}: not possible: {why}", it.state.name);
            paragraph(out, &what, 0, 2, BAD);
        }
    }
    out.push('\n');
}

/// Lines, and how each looks.
type Lines = Vec<(String, Style)>;

/// What a launcher did not do, each with the states in which that is so.
fn troubles(
    report: &Report<'_>,
    index: usize,
) -> Vec<(Lines, Vec<&'static str>)> {
    let mut all: Vec<(Lines, Vec<&'static str>)> = Vec::new();
    for (state, column) in report.columns_of(index) {
        for lines in [degraded(column), not_run(column)] {
            match all.iter_mut().find(|(known, _)| *known == lines) {
                _ if lines.is_empty() => {}
                Some((_, states)) => states.push(state),
                None => all.push((lines, vec![state])),
            }
        }
    }
    all
}

/// Why a launcher isolates less than elsewhere.
fn degraded(column: &Column) -> Lines {
    if column.degraded.is_empty() {
        return Vec::new();
    }
    let what = format!(
        "degraded: it does not change {} here, as it does elsewhere",
        column.degraded.join(" ")
    );
    let mut lines = vec![(what, BAD)];
    if let Value::Changed(words) = column.value("said") {
        lines.push((format!("said: {words}"), NOTE));
    }
    lines
}

/// Why there is no observation.
fn not_run(column: &Column) -> Lines {
    let Some(why) = &column.unheard else { return Vec::new() };
    let mut lines = vec![(format!("did not run: {why}"), BAD)];
    for key in ["exit", "said"] {
        if let Value::Changed(value) = column.value(key) {
            lines.push((format!("{key}: {value}"), NOTE));
        }
    }
    lines
}

/// In which states something is so; nothing where it is so in all of them.
fn in_states(report: &Report<'_>, states: &[&'static str]) -> String {
    let available: Vec<&str> = report
        .states
        .iter()
        .filter(|it| it.unavailable.is_none())
        .map(|it| it.state.name)
        .collect();
    let others: Vec<&str> =
        available.iter().filter(|it| !states.contains(it)).copied().collect();
    match others.len() {
        0 => String::new(),
        few if few < states.len() => {
            format!(" (in all states but {})", others.join(", "))
        }
        _ => format!(" (in {})", states.join(", ")),
    }
}

/// Which launchers do the same everywhere.
fn clusters(out: &mut String, report: &Report<'_>) {
    let clusters = &report.verdict.clusters;
    if let [all] = clusters.as_slice() {
        if all.len() > 1 {
            let _ =
                writeln!(out, "{GOOD}{} do the same{GOOD:#}\n", letters(all));
        }
    } else if clusters.iter().any(|it| it.len() > 1) {
        let shown: Vec<String> =
            clusters.iter().map(|it| letters(it)).collect();
        let _ = writeln!(out, "the same everywhere: {}\n", shown.join(" | "));
    }
}

/// The differences of a level.
fn differences(out: &mut String, report: &Report<'_>, level: Level) {
    let style = match level {
        Level::Security | Level::Breaks => BAD,
        Level::Changes => NOTE,
        Level::Cosmetic => FAINT,
    };
    let of_level: Vec<&Judged> = report
        .verdict
        .differences
        .iter()
        .filter(|it| it.level == level)
        .collect();
    if of_level.is_empty() {
        return;
    }
    let _ = writeln!(out, "{style}{}{style:#}", level.name());
    for it in of_level {
        row(out, report, &it.row, STRONG);
        if let Some(known) = it.consequence {
            paragraph(out, known.sentence, VALUE, 0, PLAIN);
            for fix in known.fixes {
                let fix = format!("fix, {}: {}", fix.adapter, fix.change);
                paragraph(out, &fix, VALUE, 2, GOOD);
            }
        }
    }
    out.push('\n');
}

/// A key, and which launchers show which value. What those show that did not
/// run is said above.
fn row(out: &mut String, report: &Report<'_>, row: &Row, style: Style) {
    let _ = writeln!(out, "  {style}{}{style:#}", row.key);
    let states = in_states(report, &row.states);
    let states = states.trim_matches([' ', '(', ')']);
    if !states.is_empty() {
        paragraph(out, states, VALUE, 2, NOTE);
    }
    for (value, who) in &row.values {
        if *value != Value::NotObserved {
            let line = format!("{}  {value}", letters(who));
            let hang = letters(who).len() + 2;
            paragraph(out, &line, VALUE, hang, FAINT);
        }
    }
}

/// What neither agrees nor differs.
fn unknown(out: &mut String, report: &Report<'_>) {
    let unstable: Vec<&Row> = report
        .verdict
        .unknown
        .iter()
        .filter(|row| {
            let uncertain = |value: &Value| {
                matches!(value, Value::Unstable(..) | Value::NotRead(_))
            };
            row.values.iter().any(|(value, _)| uncertain(value))
        })
        .collect();
    if unstable.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "{STRONG}not compared{STRONG:#}: not the same every time under one \
         launcher, or not read"
    );
    for it in unstable {
        row(out, report, it, PLAIN);
    }
    out.push('\n');
}

fn disagreements(out: &mut String, report: &Report<'_>) {
    for index in 0..report.launchers.len() {
        let mut all: Vec<(&str, Vec<&'static str>)> = Vec::new();
        for (state, column) in report.columns_of(index) {
            for why in &column.disagreements {
                match all.iter_mut().find(|(known, _)| known == why) {
                    Some((_, states)) => states.push(state),
                    None => all.push((why, vec![state])),
                }
            }
        }
        for (why, states) in all {
            let text = format!(
                "{}: the payload and the harness read different values: \
                 {why}{}",
                letter(index),
                in_states(report, &states)
            );
            paragraph(out, &text, 0, 2, BAD);
        }
    }
}

fn summary(out: &mut String, report: &Report<'_>) {
    let verdict = report.verdict;
    let count = |level: Level| {
        verdict.differences.iter().filter(|it| it.level == level).count()
    };
    let levels: Vec<String> =
        Level::ALL.map(|it| some(count(it), it.name())).to_vec();
    let all = verdict.differences.len();
    let style = if verdict.status == 0 { GOOD } else { BAD };
    let not_run = (0..report.launchers.len())
        .filter(|it| !report.columns_of(*it).any(|(_, it)| it.ran()))
        .count();
    let states = match report.states {
        [one] if one.state == state::PLAIN => String::new(),
        [one] => format!(", state {}", one.state.name),
        several => format!(", {} states", several.len()),
    };
    let _ = writeln!(
        out,
        "{style}{all} difference{}{}{}{style:#}, {} keys changed alike\n\
         {FAINT}{}, {}{states}, {:.1} s{FAINT:#}",
        if all == 1 { "" } else { "s" },
        levels.concat(),
        some(not_run, "did not run"),
        verdict.alike.len(),
        report.machine,
        report.scenario,
        report.seconds
    );
}
