//! Lays out the calls of several launchers in columns of text.

use crate::terminal::style::{BAD, FAINT, NOTE, PLAIN, STRONG};
use crate::terminal::text::{Breaks, Cell, GAP, Painted, beside, table, wrap};
use anstyle::Style;
use std::fmt::Write;
use trace::align::{Row, is_same};
use trace::story::Line;

/// The legend below calls that are shown side by side.
pub const LEGEND: &str = "~ not the same in all   - not called   CLONE_ is left \
                          out of every flag";
/// The indentation of the continuation of a call, in columns.
const HANG: usize = 2;
/// In a narrower column calls would break within words; then they are shown one
/// below another.
const NARROWEST: usize = 20;

/// The layout of a page.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// The width of the column of roles.
    first: usize,
    /// The width of the column after it.
    width: usize,
    /// Whether each launcher has a column of its own, or a line.
    shape: Shape,
    /// The width of the page.
    whole: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Columns,
    /// One line for each launcher, after its name, which takes this many
    /// columns.
    Lines(usize),
}

impl Page {
    /// A layout for the calls of launchers of these names, with space on the
    /// left for roles and for words of this many letters.
    pub fn of(
        names: &[&str],
        told: &[Vec<Line>],
        letters: usize,
        whole: usize,
    ) -> Page {
        let roles = told.iter().flatten().map(|line| line.role.len());
        // Two columns more for the mark.
        let first = 2 + roles.chain([letters]).max().unwrap_or(0);
        let count = names.len().max(1);
        let each = whole.saturating_sub(first + GAP * count) / count;
        if count == 1 || each >= NARROWEST {
            let shape = Shape::Columns;
            return Page { first, width: each.max(NARROWEST), shape, whole };
        }
        let name = names.iter().map(|it| it.chars().count()).max();
        let name = name.unwrap_or(0).max(ALL.len());
        let rest = whole.saturating_sub(first + GAP + name + GAP);
        let shape = Shape::Lines(name);
        Page { first, width: rest.max(NARROWEST), shape, whole }
    }

    /// The calls of each launcher, below its name; `~` marks what is not the
    /// same for all launchers.
    pub fn calls(
        &self,
        out: &mut String,
        names: &[&str],
        told: &[Vec<Line>],
        rows: &[Row],
    ) {
        if self.shape == Shape::Columns {
            let heads: Vec<(Style, String)> =
                names.iter().map(|it| (STRONG, it.to_string())).collect();
            self.line(out, "", names, &heads);
        }
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
            let cells: Vec<(Style, String)> = lines
                .iter()
                .map(|line| match line {
                    None => (FAINT, "-".to_owned()),
                    Some(line) if line.failed => (BAD, cell(line)),
                    Some(line) if !same => (NOTE, cell(line)),
                    Some(line) => (PLAIN, cell(line)),
                })
                .collect();
            self.line(out, &format!("{mark}{shown}"), names, &cells);
        }
    }

    /// Rows of numbers, with a name before each.
    pub fn numbers(
        &self,
        out: &mut String,
        names: &[&str],
        rows: &[(String, Vec<String>)],
    ) {
        if self.shape == Shape::Columns {
            for (name, numbers) in rows {
                let cells: Vec<_> =
                    numbers.iter().map(|it| (PLAIN, it.clone())).collect();
                self.line(out, &format!("  {name}"), names, &cells);
            }
            return;
        }
        let rows: Vec<Vec<Cell>> = rows
            .iter()
            .map(|(name, numbers)| {
                let numbers = numbers.iter().map(Cell::from);
                std::iter::once(Cell::from(name)).chain(numbers).collect()
            })
            .collect();
        let mut head = vec![""];
        head.extend(names);
        table(out, &head, &rows, Some(self.whole));
    }

    /// One row, with a cell for each launcher.
    fn line(
        &self,
        out: &mut String,
        first: &str,
        names: &[&str],
        cells: &[(Style, String)],
    ) {
        let head = vec![Painted::new(PLAIN, first)];
        let wrapped = |(style, text): &(Style, String)| -> Vec<Painted> {
            wrap(text, self.width, HANG, Breaks::Calls)
                .iter()
                .map(|line| Painted::new(*style, line))
                .collect()
        };
        let Shape::Lines(name_width) = self.shape else {
            let mut columns = vec![head];
            columns.extend(cells.iter().map(wrapped));
            let mut widths = vec![self.first];
            widths.extend(cells.iter().map(|_| self.width));
            return beside(out, &columns, &widths);
        };
        let mut head = head;
        let all_alike = cells.iter().all(|(_, it)| *it == cells[0].1);
        for (cell, name) in cells.iter().zip(names) {
            let name = if all_alike { ALL } else { name };
            let name = vec![Painted::new(STRONG, name)];
            let columns = [std::mem::take(&mut head), name, wrapped(cell)];
            beside(out, &columns, &[self.first, name_width, self.width]);
            if all_alike {
                break;
            }
        }
    }
}

/// Replaces the name of a launcher if all launchers make the same call.
const ALL: &str = "all";

/// One call as the text of a cell.
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

/// An argument; `None` if it repeats what the cell shows already.
fn plain(line: &Line, index: usize, argument: &str) -> Option<String> {
    if index == 1 && line.call.starts_with("exec") {
        // The first word of the arguments is the name of the program: it is
        // shown only if it is different from the path.
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
    fn a_cell_does_not_repeat_itself() {
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

    #[test]
    fn no_call_breaks_within_a_word_on_a_narrow_terminal() {
        use anstream::adapter::strip_str;
        use trace::align::align;

        let mount = line(
            "mount",
            &["\"none\"", "\"/proc/sys/kernel\"", "NULL", "MS_PRIVATE"],
            None,
        );
        let other = line("sethostname", &["\"myhostname\""], None);
        let told = vec![vec![mount.clone()], vec![mount], vec![other.clone()]];
        let names = ["c", "go", "rust"];
        for width in [60, 80, 120, 200] {
            let mut out = String::new();
            let page = Page::of(&names, &told, 12, width);
            page.calls(&mut out, &names, &told, &align(&told));
            let out = strip_str(&out).to_string();
            for word in ["/proc/sys/kernel", "MS_PRIVATE", "myhostname"] {
                assert!(out.contains(word), "{width}: {out}");
            }
            for line in out.lines() {
                assert!(line.chars().count() <= width, "{width}: {out}");
            }
        }
    }
}
