//! How costs grow: a figure and a table for each curve.

use crate::chapter::parts::{cell, figure};
use crate::chapter::scale::{digits, time};
use crate::record::curve::{Curve, Line};
use crate::record::outcome::Verdict;
use crate::record::stored::Record;
use std::fmt::Write;

/// Writes the section; if nothing was measured, it says so.
pub fn section(record: &Record) -> String {
    let mut text = "## Growth\n\n".to_owned();
    let Some(growth) = &record.growth else {
        return text + "Not measured in this record.\n\n";
    };
    for curve in &growth.curves {
        let _ = write!(
            text,
            "### `{}`\n\n{}, as there is more of: {}.\n\n",
            curve.name,
            capital(&curve.y.label),
            curve.x.label
        );
        match &curve.verdict {
            Verdict::Proved => {}
            Verdict::NotPossible(why) => {
                let _ = write!(text, "Not possible here: {why}.\n\n");
                continue;
            }
            Verdict::Wrong(why) => {
                let _ = write!(text, "WRONG: {why}.\n\n");
                continue;
            }
        }
        if curve.lines.iter().any(|it| it.points.len() > 1) {
            text += &figure(&curve.name, &format!("Growth of {}", curve.name));
        }
        text += &table(curve);
        if curve.used.is_too_much() {
            text += "Others used more than 15 % of a processor meanwhile.\n\n";
        }
        for (name, why) in &curve.absent {
            let _ = writeln!(text, "- {name}: {}", cell(why));
        }
        text.push('\n');
    }
    text
}

fn table(curve: &Curve) -> String {
    let mut text = "| | first | last | last / first | law |\n\
                    |---|---:|---:|---:|---|\n"
        .to_owned();
    for line in &curve.lines {
        let _ = writeln!(text, "{}", row(curve, line));
    }
    text + "\n"
}

fn row(curve: &Curve, line: &Line) -> String {
    let value = |it: f64| match curve.y.unit.as_str() {
        "ns" => time(it),
        _ => digits(it),
    };
    let (first, last) = (line.points.first(), line.points.last());
    let words = |it: Option<f64>| it.map_or("-".to_owned(), value);
    let against = last.and_then(|it| it.against_first);
    let against = against.map_or("-".to_owned(), |it| {
        format!(
            "**{}** ({} to {})",
            digits(it.median),
            digits(it.low),
            digits(it.high)
        )
    });
    let law = line.fit.as_ref().map_or("-", |it| it.words.as_str());
    format!(
        "| {} | {} | {} | {against} | {} |",
        line.name,
        words(first.map(|it| it.median)),
        words(last.map(|it| it.median)),
        cell(law)
    )
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|it| it.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}
