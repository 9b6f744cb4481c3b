//! Every text file of the repository, and functions to search them.

use harness::host::layout::Layout;
use libtest_mimic::Failed;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Every text file of the repository.
pub struct Tree {
    pub layout: Layout,
    pub files: Vec<Text>,
}

/// A text file of the repository.
pub struct Text {
    /// Its path from the top of the repository, with slashes.
    pub path: String,
    pub text: String,
}

impl Tree {
    pub fn read() -> Result<Tree, Failed> {
        let layout = Layout::find().map_err(|it| it.message)?;
        let mut files = Vec::new();
        collect(layout.root(), "", &mut files);
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Tree { layout, files })
    }

    pub fn has(&self, path: &str) -> bool {
        self.layout.root().join(path).exists()
    }

    /// The files in a directory or below it with one of these endings.
    pub fn of<'a>(
        &'a self,
        dir: &'a str,
        endings: &'a [&str],
    ) -> impl Iterator<Item = &'a Text> {
        self.files.iter().filter(move |it| {
            it.path.starts_with(dir)
                && endings.iter().any(|end| it.path.ends_with(end))
        })
    }

    /// The stems of the files of one directory with that ending.
    pub fn stems(&self, dir: &str, ending: &str) -> BTreeSet<&str> {
        self.files
            .iter()
            .filter_map(|it| it.path.strip_prefix(dir)?.strip_suffix(ending))
            .filter(|stem| !stem.contains('/'))
            .collect()
    }
}

/// Directories that are not checked: what is built, and what belongs to git.
const APART: &[&str] = &["target", ".git", "docs/book"];

fn collect(root: &Path, below: &str, files: &mut Vec<Text>) {
    let Ok(entries) = fs::read_dir(root.join(below)) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = match below {
            "" => name,
            below => format!("{below}/{name}"),
        };
        let file = root.join(&path);
        if APART.contains(&path.as_str()) {
        } else if file.is_dir() {
            collect(root, &path, files);
        } else if let Ok(text) = fs::read_to_string(&file) {
            files.push(Text { path, text });
        }
    }
}

/// The lines of Rust code with such a word, without comments and texts.
pub fn lines_with(
    tree: &Tree,
    is: impl Fn(&str) -> bool,
) -> impl Iterator<Item = (&Text, usize)> {
    tree.of("", &[".rs"]).flat_map(move |file| {
        let lines: Vec<usize> = code(&file.text)
            .filter(|(_, line)| words(line).any(&is))
            .map(|(number, _)| number)
            .collect();
        lines.into_iter().map(move |number| (file, number))
    })
}

/// The lines of a source with their numbers, without comments and without the
/// text between quotes.
pub fn code(text: &str) -> impl Iterator<Item = (usize, String)> {
    text.lines().enumerate().map(|(index, line)| {
        let line = line.replace("\\\"", "");
        let outside: String =
            line.split('"').step_by(2).collect::<Vec<_>>().join("\"");
        let code = outside.split("//").next().unwrap_or("").to_owned();
        (index + 1, code)
    })
}

pub fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
}

/// Every text between two marks.
pub fn between<'a>(
    text: &'a str,
    open: &'a str,
    close: &'a str,
) -> impl Iterator<Item = &'a str> {
    text.split(open)
        .skip(1)
        .filter_map(move |rest| rest.split_once(close).map(|(found, _)| found))
}

/// The path that a link in a file leads to, if something is there.
pub fn beside(tree: &Tree, file: &Text, path: &str) -> Option<PathBuf> {
    let file = tree.layout.root().join(&file.path);
    let path = file.parent()?.join(path);
    path.exists().then_some(path)
}
