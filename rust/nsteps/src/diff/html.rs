//! Writes the report as one page of HTML, which needs neither a script nor
//! another file.

use super::letters::{letter, letters};
use super::{Report, value_of};
use askama::Template;
use harness::error::{Context, Result};
use harness::trial::Place;
use launchers::consequence::Level;
use launchers::keys;
use launchers::matrix::{ON_HOST, Row, Value};
use launchers::verdict::{Case, Judged, Outcome};
use probe::Observation;

/// The report as a page of HTML.
///
/// # Errors
///
/// Fails if the template cannot be filled.
pub fn html(report: &Report) -> Result<String> {
    page(report).render().context("write the report as HTML")
}

#[derive(Template)]
#[template(path = "diff.html")]
struct Page<'a> {
    title: String,
    result: &'static str,
    report: &'a Report,
    launchers: Vec<LauncherView<'a>>,
    clusters: Vec<String>,
    levels: Vec<LevelView<'a>>,
    unknown: Vec<(&'a str, Vec<Cell>)>,
    faults: Vec<String>,
    suggestions: Vec<SuggestionView<'a>>,
}

struct LauncherView<'a> {
    letter: String,
    name: &'a str,
    line: &'a str,
    program: String,
    recorded: String,
    trouble: String,
}

struct LevelView<'a> {
    name: &'static str,
    rows: Vec<RowView<'a>>,
}

/// A key, with one cell for each cluster.
struct RowView<'a> {
    key: String,
    about: &'a str,
    consequence: &'a str,
    page: String,
    cells: Vec<Cell>,
    conclusions: Vec<Conclusion>,
    evidence: Vec<Sides>,
}

struct Cell {
    letters: String,
    text: String,
    class: &'static str,
}

struct Conclusion {
    class: &'static str,
    text: String,
}

/// What the payload and the harness read of a key under one launcher.
struct Sides {
    letter: String,
    change: String,
    payload: String,
    outside: String,
}

struct SuggestionView<'a> {
    letter: String,
    line: &'a str,
    changes: Vec<(&'a str, String)>,
    left: String,
}

fn page(report: &Report) -> Page<'_> {
    let verdict = &report.verdict;
    let title = match verdict.status {
        0 => "nothing fails".to_owned(),
        1 => format!("{} fail", verdict.failures()),
        _ => format!(
            "{} did not run, {} fail",
            verdict.errors(),
            verdict.failures()
        ),
    };
    let levels = Level::ALL.map(|level| LevelView {
        name: level.name(),
        rows: verdict
            .differences
            .iter()
            .filter(|it| it.level == level)
            .map(|it| judged(report, it))
            .collect(),
    });
    Page {
        title,
        result: if verdict.status == 0 { "good" } else { "bad" },
        report,
        launchers: (0..report.launchers.len())
            .map(|it| launcher(report, it))
            .collect(),
        clusters: verdict.clusters.iter().map(|it| letters(it)).collect(),
        levels: levels.into_iter().filter(|it| !it.rows.is_empty()).collect(),
        unknown: verdict.unknown.iter().map(not_compared).collect(),
        faults: verdict
            .faults
            .iter()
            .map(|it| {
                let name = it.launcher.map(|it| format!("{}: ", letter(it)));
                let line = match (&report.file, it.line) {
                    (Some(file), Some(line)) => format!("{file}:{line}: "),
                    _ => String::new(),
                };
                let name = name.unwrap_or_default();
                format!("{line}{name}{}: {}", it.key, it.text)
            })
            .collect(),
        suggestions: report
            .suggestions
            .iter()
            .map(|(index, it)| SuggestionView {
                letter: letter(*index),
                line: &it.line,
                changes: it
                    .found
                    .iter()
                    .map(|it| (it.change.as_str(), it.closes.join(" ")))
                    .collect(),
                left: it.remaining(),
            })
            .collect(),
    }
}

fn launcher(report: &Report, index: usize) -> LauncherView<'_> {
    let it = &report.launchers[index];
    let program = it.program.as_ref().map(|program| match it.column.place {
        Place::Sandbox => program.in_words(64),
        Place::Host => format!("{}; {ON_HOST}", program.in_words(64)),
    });
    let recorded = it.recorded.as_ref().map(|it| {
        format!("recorded on {}, {}, {}", it.day, it.machine, it.scenario)
    });
    let trouble =
        report.verdict.troubles.iter().find(|it| it.launcher == index);
    let line = it.column.line.as_str();
    LauncherView {
        letter: letter(index),
        name: &it.name,
        line: if line == it.name { "" } else { line },
        program: program.unwrap_or_default(),
        recorded: recorded.unwrap_or_default(),
        trouble: trouble.map(|it| it.text.clone()).unwrap_or_default(),
    }
}

fn judged<'a>(report: &'a Report, judged: &'a Judged) -> RowView<'a> {
    let mut view = row(report, &judged.row);
    view.consequence = judged.consequence.map_or("", |it| it.sentence);
    let page = judged.consequence.and_then(|it| it.page);
    view.page = page.map(|it| report.book.page(it)).unwrap_or_default();
    let conclusion = |case: &Case| {
        let name = letter(case.launcher);
        match case.outcome {
            Outcome::Failed => {
                Conclusion { class: "fails", text: format!("{name} fails") }
            }
            Outcome::Waived(index) => Conclusion {
                class: "waived",
                text: format!("{name} waived: {}", report.reasons[index]),
            },
            Outcome::Allowed => {
                Conclusion { class: "allowed", text: format!("{name} allowed") }
            }
        }
    };
    view.conclusions = judged.cases.iter().map(conclusion).collect();
    view
}

fn row<'a>(report: &'a Report, row: &'a Row) -> RowView<'a> {
    let clusters = report.verdict.clusters.iter();
    let cells = clusters.map(|it| cell(value_of(row, it[0]), it));
    let ran = report.verdict.clusters.iter().flatten();
    RowView {
        key: row.title(),
        about: keys::about(&row.key).unwrap_or_default(),
        consequence: "",
        page: String::new(),
        cells: cells.collect(),
        conclusions: Vec::new(),
        evidence: ran.map(|it| evidence(report, row, *it)).collect(),
    }
}

fn cell(value: &Value, launchers: &[usize]) -> Cell {
    Cell {
        letters: letters(launchers),
        text: value.to_string(),
        class: match value {
            Value::Unchanged => "unchanged",
            Value::Changed(_) => "changed",
            _ => "unread",
        },
    }
}

/// A row that is not compared: launchers of one cluster may show different
/// values in it.
fn not_compared(row: &Row) -> (&str, Vec<Cell>) {
    let cells =
        row.values.iter().map(|(value, launchers)| cell(value, launchers));
    (&row.key, cells.collect())
}

fn evidence(report: &Report, row: &Row, index: usize) -> Sides {
    let column = &report.launchers[index].column;
    let payload = column.payload.as_ref();
    let read = payload.and_then(|it| it.readings.get(&row.key));
    let payload = match (read.map(|it| it.value()), value_of(row, index)) {
        (Some(Some(value)), _) => value.to_owned(),
        (Some(None), Value::NotRead(why)) => format!("not read: {why}"),
        (Some(None), _) => "not read".to_owned(),
        (None, _) if row.key.starts_with("mnt.") => mount(payload, &row.key),
        (None, _) => {
            "no reading of this name: the harness found the change".to_owned()
        }
    };
    let begins = format!("{} is ", row.key);
    let disagreement =
        column.disagreements.iter().find(|it| it.starts_with(&begins));
    let of_mounts = |key: &String| key.starts_with("mnt.");
    let is_mount = of_mounts(&row.key);
    let is_recorded = report.launchers[index].recorded.is_some();
    let outside = match (disagreement, column.outside.get(&row.key)) {
        (Some(why), _) => why.clone(),
        (None, Some(value)) => value.clone(),
        // The whole table was read.
        (None, None) if is_mount && column.outside.keys().any(of_mounts) => {
            "not mounted".to_owned()
        }
        (None, None) if is_recorded => "not in the record".to_owned(),
        (None, None) => "not read from outside".to_owned(),
    };
    let change = value_of(row, index).to_string();
    Sides { letter: letter(index), change, payload, outside }
}

/// The mount of a key, as the payload saw it.
fn mount(payload: Option<&Observation>, key: &str) -> String {
    let Some(Ok(table)) = payload.map(|it| &it.mounts) else {
        return "the mount table was not read".to_owned();
    };
    let mut lines = probe::mount_lines(table).into_iter();
    let found = lines.find(|it| it.0 == key).map(|it| it.1);
    found.unwrap_or_else(|| "not mounted".to_owned())
}
