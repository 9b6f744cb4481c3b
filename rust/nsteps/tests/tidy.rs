//! The conventions of this repository, each a test that says what to do.
//!
//! What belongs together is found by name: a step has its sources, its blessed
//! effect and calls, and its page; a property its file; an explanation its page.  What is
//! missing, and what belongs to nothing, is named here.

mod availability;

use availability::unavailable;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use nsteps::known::KNOWN_DIFFERENCES;
use nsteps::launcher::LANGUAGES;
use nsteps::layout::Layout;
use nsteps::rootfs::is_static;
use nsteps::step::STEPS;
use probe::PROPERTIES;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A convention: what it demands, and who looks.
type Convention = (&'static str, fn(&Tree) -> Found);
/// What is wrong, one line each; or why nobody can look.
type Found = Result<Vec<String>, String>;

const CONVENTIONS: &[Convention] = &[
    ("a_step_has_three_sources", sources_of_steps),
    ("a_step_has_its_blessed_effect_and_calls", blessed_of_steps),
    ("a_step_has_a_page", pages_of_steps),
    ("the_page_of_a_step_shows_what_the_step_has", shown_of_steps),
    ("a_source_belongs_to_a_step", steps_of_sources),
    ("an_explained_difference_has_a_page", pages_of_differences),
    ("a_property_has_one_file", files_of_properties),
    ("a_page_is_in_the_summary", pages_in_the_summary),
    ("a_source_opens_with_a_sentence", opening_sentences),
    ("a_step_is_narrow_and_short", narrow_steps),
    ("unsafe_is_where_it_may_be", places_of_unsafe),
    ("nothing_is_unwrapped_outside_of_tests", unwrapped),
    ("nothing_is_called_after_nothing", names_that_say_nothing),
    ("what_a_page_includes_is_there", includes),
    ("a_generated_table_is_not_stale", generated_tables),
    ("a_link_leads_somewhere", links),
    ("no_file_knows_the_machine_it_was_written_on", paths_of_machines),
    ("what_enters_a_new_root_is_static", interpreters),
];

fn main() -> ExitCode {
    let trials = CONVENTIONS
        .iter()
        .map(|(name, look)| {
            Trial::ignorable_test(*name, move || judge(look(&Tree::read()?)))
        })
        .collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn judge(found: Found) -> Result<Completion, Failed> {
    match found {
        Ok(wrong) if wrong.is_empty() => Ok(Completion::Completed),
        Ok(wrong) => Err(wrong.join("\n").into()),
        Err(reason) => unavailable(&reason),
    }
}

/// Every text file of the repository.
struct Tree {
    layout: Layout,
    files: Vec<Text>,
}

/// One of them.
struct Text {
    /// From the top of the repository, with slashes.
    path: String,
    text: String,
}

impl Tree {
    fn read() -> Result<Tree, Failed> {
        let layout = Layout::find().map_err(|it| it.message)?;
        let mut files = Vec::new();
        collect(layout.root(), "", &mut files);
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Tree { layout, files })
    }

    fn has(&self, path: &str) -> bool {
        self.layout.root().join(path).exists()
    }

    /// The files in a directory or below it with one of these endings.
    fn of<'a>(
        &'a self,
        dir: &'a str,
        endings: &'a [&str],
    ) -> impl Iterator<Item = &'a Text> {
        self.files.iter().filter(move |it| {
            it.path.starts_with(dir)
                && endings.iter().any(|end| it.path.ends_with(end))
        })
    }

    /// The stems of the files of one directory with that ending.
    fn stems(&self, dir: &str, ending: &str) -> BTreeSet<&str> {
        self.files
            .iter()
            .filter_map(|it| it.path.strip_prefix(dir)?.strip_suffix(ending))
            .filter(|stem| !stem.contains('/'))
            .collect()
    }
}

/// What is built or somebody's own is not looked at.
const APART: &[&str] = &["target", ".git", "docs/book"];

fn collect(root: &Path, below: &str, files: &mut Vec<Text>) {
    let Ok(entries) = fs::read_dir(root.join(below)) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = match below {
            "" => name,
            below => format!("{below}/{name}"),
        };
        let file = root.join(&path);
        if APART.contains(&path.as_str()) {
        } else if file.is_dir() {
            collect(root, &path, files);
        } else if let Ok(text) = fs::read_to_string(&file) {
            files.push(Text { path, text });
        }
    }
}

fn sources_of_steps(tree: &Tree) -> Found {
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

/// What `make bless` writes for each step, by directory.
const BLESSED: &[&str] =
    &["rust/nsteps/tests/expected/", "rust/nsteps/tests/expected/calls/"];

fn blessed_of_steps(tree: &Tree) -> Found {
    let names: BTreeSet<&str> = STEPS.iter().map(|step| step.name).collect();
    let mut wrong = Vec::new();
    for dir in BLESSED {
        let files = tree.stems(dir, ".txt");
        for name in names.difference(&files) {
            wrong.push(format!("make bless: there is no {dir}{name}.txt"));
        }
        for stem in files.difference(&names) {
            wrong.push(format!("remove {dir}{stem}.txt: no such step"));
        }
    }
    Ok(wrong)
}

/// The directory of pages, or why nobody can look.
fn pages(tree: &Tree) -> Result<&'static str, String> {
    match tree.has("docs/src") {
        true => Ok("docs/src"),
        false => Err("there are no docs/src yet".to_owned()),
    }
}

fn pages_of_steps(tree: &Tree) -> Found {
    let dir = format!("{}/steps/", pages(tree)?);
    let names = STEPS.iter().map(|step| step.name).collect();
    Ok(unequal(&dir, "step", &names, &tree.stems(&dir, ".md")))
}

/// Its sources, its effect and its calls are on the page of a step, whole and
/// from the files.
fn shown_of_steps(tree: &Tree) -> Found {
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

fn pages_of_differences(tree: &Tree) -> Found {
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
    "reference-c/bench.c",
    "reference-c/pitfalls/",
    "reference-c/skeleton.h",
    "reference-go/Makefile",
    "reference-go/README.md",
    "reference-go/bench/",
    "reference-go/go.mod",
    "reference-go/internal/",
    "reference-go/pitfalls/",
    "rust/steps/src/bin/bench.rs",
];

fn steps_of_sources(tree: &Tree) -> Found {
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

fn files_of_properties(tree: &Tree) -> Found {
    let dir = "rust/probe/src/property/";
    let files = tree.stems(dir, ".rs");
    let names: BTreeSet<&str> = PROPERTIES.iter().map(|it| it.name).collect();
    let missing = names
        .difference(&files)
        .map(|name| format!("move the property {name} to {dir}{name}.rs"));
    let orphans = files
        .difference(&names)
        .map(|stem| format!("list {dir}{stem}.rs in PROPERTIES"));
    Ok(missing.chain(orphans).collect())
}

fn pages_in_the_summary(tree: &Tree) -> Found {
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

fn opening_sentences(tree: &Tree) -> Found {
    let endings = [".rs", ".c", ".h", ".go", ".sh", "Makefile", ".toml"];
    Ok(tree
        .of("", &endings)
        // What cargo and its like have a word for opens with that word.
        .filter(|file| {
            !file.path.ends_with(".toml") || file.path == "Cargo.toml"
        })
        .filter(|file| !opens_with_a_sentence(&file.text))
        .map(|file| {
            format!(
                "{}: open it with a comment, a sentence that says what the \
                 file is",
                file.path
            )
        })
        .collect())
}

/// Whether the first comment begins with a paragraph that ends like one.
fn opens_with_a_sentence(text: &str) -> bool {
    let words = |line: &str| {
        let marks = ["//!", "//", "/*", " */", " *", "#"];
        let mark = marks.iter().find(|mark| line.starts_with(**mark))?;
        Some(line[mark.len()..].trim().to_owned())
    };
    let paragraph: Vec<String> = text
        .lines()
        .skip_while(|line| line.starts_with("#!") || *line == "/*")
        .skip_while(|line| line.starts_with("//go:build") || line.is_empty())
        .map_while(words)
        .take_while(|words| !words.is_empty())
        .collect();
    let paragraph = paragraph.join(" ");
    paragraph.contains(' ') && paragraph.ends_with(['.', ':'])
}

/// A step in one language fits beside itself in two others, on two screens.
fn narrow_steps(tree: &Tree) -> Found {
    const COLUMNS: usize = 80;
    const LINES: usize = 120;
    let dirs = [
        "reference-c/",
        "reference-go/",
        "rust/steps/src/",
        "rust/nsteps/tests/zoo/",
    ];
    let mut wrong = Vec::new();
    for file in dirs.iter().flat_map(|dir| tree.of(dir, SOURCES)) {
        // gofmt aligns with tabs and has no width; a C tab has eight.
        let tab = if file.path.ends_with(".go") { 4 } else { 8 };
        for (number, line) in file.text.lines().enumerate() {
            let width = line.chars().fold(0, |at, letter| match letter {
                '\t' => (at / tab + 1) * tab,
                _ => at + 1,
            });
            if width > COLUMNS {
                let number = number + 1;
                wrong.push(format!(
                    "{}:{number}: {width} columns, {COLUMNS} may be",
                    file.path
                ));
            }
        }
    }
    for path in STEPS
        .iter()
        .flat_map(|step| LANGUAGES.iter().map(|it| it.source(step)))
        .map(|path| path.unwrap_or_default().display().to_string())
    {
        let file = tree.files.iter().find(|it| it.path == path);
        let lines = file.map_or(0, |it| it.text.lines().count());
        if lines > LINES {
            wrong.push(format!("{path}: {lines} lines, {LINES} may be"));
        }
    }
    Ok(wrong)
}

/// The endings of sources.
const SOURCES: &[&str] = &[".rs", ".c", ".h", ".go"];

/// The claims of the book are those of the program.
fn generated_tables(tree: &Tree) -> Found {
    let claims: Vec<_> = nsteps::claims::CLAIMS.iter().collect();
    let table = nsteps::claims::report::markdown(&claims);
    let page = "docs/src/claims.md";
    let is_current =
        tree.files.iter().any(|it| it.path == page && it.text.contains(&table));
    Ok(if is_current {
        Vec::new()
    } else {
        vec![format!(
            "{page}: put the output of nsteps claims --markdown there again"
        )]
    })
}

fn places_of_unsafe(tree: &Tree) -> Found {
    let may = |path: &str| {
        path == "rust/nsteps/src/sys.rs"
            || path.starts_with("rust/probe/src/")
            // The bench peers time the bare calls.
            || path.starts_with("bench/")
            || path == "rust/steps/src/bin/bench.rs"
            // Programs that show what goes wrong.
            || path.starts_with("rust/pitfalls/")
            // What all steps share, so that no step needs it.
            || (path.starts_with("rust/steps/src/")
                && !path.starts_with("rust/steps/src/bin/"))
    };
    Ok(lines_with(tree, |word| word == "unsafe")
        .filter(|(file, _)| !may(&file.path))
        .map(|(file, number)| {
            format!(
                "{}:{number}: unsafe belongs in the crate's sys.rs, or in the \
                 lib of rust/steps",
                file.path
            )
        })
        .collect())
}

/// The lines of Rust with such a word in them, comments and texts left out.
fn lines_with(
    tree: &Tree,
    is: impl Fn(&str) -> bool,
) -> impl Iterator<Item = (&Text, usize)> {
    tree.of("", &[".rs"]).flat_map(move |file| {
        let lines: Vec<usize> = code(&file.text)
            .filter(|(_, line)| words(line).any(&is))
            .map(|(number, _)| number)
            .collect();
        lines.into_iter().map(move |number| (file, number))
    })
}

/// The lines of a source with their numbers, without comments and without
/// what stands between quotes.
fn code(text: &str) -> impl Iterator<Item = (usize, String)> {
    text.lines().enumerate().map(|(index, line)| {
        let line = line.replace("\\\"", "");
        let outside: String =
            line.split('"').step_by(2).collect::<Vec<_>>().join("\"");
        let code = outside.split("//").next().unwrap_or("").to_owned();
        (index + 1, code)
    })
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
}

fn unwrapped(tree: &Tree) -> Found {
    let mut wrong = Vec::new();
    for file in tree.of("", &[".rs"]).filter(|it| it.path.contains("/src/")) {
        for (number, line) in code(&file.text) {
            if line.contains("#[cfg(test)]") {
                break;
            }
            if line.contains(".unwrap()") {
                wrong.push(format!(
                    "{}:{number}: return the error, or expect() with the \
                     reason why there is none",
                    file.path
                ));
            }
        }
    }
    Ok(wrong)
}

/// Names for what nobody could find a name for.
const SAYING_NOTHING: &[&str] =
    &["helper", "helpers", "manager", "util", "utils"];

fn names_that_say_nothing(tree: &Tree) -> Found {
    let says_nothing = |name: &str| {
        name.split(['_', '-', '.', '/'])
            .any(|part| SAYING_NOTHING.contains(&part.to_lowercase().as_str()))
            || SAYING_NOTHING.iter().any(|it| {
                let mut capital = it.to_string();
                capital[..1].make_ascii_uppercase();
                name.ends_with(&capital)
            })
    };
    let mut wrong = Vec::new();
    for file in &tree.files {
        if says_nothing(&file.path) {
            wrong.push(format!("{}: call it after what it is", file.path));
        }
    }
    let introduce = [
        "mod", "struct", "enum", "trait", "fn", "type", "const", "static",
        "func", "package",
    ];
    for file in tree.of("", SOURCES) {
        for (number, line) in code(&file.text) {
            let mut words = words(&line);
            while let Some(word) = words.next() {
                if introduce.contains(&word)
                    && words.next().is_some_and(says_nothing)
                {
                    let line = line.trim();
                    wrong.push(format!(
                        "{}:{number}: call it after what it is: {line}",
                        file.path
                    ));
                }
            }
        }
    }
    Ok(wrong)
}

/// mdBook renders a missing anchor as an empty block and succeeds.
fn includes(tree: &Tree) -> Found {
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
                // A range of lines goes wrong with the next edit above it.
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
                rest.trim_matches([' ', '*', '/']).is_empty()
            })
        })
    };
    ends("ANCHOR") && ends("ANCHOR_END")
}

/// Everything that stands between two marks.
fn between<'a>(
    text: &'a str,
    open: &'a str,
    close: &'a str,
) -> impl Iterator<Item = &'a str> {
    text.split(open)
        .skip(1)
        .filter_map(move |rest| rest.split_once(close).map(|(found, _)| found))
}

/// A path as a file beside it means it, if something is there.
fn beside(tree: &Tree, file: &Text, path: &str) -> Option<PathBuf> {
    let file = tree.layout.root().join(&file.path);
    let path = file.parent()?.join(path);
    path.exists().then_some(path)
}

fn links(tree: &Tree) -> Found {
    let mut wrong = Vec::new();
    for page in tree.of("", &[".md"]) {
        let mut fenced = false;
        for line in page.text.lines() {
            if line.trim_start().starts_with("```") {
                fenced = !fenced;
            }
            if fenced {
                continue;
            }
            // What stands between backticks is no link.
            let prose: String = line.split('`').step_by(2).collect();
            let defined = prose
                .strip_prefix('[')
                .and_then(|rest| rest.split_once("]: "))
                .map(|(_, target)| target.trim());
            for target in between(&prose, "](", ")").chain(defined) {
                let path = target.split('#').next().unwrap_or("");
                let outside = path.contains(':') || path.is_empty();
                if !outside && beside(tree, page, path).is_none() {
                    wrong.push(format!(
                        "{}: the link to {target} leads nowhere",
                        page.path
                    ));
                }
            }
        }
    }
    Ok(wrong)
}

/// Where people keep what is theirs.
const PRIVATE: &[&str] = &["/home/", "/root/", "/work/", "/Users/"];

fn paths_of_machines(tree: &Tree) -> Found {
    let mut wrong = Vec::new();
    let own = "rust/nsteps/tests/tidy.rs";
    for file in tree.files.iter().filter(|it| it.path != own) {
        for (number, line) in file.text.lines().enumerate() {
            let found = PRIVATE.iter().any(|private| {
                line.match_indices(private).any(|(at, _)| {
                    // In the middle of a path or of a word it is another one.
                    line[..at].chars().next_back().is_none_or(|before| {
                        before.is_whitespace() || "\"'`(=:<,".contains(before)
                    })
                })
            });
            if found {
                let number = number + 1;
                wrong.push(format!(
                    "{}:{number}: a path of one machine: {}",
                    file.path,
                    line.trim()
                ));
            }
        }
    }
    Ok(wrong)
}

/// A program interpreter is not found in a new root, and the error names the
/// program instead.
fn interpreters(tree: &Tree) -> Found {
    let programs = tree.layout.programs().join("rust");
    let steps = fs::read_dir(&programs)
        .map_err(|_| "nothing is built: make build".to_owned())?;
    let steps = steps.flatten().map(|entry| entry.path());
    let steps = steps.filter(|path| path.is_file());
    Ok(steps
        .chain([tree.layout.probe()])
        .filter(|program| !is_static(program))
        .map(|program| {
            format!("{} wants a program interpreter", program.display())
        })
        .collect())
}
