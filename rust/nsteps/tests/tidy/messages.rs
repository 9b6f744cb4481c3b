//! The page of every error that a user can see, made from the sources.
//!
//! `NSTEPS_WRITE=1 cargo test -p nsteps --test tidy messages` writes it again.

use crate::Found;
use crate::pages_written;
use crate::tree::Tree;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;

/// The page, from the top of the repository.
const PAGE: &str = "docs/src/internals/messages.md";

/// The crates in which errors are made.
const CRATES: &[&str] = &[
    "rust/harness/src/",
    "rust/compare/src/",
    "rust/launchers/src/",
    "rust/trace/src/",
    "rust/nsteps/src/",
];

/// The code before the text of an error, and what follows the text when it is
/// printed.
const MAKERS: &[(&str, &str)] = &[
    (".context(", ": STRERROR"),
    ("Error::new(", ""),
    ("Refusal::Unavailable(", ""),
    ("Refusal::Broken(", ""),
    ("unavailable(", ": STRERROR: REMEDY"),
];

/// The page is up to date with the sources, and each message begins in lower
/// case.
pub fn page(tree: &Tree) -> Found {
    let messages = messages(tree);
    let mut wrong = Vec::new();
    for (words, files) in &messages {
        let first = words.chars().next();
        let is_name = words.split(' ').next().is_some_and(|word| {
            word.len() > 1 && word.chars().all(|it| !it.is_lowercase())
        });
        if first.is_some_and(char::is_uppercase) && !is_name {
            wrong.push(format!(
                "{}: `{words}` begins with a capital letter",
                files.join(" ")
            ));
        }
    }
    let text = text(&messages);
    if pages_written::demanded() {
        let path = tree.layout.root().join(PAGE);
        fs::write(path, &text).map_err(|error| format!("{PAGE}: {error}"))?;
    }
    let current = fs::read_to_string(tree.layout.root().join(PAGE));
    if current.unwrap_or_default() != text {
        wrong.push(format!(
            "{PAGE} is not what the sources say: NSTEPS_WRITE=1 cargo test -p \
             nsteps --test tidy messages"
        ));
    }
    Ok(wrong)
}

/// Each message, and the files that make it.
fn messages(tree: &Tree) -> BTreeMap<String, Vec<String>> {
    let mut messages: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for dir in CRATES {
        for file in tree.of(dir, &[".rs"]) {
            let lines = file.text.lines();
            let lines = lines.take_while(|it| !it.contains("#[cfg(test)]"));
            let lines = lines.filter(|it| !it.trim_start().starts_with("//"));
            let source = lines.collect::<Vec<_>>().join("\n");
            for (maker, after) in MAKERS {
                for (at, _) in source.match_indices(maker) {
                    let begins = source[..at].chars().next_back();
                    if !maker.starts_with('.')
                        && begins
                            .is_some_and(|it| it.is_alphanumeric() || it == '_')
                    {
                        continue;
                    }
                    let rest = &source[at + maker.len()..];
                    let Some(words) = literal(rest) else { continue };
                    let files =
                        messages.entry(format!("{words}{after}")).or_default();
                    if files.last() != Some(&file.path) {
                        files.push(file.path.clone());
                    }
                }
            }
        }
    }
    messages
}

/// The text at the beginning of the argument of a call: a literal, perhaps
/// within format! or format_args!.
fn literal(argument: &str) -> Option<String> {
    let mut rest = argument.trim_start();
    for formatted in ["format!(", "format_args!(", "&format!("] {
        rest = rest.strip_prefix(formatted).unwrap_or(rest).trim_start();
    }
    let inside = rest.strip_prefix('"')?;
    let mut words = String::new();
    let mut letters = inside.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, letters.peek()) {
            ('"', _) => return (words.contains(' ')).then_some(words),
            ('\\', Some('\n')) => {
                while letters.next_if(|it| it.is_whitespace()).is_some() {}
            }
            ('\\', Some('n')) => {
                letters.next();
                words.push(' ');
            }
            ('\\', Some(_)) => words.extend(letters.next()),
            _ => words.push(letter),
        }
    }
    None
}

fn text(messages: &BTreeMap<String, Vec<String>>) -> String {
    let mut text = String::from(
        "<!-- Written by the test `tidy messages`; do not edit. -->\n\n\
         # Messages\n\n\
         Every error of `nsteps` whose text is in its sources, in alphabetical \
         order.\n\
         `{...}` stands for a name, a number or another text; `STRERROR` is \
         the kernel's error, as strerror(3) words it; `REMEDY` is the remedy, \
         if [remedy.rs](../../../rust/harness/src/host/remedy.rs) has one.\n\
         The messages of all steps have one form, `STEP: CALL: STRERROR`, see \
         [the contract](contract.md).\n\n\
         | message | made in |\n|---|---|\n",
    );
    for (words, files) in messages {
        let links: Vec<String> = files
            .iter()
            .map(|path| {
                let (_, name) = path.rsplit_once('/').unwrap_or(("", path));
                format!("[{name}](../../../{path})")
            })
            .collect();
        let words = words.replace('|', "\\|").replace('`', "'");
        let _ = writeln!(text, "| `{words}` | {} |", links.join(", "));
    }
    text
}
