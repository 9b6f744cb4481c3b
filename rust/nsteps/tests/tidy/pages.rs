//! The book is complete: its list, its includes, its links, and the tables that
//! repeat a list of the program.

use crate::Found;
use crate::pages_written;
use crate::tree::{Tree, beside, between};
use nsteps::checks::claims::{CLAIMS, Verdict, report};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use std::fs;

/// The directory of pages, or why they cannot be checked.
pub fn pages(tree: &Tree) -> Result<&'static str, String> {
    match tree.has("docs/src") {
        true => Ok("docs/src"),
        false => Err("there are no docs/src yet".to_owned()),
    }
}

pub fn pages_in_the_summary(tree: &Tree) -> Found {
    let dir = pages(tree)?;
    let summary = format!("{dir}/SUMMARY.md");
    let listed = tree.of(&summary, &[""]).next().map(|it| &it.text);
    let listed = listed.ok_or_else(|| format!("there is no {summary} yet"))?;
    let dir = format!("{dir}/");
    Ok(tree
        .of(&dir, &[".md"])
        .filter_map(|page| page.path.strip_prefix(&dir))
        .filter(|page| *page != "SUMMARY.md")
        .filter(|page| {
            !listed.contains(&format!("({page})"))
                && !listed.contains(&format!("(./{page})"))
        })
        .map(|page| format!("{summary} does not list {page}"))
        .collect())
}

/// The blocks of a chapter about a step, in this order, and whether each has a
/// transcript.
const BLOCKS: &[(&str, bool)] = &[
    ("Start from the post", true),
    ("Why", false),
    ("What changes", false),
    ("How it is made", false),
    ("What goes wrong", true),
    ("Try it yourself", true),
];

/// Every chapter about a step has its blocks, each with text, and a transcript
/// where a command is run.
pub fn blocks_of_a_chapter(tree: &Tree) -> Found {
    let dir = format!("{}/steps/", pages(tree)?);
    let mut wrong = Vec::new();
    for page in tree.of(&dir, &[".md"]) {
        let mut rest = page.text.as_str();
        for (block, runs) in BLOCKS {
            let heading = format!("\n## {block}\n");
            let Some(at) = rest.find(&heading) else {
                wrong.push(format!("{}: no block `{block}` here", page.path));
                continue;
            };
            rest = &rest[at + heading.len()..];
            let text = rest.split("\n## ").next().unwrap_or_default();
            if text.trim().is_empty() {
                wrong.push(format!("{}: `{block}` is empty", page.path));
            } else if *runs && !text.contains("\n```console\n$ ") {
                wrong.push(format!("{}: `{block}` runs nothing", page.path));
            }
            if *block == "Try it yourself" {
                wrong.extend(questions(&page.path, text));
            }
        }
    }
    Ok(wrong)
}

/// Chapters that add one namespace to the chapter before them have one
/// question, the others two or more.
const ONE_QUESTION: &str = "/net_mount";

/// Whether there are enough questions, each with an answer that is run.
fn questions(path: &str, text: &str) -> Vec<String> {
    let answers: Vec<&str> = text.split("<details>").skip(1).collect();
    let least = if path.contains(ONE_QUESTION) { 1 } else { 2 };
    let mut wrong = Vec::new();
    if answers.len() < least {
        wrong.push(format!("{path}: ask {least} questions or more"));
    }
    for answer in answers {
        let folded = answer.split("</details>").next().unwrap_or_default();
        if !folded.contains("\n```console\n$ ") {
            wrong.push(format!("{path}: an answer runs nothing"));
        }
    }
    wrong
}

/// Parts of the book whose first page has a row for each other page.
const PARTS_WITH_A_TABLE: &[&str] = &["differences", "kernel", "pitfalls"];

pub fn rows_of_a_part(tree: &Tree) -> Found {
    let dir = pages(tree)?;
    let mut wrong = Vec::new();
    for part in PARTS_WITH_A_TABLE {
        let path = format!("{dir}/{part}.md");
        let table = tree.files.iter().find(|it| it.path == path);
        let table = table.ok_or_else(|| format!("there is no {path}"))?;
        for stem in tree.stems(&format!("{dir}/{part}/"), ".md") {
            let link = format!("({part}/{stem}.md)");
            let is_row = |line: &str| line.starts_with("| [");
            if !table.text.lines().any(|it| is_row(it) && it.contains(&link)) {
                wrong.push(format!("{path}: add a row | [..]{link} | .. |"));
            }
        }
    }
    Ok(wrong)
}

/// Where the claims are.
const CLAIMS_PAGE: &str = "docs/src/claims.md";

/// What stands around their table.
const OUTPUT: [&str; 2] =
    ["<!-- output: nsteps claims --markdown -->\n", "<!-- end -->"];

/// The claims of the book are those of the program.
pub fn claims(tree: &Tree) -> Found {
    let all: Vec<_> = CLAIMS.iter().collect();
    let table = report::markdown(&all);
    let path = tree.layout.root().join(CLAIMS_PAGE);
    let text = fs::read_to_string(&path)
        .map_err(|error| format!("{CLAIMS_PAGE}: {error}"))?;
    let parts = text.split_once(OUTPUT[0]).and_then(|(before, rest)| {
        rest.split_once(OUTPUT[1]).map(|(old, after)| (before, old, after))
    });
    let (before, old, after) = parts
        .ok_or_else(|| format!("{CLAIMS_PAGE}: no table in {OUTPUT:?}"))?;
    let mut wrong = Vec::new();
    if pages_written::demanded() {
        let text = [before, OUTPUT[0], &table, OUTPUT[1], after].concat();
        fs::write(&path, text)
            .map_err(|error| format!("{CLAIMS_PAGE}: {error}"))?;
    } else if old != table {
        wrong.push(format!(
            "{CLAIMS_PAGE} is not what CLAIMS says: NSTEPS_WRITE=1 cargo test \
             -p nsteps --test tidy claims"
        ));
    }
    let count = |is: fn(&Verdict) -> bool| {
        CLAIMS.iter().filter(|it| is(&it.expected)).count()
    };
    let counts = format!(
        "\n{} claims: {} hold, {} hold only in part, {} refuted ",
        CLAIMS.len(),
        count(|it| *it == Verdict::Holds),
        count(|it| matches!(it, Verdict::OnlyWhere(_))),
        count(|it| *it == Verdict::Refuted),
    );
    if !tree
        .files
        .iter()
        .any(|it| it.path == "README.md" && it.text.contains(&counts))
    {
        wrong.push(format!(
            "README.md: the output of make compare says `{}`",
            counts.trim()
        ));
    }
    Ok(wrong)
}

/// Every include leads to a file and an anchor: mdBook renders a missing anchor
/// as an empty block, and reports no error.
pub fn includes(tree: &Tree) -> Found {
    let dir = format!("{}/", pages(tree)?);
    let mut wrong = Vec::new();
    for page in tree.of(&dir, &[".md"]) {
        for found in between(&page.text, "{{#", "}}") {
            let Some((word, target)) = found.split_once(' ') else { continue };
            if !matches!(word, "include" | "rustdoc_include" | "playground") {
                continue;
            }
            let (file, anchor) = match target.trim().split_once(':') {
                None => (target.trim(), None),
                Some((file, anchor)) => (file, Some(anchor)),
            };
            let text = beside(tree, page, file)
                .and_then(|path| fs::read_to_string(path).ok());
            let problem = match (text, anchor) {
                (None, _) => "there is no such file",
                (Some(text), None) if text.trim().is_empty() => {
                    "the file is empty"
                }
                // A range of lines becomes wrong with the next edit above it.
                (Some(_), Some(anchor))
                    if anchor.starts_with(|it: char| it.is_ascii_digit()) =>
                {
                    "include by anchor, not by line"
                }
                (Some(text), Some(anchor)) if !has_anchor(&text, anchor) => {
                    "the file has no such anchor"
                }
                _ => continue,
            };
            wrong.push(format!("{}: {found}: {problem}", page.path));
        }
    }
    Ok(wrong)
}

fn has_anchor(text: &str, anchor: &str) -> bool {
    let ends = |mark: &str| {
        let whole = format!("{mark}: {anchor}");
        text.lines().any(|line| {
            line.split_once(&whole).is_some_and(|(_, rest)| {
                rest.trim_matches([' ', '*', '/', '-', '>']).is_empty()
            })
        })
    };
    ends("ANCHOR") && ends("ANCHOR_END")
}

/// A block of code is not empty.
pub fn empty_blocks(tree: &Tree) -> Found {
    let mut wrong = Vec::new();
    for page in tree.of("", &[".md"]) {
        let mut opened: Option<usize> = None;
        let mut shows_something = false;
        for (number, line) in page.text.lines().enumerate() {
            if !line.trim_start().starts_with("```") {
                shows_something |= !line.trim().is_empty();
                continue;
            }
            match opened.take() {
                None => (opened, shows_something) = (Some(number + 1), false),
                Some(_) if shows_something => {}
                Some(at) => {
                    wrong.push(format!("{}:{at}: an empty block", page.path));
                }
            }
        }
    }
    Ok(wrong)
}

pub fn links(tree: &Tree) -> Found {
    let mut wrong = Vec::new();
    for page in tree.of("", &[".md"]) {
        for target in targets(&page.text) {
            let (path, anchor) =
                target.split_once('#').unwrap_or((&target, ""));
            if path.contains(':') {
                continue;
            }
            let there = match path {
                "" => Some(page.text.clone()),
                // A directory or a picture has no headings.
                path => beside(tree, page, path)
                    .map(|path| fs::read_to_string(path).unwrap_or_default()),
            };
            let problem = match there {
                None => "leads nowhere",
                Some(text)
                    if !anchor.is_empty()
                        && !headings(&text).iter().any(|it| it == anchor) =>
                {
                    "names a heading that is not there"
                }
                Some(_) => continue,
            };
            wrong
                .push(format!("{}: the link to {target} {problem}", page.path));
        }
    }
    Ok(wrong)
}

/// The targets of the links and pictures of a page.
fn targets(page: &str) -> Vec<String> {
    let events = Parser::new_ext(page, Options::ENABLE_TABLES);
    events
        .filter_map(|event| match event {
            Event::Start(
                Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. },
            ) => Some(dest_url.to_string()),
            _ => None,
        })
        .collect()
}

/// The lines of a page that are not in a block of code.
pub fn prose(page: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    page.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        fenced ^= is_fence;
        !fenced && !is_fence
    })
}

/// The anchors of the headings of a page: as mdBook and code hosts make them,
/// of letters, digits, hyphens and underscores.
fn headings(page: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut heading: Option<String> = None;
    for event in Parser::new_ext(page, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                let name = anchor(&heading.take().unwrap_or_default());
                let same = names.iter().filter(|it| **it == name).count();
                names.push(match same {
                    0 => name,
                    same => format!("{name}-{same}"),
                });
            }
            _ => {}
        }
    }
    names
}

fn anchor(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter_map(|letter| match letter {
            it if it.is_alphanumeric() || "-_".contains(it) => Some(it),
            it if it.is_whitespace() => Some('-'),
            _ => None,
        })
        .collect()
}
