//! Writes the book's chapter about costs from a record. All figures in it come
//! from the record.

mod counts;
mod groups;
mod growing;
mod parts;
mod plain;
mod plot;
mod scale;
mod summary;
mod svg;
mod targets;

use crate::record::outcome::Extent;
use crate::record::stored::{RECORDS, Record};
use harness::error::{Context, Result};
use parts::cell;
use scale::IMAGES;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// The chapter, from the top of the repository.
pub const CHAPTER: &str = "docs/src/benchmarks.md";

/// The prefix of the names of all figures in the chapter.
const FIGURE: &str = "bench-";

/// Every file of the chapter with its content, by its path from the top of the
/// repository. Without a record the chapter is a page that says so.
pub fn files(record: Option<&Record>) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let Some(record) = record else {
        files.insert(CHAPTER.to_owned(), without_record());
        return files;
    };
    files.insert(CHAPTER.to_owned(), page(record));
    for (name, drawing) in plot::all(record) {
        files.insert(format!("{IMAGES}/{name}"), drawing);
    }
    files
}

/// The faults of the chapter's files, compared with what they should contain;
/// one line each.
pub fn stale(root: &Path, wanted: &BTreeMap<String, String>) -> Vec<String> {
    let again = "make bench-report RUNS=0";
    let changed = wanted.iter().filter_map(|(path, text)| {
        match fs::read_to_string(root.join(path)) {
            Ok(there) if there == *text => None,
            Ok(_) => {
                Some(format!("{path} is not what the record says: {again}"))
            }
            Err(_) => Some(format!("{path} is missing: {again}")),
        }
    });
    let left = leftovers(root, wanted);
    let left =
        left.iter().map(|it| format!("{it} belongs to no record: {again}"));
    changed.chain(left).collect()
}

/// Writes the files, and removes figures of another record.
///
/// # Errors
///
/// Fails if a file cannot be read or written.
pub fn write(root: &Path, wanted: &BTreeMap<String, String>) -> Result<()> {
    for (path, text) in wanted {
        let to = root.join(path);
        let beside = root.join(format!("{path}.new"));
        fs::write(&beside, text)
            .and_then(|()| fs::rename(&beside, &to))
            .context(format_args!("write {}", to.display()))?;
    }
    for path in leftovers(root, wanted) {
        fs::remove_file(root.join(&path))
            .context(format_args!("remove {path}"))?;
    }
    Ok(())
}

fn leftovers(root: &Path, wanted: &BTreeMap<String, String>) -> Vec<String> {
    let entries = fs::read_dir(root.join(IMAGES)).into_iter().flatten();
    let names = entries.flatten().map(|it| it.file_name());
    let mut left: Vec<String> = names
        .map(|it| it.to_string_lossy().into_owned())
        .filter(|it| it.starts_with(FIGURE))
        .map(|it| format!("{IMAGES}/{it}"))
        .filter(|it| !wanted.contains_key(it))
        .collect();
    left.sort();
    left
}

fn without_record() -> String {
    format!(
        "# What namespaces cost\n\n\
         No measurement is kept in this tree yet.\n\
         `make bench-report` makes one, in [bench](../../bench/README.md), \
         and writes this page from it.\n\n\
         Code: [{CODE}](../../{CODE}).\n"
    )
}

const CODE: &str = "bench/src/chapter.rs";

fn page(record: &Record) -> String {
    let mut page = String::new();
    page.push_str(&opening(record));
    page.push_str(&summary::section(record));
    page.push_str(&machine(record));
    page.push_str(&reading(record));
    page.push_str(&groups::sections(record));
    page.push_str(&plain::section(record));
    page.push_str(&growing::section(record));
    page.push_str(&counts::section(record));
    page.push_str(&groups::agreement(record));
    page.push_str(&groups::criterion(record));
    page.push_str(&targets::section(record));
    // Between two parts there is one empty line, and none at the end.
    while page.contains("\n\n\n") {
        page = page.replace("\n\n\n", "\n\n");
    }
    page.trim_end().to_owned() + "\n"
}

fn opening(record: &Record) -> String {
    let warning = if record.about.short {
        "\n**These figures are of a short run, which shows that everything \
         works and measures nothing that may be quoted.**\n"
    } else {
        ""
    };
    format!(
        "<!-- Written by `make bench-report`; do not edit. -->\n\n\
         # What namespaces cost\n{warning}\n"
    )
}

/// The facts about the machine that the chapter names, and the words for them.
const FACTS: &[(&str, &str)] = &[
    ("kernel", "kernel"),
    ("cpu", "processor"),
    ("hypervisor", "under a hypervisor"),
    ("cpuid", "one CPUID instruction"),
    ("clock", "one look at the clock by a system call"),
    ("hz", "the kernel ticks, per second"),
    ("mitigations", "mitigations"),
    ("mounts", "mounts in the sandbox"),
    ("measured on", "measured on"),
    ("caller", "as"),
    ("load", "load before the first run"),
    ("libc", "glibc"),
    ("musl", "musl of the careful C"),
    ("cc", "C compiler"),
    ("rustc", "Rust"),
    ("go", "Go"),
    ("unshare", "unshare(1)"),
    ("bwrap", "bwrap"),
    ("crun", "crun"),
    ("runc", "runc"),
];

fn machine(record: &Record) -> String {
    let (name, about) = (&record.name, &record.about);
    let facts = &about.machine;
    let cpuid = facts.get("cpuid").map_or("not known", String::as_str);
    let mut text = format!(
        "## The machine\n\n\
         Every figure on this page is from one record, \
         [{name}](../../{RECORDS}/{name}), made on {} by `{}`.\n\n\
         **One CPUID instruction takes {cpuid} here.**\n\
         Under a hypervisor each is a trap.\n\
         glibc executes dozens of them before `main`, Go a few, musl none: \
         that decides what a program costs to start, and so the rows of \
         `exec` and `launch`.\n\
         Where the instruction is cheap the distance between the languages is \
         smaller.\n\n| | |\n|---|---|\n",
        about.date, about.command
    );
    for (name, words) in FACTS {
        if let Some(value) = facts.get(*name) {
            let _ = writeln!(text, "| {words} | {} |", cell(value));
        }
    }
    let known = |name: &String| FACTS.iter().any(|(it, _)| it == name);
    for (name, value) in facts.iter().filter(|(name, _)| !known(name)) {
        let _ = writeln!(text, "| {} | {} |", cell(name), cell(value));
    }
    text + "\n"
}

fn reading(record: &Record) -> String {
    let runs = record.runs.len();
    let extent = record.runs.first().map_or(Extent::SHORT, |it| it.extent);
    let Extent { rounds, most, block } = extent;
    format!(
        "## How to read it\n\n\
         Quote ratios, never times: the machine's speed drifts, the ratio of \
         two that were timed side by side does not.\n\
         Each did a block of {block} times in each of {rounds} rounds, which \
         are spread over the run, and was compared with the others of the same \
         round. The order rotates, so that each has every place equally often. \
         The floor, C and Rust went on for up to {most} rounds, until their \
         ratio was known well enough.\n\
         There were {runs} such runs. A ratio is the median over the rounds of \
         all runs, with its 95 % interval (by ranks); a minimum is that of all \
         runs, another time that of the run in the middle.\n\
         A row with `!` was measured while other processes or other machines \
         used more than 15 % of a processor.\n\n\
         `floor` is raw system calls without a C library: the least that any \
         language can take.\n\
         `careful` is C with the calls of the step in Rust, linked statically \
         against musl, with a child that borrows the memory of its parent; `c` \
         is the C of the posts, against glibc, and in all rows but those of \
         `launch`, `first` and `exec` a peer in C against glibc.\n\
         What the figures favour is in [bench/BIAS.md](../../bench/BIAS.md).\n\
         `go2` is Go with a second processor; every other one has one.\n\
         What is measured from where to where, and what proves that it was \
         done, is in [bench/README.md](../../bench/README.md); how effects are \
         compared first, in the [methodology](internals/methodology.md).\n\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_file_is_found_and_a_leftover_too() {
        let root = tempfile::tempdir().expect("the directory is ours");
        let root = root.path();
        fs::create_dir_all(root.join(IMAGES)).expect("the directory is ours");
        let mut wanted = BTreeMap::new();
        wanted.insert(CHAPTER.to_owned(), "one\n".to_owned());
        fs::write(root.join(IMAGES).join("bench-old.svg"), "old")
            .expect("the directory is ours");
        fs::write(root.join(IMAGES).join("pid.svg"), "not ours")
            .expect("the directory is ours");
        assert_eq!(stale(root, &wanted).len(), 2);
        write(root, &wanted).expect("the directory is ours");
        assert_eq!(stale(root, &wanted), Vec::<String>::new());
        fs::write(root.join(CHAPTER), "two\n").expect("the directory is ours");
        assert_eq!(stale(root, &wanted).len(), 1);
        assert!(root.join(IMAGES).join("pid.svg").exists());
    }
}
