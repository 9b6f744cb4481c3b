//! The parts of a page: a figure, a cell of a table, a folded part.

use crate::chapter::scale::file;

/// Includes a figure, with a description for readers who cannot see it.
pub fn figure(name: &str, words: &str) -> String {
    format!("![{words}](images/{})\n\n", file(name))
}

/// Escapes a text so that it can be in a cell of a table.
pub fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;").replace('\n', " ")
}

/// A part that is folded away until the reader opens it.
pub fn folded(summary: &str, text: &str) -> String {
    format!("<details>\n<summary>{summary}</summary>\n\n{text}\n</details>\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_stays_one() {
        assert_eq!(cell("a|b <c>\nd"), "a\\|b &lt;c> d");
    }
}
