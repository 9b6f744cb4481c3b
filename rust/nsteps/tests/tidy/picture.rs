//! The picture of the steps agrees with the list of steps.

use crate::Found;
use crate::pages::pages;
use crate::tree::{Tree, between};
use harness::step::{Namespace, STEPS};
use std::collections::BTreeSet;

/// The picture has a row for each step, in their order, a column for each kind
/// of namespace, and a dot where the step makes one.
pub fn steps(tree: &Tree) -> Found {
    let path = format!("{}/images/steps.svg", pages(tree)?);
    let picture = Picture::of(tree, &path)?;
    let mut wrong = Vec::new();
    for kind in Namespace::ALL {
        if !picture.columns.iter().any(|(name, _)| *name == kind.proc_name()) {
            wrong.push(format!("{path}: draw a column for {kind}"));
        }
    }
    let drawn: Vec<&str> = picture.rows.iter().map(|(name, _)| *name).collect();
    let listed: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
    if drawn != listed {
        wrong.push(format!("{path}: draw these rows: {}", listed.join(" ")));
    }
    for (name, y) in &picture.rows {
        let Some(step) = STEPS.iter().find(|step| step.name == *name) else {
            continue;
        };
        let made: BTreeSet<&str> =
            step.namespaces.iter().map(|it| it.proc_name()).collect();
        let dotted = picture.dotted(*y);
        for kind in made.difference(&dotted) {
            wrong.push(format!("{path}: {name}: a dot is missing: {kind}"));
        }
        for kind in dotted.difference(&made) {
            wrong.push(format!("{path}: {name}: a dot too many: {kind}"));
        }
    }
    Ok(wrong)
}

/// A table that is drawn in SVG.
struct Picture<'a> {
    /// The headings of the columns, and their x coordinates.
    columns: Vec<(&'a str, i32)>,
    /// The names of the rows, and their y coordinates.
    rows: Vec<(&'a str, i32)>,
    /// The x and y coordinates of the dots.
    dots: Vec<(i32, i32)>,
}

/// How far the base line of a text may be below the dots of its row.
const LINE: std::ops::Range<i32> = 0..12;

impl<'a> Picture<'a> {
    fn of(tree: &'a Tree, path: &str) -> Result<Picture<'a>, String> {
        let file = tree.files.iter().find(|it| it.path == path);
        let text = &file.ok_or_else(|| format!("draw {path}"))?.text;
        let mut dots = Vec::new();
        for dot in between(text, "<circle class=\"dot\"", ">") {
            let at = (number(dot, "cx"), number(dot, "cy"));
            if let (Some(x), Some(y)) = at {
                dots.push((x, y));
            }
        }
        let mut texts = Vec::new();
        for element in between(text, "<text", "</text>") {
            let Some((about, word)) = element.split_once('>') else { continue };
            if let (Some(x), Some(y)) = (number(about, "x"), number(about, "y"))
            {
                texts.push((word, x, y));
            }
        }
        let first = texts.iter().map(|(.., y)| *y).min();
        let left = texts.iter().map(|(_, x, _)| *x).min();
        let columns = texts
            .iter()
            .filter(|(_, x, y)| Some(*y) == first && Some(*x) != left)
            .map(|(word, x, _)| (*word, *x));
        let columns = columns.collect();
        let mut rows: Vec<_> = texts
            .iter()
            .filter(|(_, x, y)| Some(*x) == left && Some(*y) != first)
            .map(|(word, _, y)| (*word, *y))
            .collect();
        rows.sort_by_key(|(_, y)| *y);
        Ok(Picture { columns, rows, dots })
    }

    /// The headings above the dots of a row.
    fn dotted(&self, y: i32) -> BTreeSet<&'a str> {
        let of_the_row =
            self.dots.iter().filter(|(_, dot)| LINE.contains(&(y - dot)));
        of_the_row
            .map(|(x, _)| {
                let above = self.columns.iter().find(|(_, it)| it == x);
                above.map_or("below no heading", |(name, _)| *name)
            })
            .collect()
    }
}

/// A number among the attributes of an element.
fn number(attributes: &str, name: &str) -> Option<i32> {
    let mark = format!(" {name}=\"");
    between(attributes, &mark, "\"").next()?.parse().ok()
}
