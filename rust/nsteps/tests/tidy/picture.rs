//! The picture of the steps, drawn from the list of steps.
//!
//! `NSTEPS_WRITE=1 cargo test -p nsteps --test tidy picture` draws it again.
//! Its colours and fonts are those that it has: they are the same in every
//! picture of the book.

use crate::Found;
use crate::pages::pages;
use crate::pages_written;
use crate::tree::{Tree, between};
use harness::step::{Arguments, Namespace, STEPS};
use std::fmt::Write;
use std::fs;

/// The columns, from the left, and how they are called there.
const COLUMNS: &[Namespace] = &[
    Namespace::Mnt,
    Namespace::Pid,
    Namespace::Net,
    Namespace::Uts,
    Namespace::Ipc,
    Namespace::User,
    Namespace::Cgroup,
    Namespace::Time,
];

/// How wide the picture is.
const WIDTH: usize = 720;
/// How far right the first column is, and each other from the one before it.
const FIRST: usize = 240;
const APART: usize = 60;
/// How far down the headings stand.
const HEADINGS: usize = 44;
/// How far down the line above the first row is, and how high a row is.
const TOP: usize = 56;
const ROW: usize = 24;

/// The picture has a row for each step, in their order, a column for each kind
/// of namespace, and a dot where the step makes one.
pub fn steps(tree: &Tree) -> Found {
    let name = format!("{}/images/steps.svg", pages(tree)?);
    let path = tree.layout.root().join(&name);
    let old =
        fs::read_to_string(&path).map_err(|it| format!("{name}: {it}"))?;
    let mut styles = between(&old, "<style>", "</style>");
    let style = styles.next().ok_or_else(|| format!("{name}: no <style>"))?;
    let new = draw(style);
    if pages_written::demanded() {
        fs::write(&path, &new).map_err(|it| format!("{name}: {it}"))?;
    } else if old != new {
        return Ok(vec![format!(
            "{name} is not what STEPS says: NSTEPS_WRITE=1 cargo test -p \
             nsteps --test tidy picture"
        )]);
    }
    let missing = Namespace::ALL.iter().filter(|it| !COLUMNS.contains(it));
    Ok(missing
        .map(|it| format!("put {it} into COLUMNS of tests/tidy/picture.rs"))
        .collect())
}

fn draw(style: &str) -> String {
    let bottom = TOP + ROW * STEPS.len();
    let height = bottom + 52;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" \
         viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\" aria-labelledby=\"title desc\">\n  \
         <title id=\"title\">Which step makes which namespaces</title>\n  \
         <desc id=\"desc\">One row for each step, one column for each kind of \
         namespace; a dot where the payload is in a new one.</desc>\n  \
         <style>{style}</style>\n  \
         <rect class=\"bg\" width=\"{WIDTH}\" height=\"{height}\" rx=\"6\"/>\n"
    );
    for (kind, x) in COLUMNS.iter().zip((FIRST..).step_by(APART)) {
        text(&mut out, "mono head mid", x, HEADINGS, kind.proc_name());
    }
    text(&mut out, "head", 20, HEADINGS, "step");
    rule(&mut out, TOP);
    for (step, above) in STEPS.iter().zip((TOP..).step_by(ROW)) {
        text(&mut out, "mono", 20, above + 17, step.name);
        for (kind, x) in COLUMNS.iter().zip((FIRST..).step_by(APART)) {
            if step.arguments == Arguments::Pid {
                text(&mut out, "small soft mid", x, above + 17, "theirs");
            } else if step.namespaces.contains(kind) {
                dot(&mut out, x, above + 12);
            }
        }
        rule(&mut out, above + ROW);
    }
    dot(&mut out, 28, bottom + 23);
    let legend = "the payload is in a new one; elsewhere in the very one of \
                  its caller";
    text(&mut out, "small soft", 42, bottom + 28, legend);
    out.push_str("</svg>\n");
    out
}

fn text(out: &mut String, class: &str, x: usize, y: usize, words: &str) {
    let _ = writeln!(
        out,
        "  <text class=\"{class}\" x=\"{x}\" y=\"{y}\">{words}</text>"
    );
}

fn rule(out: &mut String, y: usize) {
    let _ = writeln!(out, "  <path class=\"rule\" d=\"M20 {y} 700 {y}\"/>");
}

fn dot(out: &mut String, x: usize, y: usize) {
    let _ = writeln!(
        out,
        "  <circle class=\"dot\" cx=\"{x}\" cy=\"{y}\" r=\"6\"/>"
    );
}
