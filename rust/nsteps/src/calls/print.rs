//! Traces as a person and as a program reads them.  Nothing is decided here.

use super::page::{LEGEND, Page};
use crate::terminal::style::{BAD, FAINT, STRONG};
use crate::terminal::text::paragraph;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write;
use trace::align::{Row, align};
use trace::story::{Line, ended, roles, tell};
use trace::{Recording, Traced};

/// The version of the JSON form.
const SCHEMA: &str = "nsteps.trace/1";

/// So many of the calls that are only counted are named.
const NAMED: usize = 12;

/// What one launcher did.
#[derive(Clone, Debug)]
pub struct Column {
    /// The name that stands above the column.
    pub name: String,
    /// The command line that was traced.
    pub argv: Vec<String>,
    /// What was seen and said.
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
    /// Arranges the traces of `columns`, one column for each.
    pub fn of(columns: &'a [Column]) -> Table<'a> {
        let told: Vec<Vec<Line>> =
            columns.iter().map(|it| tell(&it.traced.recording)).collect();
        let rows = align(&told);
        Table { columns, told, rows }
    }

    /// For a person, in that many columns of text.
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

    /// The names of the calls that are only counted, the most used first.
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

    /// For a program; `about` says what was traced.
    pub fn json(&self, mut about: Value) -> String {
        let columns: Vec<Value> = self
            .columns
            .iter()
            .zip(&self.told)
            .map(|(column, told)| {
                let recording = &column.traced.recording;
                json!({
                    "launcher": column.name,
                    "argv": column.argv,
                    "calls": told.iter().map(json_of).collect::<Vec<_>>(),
                    "others": recording.others(),
                    "threads": recording.threads(),
                    "pids": recording.pids(),
                    "payload": recording.payload().map(|it| json!({
                        "pid": it.own_pid,
                        "ended": it.ended.map(ended),
                    })),
                    "said": column.traced.said,
                    "roles": roles(&recording.processes, &recording.calls),
                    "recording": recording,
                })
            })
            .collect();
        about["schema"] = json!(SCHEMA);
        about["columns"] = json!(columns);
        about["rows"] = json!(self.rows);
        format!("{about:#}\n")
    }
}

/// Room for the name of a number.
const LONGEST_NUMBER: usize = "rt_sigprocmask".len();

fn json_of(line: &Line) -> Value {
    json!({
        "role": line.role,
        "call": line.call,
        "arguments": line.arguments,
        "outcome": line.outcome,
        "failed": line.failed,
    })
}
