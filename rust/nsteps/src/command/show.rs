//! `nsteps show`: the three sources of a step side by side, and its effect.

use crate::cli::Show;
use crate::command::step_named;
use crate::error::{Context, Result};
use crate::launcher::LANGUAGES;
use crate::layout::Layout;
use crate::{output, sys};
use anstyle::Style;
use std::fmt::Write;

const STRONG: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();

/// How wide a column must be for a source to be read.
const READABLE: usize = 60;

/// Prints it.
///
/// # Errors
///
/// No such step, or a source is missing.
pub fn run(options: &Show) -> Result<u8> {
    let step = step_named(&options.step)?;
    let layout = Layout::find()?;
    let mut sources = Vec::new();
    for launcher in LANGUAGES {
        let Some(path) = launcher.source(step) else { continue };
        let text = std::fs::read_to_string(layout.root().join(&path))
            .context(format_args!("read {}", path.display()))?;
        let shown = layout.shown(&path.to_string_lossy());
        sources.push((shown, text));
    }
    let mut out = format!("{STRONG}{}{STRONG:#}: {}\n", step.name, step.title);
    let _ = writeln!(out, "new namespaces: {}\n", step.namespace_names());
    let width = sys::terminal_width().unwrap_or(0);
    let column = width.saturating_sub(2 * 3) / 3;
    if column >= READABLE {
        side_by_side(&mut out, &sources, column);
    } else {
        for (path, text) in &sources {
            let _ = writeln!(out, "{STRONG}{path}{STRONG:#}\n\n{text}");
        }
    }
    let effect = layout.expected().join(format!("{}.txt", step.name));
    match std::fs::read_to_string(&effect) {
        Ok(text) => out.push_str(&text),
        Err(_) => out.push_str("nothing is blessed yet: make bless\n"),
    }
    output::print(&out).map(|()| 0)
}

/// Three columns, long lines cut.
fn side_by_side(out: &mut String, sources: &[(String, String)], width: usize) {
    let fit = |line: &str| {
        let line = line.replace('\t', "    ");
        let mut cut: String = line.chars().take(width).collect();
        if cut.len() < line.len() {
            cut.pop();
            cut.push('…');
        }
        format!("{cut:<width$}")
    };
    let heads: Vec<_> = sources.iter().map(|(path, _)| fit(path)).collect();
    let _ = writeln!(out, "{STRONG}{}{STRONG:#}", heads.join("   "));
    let columns: Vec<Vec<&str>> =
        sources.iter().map(|(_, text)| text.lines().collect()).collect();
    let height = columns.iter().map(Vec::len).max().unwrap_or(0);
    for line in 0..height {
        let cells: Vec<_> = columns
            .iter()
            .map(|column| fit(column.get(line).copied().unwrap_or("")))
            .collect();
        let bar = format!(" {FAINT}|{FAINT:#} ");
        let _ = writeln!(out, "{}", cells.join(&bar).trim_end());
    }
    out.push('\n');
}
