//! That the page for contributors names what is there, and counts it right.

use crate::Found;
use crate::pages::pages;
use crate::tree::{Tree, between};
use std::collections::{BTreeMap, BTreeSet};

/// The page, from the top of the repository.
const PAGE: &str = "docs/src/internals/contributing.md";

/// What the second cell of a row begins with whose files a command writes.
const WRITTEN: &str = "written by ";

/// The files of one kind of addition.
#[derive(Debug, Default, PartialEq, Eq)]
struct Places {
    by_hand: BTreeSet<String>,
    written: BTreeSet<String>,
}

/// Each section has a row in the table at the top, with as many places as the
/// section names; and each place is there, or is a name to be chosen below a
/// directory that is there.
pub fn counts(tree: &Tree) -> Found {
    pages(tree)?;
    let page = tree.files.iter().find(|it| it.path == PAGE);
    let page = page.ok_or_else(|| format!("there is no {PAGE}"))?;
    let mut counted = BTreeMap::new();
    for row in page.text.lines().filter_map(cells) {
        if let [kind, by_hand, written, _] = row[..] {
            counted.insert(kind, format!("{by_hand} | {written}"));
        }
    }
    let mut wrong = Vec::new();
    for section in page.text.split("\n## Add ").skip(1) {
        let (kind, rest) = section.split_once('\n').unwrap_or((section, ""));
        let text = rest.split("\n## ").next().unwrap_or_default();
        let places = Places::of(text);
        if places == Places::default() {
            continue;
        }
        let count =
            format!("{} | {}", places.by_hand.len(), places.written.len());
        if counted.remove(kind) != Some(count.clone()) {
            wrong.push(format!(
                "{PAGE}: the row of {kind} is | {kind} | {count} | .. |: \
                 {places:?}"
            ));
        }
        for place in places.by_hand.iter().chain(&places.written) {
            let known: Vec<&str> =
                place.split('/').take_while(|it| !is_chosen(it)).collect();
            if !tree.has(&known.join("/")) {
                wrong.push(format!("{PAGE}: {kind}: there is no {place}"));
            }
        }
    }
    let headings = counted.into_keys().filter(|it| it.starts_with('a'));
    wrong.extend(headings.map(|it| format!("{PAGE}: no section adds {it}")));
    Ok(wrong)
}

impl Places {
    /// The links and the paths in the first cells of a section's table.
    fn of(section: &str) -> Places {
        let mut places = Places::default();
        for row in section.lines().filter_map(cells) {
            let [place, what] = row[..] else { continue };
            let to = match what.starts_with(WRITTEN) {
                true => &mut places.written,
                false => &mut places.by_hand,
            };
            let paths = place.split('`').skip(1).step_by(2);
            to.extend(paths.map(str::to_owned));
            to.extend(between(place, "](", ")").map(from_the_top));
        }
        places
    }
}

/// Where a link of the page leads, from the top of the repository.
fn from_the_top(link: &str) -> String {
    let path = link.split('#').next().unwrap_or_default();
    let mut parts: Vec<&str> = PAGE.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The cells of a row of a table.
fn cells(line: &str) -> Option<Vec<&str>> {
    let row = line.strip_prefix("| ")?.strip_suffix(" |")?;
    Some(row.split(" | ").collect())
}

/// A part of a path that has capitals, such as `NAME.rs`, stands for a name
/// that the contributor chooses.
fn is_chosen(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or_default();
    stem.len() > 1
        && stem != "README"
        && stem.chars().any(char::is_uppercase)
        && !stem.chars().any(char::is_lowercase)
        || part == "reference-X"
}
