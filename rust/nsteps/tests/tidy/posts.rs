//! The posts on the pages: the page of a step names each post that it follows,
//! with a link to it, and the introduction lists them all.

use crate::Found;
use crate::pages_written;
use crate::tree::Tree;
use harness::step::{POSTS, Post, STEPS, Step};
use std::fs;

/// Where a post without an address is described.
const TEXTS: &str = "../introduction.md#the-five-texts";

/// The beginning of the line about the posts.
const AFTER: &str = "After ";

/// The line of the page of a step about the posts that it follows.
fn line(step: &Step) -> String {
    let posts: Vec<String> = step.posts.iter().map(named).collect();
    format!("{AFTER}{}.", posts.join("; "))
}

fn named(post: &Post) -> String {
    let title =
        format!("[*{}*]({})", post.title, post.address.unwrap_or(TEXTS));
    match post.year {
        Some(year) => format!("{}, {title} ({year})", post.author),
        None => format!("{title}, {}", post.author),
    }
}

/// The page of a step has that line.
pub fn of_steps(tree: &Tree) -> Found {
    let mut wrong = Vec::new();
    for step in STEPS.iter().filter(|it| !it.posts.is_empty()) {
        let path = format!("docs/src/steps/{}.md", step.name);
        let page = tree.files.iter().find(|it| it.path == path);
        let text = page.map_or("", |it| it.text.as_str());
        let wanted = line(step);
        let heading = "\n## What the posts say, and what holds\n\n";
        let part = text.split_once(heading).map(|(_, part)| part);
        let found = part.and_then(|it| it.lines().next()).unwrap_or("");
        if found == wanted {
            continue;
        }
        if pages_written::demanded() && found.starts_with(AFTER) {
            let now = text.replacen(found, &wanted, 1);
            fs::write(tree.layout.root().join(&path), now)
                .map_err(|error| format!("{path}: {error}"))?;
        } else {
            wrong.push(format!("{path}: below `What the posts say`: {wanted}"));
        }
    }
    Ok(wrong)
}

/// The introduction has the address of each post.
pub fn of_introduction(tree: &Tree) -> Found {
    let path = "docs/src/introduction.md";
    let page = tree.files.iter().find(|it| it.path == path);
    let text = page.map_or("", |it| it.text.as_str());
    let missing = POSTS.iter().filter(|post| {
        let title = match post.address {
            Some(address) => format!("[*{}*]({address})", post.title),
            None => format!("*{}*", post.title),
        };
        !text.contains(&format!("| {} | ", post.key)) || !text.contains(&title)
    });
    Ok(missing.map(|it| format!("{path}: no row of {}", it.key)).collect())
}
