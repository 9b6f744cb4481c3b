//! Writes the report for a terminal: a matrix of keys and clusters, the levels
//! that matter most first.

use super::letters::{letter, letters};
use super::{Report, value_of};
use crate::checked::some;
use crate::terminal::style::{BAD, FAINT, GOOD, NOTE, PLAIN, STRONG};
use crate::terminal::text::{Breaks, GAP, USUAL, paragraph, width, wrap};
use anstyle::Style;
use harness::trial::Place;
use launchers::consequence::Level;
use launchers::matrix::{Column, ON_HOST, Row, Value};
use launchers::verdict::{Judged, Outcome};
use std::fmt::Write;

mod cells;

/// How much of a long value is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// The part that fits on a line, and the part that differs.
    Cut,
    /// All of it, on as many lines as needed.
    Whole,
}

/// The indentation of a consequence, in columns.
const SENTENCE: usize = 4;
/// The width of the mark before a key, with a space.
const MARK: usize = 2;
/// The narrowest column in which values can be read.
const NARROWEST: usize = 12;

/// The report, with colours; the stream removes them if they are not wanted.
pub fn text(report: &Report, length: Length) -> String {
    text_in(report, length, width().unwrap_or(USUAL))
}

/// The report for a terminal that is `width` columns wide.
fn text_in(report: &Report, length: Length, width: usize) -> String {
    let mut out = String::new();
    let matrix = Matrix::of(report, length, width);
    launchers(&mut out, report);
    clusters(&mut out, report);
    for level in Level::ALL {
        matrix.level(&mut out, level);
    }
    unknown(&mut out, &report.verdict.unknown);
    faults(&mut out, report);
    suggestions(&mut out, report);
    summary(&mut out, report);
    out
}

/// Each launcher, and the program that ran.
fn launchers(out: &mut String, report: &Report) {
    for (index, it) in report.launchers.iter().enumerate() {
        let name = letter(index);
        let line = &it.column.line;
        let line = match it.name == *line {
            true => line.clone(),
            false => format!("{}: {line}", it.name),
        };
        paragraph(out, &format!("{name}  {line}"), 0, 3, STRONG);
        if let Some(program) = &it.program {
            paragraph(out, &program.in_words(12), 3, 0, FAINT);
        }
        if it.column.place == Place::Host {
            paragraph(out, ON_HOST, 3, 0, NOTE);
        }
        if let Some(it) = &it.recorded {
            let what = format!("recorded on {}, {}", it.day, it.machine);
            paragraph(out, &what, 3, 0, NOTE);
        }
        for trouble in &report.verdict.troubles {
            if trouble.launcher == index {
                let style = if trouble.is_allowed { NOTE } else { BAD };
                paragraph(out, &trouble.text, 3, 2, style);
                if it.column.ran() && it.column.degraded.is_empty() {
                    // If the state is not possible, no launcher has printed
                    // anything.
                    continue;
                }
                for key in ["exit", "said"] {
                    if let Value::Changed(value) = it.column.value(key) {
                        let line = format!("{key}: {value}");
                        paragraph(out, &line, 3, 2, NOTE);
                    }
                }
            }
        }
        for (what, states) in silent(&it.column) {
            let what = format!("{what} (in {})", states.join(", "));
            paragraph(out, &what, 3, 2, NOTE);
        }
    }
    out.push('\n');
}

/// For a launcher that runs the probe in one state: what it printed in the
/// states in which it did not, each text with these states.
fn silent(column: &Column) -> Vec<(String, Vec<&'static str>)> {
    let mut silent: Vec<(String, Vec<&'static str>)> = Vec::new();
    if !column.ran_in_any() {
        return silent;
    }
    for it in column.in_states().filter(|it| !it.unavailable) {
        let Some(why) = &it.did_not_answer else { continue };
        let mut what = format!("did not run: {why}");
        for key in ["exit", "said"] {
            if let Value::Changed(value) = it.value(key) {
                let _ = write!(what, "; {key}: {value}");
            }
        }
        match silent.iter_mut().find(|(known, _)| *known == what) {
            Some((_, states)) => states.push(it.state),
            None => silent.push((what, vec![it.state])),
        }
    }
    silent
}

/// The groups of launchers that do the same in all keys.
fn clusters(out: &mut String, report: &Report) {
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

/// The differences: a line for each key, a column for each cluster.
struct Matrix<'a> {
    report: &'a Report,
    length: Length,
    /// The width of the column of keys.
    keys: usize,
    /// The widths of the columns of clusters; `None` if there are so many that
    /// the values are printed one below another.
    columns: Option<Vec<usize>>,
}

/// Rows with the same consequence, which is printed once, with its page.
struct Group<'a> {
    sentence: Option<&'static str>,
    page: Option<&'static str>,
    rows: Vec<&'a Judged>,
}

impl<'a> Matrix<'a> {
    fn of(report: &'a Report, length: Length, width: usize) -> Matrix<'a> {
        let differences = &report.verdict.differences;
        let longest = differences.iter().map(|it| it.row.title().len()).max();
        let keys = longest.unwrap_or(0).min((width / 3).max(NARROWEST));
        let clusters = &report.verdict.clusters;
        let room = width.saturating_sub(MARK + keys + GAP * clusters.len());
        let mut matrix = Matrix { report, length, keys, columns: None };
        if !clusters.is_empty() && room / clusters.len() >= NARROWEST {
            let wanted: Vec<usize> =
                (0..clusters.len()).map(|it| matrix.widest(it)).collect();
            matrix.columns = Some(cells::widths(&wanted, room));
        }
        matrix
    }

    /// The width of a cluster's longest value.
    fn widest(&self, cluster: usize) -> usize {
        let differences = self.report.verdict.differences.iter();
        let of = |it: &Judged| self.values(&it.row)[cluster].chars().count();
        let head = letters(&self.report.verdict.clusters[cluster]).len();
        differences.map(of).max().unwrap_or(0).max(head)
    }

    /// The value of each cluster, without the words that all values have in
    /// common.
    fn values(&self, row: &Row) -> Vec<String> {
        let clusters = self.report.verdict.clusters.iter();
        let values: Vec<&Value> =
            clusters.map(|it| value_of(row, it[0])).collect();
        match self.length {
            Length::Whole => values.iter().map(ToString::to_string).collect(),
            Length::Cut => cells::differing(&values, NARROWEST * 2),
        }
    }

    /// The differences of a level.
    fn level(&self, out: &mut String, level: Level) {
        let style = match level {
            Level::Security | Level::Breaks => BAD,
            Level::Changes => NOTE,
            Level::Cosmetic => FAINT,
        };
        let groups = self.groups(level);
        if groups.is_empty() {
            return;
        }
        self.heading(out, level.name(), style);
        for group in groups {
            if let Some(sentence) = group.sentence {
                paragraph(out, sentence, SENTENCE, 0, FAINT);
            }
            if let Some(page) = group.page {
                let page = self.report.book.page(page);
                paragraph(out, &format!("page: {page}"), SENTENCE, 2, FAINT);
            }
            let mut rows = group.rows.into_iter().peekable();
            while let Some(judged) = rows.next() {
                // Keys with the same values are printed on one line.
                let values = self.values(&judged.row);
                let mut keys = vec![judged.row.key.as_str()];
                let place = &judged.row.place;
                while let Some(next) = rows.next_if(|it| {
                    self.columns.is_some()
                        && self.values(&it.row) == values
                        && it.row.place == *place
                        && self.mark(it).0 == self.mark(judged).0
                        && cells::family(&it.row.key)
                            == cells::family(&judged.row.key)
                }) {
                    keys.push(&next.row.key);
                }
                let key = match place.as_str() {
                    "" => cells::joined(&keys),
                    _ => format!("{} ({place})", cells::joined(&keys)),
                };
                self.row(out, &key, judged, &values);
            }
        }
        out.push('\n');
    }

    /// The rows of a level, grouped by consequence, in the order of their first
    /// rows.
    fn groups(&self, level: Level) -> Vec<Group<'a>> {
        let mut groups: Vec<Group<'a>> = Vec::new();
        for it in &self.report.verdict.differences {
            if it.level != level {
                continue;
            }
            let sentence = it.consequence.map(|it| it.sentence);
            let page = it.consequence.and_then(|it| it.page);
            let same = |group: &&mut Group| {
                (group.sentence, group.page) == (sentence, page)
            };
            match groups.iter_mut().find(same) {
                Some(group) => group.rows.push(it),
                None => groups.push(Group { sentence, page, rows: vec![it] }),
            }
        }
        groups
    }

    fn heading(&self, out: &mut String, name: &str, style: Style) {
        let Some(columns) = &self.columns else {
            let _ = writeln!(out, "{style}{name}{style:#}");
            return;
        };
        let width = MARK + self.keys;
        let mut heads = String::new();
        for (it, width) in self.report.verdict.clusters.iter().zip(columns) {
            let gap = " ".repeat(GAP);
            let _ = write!(heads, "{gap}{:width$}", letters(it));
        }
        let heads = heads.trim_end();
        let _ = writeln!(
            out,
            "{style}{name:width$}{style:#}{STRONG}{heads}{STRONG:#}"
        );
    }

    fn row(
        &self,
        out: &mut String,
        key: &str,
        judged: &Judged,
        values: &[String],
    ) {
        let (mark, style) = self.mark(judged);
        let Some(columns) = &self.columns else {
            let _ =
                writeln!(out, "{style}{mark}{style:#} {STRONG}{key}{STRONG:#}");
            for (value, launchers) in &judged.row.values {
                listed(out, value, launchers);
            }
            return;
        };
        let keys = wrap(key, self.keys, 1, Breaks::Calls);
        let cells: Vec<Vec<String>> = values
            .iter()
            .zip(cells::cut(values, columns, self.length))
            .map(|(_, lines)| lines)
            .collect();
        let unchanged = |index: usize| values[index] == "unchanged";
        let height = cells.iter().map(Vec::len).max().unwrap_or(0);
        for line in 0..height.max(keys.len()) {
            let mark = if line == 0 { mark } else { " " };
            let key = keys.get(line).map_or("", String::as_str);
            let width = self.keys;
            let mut text = format!("{style}{mark}{style:#} ");
            let _ = write!(text, "{STRONG}{key}{STRONG:#}");
            let mut plain = MARK + key.chars().count();
            for (index, cell) in cells.iter().enumerate() {
                let Some(cell) = cell.get(line).filter(|it| !it.is_empty())
                else {
                    continue;
                };
                let at = MARK
                    + width
                    + columns[..index].iter().sum::<usize>()
                    + GAP * (index + 1);
                let style = if unchanged(index) { FAINT } else { PLAIN };
                let blank = at.saturating_sub(plain);
                let _ = write!(text, "{:blank$}{style}{cell}{style:#}", "");
                plain = at + cell.chars().count();
            }
            let _ = writeln!(out, "{text}");
        }
    }

    /// The mark before a row: it fails, is waived, or is allowed.
    fn mark(&self, judged: &Judged) -> (&'static str, Style) {
        let any = |wanted: fn(Outcome) -> bool| {
            judged.cases.iter().any(|it| wanted(it.outcome))
        };
        if any(|it| it == Outcome::Failed) {
            ("!", BAD)
        } else if any(|it| matches!(it, Outcome::Waived(_))) {
            ("~", NOTE)
        } else {
            (" ", PLAIN)
        }
    }
}

/// A value, and the launchers that show it. Launchers that did not run are
/// listed above the table.
fn listed(out: &mut String, value: &Value, launchers: &[usize]) {
    if *value != Value::NotObserved {
        let line = format!("{}  {value}", letters(launchers));
        let hang = letters(launchers).len() + 2;
        paragraph(out, &line, SENTENCE, hang, FAINT);
    }
}

/// The keys that neither agree nor differ.
fn unknown(out: &mut String, rows: &[Row]) {
    let uncertain = |value: &Value| {
        matches!(value, Value::Unstable(..) | Value::NotRead(_))
    };
    let rows: Vec<&Row> = rows
        .iter()
        .filter(|row| row.values.iter().any(|(value, _)| uncertain(value)))
        .collect();
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "{STRONG}not compared{STRONG:#}: not the same every time under one \
         launcher, or not read"
    );
    for it in rows {
        let _ = writeln!(out, "  {}", it.title());
        for (value, launchers) in &it.values {
            listed(out, value, launchers);
        }
    }
    out.push('\n');
}

/// The failures that are not differences.
fn faults(out: &mut String, report: &Report) {
    for it in &report.verdict.faults {
        let place = match (&report.file, it.line) {
            (Some(file), Some(line)) => format!("{file}:{line}: "),
            _ => String::new(),
        };
        let name = it.launcher.map(|it| format!("{}: ", letter(it)));
        let name = name.unwrap_or_default();
        let key = if it.launcher.is_none() { &*it.key } else { "" };
        let key = if key.is_empty() { "" } else { &format!("{key}: ") };
        let text = format!("! {place}{name}{key}{}", it.text);
        paragraph(out, &text, 0, 2, BAD);
    }
    if !report.verdict.faults.is_empty() {
        out.push('\n');
    }
}

/// The changes that make other launchers do as the first one.
fn suggestions(out: &mut String, report: &Report) {
    for (launcher, it) in &report.suggestions {
        let name = letter(*launcher);
        let _ = writeln!(out, "{STRONG}to make {name} do as A{STRONG:#}");
        for one in &it.found {
            paragraph(out, &one.change, 2, 2, GOOD);
            let closes = format!("closes {}", one.closes.join(" "));
            paragraph(out, &closes, SENTENCE, 0, FAINT);
        }
        let left = match it.found.is_empty() {
            true => {
                "no known fix closes a difference and opens none".to_owned()
            }
            false => format!("with all of them {}", it.remaining()),
        };
        paragraph(out, &left, 2, 2, PLAIN);
        if !it.found.is_empty() {
            paragraph(out, &it.line, 2, 2, STRONG);
        }
        if let Some(patch) = &it.patch {
            paragraph(out, &format!("config.json: {patch}"), 2, 2, PLAIN);
        }
        out.push('\n');
    }
}

fn summary(out: &mut String, report: &Report) {
    let verdict = &report.verdict;
    let count = |level: Level| {
        verdict.differences.iter().filter(|it| it.level == level).count()
    };
    let levels: Vec<String> =
        Level::ALL.map(|it| some(count(it), it.name())).to_vec();
    let all = verdict.differences.len();
    let style = if verdict.status == 0 { GOOD } else { BAD };
    let counts = format!(
        "{all} difference{}{}{}{}, {} keys changed alike",
        if all == 1 { "" } else { "s" },
        levels.concat(),
        some(verdict.failures(), "fail"),
        some(verdict.troubles.len(), "did not run or degraded"),
        verdict.alike.len()
    );
    paragraph(out, &counts, 0, 2, style);
    let about = format!(
        "{}, {}, {:.1} s, {}",
        report.machine, report.scenario, report.seconds, report.cgroups
    );
    paragraph(out, &about, 0, 2, FAINT);
    if let Some(why) = report.cgroups.unprotected() {
        paragraph(out, why, 2, 0, NOTE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::tests::report;

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for width in [80, 200] {
            for length in [Length::Cut, Length::Whole] {
                let text = text_in(&report(), length, width);
                let plain = anstream::adapter::strip_str(&text).to_string();
                for line in plain.lines() {
                    assert!(line.chars().count() <= width, "{width}: {line}");
                }
            }
        }
    }

    #[test]
    fn what_is_printed_is_as_it_was() {
        for width in [80, 200] {
            let text = text_in(&report(), Length::Cut, width);
            let plain = anstream::adapter::strip_str(&text).to_string();
            insta::assert_snapshot!(format!("text-{width}"), plain);
        }
    }
}
