//! `nsteps explain`: explains what a key is, what a difference of it does to a
//! payload, and what sets it.

use crate::terminal::output;
use crate::terminal::style::{FAINT, GOOD, PLAIN, STRONG};
use crate::terminal::text::paragraph;
use globset::Glob;
use harness::error::{Error, Result};
use harness::host::layout::{Book, Layout};
use launchers::consequence::{Change, Consequence, Edit, of_key};
use launchers::keys;
use std::fmt::Write;
use std::fs;

/// The page about the keys, from the top of the repository.
const PAGE: &str = "docs/src/internals/observation.md";

/// Prints what is known about `KEY` or `KEY=VALUE`.
///
/// # Errors
///
/// Fails if no launcher can show such a key.
pub fn run(text: &str) -> Result<u8> {
    let (key, value) = match text.split_once('=') {
        Some((key, value)) => (key, Some(value)),
        None => (text, None),
    };
    if let Some(why) = keys::why_unknown(key) {
        return Err(Error::new(why));
    }
    output::print(&explanation(key, value))?;
    Ok(0)
}

fn explanation(key: &str, value: Option<&str>) -> String {
    let mut out = String::new();
    let about = keys::about(key).unwrap_or("a key");
    let _ = writeln!(out, "{STRONG}{key}{STRONG:#}  {about}");
    if let Some(row) = row_of_page(key) {
        paragraph(&mut out, &row, 2, 2, PLAIN);
    }
    let mut shown = 0;
    for record in of_key(key) {
        if value.is_none_or(|it| is_about(record, it)) {
            out.push('\n');
            one(&mut out, record, value);
            shown += 1;
        }
        // A later record is never shown for a value that this one is about.
        let is_last =
            record.value == "*" || value.is_some_and(|it| is_about(record, it));
        if is_last {
            break;
        }
    }
    if shown == 0 {
        out.push_str("\nno consequence of a difference is known\n");
    }
    out
}

fn one(out: &mut String, record: &Consequence, value: Option<&str>) {
    let level = record.level.name();
    let values = match record.value {
        "*" => String::new(),
        it => format!(" where a value is like {it}"),
    };
    let sentence = format!("{level}{values}: {}", record.sentence);
    paragraph(out, &sentence, 0, 2, PLAIN);
    if let Some(page) = record.page {
        let page = Layout::find().map_or_else(
            |_| Book::default().page(page),
            |it| it.book().page(page),
        );
        paragraph(out, &format!("page: {page}"), 2, 2, FAINT);
    }
    for fix in record.fixes {
        if value.is_none_or(|it| fits(fix.wanted, it)) {
            let text = format!(
                "to get {}, {}: {}",
                fix.wanted,
                fix.launcher,
                in_words(&fix.change)
            );
            paragraph(out, &text, 2, 2, GOOD);
        }
    }
}

/// Whether a record is about a value.
fn is_about(record: &Consequence, value: &str) -> bool {
    record.values().any(|it| fits(it, value))
}

fn fits(glob: &str, text: &str) -> bool {
    Glob::new(glob).is_ok_and(|it| it.compile_matcher().is_match(text))
}

/// A fix in words, as a user would do it.
fn in_words(change: &Change) -> String {
    match change {
        Change::Add(words) => format!("add {}", words.join(" ")),
        Change::First(words) => format!("add first {}", words.join(" ")),
        Change::Around(words) => {
            format!("put before it: {}", words.join(" "))
        }
        Change::Inside(_) | Change::Before(_) => {
            let words = change.inside().unwrap_or_default();
            format!("put before the payload: {}", words.join(" "))
        }
        Change::Swap(from, []) => format!("leave out {}", from.join(" ")),
        Change::Swap(from, to) => {
            format!("{} in the place of {}", to.join(" "), from.join(" "))
        }
        Change::Edit(edits) => {
            let edits: Vec<String> = edits.iter().map(edit_in_words).collect();
            format!("in config.json, {}", edits.join(", "))
        }
        Change::All(changes) => {
            let all: Vec<String> = changes.iter().map(in_words).collect();
            all.join("; and ")
        }
    }
}

fn edit_in_words(edit: &Edit) -> String {
    match edit {
        Edit::Set(at, value) => format!("{at} = {value}"),
        Edit::Push(at, item) => format!("{at} with {item}"),
        Edit::Remove(at) => format!("no {at}"),
        Edit::Mount => "/mounts as the other launcher has it".to_owned(),
        Edit::MountOption(option) => {
            format!("the options of the mount with {option}")
        }
        Edit::Take(at, "", text) => format!("{at} without {text}"),
        Edit::Take(at, member, text) => {
            format!("{at} without the one whose {member} is {text}")
        }
    }
}

/// The row about the key in the tables of the page; `None` if there is no page,
/// because nsteps is installed without the book.
fn row_of_page(key: &str) -> Option<String> {
    let layout = Layout::find().ok()?;
    let page = fs::read_to_string(layout.root().join(PAGE)).ok()?;
    let of_table = |line: &&str| line.starts_with("| `");
    let row = page.lines().filter(of_table).find(|line| names(line, key))?;
    let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
    let told: Vec<&str> =
        cells[1..].iter().map(|it| it.trim_matches([' ', '|'])).collect();
    let told: Vec<&str> =
        told.into_iter().filter(|it| !it.is_empty()).collect();
    Some(told.join("; in an effect: "))
}

/// True if the first cell of a row names the key: in full, by `.NAME` after
/// another name, or by capital letters that stand for any text.
fn names(row: &str, key: &str) -> bool {
    let cell = row.trim_start_matches("| ").split(" | ").next().unwrap_or("");
    let mut family = String::new();
    cell.split('`').skip(1).step_by(2).any(|name| {
        let whole = match name.strip_prefix('.') {
            Some(last) => format!("{family}.{last}"),
            None => name.to_owned(),
        };
        family = whole.rsplit_once('.').map_or("", |it| it.0).to_owned();
        let glob = whole
            .split('.')
            .map(|part| {
                let stands_for = !part.is_empty()
                    && part.chars().all(|it| it.is_ascii_uppercase());
                if stands_for { "*" } else { part }
            })
            .collect::<Vec<_>>()
            .join(".");
        fits(&glob, key)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_row_of_a_key_is_found() {
        let row = "| `uts.hostname`, `uts.domainname` | the two | |";
        assert!(names(row, "uts.domainname"));
        let row = "| `capabilities.effective`, `.permitted` | x |";
        assert!(names(row, "capabilities.permitted"));
        assert!(!names(row, "capabilities.bounding"));
        assert!(names("| `ns.TYPE` | the text |", "ns.net"));
        assert!(!names("| `ns.TYPE` | the text |", "uts.hostname"));
    }

    #[test]
    fn an_explanation_has_the_consequence_and_what_sets_it() {
        let text = explanation("ns.net", None);
        let text = anstream::adapter::strip_str(&text).to_string();
        for words in ["security: ", "bwrap: add --unshare-net", "/linux/names"]
        {
            assert!(text.contains(words), "{words}: {text}");
        }
        let text = explanation("signals.ignored", Some("+SIGPIPE"));
        let text = anstream::adapter::strip_str(&text).to_string();
        assert!(text.contains("EPIPE") && !text.contains("terminal"), "{text}");
    }
}
