//! Calls of several launchers laid out in columns of text.

use super::align::{Row, is_same};
use super::story::Line;
use anstyle::{AnsiColor, Style};
use std::fmt::Write;

/// What stands below calls side by side.
pub const LEGEND: &str = "~ not the same in all   - not called   CLONE_ is left \
                          out of every flag";
/// What heads a column.
pub const STRONG: Style = Style::new().bold();
/// What is only there to be complete.
pub const FAINT: Style = Style::new().dimmed();
/// What went wrong.
pub const BAD: Style = AnsiColor::Red.on_default();
/// What is not the same in all.
const NOTE: Style = AnsiColor::Yellow.on_default();

/// No column is narrower than this; a terminal that has not the room gets
/// longer lines.
const NARROWEST: usize = 16;

/// How a page is divided.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// How wide the column of roles is.
    first: usize,
    /// How wide every other one is.
    width: usize,
}

impl Page {
    /// A page of that many columns of text, with room on its left for roles
    /// and for words of so many letters.
    pub fn of(told: &[Vec<Line>], letters: usize, width: usize) -> Page {
        let roles = told.iter().flatten().map(|line| line.role.len());
        // Two more for the mark.
        let first = 2 + roles.chain([letters]).max().unwrap_or(0);
        let count = told.len().max(1);
        let rest = width.saturating_sub(first + 2 * count);
        Page { first, width: (rest / count).max(NARROWEST) }
    }

    /// What everyone called, below their names; `~` marks what is not the
    /// same in all.
    pub fn calls(
        &self,
        out: &mut String,
        names: &[&str],
        told: &[Vec<Line>],
        rows: &[Row],
    ) {
        let names: Vec<String> =
            names.iter().map(ToString::to_string).collect();
        self.line(out, "", &names, |_| STRONG);
        let mut last = "";
        for row in rows {
            let lines: Vec<Option<&Line>> = row
                .iter()
                .zip(told)
                .map(|(cell, told)| cell.map(|it| &told[it]))
                .collect();
            let role = lines
                .iter()
                .find_map(|line| line.map(|it| it.role.as_str()))
                .unwrap_or("");
            let same = is_same(row, told);
            let mark = if same { "  " } else { "~ " };
            let shown = if role == last { "" } else { role };
            last = role;
            let cells: Vec<String> =
                lines.iter().map(|it| it.map_or("-".into(), cell)).collect();
            self.line(out, &format!("{mark}{shown}"), &cells, |index| {
                match lines[index] {
                    None => FAINT,
                    Some(line) if line.failed => BAD,
                    Some(_) if !same => NOTE,
                    Some(_) => Style::new(),
                }
            });
        }
    }

    /// One row, as many lines as its longest cell needs.
    pub fn line(
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
