//! The chapter's figures: whole launches, single namespaces, all launchers at
//! all six, and how costs grow.

mod growth;

use crate::chapter::scale::{WIDTH, class, decades, digits, file, mark, time};
use crate::chapter::svg::{Anchor, Scale, Svg};
use crate::record::stored::Record;
use crate::rows::{CAREFUL, PUBLISHED, SIX};

/// Draws every figure. Returns the name of its file and its content.
pub fn all(record: &Record) -> Vec<(String, String)> {
    let mut figures = vec![
        (file("launch"), launches(record)),
        (file("namespace"), namespaces(record)),
        (file("six"), six(record)),
    ];
    let curves = record.growth.iter().flat_map(|it| &it.curves);
    let drawn =
        curves.filter(|it| it.lines.iter().any(|it| it.points.len() > 1));
    figures.extend(drawn.map(|it| (file(&it.name), growth::drawing(it))));
    figures
}

const LANGUAGES: &[&str] = &[CAREFUL, PUBLISHED, "rust", "go"];
/// The columns that have a colour of their own.
const COLUMNS: &[&str] = &["floor", CAREFUL, PUBLISHED, "rust", "go"];

/// A bar for each language at each step, and where the floor is.
fn launches(record: &Record) -> String {
    let languages = there(record, "launch", LANGUAGES);
    let high = 7.0 + 8.0 * languages.len() as f64;
    let (left, right, top) = (170.0, 660.0, 52.0);
    let rows: Vec<&str> =
        record.rows().filter(|it| it.starts_with("launch/")).collect();
    let all = rows.iter().flat_map(|row| {
        languages.iter().filter_map(|it| record.times(row, it))
    });
    let longest = all.map(|it| it.median).fold(1.0, f64::max);
    let height = top + high * rows.len() as f64 + 16.0;
    let mut svg = Svg::new(
        "Whole launches",
        "For each step a bar per language, as long as its median time; a line \
         shows the floor.",
        WIDTH,
        height,
    );
    let scale = Scale {
        values: (0.0, longest),
        pixels: (left, right),
        logarithmic: false,
    };
    legend(&mut svg, left, &there(record, "launch", COLUMNS));
    for value in scale.marks() {
        let x = scale.at(value);
        svg.rule((x, top - 6.0), (x, height - 16.0));
        let words = mark(value, "ns");
        svg.text((x, top - 11.0), Anchor::Middle, "small soft", words);
    }
    for (number, row) in rows.iter().enumerate() {
        let y = top + high * number as f64;
        let name = row.trim_start_matches("launch/");
        svg.text(
            (left - 10.0, y + high / 2.0 + 3.0),
            Anchor::End,
            "mono small",
            name,
        );
        for (at, language) in languages.iter().enumerate() {
            let Some(times) = record.times(row, language) else { continue };
            let y = y + 2.0 + 8.0 * at as f64;
            let x = scale.at(times.median);
            svg.bar((left, y), (x - left, 7.0), class(language));
        }
        if let Some(floor) = record.times(row, "floor") {
            let x = scale.at(floor.median);
            svg.curve(&[(x, y), (x, y + high - 3.0)], "floor");
        }
    }
    svg.finish()
}

/// The columns among `columns` that were measured in a group.
fn there(
    record: &Record,
    group: &str,
    columns: &[&'static str],
) -> Vec<&'static str> {
    columns.iter().copied().filter(|it| record.has(group, it)).collect()
}

/// Draws the colour and the name of each column.
fn legend(svg: &mut Svg, left: f64, columns: &[&str]) {
    let mut x = left + 4.5;
    for column in columns {
        svg.dot((x, 23.5), 4.5, class(column));
        svg.text((x + 10.0, 28.0), Anchor::Start, class(column), column);
        x += 36.0 + 8.0 * column.len() as f64;
    }
}

/// The groups of the figure, as panels beside each other.
const PANELS: &[(&str, &str)] = &[
    ("clone/fork/", "clone, as fork"),
    ("clone/vfork/", "clone, VM and VFORK"),
    ("unshare/", "unshare"),
];

/// A point for each language, way and namespace.
fn namespaces(record: &Record) -> String {
    const ROW: f64 = 30.0;
    let (left, top, gap) = (70.0, 78.0, 44.0);
    let sets =
        ["none", "cgroup", "ipc", "mnt", "net", "pid", "user", "uts", "six"];
    let width = (WIDTH - 16.0 - left) / PANELS.len() as f64;
    let height = top + ROW * sets.len() as f64 + 14.0;
    let mut svg = Svg::new(
        "What each namespace costs",
        "The median time of clone and unshare for each kind of namespace, by \
         language, on a logarithmic scale.",
        WIDTH,
        height,
    );
    let columns = there(record, "clone", COLUMNS);
    legend(&mut svg, left, &columns);
    for (at, set) in sets.iter().enumerate() {
        let y = top + ROW * (at as f64 + 0.5);
        svg.text((left - 12.0, y + 4.0), Anchor::End, "mono small", set);
        svg.rule((left, y + ROW / 2.0), (WIDTH - 16.0, y + ROW / 2.0));
    }
    for (panel, (group, title)) in PANELS.iter().enumerate() {
        let from = left + width * panel as f64;
        let rows: Vec<String> =
            sets.iter().map(|set| format!("{group}{set}")).collect();
        let all: Vec<f64> = rows
            .iter()
            .flat_map(|row| {
                columns.iter().map(move |column| record.times(row, column))
            })
            .filter_map(|it| Some(it?.median))
            .collect();
        let scale = Scale {
            values: decades(&all),
            pixels: (from + gap / 2.0, from + width - gap / 2.0),
            logarithmic: true,
        };
        let middle = from + width / 2.0;
        svg.text((middle, 48.0), Anchor::Middle, "head", title);
        for value in scale.marks() {
            let x = scale.at(value);
            svg.rule((x, top - 4.0), (x, height - 14.0));
            let words = mark(value, "ns");
            svg.text((x, top - 9.0), Anchor::Middle, "small soft", words);
        }
        for (at, row) in rows.iter().enumerate() {
            for (nth, name) in columns.iter().enumerate() {
                let Some(times) = record.times(row, name) else { continue };
                let y = top + ROW * at as f64 + 5.5 + 6.3 * nth as f64;
                svg.dot((scale.at(times.median), y), 3.5, class(name));
            }
        }
    }
    svg.finish()
}

/// A bar for every launcher of all six namespaces.
fn six(record: &Record) -> String {
    const ROW: f64 = 30.0;
    let (left, right, top) = (90.0, 560.0, 46.0);
    let outcome = record.outcomes(SIX).next();
    let mut all: Vec<(&str, f64)> = outcome
        .into_iter()
        .flat_map(|it| &it.figures)
        .filter_map(|it| Some((&*it.name, record.times(SIX, &it.name)?.median)))
        .collect();
    all.sort_by(|a, b| a.1.total_cmp(&b.1));
    let longest = all.iter().map(|it| it.1).fold(1.0, f64::max);
    let mut svg = Svg::new(
        "All six namespaces by every launcher",
        "The median time of each launcher, and how often it is Rust's.",
        WIDTH,
        top + ROW * all.len() as f64 + 12.0,
    );
    let scale = Scale {
        values: (0.0, longest),
        pixels: (left, right),
        logarithmic: false,
    };
    let head = "six namespaces, a new root, /proc and a tmpfs";
    svg.text((20.0, 28.0), Anchor::Start, "head", head);
    for (at, (name, median)) in all.iter().enumerate() {
        let y = top + ROW * at as f64;
        let x = scale.at(*median);
        svg.text((left - 10.0, y + 17.0), Anchor::End, class(name), name);
        svg.bar((left, y + 4.0), ((x - left).max(1.0), 18.0), class(name));
        let ratio =
            record.ratio(SIX, name, "rust").map(|it| it.estimate.median);
        let words = match ratio.filter(|_| *name != "rust") {
            Some(it) => format!("{}, {} times rust", time(*median), digits(it)),
            None => time(*median),
        };
        svg.text((x + 8.0, y + 17.0), Anchor::Start, "small", words);
    }
    svg.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_three_digits_and_a_unit() {
        assert_eq!(time(1234.0), "1.23 us");
        assert_eq!(time(99_940.0), "99.9 us");
        assert_eq!(time(349_283_712.0), "349 ms");
        assert_eq!(mark(1e3, "ns"), "1 us");
        assert_eq!(mark(100.0, "per second"), "100");
        assert_eq!(mark(0.0, "ns"), "0");
    }
}
