//! How a cost grows, as a figure.

use crate::chapter::scale::{WIDTH, class, decades, mark};
use crate::chapter::svg::{Anchor, Scale, Svg};
use crate::record::curve::{Axis, Curve, Line};

/// Draws a curve of growth. If the values are times, both axes are logarithmic.
pub fn drawing(curve: &Curve) -> String {
    let (left, right, top, bottom) = (84.0, 590.0, 52.0, 330.0);
    let logarithmic = curve.y.unit == "ns";
    let mut svg = Svg::new(
        &format!("Growth: {}", curve.name),
        &format!("{}, as there is more of: {}", curve.y.label, curve.x.label),
        WIDTH,
        384.0,
    );
    let points = || curve.lines.iter().flat_map(|it| &it.points);
    let medians: Vec<f64> = points().map(|it| it.median).collect();
    let most = |all: &mut dyn Iterator<Item = f64>| all.fold(1.0, f64::max);
    let values = match logarithmic {
        true => decades(&medians),
        false => (0.0, 1.1 * most(&mut medians.iter().copied())),
    };
    let y = Scale { values, pixels: (bottom, top), logarithmic };
    let across = Across::of(curve, (left, right), logarithmic);

    let title = match curve.y.unit.as_str() {
        "ns" => format!("{}: {}", curve.name, curve.y.label),
        unit => format!("{}: {} {unit}", curve.name, curve.y.label),
    };
    svg.text((20.0, 28.0), Anchor::Start, "head", title);
    for value in y.marks() {
        let words = mark(value, &curve.y.unit);
        svg.rule((left, y.at(value)), (right, y.at(value)));
        let at = (left - 8.0, y.at(value) + 4.0);
        svg.text(at, Anchor::End, "small soft", words);
    }
    for (x, words) in &across.marks {
        svg.rule((*x, bottom), (*x, bottom + 5.0));
        let at = (*x, bottom + 20.0);
        svg.text(at, Anchor::Middle, "small soft", words);
    }
    let under = ((left + right) / 2.0, bottom + 42.0);
    svg.text(under, Anchor::Middle, "soft", &curve.x.label);
    let mut ends = Vec::new();
    for line in curve.lines.iter().filter(|it| !it.points.is_empty()) {
        let at: Vec<(f64, f64)> = line
            .points
            .iter()
            .map(|it| (across.at(it.x), y.at(it.median)))
            .collect();
        svg.curve(&at, &format!("{}{}", class(&line.name), dashes(line)));
        for point in &at {
            svg.dot(*point, 3.0, class(&line.name));
        }
        ends.extend(at.last().map(|(_, y)| (*y, line.name.as_str())));
    }
    for (y, name) in spread(ends, (top, bottom)) {
        let at = (right + 12.0, y + 4.0);
        svg.text(at, Anchor::Start, &format!("{} small", class(name)), name);
    }
    svg.finish()
}

/// The dashes of a line: each way of making a process has its own.
fn dashes(line: &Line) -> &'static str {
    match line.name.split(' ').nth(1) {
        Some("vfork") => " dash",
        Some("spawn" | "unshare") => " dots",
        _ => "",
    }
}

/// Positions of points from left to right. A logarithmic axis has no position
/// for 0, so 0 is at the left edge.
struct Across {
    zero: Option<f64>,
    scale: Scale,
    marks: Vec<(f64, String)>,
}

impl Across {
    fn of(curve: &Curve, pixels: (f64, f64), logarithmic: bool) -> Across {
        let mut all: Vec<f64> = curve
            .lines
            .iter()
            .flat_map(|it| &it.points)
            .map(|it| it.x)
            .collect();
        all.sort_by(f64::total_cmp);
        all.dedup();
        let most = all.last().copied().unwrap_or(1.0);
        if !logarithmic {
            let values = (0.0, most.max(1e-9));
            let scale = Scale { values, pixels, logarithmic };
            let few = if all.len() <= 6 { all } else { scale.marks() };
            let marks =
                few.iter().map(|it| (scale.at(*it), named(*it, &curve.x)));
            return Across { zero: None, scale, marks: marks.collect() };
        }
        let some: Vec<f64> =
            all.iter().copied().filter(|it| *it > 0.0).collect();
        let zero = (some.len() < all.len()).then_some(pixels.0 + 10.0);
        let left = zero.map_or(pixels.0 + 10.0, |it| it + 80.0);
        let least = some.first().copied().unwrap_or(1.0);
        let values = (least, most.max(1.01 * least));
        let scale = Scale { values, pixels: (left, pixels.1), logarithmic };
        let marks = some.iter().map(|it| (scale.at(*it), named(*it, &curve.x)));
        let none = zero.map(|it| (it, "0".to_owned()));
        Across { zero, scale, marks: none.into_iter().chain(marks).collect() }
    }

    fn at(&self, x: f64) -> f64 {
        match self.zero {
            Some(zero) if x <= 0.0 => zero,
            _ => self.scale.at(x),
        }
    }
}

/// A size in words: below one GiB it is given in MiB.
fn named(value: f64, axis: &Axis) -> String {
    match axis.unit.as_str() {
        "GiB" if value < 1.0 => format!("{} MiB", mark(1024.0 * value, "")),
        "GiB" | "s" => format!("{} {}", mark(value, ""), axis.unit),
        _ => mark(value, ""),
    }
}

/// Moves labels apart until each can be read.
fn spread(
    mut ends: Vec<(f64, &str)>,
    (top, bottom): (f64, f64),
) -> Vec<(f64, &str)> {
    const APART: f64 = 15.0;
    ends.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut last = f64::NEG_INFINITY;
    for (y, _) in &mut ends {
        *y = y.max(last + APART).max(top);
        last = *y;
    }
    let mut below = bottom + APART;
    for (y, _) in ends.iter_mut().rev() {
        *y = y.min(below - APART);
        below = *y;
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_do_not_lie_on_each_other() {
        let ends = vec![(50.0, "a"), (51.0, "b"), (330.0, "c"), (329.0, "d")];
        let spread = spread(ends, (50.0, 330.0));
        for pair in spread.windows(2) {
            assert!(pair[1].0 - pair[0].0 >= 14.9, "{spread:?}");
        }
        assert!(spread.iter().all(|it| (50.0..=330.0).contains(&it.0)));
    }
}
