//! The names in the glossary exist in the sources, and no two types have one of
//! these names.

use crate::Found;
use crate::tree::{Tree, code};

/// The page, from the top of the repository.
const GLOSSARY: &str = "docs/src/glossary.md";

/// The keywords before the name of a definition.
const DEFINES: &[&str] =
    &["struct ", "enum ", "trait ", "const ", "fn ", "type "];

/// The name in a row of the glossary, and its file.
struct Named {
    name: String,
    file: String,
}

/// Each name of the glossary is defined in the file that it links to, and no
/// other file defines a type of that name.
pub fn holds(tree: &Tree) -> Found {
    let mut wrong = Vec::new();
    let named = named(tree);
    if named.len() < 20 {
        wrong.push(format!("{GLOSSARY} names {} things only", named.len()));
    }
    for Named { name, file } in named {
        let mut definitions = Vec::new();
        for text in tree.of("", &[".rs"]) {
            if text.path.contains("/tests/") {
                continue;
            }
            let mut lines = code(&text.text);
            if lines.any(|(_, line)| defines(&line, &name)) {
                definitions.push(text.path.clone());
            }
        }
        if !definitions.contains(&file) {
            wrong.push(format!("{GLOSSARY}: {file} does not define {name}"));
        }
        let is_type = name.chars().next().is_some_and(char::is_uppercase);
        definitions.retain(|it| *it != file);
        for other in definitions.iter().filter(|_| is_type) {
            wrong.push(format!(
                "{other} defines another {name} than {file}, which the \
                 glossary names: give it a name of its own"
            ));
        }
    }
    Ok(wrong)
}

/// The rows whose last cell is [`NAME`](FILE).
fn named(tree: &Tree) -> Vec<Named> {
    let pages = tree.of(GLOSSARY, &[".md"]);
    pages
        .flat_map(|page| page.text.lines().map(str::to_owned))
        .filter_map(|line| {
            let (_, link) = line.rsplit_once("| [`")?;
            let (name, rest) = link.split_once("`](")?;
            let (file, _) = rest.split_once(')')?;
            let file = file.trim_start_matches("../").to_owned();
            Some(Named { name: name.to_owned(), file })
        })
        .collect()
}

/// True if a line defines something of that name.
fn defines(line: &str, name: &str) -> bool {
    DEFINES.iter().any(|keyword| {
        line.split_once(keyword).is_some_and(|(before, after)| {
            let before = before.trim();
            let begins = before.is_empty()
                || before.ends_with("pub")
                || before.ends_with("pub(crate)")
                || before.ends_with("pub(super)");
            let ends = after.strip_prefix(name).is_some_and(|rest| {
                !rest.starts_with(|it: char| it.is_alphanumeric() || it == '_')
            });
            begins && ends
        })
    })
}
