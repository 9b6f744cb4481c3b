//! The chapter's last table: the performance targets, and what Rust reaches.

use crate::chapter::scale::digits;
use crate::judge::target::{Figure, Finding, Met, TARGETS, Target};
use crate::record::stored::Record;
use std::fmt::Write;

/// Writes the table, and the reasons for the targets that are not met.
pub fn section(record: &Record) -> String {
    let mut text = "## Performance targets\n\n\
         | | must | goal | measured | |\n|---|---:|---:|---|---|\n"
        .to_owned();
    let mut unmet = String::new();
    for target in TARGETS {
        let findings = target.findings(record);
        let mark =
            if target.is_at_most() { "at&nbsp;most" } else { "at&nbsp;least" };
        let (must, goal) = (target.must, target.goal);
        let _ = writeln!(
            text,
            "| {} | {mark}&nbsp;{must} | {goal} | {} | {} |",
            target.what,
            measured(target, &findings),
            verdict(&findings)
        );
        for (why, rows) in by_reason(record, target, &findings) {
            let _ = writeln!(
                unmet,
                "- {}: {}. {why}",
                target.what,
                rows.join(", ")
            );
        }
    }
    if !unmet.is_empty() {
        let _ = write!(text, "\nWhat is not met, and why:\n\n{unmet}");
    }
    text + "\n"
}

/// The targets that are not met, with what the floor reaches there. Rows that
/// have the same reason are listed together.
fn by_reason(
    record: &Record,
    target: &Target,
    findings: &[Finding],
) -> Vec<(&'static str, Vec<String>)> {
    let mut reasons: Vec<(&str, Vec<String>)> = Vec::new();
    for it in findings.iter().filter(|it| it.met() >= Met::Not) {
        let why = it.reason().map_or("No reason is given.", |it| it.why);
        let floor = target.of_the_floor(record, &it.row);
        let floor = floor.map_or_else(String::new, |floor| {
            format!(" (the floor {})", number(target, Some(floor)))
        });
        let row = format!("`{}` {}{floor}", it.row, number(target, it.figure));
        match reasons.iter_mut().find(|(other, _)| *other == why) {
            Some((_, rows)) => rows.push(row),
            None => reasons.push((why, vec![row])),
        }
    }
    reasons
}

/// The measured figure of a target; of several rows the worst one, and its row.
fn measured(target: &Target, findings: &[Finding]) -> String {
    let worst = findings.iter().max_by(|a, b| {
        let bad = |it: &Finding| {
            let figure = it.figure.unwrap_or(f64::INFINITY);
            let sign = if target.is_at_most() { 1.0 } else { -1.0 };
            if it.figure.is_some() { sign * figure } else { figure }
        };
        bad(a).total_cmp(&bad(b))
    });
    match (worst, findings.len()) {
        (None, _) => "-".to_owned(),
        (Some(it), 1) => number(target, it.figure),
        (Some(it), all) => format!(
            "worst of {all}: {} (`{}`)",
            number(target, it.figure),
            it.row
        ),
    }
}

fn number(target: &Target, figure: Option<f64>) -> String {
    match (figure, target.figure) {
        (None, _) => "not measured".to_owned(),
        (Some(it), Figure::Calls) => format!("{it:.0}"),
        (Some(it), Figure::Times(..) | Figure::Others(..)) => digits(it),
        (Some(it), _) => format!("{it:.3}"),
    }
}

/// Of one row how well it meets the target; of several rows how many meet it.
fn verdict(findings: &[Finding]) -> String {
    let count = |wanted: &dyn Fn(Met) -> bool| {
        findings.iter().filter(|it| wanted(it.met())).count()
    };
    match findings {
        [] => Met::Unknown.words().to_owned(),
        [one] => one.met().words().to_owned(),
        all => {
            let met = count(&|it| it <= Met::Must);
            let goals = count(&|it| it == Met::Goal);
            let words = match met == all.len() {
                true => "met".to_owned(),
                false => format!("**{met} of {} met**", all.len()),
            };
            match goals == all.len() {
                true => "goal".to_owned(),
                false => format!("{words}, {goals} the goal"),
            }
        }
    }
}
