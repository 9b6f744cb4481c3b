//! What each entry of the program's lists has, by its name: a step its
//! sources, what is blessed and its page; a property its file and its keys; a
//! difference its page; a subcommand its row.

use crate::Found;
use crate::pages::pages;
use crate::tree::{Tree, between};
use clap::CommandFactory;
use compare::known::KNOWN_DIFFERENCES;
use harness::launcher::LANGUAGES;
use harness::step::STEPS;
use harness::trial::situation::SITUATIONS;
use nsteps::cli::Cli;
use probe::{DEEP, PROPERTIES};
use std::collections::BTreeSet;

pub fn sources_of_steps(tree: &Tree) -> Found {
    let mut wrong = Vec::new();
    for step in STEPS {
        for launcher in LANGUAGES {
            let source = launcher.source(step).unwrap_or_default();
            let source = source.display().to_string();
            if !tree.has(&source) {
                wrong.push(format!("write {source}: {} has none", step.name));
            }
        }
    }
    Ok(wrong)
}

/// A file that `nsteps show` lists has all files of its kind beside it listed,
/// so that a new one is not forgotten.
pub fn sources_that_steps_share(tree: &Tree) -> Found {
    let mut wrong = BTreeSet::new();
    for launcher in LANGUAGES {
        let listed = launcher.shared();
        for path in listed {
            let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
            let (_, ending) = name.rsplit_once('.').unwrap_or((name, ""));
            for stem in tree.stems(&format!("{dir}/"), &format!(".{ending}")) {
                let file = format!("{dir}/{stem}.{ending}");
                if !listed.contains(&file.as_str()) {
                    wrong.insert(format!("list {file} in Launcher::shared"));
                }
            }
        }
    }
    Ok(wrong.into_iter().collect())
}

/// What `make bless` writes for each step, by directory.
const BLESSED: &[&str] =
    &["rust/nsteps/tests/expected/", "rust/nsteps/tests/expected/calls/"];

/// The same for each situation.
const BLESSED_SITUATIONS: &str = "rust/nsteps/tests/expected/situations/";

pub fn blessed_of_steps(tree: &Tree) -> Found {
    let steps: BTreeSet<&str> = STEPS.iter().map(|step| step.name).collect();
    let situations = SITUATIONS.iter().map(|it| it.name).collect();
    let dirs = BLESSED.iter().map(|dir| (*dir, &steps));
    let mut wrong = Vec::new();
    for (dir, names) in dirs.chain([(BLESSED_SITUATIONS, &situations)]) {
        let files = tree.stems(dir, ".txt");
        for name in names.difference(&files) {
            wrong.push(format!("make bless: there is no {dir}{name}.txt"));
        }
        for stem in files.difference(names) {
            wrong.push(format!("remove {dir}{stem}.txt: it is of nothing"));
        }
    }
    Ok(wrong)
}

pub fn pages_of_steps(tree: &Tree) -> Found {
    let dir = format!("{}/steps/", pages(tree)?);
    let names = STEPS.iter().map(|step| step.name).collect();
    Ok(unequal(&dir, "step", &names, &tree.stems(&dir, ".md")))
}

/// Its sources, its effect and its calls are on the page of a step, whole and
/// from the files.
pub fn shown_of_steps(tree: &Tree) -> Found {
    let dir = format!("{}/steps/", pages(tree)?);
    let mut wrong = Vec::new();
    for step in STEPS {
        let path = format!("{dir}{}.md", step.name);
        let page = tree.files.iter().find(|it| it.path == path);
        let text = page.map_or("", |it| it.text.as_str());
        let sources = LANGUAGES.iter().filter_map(|it| it.source(step));
        let sources = sources.map(|it| it.display().to_string());
        let blessed =
            BLESSED.iter().map(|dir| format!("{dir}{}.txt", step.name));
        for file in sources.chain(blessed) {
            let include = format!("{{{{#include ../../../{file}}}}}");
            if !text.contains(&include) {
                wrong.push(format!("{path}: show {file}: {include}"));
            }
        }
    }
    Ok(wrong)
}

pub fn pages_of_differences(tree: &Tree) -> Found {
    let dir = format!("{}/differences/", pages(tree)?);
    let slugs = KNOWN_DIFFERENCES.iter().map(|known| known.slug).collect();
    Ok(unequal(&dir, "known difference", &slugs, &tree.stems(&dir, ".md")))
}

/// Pages that something in a list lacks, and pages without anything.
fn unequal(
    dir: &str,
    what: &str,
    listed: &BTreeSet<&str>,
    pages: &BTreeSet<&str>,
) -> Vec<String> {
    // A directory may have a page about all of them.
    let about_all = ["README", "index"];
    let missing = listed
        .difference(pages)
        .map(|it| format!("write {dir}{it}.md: the {what} has no page"));
    let orphans = pages
        .difference(listed)
        .filter(|it| !about_all.contains(*it))
        .map(|it| format!("remove {dir}{it}.md: there is no such {what}"));
    missing.chain(orphans).collect()
}

/// What is in the directories of sources beside the steps; a name that ends
/// with a slash is a directory.
const BESIDE_STEPS: &[&str] = &[
    "reference-c/Makefile",
    "reference-c/README.md",
    "reference-c/pitfalls/",
    "reference-c/skeleton.h",
    "reference-go/Makefile",
    "reference-go/README.md",
    "reference-go/go.mod",
    "reference-go/internal/",
    "reference-go/pitfalls/",
];

pub fn steps_of_sources(tree: &Tree) -> Found {
    let known: BTreeSet<String> = STEPS
        .iter()
        .flat_map(|step| LANGUAGES.iter().map(|it| it.source(step)))
        .map(|path| path.unwrap_or_default().display().to_string())
        .collect();
    let is_known = |path: &str| {
        known.contains(path)
            || BESIDE_STEPS.iter().any(|it| match it.ends_with('/') {
                true => path.starts_with(it),
                false => path == *it,
            })
    };
    Ok(["reference-c/", "reference-go/", "rust/steps/src/bin/"]
        .iter()
        .flat_map(|dir| tree.of(dir, &[""]))
        .filter(|file| !is_known(&file.path))
        .map(|file| format!("{}: no step in STEPS has this name", file.path))
        .collect())
}

pub fn files_of_properties(tree: &Tree) -> Found {
    let dir = "rust/probe/src/property/";
    let files = tree.stems(dir, ".rs");
    let all = PROPERTIES.iter().chain(DEEP);
    let names: BTreeSet<&str> = all.map(|it| it.name).collect();
    let missing = names
        .difference(&files)
        .map(|name| format!("move the property {name} to {dir}{name}.rs"));
    let orphans = files
        .difference(&names)
        .map(|stem| format!("list {dir}{stem}.rs in PROPERTIES or in DEEP"));
    Ok(missing.chain(orphans).collect())
}

/// Where every key is explained.
const KEYS: &str = "docs/src/internals/observation.md";

/// The keys of a property stand on the page of observations, in the first
/// column of a table.
pub fn keys_of_properties(tree: &Tree) -> Found {
    pages(tree)?;
    let page = tree.files.iter().find(|it| it.path == KEYS);
    let page = page.ok_or_else(|| format!("there is no {KEYS}"))?;
    let families: BTreeSet<&str> = page
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" |").next())
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .filter_map(|key| key.split('.').next())
        .collect();
    let mut wrong = Vec::new();
    for property in PROPERTIES.iter().chain(DEEP) {
        for family in property.families {
            if !families.contains(family) {
                let name = property.name;
                wrong
                    .push(format!("{KEYS}: add the keys `{family}` of {name}"));
            }
        }
    }
    Ok(wrong)
}

/// Each subcommand is in the table of commands, under its name.
pub fn rows_of_subcommands(tree: &Tree) -> Found {
    let readme = tree.files.iter().find(|it| it.path == "README.md");
    let readme = readme.ok_or("there is no README.md")?;
    let rows: BTreeSet<&str> = readme
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("| `nsteps "))
        .flat_map(|line| between(line, "`nsteps ", "`").chain([line]))
        .filter_map(|words| words.split([' ', '`']).next())
        .collect();
    Ok(Cli::command()
        .get_subcommands()
        .map(|it| it.get_name().to_owned())
        .filter(|name| !rows.contains(name.as_str()))
        .map(|name| format!("README.md: add a row | `nsteps {name}` | .. |"))
        .collect())
}
