//! Lays out text in the columns of a terminal.

use crate::terminal::style::{PLAIN, STRONG};
use anstyle::Style;
use std::fmt::Write;
use std::ops::Range;

/// The width of a text if there is no other limit, in columns.
pub const USUAL: usize = 80;
/// The longest line of a sentence, in columns: longer ones are hard to read
/// even on a wide terminal.
const READABLE: usize = 100;
/// The space between two columns.
pub const GAP: usize = 2;
/// The indentation of a continued line of a program.
const CONTINUED: usize = 4;

/// The number of columns of standard output: that of `COLUMNS`, or else that of
/// the terminal; `None` if there is no terminal.
pub fn width() -> Option<usize> {
    let said = std::env::var("COLUMNS").ok();
    let said = said.and_then(|it| it.parse().ok()).filter(|it| *it > 0);
    said.or_else(|| {
        let (width, _) = terminal_size::terminal_size_of(std::io::stdout())?;
        (width.0 > 0).then_some(width.0.into())
    })
}

/// The number of columns that a sentence may use.
pub fn sentence_width() -> usize {
    width().unwrap_or(USUAL).min(READABLE)
}

/// The places where a line may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breaks {
    /// At spaces only: a word that is longer than a line stays whole.
    Spaces,
    /// Also after a comma, a bar or a bracket; if there is none, after a slash;
    /// if there is none of these, anywhere.
    Calls,
}

/// Breaks a text into lines of at most `width` characters. All lines except the
/// first are indented by `hang`.
pub fn wrap(
    text: &str,
    width: usize,
    hang: usize,
    breaks: Breaks,
) -> Vec<String> {
    let text: Vec<char> = text.chars().collect();
    lines(&text, width, hang, breaks)
        .into_iter()
        .enumerate()
        .map(|(index, line)| {
            let indent = if index == 0 { 0 } else { hang };
            let line: String = text[line].iter().collect();
            format!("{:indent$}{line}", "")
        })
        .collect()
}

/// The part of a text on each line.
fn lines(
    text: &[char],
    width: usize,
    hang: usize,
    breaks: Breaks,
) -> Vec<Range<usize>> {
    let mut lines: Vec<Range<usize>> = Vec::new();
    let mut begin = 0;
    loop {
        let indent = if lines.is_empty() { 0 } else { hang };
        let room = width.saturating_sub(indent).max(1);
        let left = &text[begin..];
        let next = match left.len() <= room {
            true => left.len(),
            false => line_end(left, room, breaks),
        };
        let spaces = |it: &[char], end: usize| {
            it[..end].iter().rev().take_while(|it| **it == ' ').count()
        };
        lines.push(begin..begin + next - spaces(left, next));
        begin += next;
        begin += text[begin..].iter().take_while(|it| **it == ' ').count();
        if begin == text.len() {
            return lines;
        }
    }
}

/// The index at which a line of at most `room` of these characters ends.
fn line_end(left: &[char], room: usize, breaks: Breaks) -> usize {
    // A line may begin with an indentation, but a line of spaces alone is not
    // made.
    let text = left.iter().position(|it| *it != ' ').unwrap_or(0);
    let is_space = |end: &usize| *end > text && left[*end] == ' ';
    // A space just beyond the edge is not printed, so it may be there.
    let within = || (1..=room).rev();
    let found = match breaks {
        Breaks::Spaces => within()
            .find(is_space)
            .or_else(|| (room..left.len()).find(is_space)),
        Breaks::Calls => within()
            .find(|end| {
                is_space(end) || matches!(left[end - 1], ',' | '|' | '(')
            })
            .or_else(|| (2..=room).rev().find(|end| left[end - 1] == '/'))
            .or(Some(room)),
    };
    found.unwrap_or(left.len())
}

/// A text as lines that are indented by `indent` columns, all except the first
/// by `hang` more.
pub fn paragraph(
    out: &mut String,
    text: &str,
    indent: usize,
    hang: usize,
    style: Style,
) {
    let width = sentence_width().saturating_sub(indent);
    for line in wrap(text, width, hang, Breaks::Spaces) {
        let blank = indent + line.len() - line.trim_start().len();
        let text = line.trim_start();
        let _ = writeln!(out, "{:blank$}{style}{text}{style:#}", "");
    }
}

/// A line as it is printed, with its escape sequences.
#[derive(Clone, Debug, Default)]
pub struct Painted {
    text: String,
    /// How many columns of the terminal it uses.
    columns: usize,
}

impl Painted {
    /// A line in one style.
    pub fn new(style: Style, text: &str) -> Painted {
        Painted {
            text: format!("{style}{text}{style:#}"),
            columns: text.chars().count(),
        }
    }
}

/// Breaks lines of a program, with a style for each character; a continued line
/// is indented.
pub fn code(
    line: &[char],
    styles: &[Style],
    width: Option<usize>,
) -> Vec<Painted> {
    let hang = CONTINUED + indent_of(line);
    let width = width.unwrap_or(line.len());
    lines(line, width, hang, Breaks::Spaces)
        .into_iter()
        .enumerate()
        .map(|(index, range)| {
            let indent = if index == 0 { 0 } else { hang };
            let columns = indent + range.len();
            let mut text = " ".repeat(indent);
            let mut begin = range.start;
            while begin < range.end {
                let style = styles[begin];
                let rest = styles[begin..range.end].iter();
                let end =
                    begin + rest.take_while(|other| **other == style).count();
                let part: String = line[begin..end].iter().collect();
                let _ = write!(text, "{style}{part}{style:#}");
                begin = end;
            }
            Painted { text, columns }
        })
        .collect()
}

/// The indentation of a line.
fn indent_of(line: &[char]) -> usize {
    line.iter().take_while(|it| **it == ' ').count()
}

/// The width of programs in columns: as they are, and the least width if their
/// lines are broken at spaces.
pub fn code_widths(lines: &[Vec<char>]) -> (usize, usize) {
    let least = |line: &Vec<char>| {
        let words = line.split(|it| *it == ' ').map(<[char]>::len);
        words.max().unwrap_or(0) + indent_of(line) + CONTINUED
    };
    let whole = lines.iter().map(Vec::len).max().unwrap_or(0);
    (whole, lines.iter().map(least).max().unwrap_or(0).min(whole))
}

/// The content of one cell of a table.
#[derive(Clone, Debug)]
pub struct Cell {
    style: Style,
    text: String,
}

impl Cell {
    /// A cell with a text in a style.
    pub fn new(style: Style, text: impl Into<String>) -> Cell {
        Cell { style, text: text.into() }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Cell {
        Cell::new(PLAIN, text)
    }
}

/// Rows of cells below their headings, in columns as wide as their content. Too
/// wide a table becomes narrower by breaking the longest cells at spaces.
pub fn table(
    out: &mut String,
    head: &[&str],
    rows: &[Vec<Cell>],
    width: Option<usize>,
) {
    let head: Vec<Cell> =
        head.iter().map(|it| Cell::new(STRONG, *it)).collect();
    let rows: Vec<&[Cell]> = std::iter::once(head.as_slice())
        .chain(rows.iter().map(Vec::as_slice))
        .filter(|row| !row.is_empty())
        .collect();
    let widths = widths(&rows, width);
    let whole = widths.iter().sum::<usize>() + GAP * (widths.len().max(1) - 1);
    if width.is_some_and(|width| whole > width) {
        return stacked(out, &rows[1..], width.unwrap_or(USUAL));
    }
    for row in rows {
        let cells: Vec<Vec<Painted>> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| {
                wrap(&cell.text, *width, 0, Breaks::Spaces)
                    .iter()
                    .map(|line| Painted::new(cell.style, line))
                    .collect()
            })
            .collect();
        beside(out, &cells, &widths);
    }
}

/// Rows for a terminal that is too narrow for their columns: the last cell of
/// each is below the others.
fn stacked(out: &mut String, rows: &[&[Cell]], width: usize) {
    for row in rows {
        let Some((last, others)) = row.split_last() else { continue };
        for (index, cell) in others.iter().enumerate() {
            let gap = if index == 0 { 0 } else { GAP };
            let Cell { style, text } = cell;
            let _ = write!(out, "{:gap$}{style}{text}{style:#}", "");
        }
        out.push('\n');
        let Cell { style, text } = last;
        let room = width.saturating_sub(CONTINUED);
        for line in wrap(text, room, 0, Breaks::Spaces) {
            let _ = writeln!(out, "{:CONTINUED$}{style}{line}{style:#}", "");
        }
    }
}

/// Columns of lines, side by side.
pub fn beside(out: &mut String, columns: &[Vec<Painted>], widths: &[usize]) {
    let height = columns.iter().map(Vec::len).max().unwrap_or(0);
    for line in 0..height {
        // Only columns that another one follows are padded, so that no line
        // ends in spaces.
        let (mut column, mut edge) = (0, 0);
        for (lines, width) in columns.iter().zip(widths) {
            if let Some(part) = lines.get(line).filter(|it| it.columns > 0) {
                let room = edge - column;
                let _ = write!(out, "{:room$}{}", "", part.text);
                column = edge + part.columns;
            }
            edge = (edge + width + GAP).max(column + 1);
        }
        out.push('\n');
    }
}

/// The width of each column.
fn widths(rows: &[&[Cell]], width: Option<usize>) -> Vec<usize> {
    let count = rows.iter().map(|row| row.len()).max().unwrap_or(0);
    let widest = |of: &dyn Fn(&str) -> usize, column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|it| of(&it.text)).max().unwrap_or(0)
    };
    let whole = |text: &str| text.chars().count();
    let word = |text: &str| text.split(' ').map(whole).max().unwrap_or(0);
    let mut widths: Vec<usize> =
        (0..count).map(|it| widest(&whole, it)).collect();
    let least: Vec<usize> = (0..count).map(|it| widest(&word, it)).collect();
    let gaps = GAP * count.saturating_sub(1);
    let Some(room) = width.map(|it| it.saturating_sub(gaps)) else {
        return widths;
    };
    while widths.iter().sum::<usize>() > room {
        let narrower =
            (0..count).filter(|it| widths[*it] > least[*it]).map(|column| {
                let mut widths = widths.clone();
                widths[column] -= 1;
                widths
            });
        // Of several tables of the same height, the one with the narrowest
        // widest column.
        let best = narrower.min_by_key(|widths| {
            (height(rows, widths), widths.iter().max().copied())
        });
        match best {
            Some(best) => widths = best,
            None => break,
        }
    }
    widths
}

/// The height of the rows in columns of these widths.
fn height(rows: &[&[Cell]], widths: &[usize]) -> usize {
    let lines = |(cell, width): (&Cell, &usize)| {
        let text: Vec<char> = cell.text.chars().collect();
        lines(&text, *width, 0, Breaks::Spaces).len()
    };
    rows.iter()
        .map(|row| row.iter().zip(widths).map(lines).max().unwrap_or(0))
        .sum()
}

/// Makes the widest columns narrower until all fit, or none can be narrower.
pub fn narrow(widths: &mut [usize], least: &[usize], room: usize) {
    while widths.iter().sum::<usize>() > room {
        let widest = (0..widths.len())
            .filter(|it| widths[*it] > least[*it])
            .max_by_key(|it| widths[*it]);
        match widest {
            Some(column) => widths[column] -= 1,
            None => break,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anstream::adapter::strip_str;

    #[test]
    fn a_sentence_breaks_at_spaces_and_nowhere_else() {
        let lines = wrap("one two  three", 7, 2, Breaks::Spaces);
        assert_eq!(lines, ["one two", "  three"]);
        let lines = wrap("a incomprehensible b", 5, 0, Breaks::Spaces);
        assert_eq!(lines, ["a", "incomprehensible", "b"]);
        assert_eq!(wrap("", 5, 0, Breaks::Spaces), [""]);
        let lines = wrap("        indented code", 10, 4, Breaks::Spaces);
        assert_eq!(lines, ["        indented", "    code"]);
    }

    #[test]
    fn a_long_call_breaks_where_a_reader_would() {
        assert_eq!(
            wrap("clone(NEWNS|NEWPID|SIGCHLD) = child", 20, 2, Breaks::Calls),
            ["clone(NEWNS|NEWPID|", "  SIGCHLD) = child"]
        );
        assert_eq!(wrap("mount(proc)", 20, 2, Breaks::Calls), ["mount(proc)"]);
        assert_eq!(wrap("", 20, 2, Breaks::Calls), [""]);
    }

    #[test]
    fn a_path_too_long_breaks_anywhere_and_loses_nothing() {
        let lines = wrap(&"x".repeat(50), 20, 2, Breaks::Calls);
        let all: String = lines.iter().map(|it| it.trim_start()).collect();
        assert_eq!(all.len(), 50);
        assert!(lines.iter().all(|it| it.chars().count() <= 20));
        assert!(wrap("a b c", 0, 2, Breaks::Calls).len() > 1);
    }

    #[test]
    fn a_table_is_as_wide_as_it_must_be_and_as_narrow_as_it_can_be() {
        let rows = vec![
            vec![Cell::from("uts"), Cell::from("a host name of its own")],
            vec![Cell::from("pivot_root"), Cell::from("a new root")],
        ];
        let text = |width| {
            let mut out = String::new();
            table(&mut out, &["step", "title"], &rows, width);
            strip_str(&out).to_string()
        };
        assert_eq!(
            text(None),
            "step        title\n\
             uts         a host name of its own\n\
             pivot_root  a new root\n"
        );
        assert_eq!(
            text(Some(24)),
            "step        title\n\
             uts         a host name\n\
             \x20           of its own\n\
             pivot_root  a new root\n"
        );
        assert_eq!(
            text(Some(16)),
            "uts\n    a host name\n    of its own\npivot_root\n    a new root\n"
        );
        assert!(text(Some(1)).contains("pivot_root"));
    }
}
