//! The tables of the page about replacing a launcher, made of the cases.
//!
//! `NSTEPS_WRITE=1 cargo test -p nsteps --test launchers page` writes them.

use super::bundle::Edit;
use super::{Case, Needs, RUNTIMES, differences, reports, versions};
use crate::pages_written;
use harness::host::layout::Layout;
use harness::host::machine;
use launchers::date::Date;
use libtest_mimic::{Completion, Failed};
use std::fmt::Write;
use std::fs;

/// The page, from the top of the repository.
const PAGE: &str = "docs/src/launchers.md";

/// What stands before and behind the tables.
const MARKS: [&str; 2] =
    ["<!-- written by the test `launchers page` -->\n", "<!-- end -->\n"];

/// How the only line begins that depends on the machine and the day.
const SEEN: &str = "Seen on ";

/// The page has the tables, which are those of the cases.
pub fn is_written() -> Result<Completion, Failed> {
    let layout = Layout::find().map_err(|it| it.message)?;
    let path = layout.root().join(PAGE);
    let page = fs::read_to_string(&path)?;
    let [begin, end] = MARKS;
    let (before, rest) =
        page.split_once(begin).ok_or(format!("{PAGE} has no {begin}"))?;
    let (is, after) = rest.split_once(end).ok_or(format!("no {end}"))?;
    if pages_written::demanded() {
        let seen = format!(
            "{SEEN}{}, {}: {}.\n",
            Date::today(),
            machine::in_a_few_words(),
            versions()?.join(", ")
        );
        let page = format!("{before}{begin}{seen}{}{end}{after}", tables());
        fs::write(&path, page)?;
        return Ok(Completion::Completed);
    }
    let (seen, is) = is.split_once('\n').unwrap_or(("", is));
    if seen.starts_with(SEEN) && is == tables() {
        return Ok(Completion::Completed);
    }
    Err(format!(
        "{PAGE} is not what the cases say: NSTEPS_WRITE=1 cargo test -p nsteps \
         --test launchers page"
    )
    .into())
}

/// The tables, without what depends on the machine.
fn tables() -> String {
    let mut text = String::new();
    let found = differences();
    let shown = |it: &&Case| it.without.is_none();
    let of_runtimes = |it: &&Case| it.launchers() == RUNTIMES;
    text.push_str("\n### One config.json under four runtimes\n\n");
    let heads = RUNTIMES.map(|it| it.split(':').next().unwrap_or(it));
    let columns = ["difference", "change of config.json, state", "key"];
    head(&mut text, &[&columns[..], &heads, &["level"]].concat());
    for it in found.iter().filter(shown).filter(of_runtimes) {
        let mut cells = vec![it.title.clone(), it.change(), code(&it.key)];
        cells.extend(it.shows.iter().map(|it| value(it)));
        cells.push(it.level.clone());
        row(&mut text, &cells);
    }
    text.push_str("\n### Other launchers\n\n");
    head(&mut text, &["difference", "launchers", "key", "shown", "level"]);
    for it in found.iter().filter(shown).filter(|it| !of_runtimes(it)) {
        row(&mut text, &it.beside_each_other());
    }
    text.push_str("\n### What users reported\n\n");
    text.push_str("Each is named by a key.\n\n");
    head(
        &mut text,
        &["report", "difference", "launchers", "key", "shown", "level"],
    );
    let reported = reports();
    for it in reported.iter().filter(shown) {
        let report = it.report.clone().unwrap_or_default();
        row(&mut text, &[&[report], &it.beside_each_other()[..]].concat());
    }
    text.push_str("\n### Not shown\n\n");
    head(&mut text, &["difference", "why"]);
    for it in found.iter().chain(&reported) {
        if let Some(why) = &it.without {
            let title = match &it.report {
                Some(report) => format!("{}: {report}", it.title),
                None => it.title.clone(),
            };
            row(&mut text, &[title, why.clone()]);
        }
    }
    text
}

impl Case {
    /// What differs from other cases: the configuration and the state.
    fn change(&self) -> String {
        let mut all: Vec<String> = self.edit.iter().map(in_words).collect();
        if !self.rootfs.is_empty() {
            all.push(format!("in the root: {}", code(&self.rootfs)));
        }
        if let Some(state) = &self.state {
            all.push(format!("state {state}"));
        }
        if !self.options.is_empty() {
            all.push(code(&self.options.join(" ")));
        }
        match all.is_empty() {
            true => "none".to_owned(),
            false => all.join(", "),
        }
    }

    /// The cells of a case whose launchers are not the runtimes alone.
    fn beside_each_other(&self) -> [String; 5] {
        let mut launchers: Vec<String> =
            self.launchers().iter().map(|it| code(it)).collect();
        match self.change().as_str() {
            "none" => {}
            change => launchers.push(format!("with {change}")),
        }
        if !self.other.is_empty() {
            let other: Vec<String> = self.other.iter().map(in_words).collect();
            launchers.push(format!("OTHER with {}", other.join(", ")));
        }
        if let Some(Needs { what, .. }) = &self.needs {
            launchers.push(format!("needs {what}"));
        }
        let shown: Vec<String> =
            self.shows.iter().map(|it| value(it)).collect();
        [
            self.title.clone(),
            launchers.join("<br>"),
            code(&self.key),
            shown.join("<br>"),
            self.level.clone(),
        ]
    }
}

fn in_words(edit: &Edit) -> String {
    match &edit.to {
        Some(value) => code(&format!("{}: {value}", edit.at)),
        None => format!("without {}", code(&edit.at)),
    }
}

/// A value of a table: a glob, whose stars stand for other words.
fn value(shows: &str) -> String {
    match shows {
        "unchanged" | "varies" => shows.to_owned(),
        it => code(&it.replace("[0-9]*", "…").replace('*', "…")),
    }
}

fn code(text: &str) -> String {
    match text {
        "" => String::new(),
        it => format!("`{}`", it.replace('|', "\\|")),
    }
}

fn head(text: &mut String, cells: &[&str]) {
    let cells: Vec<String> = cells.iter().map(|it| (*it).to_owned()).collect();
    row(text, &cells);
    let _ = writeln!(text, "|{}", "---|".repeat(cells.len()));
}

fn row(text: &mut String, cells: &[String]) {
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}
