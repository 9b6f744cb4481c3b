//! A drawing as SVG, in the style of the book's other figures.

use std::fmt::{Display, Write};

/// A drawing to which shapes are added. Its units are pixels at its natural
/// size.
#[derive(Debug)]
pub struct Svg {
    title: String,
    description: String,
    width: f64,
    height: f64,
    body: String,
}

/// Where a text is, relative to its point.
#[derive(Clone, Copy, Debug)]
pub enum Anchor {
    /// The text begins at the point.
    Start,
    /// The middle of the text is at the point.
    Middle,
    /// The text ends at the point.
    End,
}

/// Light colours, and dark ones where the reader's system is dark. A language
/// has the same colour in all figures; text beside a line has a darker shade of
/// it.
const STYLE: &str = "\
    .bg { fill: #ffffff; }
    text { fill: #1f2933; font: 13px system-ui, \"DejaVu Sans\", sans-serif; }
    .mono { font-family: ui-monospace, \"DejaVu Sans Mono\", monospace; }
    .small { font-size: 12px; }
    .head { font-weight: 600; }
    .soft { fill: #5b6770; }
    .rule { stroke: #d5dae0; }
    .line { fill: none; stroke-width: 2; }
    .floor { fill: #98a2ad; } .line.floor { fill: none; stroke: #98a2ad; }
    .careful { fill: #7aa3cf; }
    .line.careful { fill: none; stroke: #7aa3cf; }
    .c { fill: #2563a8; } .line.c { fill: none; stroke: #2563a8; }
    .rust { fill: #c2571a; } .line.rust { fill: none; stroke: #c2571a; }
    .go { fill: #0f8a7e; } .line.go { fill: none; stroke: #0f8a7e; }
    .other { fill: #b9a7cf; } .line.other { fill: none; stroke: #b9a7cf; }
    text.floor { fill: #5b6770; } text.other { fill: #5b6770; }
    text.careful { fill: #3f6f9f; }
    .dash { stroke-dasharray: 6 4; } .dots { stroke-dasharray: 2 3; }
    @media (prefers-color-scheme: dark) {
      .bg { fill: #1c2126; }
      text { fill: #e4e7eb; }
      .soft { fill: #a3adb8; }
      .rule { stroke: #39424b; }
      .floor { fill: #6b7682; } .line.floor { stroke: #6b7682; }
      .careful { fill: #4f7fae; } .line.careful { stroke: #4f7fae; }
      .c { fill: #6ea8e5; } .line.c { stroke: #6ea8e5; }
      .rust { fill: #f09a5e; } .line.rust { stroke: #f09a5e; }
      .go { fill: #55c7b8; } .line.go { stroke: #55c7b8; }
      .other { fill: #7d6a99; } .line.other { stroke: #7d6a99; }
      text.careful { fill: #8fb4da; }
      text.floor { fill: #a3adb8; } text.other { fill: #a3adb8; }
    }";

impl Svg {
    /// Makes a drawing without content; `width` and `height` are in pixels.
    pub fn new(title: &str, description: &str, width: f64, height: f64) -> Svg {
        Svg {
            title: title.to_owned(),
            description: description.to_owned(),
            width,
            height,
            body: String::new(),
        }
    }

    /// Writes words at a point of their base line.
    pub fn text(
        &mut self,
        at: (f64, f64),
        anchor: Anchor,
        class: &str,
        words: impl Display,
    ) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let words = escaped(&words.to_string());
        let (x, y) = (short(at.0), short(at.1));
        let _ = writeln!(
            self.body,
            "  <text class=\"{class}\" x=\"{x}\" y=\"{y}\"{anchor}>{words}</text>"
        );
    }

    /// Fills a rectangle, given its upper left corner and its size.
    pub fn bar(&mut self, at: (f64, f64), size: (f64, f64), class: &str) {
        let (x, y) = (short(at.0), short(at.1));
        let (width, height) = (short(size.0), short(size.1));
        let _ = writeln!(
            self.body,
            "  <rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" \
             height=\"{height}\"/>"
        );
    }

    /// Draws a thin straight line; points are in pixels.
    pub fn rule(&mut self, from: (f64, f64), to: (f64, f64)) {
        let [x1, y1, x2, y2] = [from.0, from.1, to.0, to.1].map(short);
        let _ = writeln!(
            self.body,
            "  <path class=\"rule\" d=\"M{x1} {y1}L{x2} {y2}\"/>"
        );
    }

    /// Fills a small disc; its centre and radius are in pixels.
    pub fn dot(&mut self, at: (f64, f64), radius: f64, class: &str) {
        let (x, y, radius) = (short(at.0), short(at.1), short(radius));
        let _ = writeln!(
            self.body,
            "  <circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"{radius}\"/>"
        );
    }

    /// Draws a line through points, in pixels.
    pub fn curve(&mut self, points: &[(f64, f64)], class: &str) {
        let each: Vec<String> = points
            .iter()
            .map(|(x, y)| format!("{} {}", short(*x), short(*y)))
            .collect();
        let path = each.join("L");
        let _ = writeln!(
            self.body,
            "  <path class=\"line {class}\" d=\"M{path}\"/>"
        );
    }

    /// The drawing as the text of an SVG file.
    pub fn finish(self) -> String {
        let (width, height) = (short(self.width), short(self.height));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} \
             {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" \
             aria-labelledby=\"title desc\">\n  \
             <title id=\"title\">{}</title>\n  \
             <desc id=\"desc\">{}</desc>\n  \
             <style>\n{STYLE}\n  </style>\n  \
             <rect class=\"bg\" width=\"{width}\" height=\"{height}\" \
             rx=\"6\"/>\n{}</svg>\n",
            escaped(&self.title),
            escaped(&self.description),
            self.body
        )
    }
}

/// Formats a number with no more digits than are visible.
fn short(number: f64) -> String {
    let text = format!("{number:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

fn escaped(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Maps values to positions on a line, in pixels.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// The values at the two ends of the scale.
    pub values: (f64, f64),
    /// The positions of the two ends, in pixels.
    pub pixels: (f64, f64),
    /// True if each power of ten takes the same length.
    pub logarithmic: bool,
}

impl Scale {
    /// The position of a value. A value outside of the scale is at its end.
    pub fn at(&self, value: f64) -> f64 {
        let of = |it: f64| if self.logarithmic { it.log10() } else { it };
        let (from, to) = (of(self.values.0), of(self.values.1));
        let part = (of(value) - from) / (to - from);
        let (left, right) = self.pixels;
        left + part.clamp(0.0, 1.0) * (right - left)
    }

    /// The values to write beside the scale: powers of ten, or some round
    /// numbers.
    pub fn marks(&self) -> Vec<f64> {
        let (from, to) = self.values;
        if self.logarithmic {
            let (first, last) = (from.log10().ceil(), to.log10().floor());
            return (first as i32..=last as i32)
                .map(|it| 10f64.powi(it))
                .collect();
        }
        let rough = (to - from) / 4.0;
        let power = 10f64.powf(rough.log10().floor());
        let steps = [1.0, 2.0, 2.5, 5.0, 10.0];
        let step = steps.iter().map(|it| it * power).find(|it| *it >= rough);
        let step = step.unwrap_or(rough);
        let count = ((to - from) / step).floor() as i32;
        (0..=count).map(|it| from + f64::from(it) * step).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_leads_from_end_to_end() {
        let scale = Scale {
            values: (1.0, 100.0),
            pixels: (10.0, 30.0),
            logarithmic: true,
        };
        assert_eq!(
            [1.0, 10.0, 100.0].map(|it| scale.at(it)),
            [10.0, 20.0, 30.0]
        );
        assert_eq!(scale.at(1000.0), 30.0);
        assert_eq!(scale.marks(), [1.0, 10.0, 100.0]);
        let linear = Scale { values: (0.0, 9.0), logarithmic: false, ..scale };
        assert_eq!(linear.marks(), [0.0, 2.5, 5.0, 7.5]);
    }

    #[test]
    fn words_cannot_break_the_drawing() {
        let mut svg = Svg::new("a & b", "c < d", 9.5, 8.0);
        svg.text((1.0, 2.25), Anchor::End, "small", "<&>");
        let text = svg.finish();
        assert!(text.contains("&lt;&amp;&gt;</text>"), "{text}");
        assert!(text.contains("a &amp; b</title>"), "{text}");
        assert!(text.contains("viewBox=\"0 0 9.5 8\""), "{text}");
    }
}
