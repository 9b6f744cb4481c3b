//! Prints traces as text and as JSON. Nothing is decided here.

use super::page::{LEGEND, Page};
use crate::form;
use crate::terminal::style::{BAD, FAINT, STRONG};
use crate::terminal::text::paragraph;
use harness::scenario::Scenario;
use harness::step::Step;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use trace::align::{Row, align};
use trace::story::{Line, ended, roles, tell};
use trace::{Recording, Traced};

/// The version of [`Form`]; it grows when a member changes its meaning.
pub const SCHEMA: &str = "nsteps.trace/1";

/// `nsteps trace --json`: the columns of `nsteps trace`, and the recordings
/// from which they are made.
#[derive(Serialize, JsonSchema)]
pub struct Form {
    /// The form and its version: `nsteps.trace/1`
    schema: &'static str,
    /// The scenario in which the launchers ran.
    scenario: String,
    /// The name of the step; null for other command lines.
    step: Option<&'static str>,
    /// One for each launcher.
    columns: Vec<ColumnForm>,
    /// Which calls stand beside each other: for each column an index into its
    /// `calls`, or null.
    rows: Vec<Row>,
}

/// The calls of one launcher.
#[derive(Serialize, JsonSchema)]
struct ColumnForm {
    /// The language; for other command lines the letter, or the program.
    launcher: String,
    /// The command line.
    argv: Vec<String>,
    /// The calls that are told, with roles in the place of pids.
    calls: Vec<LineForm>,
    /// How often each of the calls was made that are only counted, by name.
    others: BTreeMap<String, u64>,
    /// How many threads were made.
    threads: u64,
    /// How many pids were used, by processes and threads.
    pids: u64,
    /// The process that became the payload; null if none did.
    payload: Option<PayloadForm>,
    /// What was written to standard output and standard error.
    said: String,
    /// The roles of the processes, in the order of `recording.processes`.
    roles: Vec<String>,
    /// Everything that was recorded.
    recording: Recording,
}

/// A call that is told.
#[derive(Serialize, JsonSchema)]
struct LineForm {
    /// The calling process: `launcher`, `child`, `grandchild`, `throw-away`.
    role: String,
    /// The name of the call.
    call: String,
    /// Its arguments, as strace(1) writes them.
    arguments: Vec<String>,
    /// An errno, a role, or how a process ended; null where the result says
    /// nothing.
    outcome: Option<String>,
    /// True if the kernel refused the call.
    failed: bool,
}

/// The process that became the payload.
#[derive(Serialize, JsonSchema)]
struct PayloadForm {
    /// Its pid in its own pid namespace.
    pid: i32,
    /// How it ended: `exited 0`, `killed by SIGKILL`; null if it did not end.
    ended: Option<String>,
}

/// The number of counted calls that are named.
const NAMED: usize = 12;

/// The traced calls of one launcher.
#[derive(Clone, Debug)]
pub struct Column {
    /// The name above the column.
    pub name: String,
    /// The command line that was traced.
    pub argv: Vec<String>,
    /// What the tracer recorded, and what the launcher printed.
    pub traced: Traced,
}

/// The traces of several launchers, the same calls on the same row.
#[derive(Clone, Debug)]
pub struct Table<'a> {
    columns: &'a [Column],
    told: Vec<Vec<Line>>,
    rows: Vec<Row>,
}

impl<'a> Table<'a> {
    /// Aligns the traces of `columns`, one column for each.
    pub fn of(columns: &'a [Column]) -> Table<'a> {
        let told: Vec<Vec<Line>> =
            columns.iter().map(|it| tell(&it.traced.recording)).collect();
        let rows = align(&told);
        Table { columns, told, rows }
    }

    /// The table as text, `width` columns wide.
    pub fn text(&self, width: usize) -> String {
        let names: Vec<&str> =
            self.columns.iter().map(|it| it.name.as_str()).collect();
        let page = Page::of(&names, &self.told, LONGEST_NUMBER, width);
        let mut out = String::new();
        page.calls(&mut out, &names, &self.told, &self.rows);
        if self.columns.len() > 1 {
            paragraph(&mut out, LEGEND, 0, 0, FAINT);
        }
        out.push('\n');
        self.numbers(&mut out, &page, &names);
        self.said(&mut out);
        out
    }

    fn numbers(&self, out: &mut String, page: &Page, names: &[&str]) {
        let mut rows: Vec<(String, Vec<String>)> = Vec::new();
        let mut number = |name: &str, of: &dyn Fn(&Recording) -> String| {
            let columns = self.columns.iter();
            let numbers = columns.map(|it| of(&it.traced.recording)).collect();
            rows.push((name.to_owned(), numbers));
        };
        number("payload", &|it| match it.payload() {
            None => "-".to_owned(),
            Some(process) => {
                let ended = process.ended.map_or("never ended".into(), ended);
                format!("pid {}, {ended}", process.own_pid)
            }
        });
        number("pids used", &|it| it.pids().to_string());
        number("threads made", &|it| it.threads().to_string());
        number("other calls", &|it| {
            it.others().values().sum::<u64>().to_string()
        });
        let used = self.most_used();
        for name in used.iter().take(NAMED) {
            number(name, &|it| {
                it.others().get(name).map_or("-".into(), ToString::to_string)
            });
        }
        if used.len() > NAMED {
            let rest = &used[NAMED..];
            number(&format!("{} more", rest.len()), &|it| {
                let others = it.others();
                let counts = rest.iter().filter_map(|name| others.get(name));
                counts.sum::<u64>().to_string()
            });
        }
        page.numbers(out, names, &rows);
    }

    /// The names of the counted calls, the most frequent first.
    fn most_used(&self) -> Vec<&str> {
        let all: BTreeSet<&str> = self
            .columns
            .iter()
            .flat_map(|it| it.traced.recording.others().into_keys())
            .collect();
        let mut all: Vec<&str> = all.into_iter().collect();
        all.sort_by_key(|name| {
            let counts = self.columns.iter().filter_map(|it| {
                it.traced.recording.others().get(name).copied()
            });
            std::cmp::Reverse(counts.max())
        });
        all
    }

    fn said(&self, out: &mut String) {
        for column in self.columns {
            let said = column.traced.said.trim();
            if !said.is_empty() {
                let name = &column.name;
                let _ = writeln!(out, "\n{STRONG}{name} said{STRONG:#}");
                for line in said.lines() {
                    let _ = writeln!(out, "  {line}");
                }
            }
            if column.traced.recording.late {
                let name = &column.name;
                let _ = writeln!(
                    out,
                    "\n{BAD}{name} had not ended and was killed{BAD:#}"
                );
            }
        }
    }

    /// The table as JSON. `step` is the traced step, `None` for other command
    /// lines.
    pub fn json(&self, scenario: Scenario, step: Option<&Step>) -> String {
        let columns = self.columns.iter().zip(&self.told);
        form::json(&Form {
            schema: SCHEMA,
            scenario: scenario.to_string(),
            step: step.map(|it| it.name),
            columns: columns.map(|(it, told)| column(it, told)).collect(),
            rows: self.rows.clone(),
        })
    }
}

fn column(column: &Column, told: &[Line]) -> ColumnForm {
    let recording = &column.traced.recording;
    ColumnForm {
        launcher: column.name.clone(),
        argv: column.argv.clone(),
        calls: told.iter().map(line).collect(),
        others: recording
            .others()
            .into_iter()
            .map(|(name, count)| (name.to_owned(), count))
            .collect(),
        threads: recording.threads(),
        pids: recording.pids(),
        payload: recording.payload().map(|it| PayloadForm {
            pid: it.own_pid,
            ended: it.ended.map(ended),
        }),
        said: column.traced.said.clone(),
        roles: roles(&recording.processes, &recording.calls),
        recording: recording.clone(),
    }
}

fn line(line: &Line) -> LineForm {
    let Line { role, call, arguments, outcome, failed } = line.clone();
    LineForm { role, call, arguments, outcome, failed }
}

/// The longest name of a number, in columns.
const LONGEST_NUMBER: usize = "rt_sigprocmask".len();
