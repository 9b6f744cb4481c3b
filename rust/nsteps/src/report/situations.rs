//! The part of the report about situations: where the languages differ in them,
//! and where they do not.

use crate::terminal::style::{BAD, FAINT, GOOD, NOTE, PLAIN, STRONG};
use crate::terminal::text::{self, Breaks, GAP, Painted, paragraph};
use anstyle::Style;
use compare::comparison::{Comparison, Row, Standing, Verdict};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Prints where the languages differ in situations, and where they do not. What
/// is the same for most steps is printed once.
pub fn print(out: &mut String, comparisons: &[Comparison]) {
    let situations = Tried::all(comparisons);
    let alone = Tried::not_compared(comparisons);
    if situations.is_empty() && alone.is_empty() {
        return;
    }
    let _ = writeln!(out, "{STRONG}around the steps{STRONG:#}");
    let mut same: Vec<String> = Vec::new();
    for alike in situations.chunk_by(|one, next| one.ways == next.ways) {
        let [most, others @ ..] = alike[0].ways.as_slice() else {
            continue;
        };
        let names: Vec<_> =
            alike.iter().map(|it| it.name_with(&most.steps)).collect();
        let (reworded, others): (Vec<_>, Vec<_>) =
            others.iter().partition(|way| way.ends_as(most));
        let reworded = reworded.iter().map(|way| way.steps.len()).sum();
        if most.rows.is_empty() {
            same.extend(names);
            most.print(out, "", reworded);
        } else {
            most.print(out, &names.join(" "), reworded);
        }
        for way in others {
            let names: Vec<_> =
                way.steps.iter().map(|it| format!("{it}:")).collect();
            paragraph(out, &names.join(" "), 0, 0, PLAIN);
            way.print(out, alike[0].name, 0);
        }
    }
    for (what, style, names) in
        [("the same in all", GOOD, &same), ("not compared", FAINT, &alone)]
    {
        if !names.is_empty() {
            let _ = writeln!(out, "{what}");
            paragraph(out, &names.join(" "), 2, 0, style);
        }
    }
    out.push('\n');
}

/// One situation and its results, which are often the same for all steps.
struct Tried<'a> {
    name: &'a str,
    /// The results; the one that most steps have comes first.
    ways: Vec<Way<'a>>,
}

/// A result of a situation, and the steps that have it.
#[derive(PartialEq)]
struct Way<'a> {
    /// The rows in which the launchers differ.
    rows: Vec<&'a Row>,
    steps: Vec<&'a str>,
}

impl Way<'_> {
    /// True if the launchers end in the same way, whatever they print.
    fn ends_as(&self, other: &Way<'_>) -> bool {
        let exit = |way: &Way<'_>| {
            let exit = way.rows.iter().find(|row| row.key == "exit");
            exit.map(|row| row.groups.clone())
        };
        exit(self) == exit(other)
    }

    /// Prints the rows, and how many steps are not shown, beside a label. The
    /// label may have several lines, as each row may.
    fn print(&self, out: &mut String, label: &str, not_shown: usize) {
        let (mut keys, mut shown) = (Vec::new(), Vec::new());
        for row in &self.rows {
            let style = match &row.verdict {
                Verdict::Differs(_) => BAD,
                _ => NOTE,
            };
            let lines = values(row, style);
            keys.push(Painted::new(PLAIN, &row.key));
            keys.resize(keys.len() + lines.len() - 1, Painted::new(PLAIN, ""));
            shown.extend(lines);
        }
        if not_shown > 0 {
            let text = format!("{not_shown} steps in other words (-v)");
            shown.push(Painted::new(FAINT, &text));
        }
        if shown.is_empty() {
            return;
        }
        let label = text::wrap(label, LABEL, 0, Breaks::Spaces);
        let label = label.iter().map(|it| Painted::new(PLAIN, it)).collect();
        text::beside(out, &[label, keys, shown], &[LABEL, KEY, 0]);
    }
}

impl<'a> Tried<'a> {
    /// All situations except joins, in the order of the comparisons. One
    /// scenario stands for all: one in which something differs, if there is
    /// one, and not one in which nothing was compared.
    fn all(comparisons: &'a [Comparison]) -> Vec<Tried<'a>> {
        let mut all: Vec<Tried<'a>> = Vec::new();
        let rank = |it: &&Comparison| match it.standing() {
            Standing::NotCompared => None,
            Standing::Same | Standing::SameButEverywhere => Some(2),
            Standing::Explained => Some(1),
            Standing::Differs => Some(0),
        };
        for it in comparisons.iter().filter(|it| !it.subject.is_a_join()) {
            let Some(name) = it.subject.situation.as_deref() else { continue };
            let telling = comparisons
                .iter()
                .filter(|other| other.subject == it.subject)
                .filter(|other| rank(other).is_some())
                .min_by_key(rank);
            let Some(it) = telling else { continue };
            let at = all.iter().position(|other| other.name == name);
            let at = at.unwrap_or_else(|| {
                all.push(Tried { name, ways: Vec::new() });
                all.len() - 1
            });
            all[at].add(it.subject.step, differing_rows(it));
        }
        for it in &mut all {
            it.ways.sort_by_key(|way| std::cmp::Reverse(way.steps.len()));
        }
        all
    }

    /// The subjects that were compared in no scenario; `STEP:*` if that is so
    /// for every situation around a step.
    fn not_compared(comparisons: &[Comparison]) -> Vec<String> {
        // For each step, every situation, and whether it was compared.
        let mut steps: Vec<(&str, BTreeMap<&str, bool>)> = Vec::new();
        for it in comparisons.iter().filter(|it| !it.subject.is_a_join()) {
            let Some(name) = it.subject.situation.as_deref() else { continue };
            let step = it.subject.step;
            if steps.last().is_none_or(|(last, _)| *last != step) {
                steps.push((step, BTreeMap::new()));
            }
            let Some((_, situations)) = steps.last_mut() else { continue };
            let compared = it.standing() != Standing::NotCompared;
            *situations.entry(name).or_default() |= compared;
        }
        steps
            .into_iter()
            .flat_map(|(step, situations)| {
                if situations.len() > 1 && situations.values().all(|it| !it) {
                    return vec![format!("{step}:*")];
                }
                let alone = situations.into_iter().filter(|(_, it)| !it);
                alone.map(|(name, _)| format!("{step}:{name}")).collect()
            })
            .collect()
    }

    fn add(&mut self, step: &'a str, rows: Vec<&'a Row>) {
        if self.ways.iter().any(|way| way.steps.contains(&step)) {
            return;
        }
        match self.ways.iter_mut().find(|way| way.rows == rows) {
            Some(way) => way.steps.push(step),
            None => self.ways.push(Way { rows, steps: vec![step] }),
        }
    }

    /// The name of the situation; for a single step the name of the subject.
    fn name_with(&self, steps: &[&str]) -> String {
        match steps {
            [step] => format!("{step}:{}", self.name),
            _ => self.name.to_owned(),
        }
    }
}

/// The rows in which the launchers differ.
fn differing_rows(it: &Comparison) -> Vec<&Row> {
    let differs = |row: &&Row| {
        !matches!(row.verdict, Verdict::Same | Verdict::NotCompared)
    };
    it.rows.iter().filter(differs).collect()
}

/// The width of the name of a situation.
const LABEL: usize = 22;
/// The width of a key in a situation.
const KEY: usize = 9;

/// The value that all launchers show, or each value with the launchers that
/// show it; on several lines if one is too narrow.
fn values(row: &Row, style: Style) -> Vec<Painted> {
    let room = text::sentence_width().saturating_sub(LABEL + KEY + 2 * GAP);
    let each: Vec<String> = row
        .groups
        .iter()
        .map(|group| {
            let value = group.value.as_deref().unwrap_or("-");
            let names: Vec<_> =
                group.launchers.iter().map(|it| it.name()).collect();
            match row.groups.len() {
                1 => value.to_owned(),
                _ => format!("{}: {value}", names.join(" ")),
            }
        })
        .collect();
    let together = each.join("   ");
    let lines = if together.chars().count() <= room {
        vec![together]
    } else {
        let wrapped = |it: &String| text::wrap(it, room, 2, Breaks::Spaces);
        each.iter().flat_map(wrapped).collect()
    };
    lines.iter().map(|line| Painted::new(style, line)).collect()
}
