//! Writes the report as Markdown, for a pull request.

use super::letters::letter;
use super::{Report, value_of};
use harness::trial::Place;
use launchers::matrix::ON_HOST;
use launchers::verdict::{Judged, Outcome};
use std::fmt::Write;

/// The report as tables of Markdown.
pub fn markdown(report: &Report) -> String {
    let mut out = String::new();
    let verdict = &report.verdict;
    let (failures, errors) = (verdict.failures(), verdict.errors());
    let result = match verdict.status {
        0 => "nothing fails".to_owned(),
        1 => format!("{failures} fail"),
        _ => format!("{errors} did not run, {failures} fail"),
    };
    let _ = writeln!(out, "### nsteps diff: {result}\n");
    launchers(&mut out, report);
    if !verdict.differences.is_empty() {
        differences(&mut out, report);
    }
    for fault in &verdict.faults {
        let place = match (&report.file, fault.line) {
            (Some(file), Some(line)) => format!("{file}:{line}: "),
            _ => String::new(),
        };
        let name = fault.launcher.map(|it| format!("{}: ", letter(it)));
        let name = name.unwrap_or_default();
        let text = cell(&format!("{place}{name}{}: {}", fault.key, fault.text));
        let _ = writeln!(out, "- **fails** {text}");
    }
    for (launcher, it) in &report.suggestions {
        let _ = writeln!(
            out,
            "\nTo make {} do as A ({}):\n",
            letter(*launcher),
            it.remaining()
        );
        for one in &it.found {
            let _ = writeln!(out, "- {}", code(&one.change));
        }
    }
    let _ = writeln!(
        out,
        "\n{} keys changed alike, {} not compared. {}, {}, {}, {}.",
        verdict.alike.len(),
        verdict.unknown.len(),
        report.machine,
        report.scenario,
        report.day,
        cell(&report.cgroups.to_string())
    );
    if let Some(why) = report.cgroups.unprotected() {
        let _ = writeln!(out, "Not protected: {why}.");
    }
    out
}

fn launchers(out: &mut String, report: &Report) {
    out.push_str("| | launcher | program | |\n|---|---|---|---|\n");
    for (index, it) in report.launchers.iter().enumerate() {
        let program =
            it.program.as_ref().map(|program| match it.column.place {
                Place::Sandbox => program.in_words(12),
                Place::Host => format!("{}; {ON_HOST}", program.in_words(12)),
            });
        let trouble = report.verdict.troubles.iter();
        let trouble = trouble
            .filter(|it| it.launcher == index)
            .map(|it| it.text.clone())
            .next();
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} |",
            letter(index),
            code(&it.name),
            cell(&program.unwrap_or_default()),
            cell(&trouble.unwrap_or_default())
        );
    }
    out.push('\n');
}

fn differences(out: &mut String, report: &Report) {
    let ran: Vec<usize> = (0..report.launchers.len())
        .filter(|it| report.launchers[*it].column.ran())
        .collect();
    let heads: Vec<String> = ran.iter().map(|it| letter(*it)).collect();
    let _ = writeln!(out, "| level | key | {} | |", heads.join(" | "));
    let _ = writeln!(out, "|---|---|{}---|", "---|".repeat(ran.len()));
    for judged in &report.verdict.differences {
        let values: Vec<String> = ran
            .iter()
            .map(|it| code(&value_of(&judged.row, *it).to_string()))
            .collect();
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} |",
            judged.level.name(),
            code(&judged.row.title()),
            values.join(" | "),
            conclusion(report, judged)
        );
    }
    out.push('\n');
}

/// The conclusion, and what the difference does to a payload.
fn conclusion(report: &Report, judged: &Judged) -> String {
    let mut parts: Vec<String> = judged
        .cases
        .iter()
        .map(|case| {
            let name = letter(case.launcher);
            match case.outcome {
                Outcome::Failed => format!("**fails** {name}"),
                Outcome::Waived(index) => {
                    format!("waived {name}: {}", cell(&report.reasons[index]))
                }
                Outcome::Allowed => format!("allowed {name}"),
            }
        })
        .collect();
    parts.extend(judged.consequence.map(|it| cell(it.sentence)));
    let page = judged.consequence.and_then(|it| it.page);
    parts.extend(page.map(|it| code(&report.book.page(it))));
    parts.join("; ")
}

/// Escapes a text for a cell of a table.
fn cell(text: &str) -> String {
    let mut out = String::new();
    for it in text.chars() {
        if "|\\`*_<>[]#~&@".contains(it) {
            out.push('\\');
        }
        out.push(if it == '\n' { ' ' } else { it });
    }
    out
}

/// A text as code, between more backquotes than the text has in a row.
fn code(text: &str) -> String {
    let text = text.replace('\n', " ").replace('|', "\\|");
    let runs = text.split(|it| it != '`').map(str::len);
    let fence = "`".repeat(runs.max().unwrap_or(0) + 1);
    match text.starts_with('`') || text.ends_with('`') {
        true => format!("{fence} {text} {fence}"),
        false => format!("{fence}{text}{fence}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_ends_its_cell() {
        assert_eq!(cell("a|b\n*c*"), "a\\|b \\*c\\*");
        assert_eq!(code("a|b"), "`a\\|b`");
        assert_eq!(code("`a``b"), "``` `a``b ```");
    }
}
