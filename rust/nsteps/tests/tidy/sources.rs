//! The rules for sources, and for the programs that are built from them.

use crate::Found;
use crate::tree::{Tree, code, lines_with, words};
use harness::host::rootfs::is_static;
use harness::launcher::LANGUAGES;
use harness::step::STEPS;
use std::fs;

pub fn opening_sentences(tree: &Tree) -> Found {
    let endings = [".rs", ".c", ".h", ".go", ".sh", "Makefile", ".toml"];
    Ok(tree
        .of("", &endings)
        // The other TOML files begin with the table that their form demands.
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

/// True if the first comment begins with a paragraph that ends as a sentence.
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

/// A step in one language fits beside two others, on two screens.
pub fn narrow_steps(tree: &Tree) -> Found {
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
        // gofmt aligns with tabs and has no width limit; in C a tab has eight
        // columns.
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

pub fn places_of_unsafe(tree: &Tree) -> Found {
    let may = |path: &str| {
        ["rust/kernel/src/lib.rs", "rust/kernel/src/newer.rs"].contains(&path)
            || path.starts_with("rust/probe/src/")
            // The clone whose child borrows memory, and that child's calls,
            // which the C library would make through a shared errno.
            || path.starts_with("rust/spawn/src/raw/")
            // The promise that what the child runs is fit for that.
            || path == "rust/spawn/src/child.rs"
            // What is timed beside it: the bare calls, and pre_exec of std.
            || ["paired", "call_sites"].iter().any(|it| {
                path == format!("rust/spawn/examples/{it}.rs")
            })
            // An allocator that ends a child which allocates.
            || path == "rust/spawn/tests/spawn/allocator.rs"
            // The bench peers time the bare calls.
            || path.starts_with("bench/")
            // These programs show what goes wrong.
            || path.starts_with("rust/pitfalls/")
            // A step that does not use the crate of the others.
            || path.starts_with("rust/steps/examples/")
            // The code that all steps use, so that no step needs unsafe code.
            || (path.starts_with("rust/steps/src/")
                && !path.starts_with("rust/steps/src/bin/"))
    };
    Ok(lines_with(tree, |word| word == "unsafe")
        .filter(|(file, _)| !may(&file.path))
        .map(|(file, number)| {
            format!(
                "{}:{number}: unsafe belongs in rust/kernel, in rust/probe, in \
                 rust/spawn/src/raw or in the lib of rust/steps",
                file.path
            )
        })
        .collect())
}

/// A public item whose documentation is a word or three tells nothing that its
/// name does not. Items without any are found by the compiler.
pub fn short_documentation(tree: &Tree) -> Found {
    const WORDS: usize = 5;
    let mut wrong = Vec::new();
    for file in tree.of("", &[".rs"]).filter(|it| it.path.contains("/src/")) {
        let mut said = 0;
        for (index, line) in file.text.lines().enumerate() {
            let line = line.trim();
            if let Some(documentation) = line.strip_prefix("///") {
                said += documentation.split_whitespace().count();
                continue;
            }
            if let Some(name) = public_item(line)
                && (1..WORDS).contains(&said)
            {
                wrong.push(format!(
                    "{}:{}: the documentation of {name} has fewer than {WORDS} \
                     words: say what it means",
                    file.path,
                    index + 1
                ));
            }
            // Attributes stand between the documentation and the item.
            if !line.starts_with("#[") && !line.ends_with(',') && line != ")]" {
                said = 0;
            }
        }
    }
    Ok(wrong)
}

/// The name of the public item that a line begins; fields have short names for
/// what their type says, and variants too.
fn public_item(line: &str) -> Option<&str> {
    const KINDS: &[&str] = &["enum", "fn", "static", "struct", "trait", "type"];
    let mut words = line.strip_prefix("pub ")?.split([' ', '(', '<', ':']);
    let kind = words.find(|it| !["const", "unsafe", "async"].contains(it))?;
    match KINDS.contains(&kind) {
        true => words.next(),
        // A constant: what follows `const` is its name.
        false => line.starts_with("pub const ").then_some(kind),
    }
}

pub fn unwrapped(tree: &Tree) -> Found {
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

/// Names that do not say what is in a file.
const SAYING_NOTHING: &[&str] =
    &["helper", "helpers", "manager", "util", "utils"];

pub fn names_without_a_meaning(tree: &Tree) -> Found {
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

/// Directories of users, which belong into no file of the repository.
const PRIVATE: &[&str] = &["/home/", "/root/", "/work/", "/Users/"];

pub fn paths_of_machines(tree: &Tree) -> Found {
    let mut wrong = Vec::new();
    let own = "rust/nsteps/tests/tidy/sources.rs";
    for file in tree.files.iter().filter(|it| it.path != own) {
        for (number, line) in file.text.lines().enumerate() {
            let found = PRIVATE.iter().any(|private| {
                line.match_indices(private).any(|(at, _)| {
                    // A member of a config.json.
                    if line[at..].starts_with("/root/readonly") {
                        return false;
                    }
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

/// A step and the probe are static: a new root has no program interpreter, and
/// the error would name the program and not the interpreter.
pub fn interpreters(tree: &Tree) -> Found {
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
