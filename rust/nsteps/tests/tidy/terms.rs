//! The words of this project on a page: the first use of each one leads to the
//! glossary, or the page explains it.

use crate::Found;
use crate::tree::{Tree, words};
use pulldown_cmark::{Event, Parser, Tag, TagEnd};
use std::collections::BTreeSet;

/// Words whose meaning a reader cannot know, in each form that pages use. The
/// field's own words, such as *payload*, are not among them.
const TERMS: &[&[&str]] = &[
    &["baseline"],
    &["effect", "effects"],
    &["harness"],
    &["probe", "probes"],
    &["sandbox", "sandboxes"],
    &["scenario", "scenarios"],
    &["situation", "situations"],
    &["trial", "trials"],
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

/// The words of ours that a page uses before it explains them.
fn unexplained(text: &str) -> Vec<&'static str> {
    let mut seen = BTreeSet::new();
    let mut bare = Vec::new();
    // Headings and tables name; sentences use.
    let (mut apart, mut explains) = (0, 0);
    for event in Parser::new_ext(text, pulldown_cmark::Options::ENABLE_TABLES) {
        match event {
            Event::Start(
                Tag::Heading { .. } | Tag::CodeBlock(_) | Tag::Table(_),
            ) => apart += 1,
            Event::End(
                TagEnd::Heading(_) | TagEnd::CodeBlock | TagEnd::Table,
            ) => apart -= 1,
            Event::Start(Tag::Emphasis) => explains += 1,
            Event::Start(Tag::Link { dest_url, .. }) => {
                // A link to another page is a name as well.
                apart += i32::from(!dest_url.contains("glossary.md"));
                explains += i32::from(dest_url.contains("glossary.md"));
            }
            Event::End(TagEnd::Emphasis) => explains -= 1,
            Event::End(TagEnd::Link) if explains > 0 => explains -= 1,
            Event::End(TagEnd::Link) => apart -= 1,
            Event::Text(text) if apart == 0 => {
                let small = text.to_lowercase();
                for forms in TERMS {
                    let used = words(&small).any(|it| forms.contains(&it));
                    if used && seen.insert(forms[0]) && explains == 0 {
                        bare.push(forms[0]);
                    }
                }
            }
            _ => {}
        }
    }
    bare
}
