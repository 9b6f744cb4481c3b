//! The comparison of launchers for a terminal.

use super::Report;
use super::letters::{letter, letters};
use crate::checked::some;
use crate::terminal::style::{BAD, FAINT, GOOD, NOTE, PLAIN, STRONG};
use crate::terminal::text::paragraph;
use anstyle::Style;
use launchers::consequence::Level;
use launchers::matrix::{Row, Value};
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
    unknown(&mut out, &report.verdict.unknown);
    disagreements(&mut out, report);
    summary(&mut out, report);
    out
}

/// Each launcher, and what really ran.
fn launchers(out: &mut String, report: &Report<'_>) {
    for (index, column) in report.columns.iter().enumerate() {
        let program = &report.programs[index];
        let name = letter(index);
        let _ = writeln!(out, "{STRONG}{name}{STRONG:#}  {}", column.line);
        if let Some(digest) = program.sha256.get(..12) {
            let version = program.version.as_deref().unwrap_or("no version");
            let what = format!("{}, {version}, sha256 {digest}", program.path);
            paragraph(out, &what, 3, 0, FAINT);
        }
        if !column.degraded.is_empty() {
            let what = format!(
                "degraded: it does not change {} here, as it does elsewhere",
                column.degraded.join(" ")
            );
            paragraph(out, &what, 3, 2, BAD);
            if let Value::Changed(words) = column.value("said") {
                paragraph(out, &format!("said: {words}"), 3, 2, NOTE);
            }
        }
        if let Some(why) = &column.unheard {
            paragraph(out, &format!("did not run: {why}"), 3, 2, BAD);
            for key in ["exit", "said"] {
                if let Value::Changed(value) = column.value(key) {
                    paragraph(out, &format!("{key}: {value}"), 3, 2, NOTE);
                }
            }
        }
    }
    out.push('\n');
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
        row(out, &it.row, STRONG);
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
fn row(out: &mut String, row: &Row, style: Style) {
    let _ = writeln!(out, "  {style}{}{style:#}", row.key);
    for (value, who) in &row.values {
        if *value != Value::NotObserved {
            let line = format!("{}  {value}", letters(who));
            let hang = letters(who).len() + 2;
            paragraph(out, &line, VALUE, hang, FAINT);
        }
    }
}

/// What neither agrees nor differs.
fn unknown(out: &mut String, rows: &[Row]) {
    let unstable: Vec<&Row> = rows
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
        "{STRONG}not compared{STRONG:#}: not the same twice under one launcher, \
         or not read"
    );
    for it in unstable {
        row(out, it, PLAIN);
    }
    out.push('\n');
}

fn disagreements(out: &mut String, report: &Report<'_>) {
    for (index, column) in report.columns.iter().enumerate() {
        for why in &column.disagreements {
            let text = format!(
                "{}: the payload and the harness read different values: {why}",
                letter(index)
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
    let not_run = report.columns.iter().filter(|it| !it.ran()).count();
    let _ = writeln!(
        out,
        "{style}{all} difference{}{}{}{style:#}, {} keys changed alike\n\
         {FAINT}{}, {}, {:.1} s{FAINT:#}",
        if all == 1 { "" } else { "s" },
        levels.concat(),
        some(not_run, "did not run"),
        verdict.alike.len(),
        report.machine,
        report.scenario,
        report.seconds
    );
}
