//! What the step `uts` does otherwise than the same program in plain nix and
//! std, and what each difference saves.

use crate::chapter::scale::time;
use crate::record::stored::Record;
use crate::rows::{EXEC, PLAIN};
use std::fmt::Write;

/// A line of the plain program, and what the step has instead.
struct Replaced {
    /// The line, or the setting of the build, as it is in the plain program.
    plain: &'static str,
    /// What the step has instead.
    step: &'static str,
    /// Why.
    why: &'static str,
    /// The row and the column that measure the plain way, and those that
    /// measure the step's.
    measured: Option<[(&'static str, &'static str); 2]>,
}

const REPLACED: &[Replaced] = &[
    Replaced {
        plain: "`cargo build --release`, which links glibc dynamically",
        step: "linked statically against musl (`.cargo/config.toml`)",
        why: "no dynamic linker runs before `main`, and none has to be in the \
              new root",
        measured: Some([(EXEC, "rust, glibc"), (EXEC, "rust, main")]),
    },
    Replaced {
        plain: "`fn main()`, after the set-up of Rust's runtime",
        step: "`#![no_main]` and `steps::start!`",
        why: "the runtime ignores SIGPIPE, which a payload would inherit, and \
              sets up what no step uses",
        measured: Some([(EXEC, "rust, main"), (EXEC, "rust")]),
    },
    Replaced {
        plain: "`clone(..., CLONE_NEWUTS, SIGCHLD)`: the child has a copy of \
                the memory",
        step: "the same with `CLONE_VM` and `CLONE_VFORK`, on a stack of its \
               own",
        why: "no page table is copied, and the launcher can read which call of \
              the child failed",
        measured: Some([
            ("clone/fork/uts", "rust"),
            ("clone/vfork/uts", "rust"),
        ]),
    },
    Replaced {
        plain: "`CString`s and `vec![0; 1 << 20]` on the heap",
        step: "`Payload::prepare` before the clone, on the stack",
        why: "the child borrows the memory, and must not take the allocator's \
              lock",
        measured: None,
    },
    Replaced {
        plain: "`eprintln!` in the child",
        step: "the child records the failure, the launcher prints it",
        why: "one process writes to standard error, and the message is the \
              same in every step",
        measured: None,
    },
    Replaced {
        plain: "the whole program",
        step: "the whole step",
        why: "all of the above but the linking: both are linked statically \
              against musl",
        measured: Some([("launch/uts", PLAIN), ("launch/uts", "rust")]),
    },
];

/// The section, as Markdown. The page of the step includes its table.
pub fn section(record: &Record) -> String {
    let mut text = "## What the skeleton of a step saves\n\n\
         The left column is a line of [uts in plain \
         nix](../../rust/steps/examples/uts_in_plain_nix.rs).\n\n\
         <!-- ANCHOR: plain -->\n\
         | in plain nix | in the step, and why | saved | of |\n\
         |---|---|--:|--:|\n"
        .to_owned();
    for Replaced { plain, step, why, measured } in REPLACED {
        let figures = match measured {
            None => "not measured by itself | ".to_owned(),
            Some(both) => figures(record, both),
        };
        let _ = writeln!(text, "| {plain} | {step}: {why} | {figures} |");
    }
    text.push_str("<!-- ANCHOR_END: plain -->\n\n");
    let rows: Vec<String> = REPLACED
        .iter()
        .filter_map(|it| it.measured)
        .map(|both| both.map(|(row, column)| format!("`{row}` {column}")))
        .map(|[plain, step]| format!("{plain} against {step}"))
        .collect();
    let rows = rows.join("; ");
    let _ = writeln!(text, "Medians of these rows and columns: {rows}.\n");
    text
}

fn figures(record: &Record, both: &[(&str, &str); 2]) -> String {
    let [plain, step] =
        both.map(|(row, column)| Some(record.times(row, column)?.median));
    match (plain, step) {
        (Some(plain), Some(step)) => {
            format!("{} | {}", time(plain - step), time(plain))
        }
        _ => "not in this record | ".to_owned(),
    }
}
