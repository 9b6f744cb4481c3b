//! The pages of the book that reports name: each exists, and each page about a
//! difference is named where the difference can be seen.

use crate::Found;
use crate::tree::Tree;
use compare::refusal::{REFUSALS, refusal};
use compare::requirement::list::REQUIREMENTS;
use harness::step::STEPS;
use launchers::consequence::CONSEQUENCES;
use std::collections::BTreeSet;

/// The pages that a report names, each with the list that has it.
fn named() -> impl Iterator<Item = (&'static str, String)> {
    let consequences = CONSEQUENCES
        .iter()
        .filter_map(|it| Some(("CONSEQUENCES", it.page?.to_owned())));
    let refusals = REFUSALS.iter().map(|it| ("REFUSALS", it.page.to_owned()));
    let mistakes = REQUIREMENTS.iter().flat_map(|it| it.mistakes);
    let requirements = mistakes.flat_map(|it| {
        STEPS.iter().map(move |step| ("REQUIREMENTS", it.page(step)))
    });
    consequences.chain(refusals).chain(requirements)
}

/// A page that a report names is there.
pub fn exist(tree: &Tree) -> Found {
    let missing: BTreeSet<String> = named()
        .filter(|(_, page)| {
            let path = format!("docs/src/{page}");
            !tree.files.iter().any(|it| it.path == path)
        })
        .map(|(list, page)| format!("{list} names docs/src/{page}: write it"))
        .collect();
    Ok(missing.into_iter().collect())
}

/// A step that is refused a call by the kernel has a page that says why.
pub fn of_refusals(tree: &Tree) -> Found {
    let dir = "rust/nsteps/tests/expected/";
    let mut wrong = Vec::new();
    let mut seen = 0;
    for file in tree.of(dir, &[".txt"]) {
        for line in file.text.lines() {
            let mut words = line.split_whitespace();
            if words.next() != Some("refused") {
                continue;
            }
            seen += 1;
            let value: Vec<&str> = words.take(2).collect();
            let value = value.join(" ");
            if refusal(&value).is_none() {
                let path = &file.path;
                wrong.push(format!("{path}: REFUSALS has no `{value}`"));
            }
        }
    }
    if seen == 0 {
        wrong.push(format!("{dir}: no step is refused anything"));
    }
    Ok(wrong)
}

/// The parts of the book about differences.
const PARTS: &[&str] = &["differences", "kernel", "pitfalls"];

/// Pages that no row of a comparison of launchers can name, and why.
const APART: &[(&str, &str)] = &[
    ("differences/control", "it is about unshare(1) as the control"),
    ("kernel/execve-enters-the-time-namespace", CALLS),
    ("kernel/inode-reuse", "a row has no inode"),
    ("pitfalls/between-clone-and-exec", CALLS),
    ("pitfalls/clone-without-signal", CALLS),
    ("pitfalls/goroutines", CALLS),
    ("pitfalls/ids-in-borrowed-memory", CALLS),
    ("pitfalls/locks-after-clone", CALLS),
    ("pitfalls/low-end-stack", CALLS),
    ("pitfalls/mode-of-a-queue", CALLS),
    ("pitfalls/names-in-the-new-root", CALLS),
    ("pitfalls/sigchld-ignored", CALLS),
    ("pitfalls/threads-and-setns", CALLS),
    ("pitfalls/two-children-on-one-stack", CALLS),
    ("pitfalls/unshareflags", CALLS),
];

const CALLS: &str = "it is about how a launcher is written";

/// A page about a difference is named by a report, or it is listed above.
pub fn of_differences(tree: &Tree) -> Found {
    let named: BTreeSet<String> = named().map(|(_, page)| page).collect();
    let mut wrong = Vec::new();
    for part in PARTS {
        for stem in tree.stems(&format!("docs/src/{part}/"), ".md") {
            let page = format!("{part}/{stem}");
            let is_named = named.contains(&format!("{page}.md"));
            let is_apart = APART.iter().any(|(it, _)| *it == page);
            if is_named == is_apart {
                wrong.push(format!(
                    "docs/src/{page}.md: name it in CONSEQUENCES or REFUSALS, \
                     or in APART of this test, and not in both"
                ));
            }
        }
    }
    for (page, _) in APART {
        if !tree.has(&format!("docs/src/{page}.md")) {
            wrong.push(format!("APART: there is no page {page}"));
        }
    }
    Ok(wrong)
}
