//! The table of what the skeleton of a step saves, line by line of the step
//! `uts` in plain nix. The page of the step includes it.

use crate::chapter::scale::digits;
use crate::judge::replaced::{
    Calls, LINKED, Pair, Place, REPLACED, Replaced, SOURCE, WHOLE,
};
use crate::record::stored::{Record, Times};
use std::fmt::Write;

/// The section of the chapter, as Markdown.
pub fn section(record: &Record) -> String {
    let mut text = format!(
        "## What the skeleton of a step saves\n\n\
         Line by line of [uts in plain nix](../../{SOURCE}).\n\n\
         <!-- ANCHOR: plain -->\n"
    );
    text += &table(record);
    text += &explanation(record);
    text + "<!-- ANCHOR_END: plain -->\n\n"
}

fn table(record: &Record) -> String {
    let mut text = "<div class=\"replaced\">\n\n\
         | line | the skeleton instead, and why | calls saved | us saved |\n\
         |---|---|---|--:|\n"
        .to_owned();
    let mut all = 0;
    for it in REPLACED {
        let Replaced { line, instead, why, measured, .. } = it;
        let calls = it.calls(&record.counters);
        all += calls.values().sum::<i64>();
        let time = measured.map_or_else(String::new, |it| saved(record, it));
        let calls = listed(&calls);
        let _ = writeln!(
            text,
            "| `{line}` | {instead}. {why} | {calls} | {time} |"
        );
    }
    let whole = saved(record, WHOLE);
    let _ = writeln!(
        text,
        "| **the whole program** | the step with the skeleton | {all} | \
         {whole} |"
    );
    text + "\n</div>\n\n"
}

/// Calls by name, with a number behind the name if it is not 1.
fn listed(calls: &Calls) -> String {
    let each = calls.iter().map(|(name, count)| match count {
        1 => format!("`{name}`"),
        it if *it < 0 => format!("`{name}` \u{2212}{}", -it),
        it => format!("`{name}` {it}"),
    });
    each.collect::<Vec<_>>().join(", ")
}

fn times(record: &Record, (row, column): Place) -> Option<Times> {
    record.times(row, column)
}

/// How much of the plain program's median remains with the skeleton, and that
/// median.
fn saved(record: &Record, pair: Pair) -> String {
    let [plain, step] = pair.map(|it| times(record, it).map(|it| it.median));
    match plain.zip(step) {
        Some((plain, step)) => {
            let saved = digits((plain - step) / 1e3);
            format!("{saved} of {}", digits(plain / 1e3))
        }
        None => "not in the record yet".to_owned(),
    }
}

fn explanation(record: &Record) -> String {
    let mut text = "The times are medians.\n\
         Where a line has none, it was not measured by itself.\n\
         Those of the other lines are of programs that do only this, so that \
         they do not add up to the last line: two programs that do nothing, \
         with `fn main()` and without (`exec/empty`); and a child that ends at \
         once, with a copy of the memory and in the memory of its parent \
         (`clone/fork/uts`, `clone/vfork/uts`).\n"
        .to_owned();
    let [(row, plain), (_, step)] = WHOLE;
    let ratio = record.ratio(row, step, plain).map(|it| it.estimate);
    let [of_plain, of_step] = WHOLE.map(|it| times(record, it));
    if let (Some(ratio), Some(plain), Some(step)) = (ratio, of_plain, of_step) {
        let both = |it: Times| {
            [it.median, it.p99].map(|it| digits(it / 1e3)).join(" / ")
        };
        let _ = writeln!(
            text,
            "The step takes **{:.3}** of the time of the plain program ({:.3} \
             to {:.3} with 95 %): median / 99th percentile {} us against {} us \
             (`{row}`).",
            ratio.median,
            ratio.low,
            ratio.high,
            both(step),
            both(plain)
        );
    }
    text += "Both are built as this project builds Rust, statically against \
             musl, so that only their code differs.\n";
    let [dynamic, fixed] = LINKED.map(|it| times(record, it));
    if let Some((dynamic, fixed)) = dynamic.zip(fixed) {
        let _ = writeln!(
            text,
            "Linked dynamically against glibc, as `cargo build --release` does \
             it, a program that does nothing takes {} us, and not {} us.",
            digits(dynamic.median / 1e3),
            digits(fixed.median / 1e3)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_is_made_once_has_no_number() {
        let calls = [("brk", 2), ("mmap", 1), ("rt_sigaction", -1)];
        let calls = calls.map(|(name, it)| (name.to_owned(), it));
        let words = "`brk` 2, `mmap`, `rt_sigaction` \u{2212}1";
        assert_eq!(listed(&calls.into()), words);
    }
}
