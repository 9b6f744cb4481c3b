//! Traces as a person and as a program reads them.  Nothing is decided here.

use super::align::{Row, align, is_same};
use super::story::{Line, ended, roles, tell};
use super::{Recording, Traced};
use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write;

const STRONG: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();
const NOTE: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default();

/// The version of the JSON form.
const SCHEMA: &str = "nsteps.trace/1";

/// No column is narrower than this; a terminal that has not the room gets
/// longer lines.
const NARROWEST: usize = 16;
/// So many of the calls that are only counted are named.
const NAMED: usize = 12;

/// What one launcher did.
#[derive(Clone, Debug)]
pub struct Column {
    /// Above the column.
    pub name: String,
    /// The command line.
    pub argv: Vec<String>,
    /// What was seen and said.
    pub traced: Traced,
}

/// Several traces, arranged.
#[derive(Clone, Debug)]
pub struct Table<'a> {
    columns: &'a [Column],
    told: Vec<Vec<Line>>,
    rows: Vec<Row>,
}

impl<'a> Table<'a> {
    /// Arranges them.
    pub fn of(columns: &'a [Column]) -> Table<'a> {
        let told: Vec<Vec<Line>> =
            columns.iter().map(|it| tell(&it.traced.recording)).collect();
        let rows = align(&told);
        Table { columns, told, rows }
    }

    /// For a person, in that many columns of text.
    pub fn text(&self, width: usize) -> String {
        let first = self.first_column();
        let count = self.columns.len().max(1);
        let rest = width.saturating_sub(first + 2 * count);
        let page = Page { first, width: (rest / count).max(NARROWEST) };
        let mut out = String::new();
        let names: Vec<String> =
            self.columns.iter().map(|it| it.name.clone()).collect();
        page.line(&mut out, "", &names, |_| STRONG);
        self.calls(&mut out, &page);
        if count > 1 {
            let _ = writeln!(
                out,
                "{FAINT}~ not the same in all   - not called   CLONE_ is left \
                 out of every flag{FAINT:#}"
            );
        }
        out.push('\n');
        self.numbers(&mut out, &page);
        self.said(&mut out);
        out
    }

    /// Wide enough for the longest role, and two more for the mark.
    fn first_column(&self) -> usize {
        let roles = self.told.iter().flatten().map(|line| line.role.len());
        2 + roles.chain([LONGEST_NUMBER]).max().unwrap_or(0)
    }

    fn calls(&self, out: &mut String, page: &Page) {
        let mut last = "";
        for row in &self.rows {
            let lines: Vec<Option<&Line>> = row
                .iter()
                .zip(&self.told)
                .map(|(cell, told)| cell.map(|it| &told[it]))
                .collect();
            let role = lines
                .iter()
                .find_map(|line| line.map(|it| it.role.as_str()))
                .unwrap_or("");
            let same = is_same(row, &self.told);
            let mark = if same { "  " } else { "~ " };
            let shown = if role == last { "" } else { role };
            last = role;
            let cells: Vec<String> =
                lines.iter().map(|it| it.map_or("-".into(), cell)).collect();
            page.line(out, &format!("{mark}{shown}"), &cells, |index| {
                match lines[index] {
                    None => FAINT,
                    Some(line) if line.failed => BAD,
                    Some(_) if !same => NOTE,
                    Some(_) => Style::new(),
                }
            });
        }
    }

    fn numbers(&self, out: &mut String, page: &Page) {
        let mut number = |name: &str, of: &dyn Fn(&Recording) -> String| {
            let cells: Vec<String> = self
                .columns
                .iter()
                .map(|it| of(&it.traced.recording))
                .collect();
            page.line(out, &format!("  {name}"), &cells, |_| Style::new());
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
        let names = self.most_used();
        for name in names.iter().take(NAMED) {
            number(name, &|it| {
                it.others().get(name).map_or("-".into(), ToString::to_string)
            });
        }
        if names.len() > NAMED {
            let rest = &names[NAMED..];
            number(&format!("{} more", rest.len()), &|it| {
                let others = it.others();
                let counts = rest.iter().filter_map(|name| others.get(name));
                counts.sum::<u64>().to_string()
            });
        }
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

/// How a page is divided.
struct Page {
    first: usize,
    width: usize,
}

impl Page {
    /// One row, as many lines as its longest cell needs.
    fn line(
        &self,
        out: &mut String,
        first: &str,
        cells: &[String],
        style: impl Fn(usize) -> Style,
    ) {
        let wrapped: Vec<Vec<String>> =
            cells.iter().map(|cell| wrap(cell, self.width)).collect();
        let height = wrapped.iter().map(Vec::len).max().unwrap_or(0);
        for line in 0..height {
            let head = if line == 0 { first } else { "" };
            out.push_str(head);
            // Padded only where something follows, so that no line ends in
            // spaces.
            let mut column = head.chars().count();
            let mut edge = self.first;
            for (index, cell) in wrapped.iter().enumerate() {
                if let Some(part) = cell.get(line) {
                    let style = style(index);
                    let room = (edge + 2).saturating_sub(column);
                    let _ = write!(out, "{:room$}{style}{part}{style:#}", "");
                    column += room + part.chars().count();
                }
                edge += 2 + self.width;
            }
            out.push('\n');
        }
    }
}

/// One call as it stands in a cell.
fn cell(line: &Line) -> String {
    let mut text = line.call.clone();
    let arguments: Vec<String> = line
        .arguments
        .iter()
        .enumerate()
        .filter_map(|(index, it)| plain(line, index, it))
        .collect();
    let _ = write!(text, "({})", arguments.join(", "));
    if let Some(outcome) = &line.outcome {
        let _ = write!(text, " = {outcome}");
    }
    text
}

/// An argument with nothing that only repeats what is said already.
fn plain(line: &Line, index: usize, argument: &str) -> Option<String> {
    if index == 1 && line.call.starts_with("exec") {
        // By its first word a program knows its name: that is worth saying
        // only where it is another.
        let path = line.arguments[0].trim_matches('"');
        return match argument.strip_prefix(&format!("[{path}")) {
            Some(rest) if rest.starts_with([',', ']']) => None,
            _ => Some(argument.replace('\n', "\\n")),
        };
    }
    let unquoted = argument
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .filter(|text| !text.is_empty() && !text.contains([' ', ',', '\\']));
    let text = unquoted.unwrap_or(argument);
    Some(text.replace("CLONE_", ""))
}

/// Breaks a text into lines of at most that many characters: after a comma, a
/// bar, a bracket, a slash or a space where it can be, else anywhere.  All
/// but the first are indented.
fn wrap(text: &str, width: usize) -> Vec<String> {
    const INDENT: &str = "  ";
    let mut lines: Vec<String> = Vec::new();
    let mut left: Vec<char> = text.chars().collect();
    loop {
        let indent = if lines.is_empty() { "" } else { INDENT };
        let room = width.saturating_sub(indent.len()).max(1);
        if left.len() <= room {
            let rest: String = left.iter().collect();
            lines.push(format!("{indent}{rest}"));
            return lines;
        }
        // A space may lie just beyond the edge: it is not printed.
        let good = (1..=room).rev().find(|end| {
            left[*end] == ' ' || matches!(left[end - 1], ',' | '|' | '(')
        });
        let end = good
            .or_else(|| (2..=room).rev().find(|end| left[end - 1] == '/'))
            .unwrap_or(room);
        let rest = left.split_off(end);
        let line: String = left.iter().collect();
        lines.push(format!("{indent}{}", line.trim_end()));
        left = rest;
        let spaces = left.iter().take_while(|it| **it == ' ').count();
        left.drain(..spaces);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(call: &str, arguments: &[&str], outcome: Option<&str>) -> Line {
        Line {
            role: "child".to_owned(),
            call: call.to_owned(),
            arguments: arguments.iter().map(ToString::to_string).collect(),
            outcome: outcome.map(str::to_owned),
            failed: false,
        }
    }

    #[test]
    fn a_long_call_breaks_where_a_reader_would() {
        assert_eq!(
            wrap("clone(NEWNS|NEWPID|SIGCHLD) = child", 20),
            ["clone(NEWNS|NEWPID|", "  SIGCHLD) = child"]
        );
        assert_eq!(wrap("mount(proc)", 20), ["mount(proc)"]);
        assert_eq!(wrap("", 20), [""]);
    }

    #[test]
    fn a_word_too_long_breaks_anywhere_and_loses_nothing() {
        let lines = wrap(&"x".repeat(50), 20);
        let all: String = lines.iter().map(|it| it.trim_start()).collect();
        assert_eq!(all.len(), 50);
        assert!(lines.iter().all(|it| it.chars().count() <= 20));
        assert!(wrap("a b c", 0).len() > 1);
    }

    #[test]
    fn a_cell_says_nothing_twice() {
        let clone = line("clone", &["CLONE_NEWPID|SIGCHLD"], Some("child"));
        assert_eq!(cell(&clone), "clone(NEWPID|SIGCHLD) = child");
        let exec = line("execve", &["\"/bin/true\"", "[/bin/true, x]"], None);
        assert_eq!(cell(&exec), "execve(/bin/true)");
        let again =
            line("execve", &["\"/proc/self/exe\"", "[child, /bin/true]"], None);
        assert_eq!(cell(&again), "execve(/proc/self/exe, [child, /bin/true])");
        let mount = line(
            "mount",
            &["\"none\"", "\"/\"", "NULL", "MS_REC|MS_PRIVATE", "\"\""],
            None,
        );
        assert_eq!(
            cell(&mount),
            "mount(none, /, NULL, MS_REC|MS_PRIVATE, \"\")"
        );
    }
}
