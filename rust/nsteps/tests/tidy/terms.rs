//! The words of this project on a page: the first use of each one leads to the
//! glossary, or the page explains it.

use crate::Found;
use crate::tree::{Tree, words};
use pulldown_cmark::{Event, Parser, Tag};
use std::collections::BTreeSet;

/// Words whose meaning a reader cannot know, in each form that pages use. The
/// field's own words, such as *payload*, are not among them.
const TERMS: &[&[&str]] = &[
    &["baseline", "baselines"],
    &["effect", "effects"],
    &["harness", "harnesses"],
    &["leftovers"],
    &["monitor"],
    &["mutant", "mutants"],
    &["probe", "probes"],
    &["sandbox", "sandboxes"],
    &["scenario", "scenarios"],
    &["situation", "situations"],
    &["trial", "trials"],
];

/// Words of the glossary that mean what a reader takes them to mean, or that
/// the sentence around them explains.
const PLAIN: &[&str] = &[
    "careful C",
    "claim",
    "comparison",
    "contest",
    "course",
    "equipment",
    "evidence",
    "expected effect",
    "floor",
    "init",
    "known difference",
    "launcher",
    "layout",
    "mistake",
    "observation",
    "operation",
    "outcome",
    "payload",
    "peer",
    "pitfall",
    "plan",
    "property",
    "published C",
    "reading",
    "record",
    "refusal",
    "requirement",
    "round",
    "step",
    "subject",
    "surprise",
    "unrelated process",
];

/// Pages that are written by programs, and the glossary itself.
const APART: &[&str] = &[
    "docs/src/SUMMARY.md",
    "docs/src/benchmarks.md",
    "docs/src/claims.md",
    "docs/src/glossary.md",
    "docs/src/internals/messages.md",
    "docs/src/internals/schema.md",
];

/// The first use of a word of ours is a link to the glossary, or emphasised
/// because the page explains it.
pub fn explained(tree: &Tree) -> Found {
    let glossary = tree.of("docs/src/glossary.md", &[""]).next();
    let glossary = glossary.ok_or("docs/src/glossary.md is not there")?;
    let mut wrong = Vec::new();
    for forms in TERMS {
        if !glossary.text.contains(&format!("| {} |", forms[0])) {
            wrong.push(format!("{}: no row of {}", glossary.path, forms[0]));
        }
    }
    for page in tree.of("docs/src/", &[".md"]) {
        if !APART.contains(&page.path.as_str()) {
            let bare = unexplained(&page.text);
            wrong.extend(bare.iter().map(|word| {
                format!(
                    "{}: the first `{word}` is neither a link to glossary.md \
                     nor *{word}*, with what it means",
                    page.path
                )
            }));
        }
    }
    Ok(wrong)
}

/// What a piece of text stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    /// A name: of a section, of another page, of something in a program.
    Apart,
    /// An explanation: a link to the glossary, or emphasis.
    Explains,
    /// Anything else.
    Plain,
}

/// The words of ours that a page uses before it explains them.
fn unexplained(text: &str) -> Vec<&'static str> {
    let mut seen = BTreeSet::new();
    let mut bare = Vec::new();
    let mut around: Vec<Within> = Vec::new();
    for event in Parser::new_ext(text, pulldown_cmark::Options::ENABLE_TABLES) {
        match event {
            Event::Start(tag) => around.push(within(&tag)),
            Event::End(_) => {
                around.pop();
            }
            Event::Text(text) if !around.contains(&Within::Apart) => {
                let explains = around.contains(&Within::Explains);
                let small = text.to_lowercase();
                for forms in TERMS {
                    let used = words(&small).any(|it| forms.contains(&it));
                    if used && seen.insert(forms[0]) && !explains {
                        bare.push(forms[0]);
                    }
                }
            }
            _ => {}
        }
    }
    bare
}

fn within(tag: &Tag) -> Within {
    match tag {
        Tag::Heading { .. } | Tag::CodeBlock(_) => Within::Apart,
        Tag::Emphasis => Within::Explains,
        Tag::Link { dest_url, .. } if dest_url.contains("glossary.md") => {
            Within::Explains
        }
        Tag::Link { .. } => Within::Apart,
        _ => Within::Plain,
    }
}

/// Texts in which a word is explained, and texts in which it is not.
pub fn tricks(_: &Tree) -> Found {
    let explained = [
        "An [effect](glossary.md) is it.\n",
        "A *sandbox* is a place. The sandbox is small.\n",
        "# The harness\n\nText.\n",
        "See [the probe](internals/observation.md).\n",
        "```\neffect\n```\n",
    ];
    let bare = [
        "The effect is it.\n",
        "| a |\n|---|\n| the sandbox |\n",
        "*See [this](other.md).*\n\nThe harness is it.\n",
        "[A *name*](other.md)\n\nThe harness is it.\n",
        "# Trial\n\nA trial.\n",
        "Its Baselines.\n",
        "> The effect.\n",
        "- a scenario\n",
        "The **effect** is it.\n",
        "See [the probe](internals/observation.md). The probe is it.\n",
        "<details><summary>Answer</summary>\n\nThe effect.\n\n</details>\n",
        "The probe's parent.\n",
        "A sandbox-like place.\n",
    ];
    let missed = bare.iter().filter(|it| unexplained(it).is_empty());
    let missed = missed.map(|it| format!("not found: {it:?}"));
    let accused = explained.iter().filter(|it| !unexplained(it).is_empty());
    let accused = accused.map(|it| format!("it is explained: {it:?}"));
    Ok(missed.chain(accused).collect())
}

/// Each word of the glossary is one that pages have to explain, or a plain one.
pub fn decided(tree: &Tree) -> Found {
    let glossary = tree.of("docs/src/glossary.md", &[""]).next();
    let glossary = glossary.ok_or("docs/src/glossary.md is not there")?;
    let rows = glossary.text.lines().filter_map(|line| {
        let word = line.strip_prefix("| ")?.split(" | ").next()?;
        (word != "word").then_some(word)
    });
    let rows: BTreeSet<&str> = rows.collect();
    let mut wrong = Vec::new();
    for word in &rows {
        let is_ours = TERMS.iter().any(|it| it[0] == *word);
        if is_ours == PLAIN.contains(word) {
            wrong.push(format!("{word}: enter it in TERMS or in PLAIN"));
        }
    }
    let gone = PLAIN.iter().filter(|it| !rows.contains(*it));
    wrong.extend(gone.map(|it| format!("PLAIN: no such word: {it}")));
    Ok(wrong)
}
