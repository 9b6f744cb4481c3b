//! The opening of the chapter: what costs how much, in three sentences, a
//! figure and a table.

use crate::chapter::parts::figure;
use crate::chapter::scale::{digits, time};
use crate::record::stored::Record;
use crate::rows::{CAREFUL, PUBLISHED, SIX};
use std::fmt::Write;

/// The opening of the chapter, as Markdown.
pub fn section(record: &Record) -> String {
    let sentences = [kernel(record), careful(record), published(record)];
    let sentences: Vec<String> = sentences.into_iter().flatten().collect();
    let mut text = sentences.join("\n") + "\n\n";
    text += &figure("launch", "Whole launches of every step");
    text + &table(record)
}

fn median(record: &Record, row: &str, column: &str) -> Option<f64> {
    record.times(row, column).map(|it| it.median)
}

/// A sentence about the kernel's part, which every language has.
fn kernel(record: &Record) -> Option<String> {
    let cost = |row| median(record, row, "floor");
    let (net, mnt) = (cost("unshare/net")?, cost("unshare/mnt")?);
    let (six, join) = (cost("unshare/six")?, cost("setns/net")?);
    Some(format!(
        "A new network namespace takes {}, {} times as long as a new mount \
         namespace; all six kinds of the posts together take {}, and to join a \
         network that is there takes {}.",
        time(net),
        digits(net / mnt),
        time(six),
        time(join)
    ))
}

/// The smallest and the largest ratio of two columns over all steps.
fn over_steps(record: &Record, column: &str, base: &str) -> Option<(f64, f64)> {
    let rows = record.rows();
    let rows = rows.filter(|it| it.starts_with("launch/") && *it != SIX);
    let ratio = |row| Some(record.ratio(row, column, base)?.estimate.median);
    let ratios: Vec<f64> = rows.filter_map(ratio).collect();
    let least = ratios.iter().copied().reduce(f64::min)?;
    Some((least, ratios.iter().copied().reduce(f64::max)?))
}

/// A sentence about Rust and C that is written with the same care.
fn careful(record: &Record) -> Option<String> {
    let Some((least, most)) = over_steps(record, "rust", CAREFUL) else {
        return Some(
            "There was no careful C to compare Rust with when this was \
             measured."
                .to_owned(),
        );
    };
    Some(format!(
        "Rust takes {least:.2} to {most:.2} of the time of a C program that \
         makes the same calls and is built the same way: over all steps, as \
         whole launches."
    ))
}

/// A sentence about Rust and the C of the posts, and what the ratio does not
/// say.
fn published(record: &Record) -> Option<String> {
    let (least, most) = over_steps(record, "rust", PUBLISHED)?;
    Some(format!(
        "Of the C of the posts Rust takes {least:.2} to {most:.2}, and that is \
         not the language: the programs of the posts load glibc before `main` \
         and copy page tables to make a child."
    ))
}

/// What a reader may want to do, each with the row and column that time it.
const COSTS: &[(&str, &str)] = &[
    ("a child, with its parent's memory copied", "clone/fork/none"),
    ("a child, with its parent's memory borrowed", "clone/vfork/none"),
    ("a program, until it has ended", "spawn/none"),
    ("the same, until its first instruction", "spawn/first/none"),
    ("a new UTS namespace", "unshare/uts"),
    ("a new cgroup namespace", "unshare/cgroup"),
    ("a new pid namespace, for the next child", "unshare/pid"),
    ("a new user namespace", "unshare/user"),
    ("a new IPC namespace", "unshare/ipc"),
    ("a new mount namespace", "unshare/mnt"),
    ("a new network namespace", "unshare/net"),
    ("all six", "unshare/six"),
    ("to join a network namespace", "setns/net"),
    ("pivot_root, with bind and detachment", "pivot_root/switch"),
    ("a program that goes into a cgroup, spaced", "attach/spaced/child"),
    ("a program that is born in a cgroup, spaced", "attach/spaced/birth"),
    ("a whole launch in all six, with a new root", SIX),
];

fn table(record: &Record) -> String {
    let mut text = "| | floor | rust | row |\n|---|---:|---:|---|\n".to_owned();
    for (what, row) in COSTS {
        let cell =
            |column| median(record, row, column).map_or("-".to_owned(), time);
        if record.outcomes(row).next().is_some() {
            let (floor, rust) = (cell("floor"), cell("rust"));
            let _ = writeln!(text, "| {what} | {floor} | {rust} | `{row}` |");
        }
    }
    text + "\nMedians. What has to be reached, and where it is not, comes \
            [last](#performance-targets).\n\n"
}
