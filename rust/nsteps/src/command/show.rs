//! `nsteps show`: prints the three sources of a step side by side, its effect,
//! and the sources that all its steps have in common.

use crate::cli::Show;
use crate::terminal::style::STRONG;
use crate::terminal::text::{self, GAP, Painted};
use crate::terminal::{highlight, output};
use harness::error::{Context, Result};
use harness::host::layout::Layout;
use harness::launcher::{LANGUAGES, Launcher};
use std::fmt::Write;
use std::path::Path;

/// The least width of a column in which a source can be read.
const READABLE: usize = 60;
/// Replaces a tab, which would take half of a column of this width.
const TAB: &str = "    ";

/// Prints the sources and the effect.
///
/// # Errors
///
/// Fails if a source is missing.
pub fn run(options: &Show) -> Result<u8> {
    let step = options.step;
    let layout = Layout::find()?;
    let width = text::width();
    let mut out = format!("{STRONG}{}{STRONG:#}: {}\n", step.name, step.title);
    let _ = writeln!(out, "new namespaces: {}\n", step.namespace_names());

    let mut sources = Vec::new();
    for launcher in LANGUAGES {
        if let Some(path) = launcher.source(step) {
            sources.push(vec![Source::read(&layout, &path, *launcher)?]);
        }
    }
    beside_or_below(&mut out, &sources, width);

    let effect = layout.expected().join(format!("{}.txt", step.name));
    match std::fs::read_to_string(&effect) {
        Ok(text) => out.push_str(&text),
        Err(_) => out.push_str("nothing is blessed yet: make bless\n"),
    }

    let _ = writeln!(
        out,
        "\n{STRONG}the files that all steps of a language use{STRONG:#}\n"
    );
    let mut shared = Vec::new();
    for launcher in LANGUAGES {
        let files = launcher
            .shared()
            .iter()
            .map(|path| Source::read(&layout, Path::new(path), *launcher));
        shared.push(files.collect::<Result<Vec<_>>>()?);
    }
    beside_or_below(&mut out, &shared, width);
    output::print(&out).map(|()| 0)
}

/// A source file of a program.
struct Source {
    path: String,
    text: String,
    language: Launcher,
}

impl Source {
    fn read(
        layout: &Layout,
        path: &Path,
        language: Launcher,
    ) -> Result<Source> {
        let text = std::fs::read_to_string(layout.root().join(path))
            .context(format_args!("read {}", path.display()))?;
        let path = layout.shown(&path.to_string_lossy());
        Ok(Source { path, text, language })
    }

    /// The path and the lines, coloured, and at most this wide.
    fn painted(&self, width: Option<usize>) -> Vec<Painted> {
        let text: Vec<char> = self.text.replace('\t', TAB).chars().collect();
        let styles = highlight::styles(&text, self.language.keywords());
        let mut painted =
            vec![Painted::new(STRONG, &self.path), Painted::default()];
        let mut begin = 0;
        for line in text.split(|it| *it == '\n') {
            let end = begin + line.len();
            painted.extend(text::code(line, &styles[begin..end], width));
            begin = end + 1;
        }
        painted
    }
}

/// The files of each language in a column. If the columns would be too narrow
/// to read, or if there is no terminal, the files are printed one below
/// another.
fn beside_or_below(
    out: &mut String,
    languages: &[Vec<Source>],
    width: Option<usize>,
) {
    let widths = width.and_then(|width| columns(languages, width));
    if let Some(widths) = widths {
        let columns: Vec<Vec<Painted>> = languages
            .iter()
            .zip(&widths)
            .map(|(files, width)| {
                files.iter().flat_map(|it| it.painted(Some(*width))).collect()
            })
            .collect();
        text::beside(out, &columns, &widths);
    } else {
        for source in languages.iter().flatten() {
            text::beside(out, &[source.painted(width)], &[0]);
        }
    }
}

/// The width of each language's column; `None` if one would be too narrow.
fn columns(languages: &[Vec<Source>], width: usize) -> Option<Vec<usize>> {
    let (mut widths, least): (Vec<usize>, Vec<usize>) = languages
        .iter()
        .map(|files| {
            let lines = files.iter().flat_map(|it| {
                let path = std::iter::once(it.path.as_str());
                path.chain(it.text.lines())
            });
            let lines: Vec<Vec<char>> = lines
                .map(|it| it.replace('\t', TAB).chars().collect())
                .collect();
            let (whole, least) = text::code_widths(&lines);
            (whole, least.max(READABLE.min(whole)))
        })
        .unzip();
    let gaps = GAP * languages.len().saturating_sub(1);
    let room = width.saturating_sub(gaps);
    text::narrow(&mut widths, &least, room);
    (widths.iter().sum::<usize>() <= room).then_some(widths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anstream::adapter::strip_str;
    use harness::step::STEPS;

    fn sources(step: &harness::step::Step) -> Vec<Vec<Source>> {
        let layout = Layout::find().expect("the tests are in the repository");
        LANGUAGES
            .iter()
            .map(|it| {
                let path = it.source(step).expect("a language has sources");
                vec![Source::read(&layout, &path, *it).expect("a file")]
            })
            .collect()
    }

    /// The text without its spaces: layout may change only spaces.
    fn letters(text: &str) -> String {
        text.chars().filter(|it| !it.is_whitespace()).collect()
    }

    #[test]
    fn no_code_is_cut_and_no_line_is_too_wide() {
        for step in STEPS {
            let languages = sources(step);
            for width in [60, 80, 120, 200] {
                for source in languages.iter().flatten() {
                    let mut out = String::new();
                    let painted = source.painted(Some(width));
                    text::beside(&mut out, &[painted], &[0]);
                    let shown = strip_str(&out).to_string();
                    let all = format!("{}{}", source.path, source.text);
                    assert_eq!(letters(&shown), letters(&all));
                }
                let mut out = String::new();
                beside_or_below(&mut out, &languages, Some(width));
                let longest = strip_str(&out)
                    .to_string()
                    .lines()
                    .map(|it| it.chars().count())
                    .max();
                // One word, an address, is longer than sixty columns.
                let most = width.max(80);
                assert!(longest <= Some(most), "{} {width}", step.name);
            }
        }
    }

    #[test]
    fn a_wide_terminal_has_three_columns_and_a_narrow_one_has_not() {
        let languages = sources(&STEPS[0]);
        assert!(columns(&languages, 200).is_some());
        assert!(columns(&languages, 250).is_some());
        assert!(columns(&languages, 120).is_none());
    }
}
