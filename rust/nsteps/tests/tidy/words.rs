//! The words of comments and pages: some have a plainer one.

use crate::Found;
use crate::tree::{Text, Tree, words};

/// Words that are not used, and what is said instead.
const INSTEAD: &[(&str, &str)] = &[
    ("anyone", "a process, a caller, a user"),
    ("bystander", "unrelated process"),
    ("complaint", "error message"),
    ("complaints", "error messages"),
    ("everybody", "every process, every launcher"),
    ("everyone", "every process, every launcher"),
    ("furnish", "set up"),
    ("furnishes", "sets up"),
    ("heed", "install, handle"),
    ("janitor", "cgroup cleaner"),
    ("nobody", "no process, no launcher"),
    ("patience", "timeout"),
    ("somebody", "a process, a caller, a user"),
    ("someone", "a process, a caller, a user"),
    ("warden", "monitor"),
    ("whoever", "the process that, the user who"),
];

/// How a phrase begins in which `who` stands for nothing that was named.
const WITHOUT_A_NOUN: &[&str] = &[
    "by who ",
    "for who ",
    "from who ",
    "of who ",
    "to who ",
    "with who ",
    "by whom",
    "for whom",
    "of whom",
    "to whom",
    "with whom",
];

/// Comments and pages are written in the words of the field.
pub fn plain(tree: &Tree) -> Found {
    let mut wrong = Vec::new();
    let sources = tree.of("", &[".rs", ".c", ".h", ".go"]);
    let own = "rust/nsteps/tests/tidy/words.rs";
    for file in sources.filter(|file| file.path != own) {
        let lines = file.text.lines().enumerate();
        let comments =
            lines.filter_map(|(at, line)| Some((at, comment(line)?)));
        wrong.extend(faults(file, comments));
    }
    for file in tree.of("docs/src/", &[".md"]) {
        wrong.extend(faults(file, prose(&file.text).into_iter()));
    }
    Ok(wrong)
}

/// The text of a line that is a comment.
fn comment(line: &str) -> Option<String> {
    let line = line.trim_start();
    let marks = ["//!", "///", "//", "/*", "* "];
    let mark = marks.iter().find(|mark| line.starts_with(**mark))?;
    Some(without_code(&line[mark.len()..]))
}

/// The lines of a page that are sentences: no code, no table.
fn prose(text: &str) -> Vec<(usize, String)> {
    let mut in_code = false;
    let mut lines = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if line.starts_with("```") {
            in_code = !in_code;
        } else if !in_code && !line.starts_with(['|', '<', '[', '#']) {
            lines.push((at, without_code(line)));
        }
    }
    lines
}

/// What stands between backquotes is code.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join(" ")
}

fn faults(
    file: &Text,
    lines: impl Iterator<Item = (usize, String)>,
) -> Vec<String> {
    let mut wrong = Vec::new();
    for (at, line) in lines {
        let place = format!("{}:{}", file.path, at + 1);
        let small = line.to_lowercase();
        for (word, instead) in INSTEAD {
            if words(&small).any(|it| it == *word) {
                wrong.push(format!("{place}: say {instead} for `{word}`"));
            }
        }
        let phrase = WITHOUT_A_NOUN.iter().find(|it| small.contains(**it));
        let question = line.trim_start();
        let begins = ["Who ", "Whose ", "Whom "].iter().any(|it| {
            question.starts_with(it) || line.contains(&format!(". {it}"))
        });
        if phrase.is_some() || (begins && !line.contains('?')) {
            wrong.push(format!("{place}: say which process or user `who` is"));
        }
    }
    wrong
}
