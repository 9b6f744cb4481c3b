//! The words of comments, messages, names and pages: some have a plainer one.

use crate::Found;
use crate::tree::{Text, Tree, words};

/// Words that are not used, and the words to use instead.
const INSTEAD: &[(&str, &str)] = &[
    ("anybody", "a process, a caller, a user"),
    ("anyone", "a process, a caller, a user"),
    ("bystander", "unrelated process"),
    ("complaint", "error message"),
    ("complaints", "error messages"),
    ("everybody", "every process, every launcher"),
    ("everyone", "every process, every launcher"),
    ("furnish", "set up"),
    ("furnishes", "sets up"),
    ("heed", "install, handle"),
    ("janitor", "cgroup cleaner"),
    ("nobody", "no process, no launcher"),
    ("patience", "timeout"),
    ("somebody", "a process, a caller, a user"),
    ("someone", "a process, a caller, a user"),
    ("warden", "monitor"),
    ("wardens", "monitors"),
    ("whoever", "the process that, the user who"),
];

/// Phrases that are not used, and the words to use instead.
const PHRASES: &[(&str, &str)] = &[("no one ", "no process, no launcher")];

/// The beginnings of phrases in which `who` has no noun before it.
const WITHOUT_A_NOUN: &[&str] = &[
    ": who ",
    "by who ",
    "for who ",
    "from who ",
    "of who ",
    "to who ",
    "with who ",
    "by whom",
    "for whom",
    "of whom",
    "to whom",
    "with whom",
];

/// The exceptions: a file, the word that it may contain, and the reason.
const MAY: &[(&str, &str, &str)] = &[
    ("docs/src/claims.md", "everyone", "written from claims.rs"),
    ("docs/src/claims.md", "nobody", "written from claims.rs"),
    ("docs/src/images/id-map.svg", "nobody", "the owner of unmapped ids"),
    (
        "rust/nsteps/src/checks/claims.rs",
        "everyone",
        "two claims, in the sense of the posts",
    ),
    (
        "rust/nsteps/src/checks/claims.rs",
        "nobody",
        "the user that a claim names",
    ),
];

/// Comments, messages, names and pages use none of these words.
pub fn plain(tree: &Tree) -> Found {
    let own = "rust/nsteps/tests/tidy/words.rs";
    let files = tree.files.iter().filter(|file| file.path != own);
    Ok(files.flat_map(in_file).collect())
}

/// The endings of sources, in which names, comments and texts are searched.
const SOURCES: &[&str] = &[".rs", ".c", ".h", ".go"];

/// The endings of files in which whole lines are searched.
const LINES: &[&str] =
    &["Makefile", ".sh", ".yml", ".toml", ".html", ".svg", ".ci/run"];

fn in_file(file: &Text) -> Vec<String> {
    let ends =
        |endings: &[&str]| endings.iter().any(|it| file.path.ends_with(it));
    let mut wrong = Vec::new();
    if ends(SOURCES) {
        for (at, part, text) in parts(&file.text) {
            match part {
                Part::Code => wrong.extend(names(file, at, &text)),
                // A text without a space is a name: of a test, a key, a role.
                Part::Text if !text.trim().contains(' ') => {
                    wrong.extend(names(file, at, &text));
                }
                Part::Text | Part::Comment => {
                    wrong.extend(faults(file, at, &text));
                }
            }
        }
        return wrong;
    }
    let lines: Vec<(usize, String)> = if ends(LINES) {
        file.text.lines().map(str::to_owned).enumerate().collect()
    } else if ends(&[".md"]) {
        prose(&file.text)
    } else {
        Vec::new()
    };
    for (at, line) in lines {
        wrong.extend(faults(file, at, &line));
    }
    wrong
}

/// The kind of a piece of a source.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Code,
    Comment,
    Text,
}

/// The pieces of a source in C, Go or Rust: the index of the line, what the
/// piece is, and its characters. A piece ends with its line.
fn parts(source: &str) -> Vec<(usize, Part, String)> {
    let letters: Vec<char> = source.chars().collect();
    let mut found: Vec<(usize, Part, String)> = Vec::new();
    let mut part = Part::Code;
    let (mut line, mut at) = (0, 0);
    // The end of the current comment or text.
    let mut end = String::new();
    let follows = |at: usize, what: &str| {
        let mut rest = letters[at.min(letters.len())..].iter();
        what.chars().all(|letter| rest.next() == Some(&letter))
    };
    while let Some(letter) = letters.get(at) {
        let opens = match letter {
            _ if part != Part::Code => None,
            '/' if follows(at, "//") => Some((Part::Comment, 2, "\n")),
            '/' if follows(at, "/*") => Some((Part::Comment, 2, "*/")),
            'r' if follows(at, "r#\"") => Some((Part::Text, 3, "\"#")),
            '"' => Some((Part::Text, 1, "\"")),
            _ => None,
        };
        if let Some((opened, length, closing)) = opens {
            (part, end) = (opened, closing.to_owned());
            found.push((line, part, String::new()));
            at += length;
            continue;
        }
        if part != Part::Code && follows(at, &end) {
            part = Part::Code;
            found.push((line, part, String::new()));
            // The newline that ends a comment is counted below.
            at += if end == "\n" { 0 } else { end.len() };
            continue;
        }
        // A quote or a slash in a character or after a backslash opens nothing.
        let skipped = match letter {
            '\\' if part == Part::Text && end == "\"" => 2,
            '\'' if part == Part::Code && follows(at + 2, "'") => 3,
            '\'' if part == Part::Code && follows(at + 1, "\\") => 4,
            _ => 1,
        };
        let taken = &letters[at..letters.len().min(at + skipped)];
        match found.last_mut() {
            Some((_, last, text)) if *last == part => text.extend(taken),
            _ => found.push((line, part, taken.iter().collect())),
        }
        for _ in taken.iter().filter(|it| **it == '\n') {
            line += 1;
            found.push((line, part, String::new()));
        }
        at += skipped;
    }
    found
}

/// The lines of a page that are sentences: no code.
fn prose(text: &str) -> Vec<(usize, String)> {
    let mut in_code = false;
    let mut lines = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if line.starts_with("```") {
            in_code = !in_code;
        } else if !in_code {
            lines.push((at, line.to_owned()));
        }
    }
    lines
}

/// What stands between backquotes is code.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join(" ")
}

/// The names in a piece of code that are a word of the list, or have one in
/// them; and those that begin with `who`.
fn names(file: &Text, at: usize, code: &str) -> Vec<String> {
    let small = code.to_lowercase();
    let place = format!("{}:{}", file.path, at + 1);
    let mut wrong = Vec::new();
    for name in words(&small) {
        if name.split('_').next() == Some("who") {
            wrong.push(format!("{place}: name what `who` is, as `launcher`"));
        }
        for (word, instead) in INSTEAD {
            if name.split('_').any(|it| it == *word) {
                wrong.push(format!("{place}: name it {instead}, not `{name}`"));
            }
        }
    }
    wrong
}

fn faults(file: &Text, at: usize, line: &str) -> Vec<String> {
    let line = without_code(line);
    let mut wrong = Vec::new();
    let place = format!("{}:{}", file.path, at + 1);
    let small = line.to_lowercase();
    let may = |word: &str| {
        MAY.iter().any(|(path, it, _)| *path == file.path && *it == word)
    };
    for (word, instead) in INSTEAD {
        if words(&small).any(|it| it == *word) && !may(word) {
            wrong.push(format!("{place}: say {instead} for `{word}`"));
        }
    }
    for (phrase, instead) in PHRASES {
        if small.contains(phrase) {
            wrong.push(format!("{place}: say {instead} for `{phrase}`"));
        }
    }
    let phrase = WITHOUT_A_NOUN.iter().find(|it| small.contains(**it));
    let question = line.trim_start();
    let begins = ["Who ", "Whose ", "Whom "].iter().any(|it| {
        question.starts_with(it) || line.contains(&format!(". {it}"))
    });
    if phrase.is_some() || (begins && !line.contains('?')) {
        wrong.push(format!("{place}: say which process or user `who` is"));
    }
    wrong
}

/// The check finds a word in each kind of text, and only there.
pub fn is_searched_everywhere(_: &Tree) -> Found {
    // The words are put together here, so that this file has none of them.
    let word = ["some", "body"].concat();
    let bad = [
        ("a.rs", format!("// {word} waits")),
        ("a.rs", format!("let a = 1; // {word} waits")),
        ("a.rs", format!("f(\"a \\\" b\", \"{word} waits\");")),
        ("a.rs", format!("f(\"a line \\\n     {word} waits\");")),
        ("a.rs", format!("fn {word}_waits() {{}}")),
        ("a.rs", format!("(\"{word}_waits\", waits)")),
        ("a.rs", format!("effect.change(\"{word}\", 1);")),
        ("a.rs", format!("let {} = 1;", ["w", "ho"].concat())),
        ("a.c", format!("/*\n * {word} waits\n */")),
        ("a.go", format!("x := `a` // {word} waits")),
        ("Makefile", format!("\t@echo {word} waits")),
        ("a.sh", format!("say \"{word} waits\"")),
        ("a.md", format!("| {word} waits |")),
        ("a.md", format!("# What {word} does")),
        ("a.md", ["No", " one waits."].concat()),
        ("a.md", ["a queue for", " who waits"].concat()),
    ];
    let good = [
        ("a.rs", format!("effect.change(1); // `{word}`")),
        ("a.rs", format!("let b = '\"'; // a {word}_s\nf('\"');")),
        ("a.md", format!("```\n{word}\n```\n`{word}` is a user.")),
    ];
    let seen = |(path, text): &(&str, String)| -> usize {
        let (path, text) = ((*path).to_owned(), text.clone());
        in_file(&Text { path, text }).len()
    };
    let missed = bad.iter().filter(|it| seen(it) != 1);
    let missed = missed.map(|it| format!("{}: {:?} is not found", it.0, it.1));
    let wrong = good.iter().filter(|it| seen(it) != 0);
    let wrong = wrong.map(|it| format!("{}: {:?} is found", it.0, it.1));
    Ok(missed.chain(wrong).collect())
}
