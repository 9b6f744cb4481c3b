//! What is printed about programs of the user's own. Nothing is decided here.

use super::{Result, Stage};
use crate::checked::some;
use crate::terminal::style::{BAD, FAINT, GOOD, NOTE, PLAIN, STRONG};
use crate::terminal::text::{Cell, paragraph, table};
use anstyle::Style;
use compare::requirement::judge::{Judged, Verdict, of_step};
use compare::requirement::list::REQUIREMENTS;
use compare::requirement::mistake::{Mismatch, Mistake, PAYLOAD, Requirement};
use harness::host::layout::Layout;
use harness::step::{STEPS, Step};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Whether the answer to a hint is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The hint alone.
    Hint,
    /// The answer as well, and what was seen.
    Answer,
}

/// How far in a hint is, in columns.
const HINT: usize = 4;
/// How many lines an answer has about what was seen.
const MOST: usize = 6;

/// A program and what became of each requirement.
pub fn result(
    result: &Result,
    shown: Shown,
    layout: &Layout,
    width: Option<usize>,
) -> String {
    let mut out = String::new();
    let step = result.step;
    let _ = writeln!(
        out,
        "{STRONG}{}{STRONG:#}  {FAINT}{}{FAINT:#}\n",
        step.name,
        result.words.join(" ")
    );
    match &result.judged {
        Err(why) => paragraph(&mut out, why, 0, 0, BAD),
        Ok(judged) => {
            let looked = judged.iter().filter(|it| !is_hidden(&it.verdict));
            let row = |it: &Judged| {
                let (style, word) = word(&it.verdict);
                let Requirement { name, about, .. } = it.requirement;
                let word = Cell::new(style, word);
                vec![(*name).into(), word, (*about).into()]
            };
            let rows: Vec<Vec<Cell>> = looked.map(row).collect();
            if !rows.is_empty() {
                table(&mut out, HEAD, &rows, width);
            }
            for it in judged {
                if let Verdict::Fails(mistake, mismatches) = &it.verdict {
                    let name = it.requirement.name;
                    let of = (step, *mistake, mismatches.as_slice());
                    failure(&mut out, name, of, shown, layout);
                }
            }
            for (why, names) in hidden(judged) {
                let _ = writeln!(out, "\n{NOTE}not looked at{NOTE:#}");
                paragraph(&mut out, &format!("{why}: {names}"), HINT, 0, PLAIN);
            }
        }
    }
    out.push('\n');
    let scenarios: Vec<(String, &str)> = result
        .not_looked_at
        .iter()
        .map(|(scenario, why)| (scenario.to_string(), why.as_str()))
        .collect();
    let scenarios = scenarios.iter().map(|(it, why)| (it.as_str(), *why));
    for (reason, scenarios) in together(scenarios) {
        let text = format!("not looked at in {scenarios}: {reason}");
        paragraph(&mut out, &text, 0, 2, FAINT);
    }
    let hidden = match shown {
        Shown::Hint if result.count().unexpected > 0 => {
            "; --explain gives the answers"
        }
        _ => "",
    };
    let _ = writeln!(out, "{STRONG}{}{STRONG:#}{hidden}", tally(result));
    out
}

fn is_hidden(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::NotLookedAt(_))
}

/// The requirements that were not looked at, together where the reason is the
/// same.
fn hidden(judged: &[Judged]) -> Vec<(String, String)> {
    together(judged.iter().filter_map(|it| match &it.verdict {
        Verdict::NotLookedAt(why) => Some((it.requirement.name, why.as_str())),
        _ => None,
    }))
}

/// What stands above the columns.
const HEAD: &[&str] = &["requirement", "", "what has to be so"];

fn word(verdict: &Verdict) -> (Style, &'static str) {
    match verdict {
        Verdict::Passes => (GOOD, "passes"),
        Verdict::Fails(..) => (BAD, "fails"),
        Verdict::NotLookedAt(_) => (NOTE, "not looked at"),
    }
}

/// One requirement that is not met.
fn failure(
    out: &mut String,
    name: &str,
    (step, mistake, mismatches): (&Step, &Mistake, &[Mismatch]),
    shown: Shown,
    layout: &Layout,
) {
    let _ = writeln!(
        out,
        "\n{STRONG}{name}{STRONG:#}  {BAD}fails{BAD:#} {FAINT}{}{FAINT:#}",
        places(mismatches)
    );
    paragraph(out, &mistake.hint(mismatches), HINT, 0, PLAIN);
    if shown == Shown::Answer {
        let answer = mistake.answer(step, mismatches);
        paragraph(out, &answer, HINT, 0, GOOD);
        let lines = evidence(mismatches);
        for line in lines.iter().take(MOST) {
            paragraph(out, line, HINT, 2, FAINT);
        }
        if let more @ 1.. = lines.len().saturating_sub(MOST) {
            paragraph(out, &format!("and {more} more"), HINT, 2, FAINT);
        }
    } else if let Some(said) = said(mismatches) {
        paragraph(out, said, HINT, 2, FAINT);
    }
    let page = layout.book().page(&mistake.page(step));
    paragraph(out, &format!("page: {page}"), HINT, 2, FAINT);
}

/// Where a requirement is not met: the situations, or the scenarios.
pub fn places(mismatches: &[Mismatch]) -> String {
    let mut places: Vec<String> = Vec::new();
    for it in mismatches {
        let place = match it.situation {
            Some(situation) => situation.to_owned(),
            None => it.scenario.to_string(),
        };
        if !places.contains(&place) {
            places.push(place);
        }
    }
    format!("in {}", places.join(", "))
}

/// What the program said, or why it was ended, where its command did not run.
fn said(mismatches: &[Mismatch]) -> Option<&str> {
    let first = mismatches.first()?;
    (first.key == PAYLOAD).then_some(first.seen.as_deref())?
}

/// Each key that is not as expected, in a line, with the scenarios in which it
/// is so.
pub fn evidence(mismatches: &[Mismatch]) -> Vec<String> {
    let shown = |value: &Option<String>| {
        value.as_deref().unwrap_or("unchanged").to_owned()
    };
    let mut lines: Vec<(String, Vec<String>)> = Vec::new();
    for it in mismatches {
        let situation =
            it.situation.map_or(String::new(), |it| format!("{it}: "));
        let what = format!(
            "{situation}{}: expected {}, seen {}",
            it.key,
            shown(&it.wanted),
            shown(&it.seen)
        );
        let scenario = it.scenario.to_string();
        match lines.iter_mut().find(|(other, _)| *other == what) {
            Some((_, all)) => all.push(scenario),
            None => lines.push((what, vec![scenario])),
        }
    }
    let line = |(what, all): (String, Vec<String>)| {
        format!("{what} (in {})", all.join(", "))
    };
    lines.into_iter().map(line).collect()
}

fn tally(result: &Result) -> String {
    let count = result.count();
    let passed =
        count.all - count.unexpected - count.unavailable - count.broken;
    format!(
        "{} requirement{}: {passed} passed{}{}",
        count.all,
        if count.all == 1 { "" } else { "s" },
        some(count.unexpected, "failed"),
        some(count.unavailable + count.broken, "not looked at"),
    )
}

/// Names with a reason, those with the same reason together: the reason, and the
/// names.
fn together<'a>(
    names: impl Iterator<Item = (&'a str, &'a str)>,
) -> Vec<(String, String)> {
    let mut all: Vec<(&str, Vec<&str>)> = Vec::new();
    for (name, why) in names {
        match all.iter_mut().find(|(reason, _)| *reason == why) {
            Some((_, names)) => names.push(name),
            None => all.push((why, vec![name])),
        }
    }
    all.into_iter().map(|(why, all)| (why.to_owned(), all.join(", "))).collect()
}

/// The course: the steps in order, and what is required of each.
///
/// # Errors
///
/// Fails if what is expected of a step is not known.
pub fn list(
    steps: &[&'static Step],
    width: Option<usize>,
) -> harness::error::Result<String> {
    let mut out = String::new();
    if let [step] = steps {
        let rows: Vec<Vec<Cell>> =
            of_step(step)?.into_iter().map(row).collect();
        let _ =
            writeln!(out, "{STRONG}{}{STRONG:#}  {}\n", step.name, step.title);
        table(&mut out, &["requirement", "what has to be so"], &rows, width);
        return Ok(out);
    }
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for step in steps {
        for it in of_step(step)? {
            *count.entry(it.name).or_default() += 1;
        }
    }
    // `join` is seen where it is, and not what it inherits.
    let most = steps.len().saturating_sub(1);
    let is_common = |name: &str| count.get(name).is_some_and(|it| *it >= most);
    let own = |(index, step): (usize, &&'static Step)| {
        let names: Vec<&str> = of_step(step)?
            .into_iter()
            .map(|it| it.name)
            .filter(|it| !is_common(it))
            .collect();
        Ok(vec![
            Cell::new(FAINT, (index + 1).to_string()),
            step.name.into(),
            names.join(" ").into(),
            Cell::new(FAINT, step.title),
        ])
    };
    let rows: harness::error::Result<Vec<Vec<Cell>>> =
        steps.iter().enumerate().map(own).collect();
    let head = &["", "step", "requires", "what it shows"];
    table(&mut out, head, &rows?, width);
    let common: Vec<&str> = REQUIREMENTS
        .iter()
        .map(|it| it.name)
        .filter(|it| is_common(it))
        .collect();
    out.push('\n');
    let text =
        format!("and every step, or all but join: {}", common.join(", "));
    paragraph(&mut out, &text, 0, 2, PLAIN);
    let more = "nsteps check --list STEP says what each of them means";
    paragraph(&mut out, more, 0, 2, FAINT);
    Ok(out)
}

fn row(requirement: &'static Requirement) -> Vec<Cell> {
    vec![requirement.name.into(), requirement.about.into()]
}

/// Where the user stands: a line for each step, then what is next.
pub fn next(
    stages: &[Stage],
    shown: Shown,
    layout: &Layout,
    width: Option<usize>,
) -> String {
    let mut out = String::new();
    let rows: Vec<Vec<Cell>> = stages
        .iter()
        .map(|stage| {
            let (style, word) = standing(stage);
            vec![
                stage.step.name.into(),
                Cell::new(style, word),
                stage.step.title.into(),
            ]
        })
        .collect();
    table(&mut out, &["step", "", "what it shows"], &rows, width);
    out.push('\n');
    match stages.iter().find(|it| !it.is_done()) {
        None => {
            let _ = writeln!(out, "{GOOD}every step is done{GOOD:#}");
        }
        Some(stage) => {
            let name = stage.step.name;
            let _ = writeln!(out, "{STRONG}next: {name}{STRONG:#}");
            match &stage.result {
                Some(it) => {
                    out.push('\n');
                    out.push_str(&result(it, shown, layout, width));
                }
                None => {
                    let page = layout.book().page(&format!("steps/{name}.md"));
                    paragraph(&mut out, &format!("page: {page}"), 0, 2, FAINT);
                }
            }
        }
    }
    let done = stages.iter().filter(|it| it.is_done()).count();
    let all = STEPS.len();
    let _ = writeln!(out, "\n{STRONG}{done} of {all} steps done{STRONG:#}");
    out
}

fn standing(stage: &Stage) -> (Style, String) {
    let Some(result) = &stage.result else {
        return (FAINT, "no program".to_owned());
    };
    let count = result.count();
    match result.status() {
        0 => (GOOD, "done".to_owned()),
        1 => (BAD, format!("{} of {} fail", count.unexpected, count.all)),
        _ => (NOTE, "not looked at".to_owned()),
    }
}
