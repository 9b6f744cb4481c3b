//! What all figures share: where their files are, how wide they are, and how
//! values are written.

/// The directory of the figures, from the top of the repository.
pub const IMAGES: &str = "docs/src/images";

/// The name of a figure's file.
pub fn file(name: &str) -> String {
    format!("bench-{}.svg", name.replace('/', "-"))
}

/// Nanoseconds in the unit that suits them, with three digits.
pub fn time(nanoseconds: f64) -> String {
    let (value, unit) = match nanoseconds {
        it if it < 1e6 => (it / 1e3, "us"),
        it if it < 1e9 => (it / 1e6, "ms"),
        it => (it / 1e9, "s"),
    };
    format!("{} {unit}", digits(value))
}

/// A value with three digits, or with all digits before the point if it has
/// more.
pub fn digits(value: f64) -> String {
    match value.abs() {
        it if it < 10.0 => format!("{value:.2}"),
        it if it < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// A value for an axis: the same without zeros at the end.
pub fn mark(value: f64, unit: &str) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let text = if unit == "ns" { time(value) } else { digits(value) };
    let (number, unit) = text.split_once(' ').unwrap_or((&text, ""));
    let number = match number.contains('.') {
        true => number.trim_end_matches('0').trim_end_matches('.'),
        false => number,
    };
    [number, unit].join(" ").trim_end().to_owned()
}

pub const WIDTH: f64 = 720.0;

/// The CSS class of a column or line, which decides its colour.
pub fn class(name: &str) -> &'static str {
    match name.split([' ', ',']).next().unwrap_or_default() {
        "floor" => "floor",
        "c" => "c",
        "careful" => "careful",
        "rust" => "rust",
        "go" | "go2" => "go",
        _ => "other",
    }
}

/// The powers of ten that enclose all values.
pub fn decades(values: &[f64]) -> (f64, f64) {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(1.0, f64::max);
    let least = if least.is_finite() { least.max(1e-3) } else { 1.0 };
    let from = 10f64.powf(least.log10().floor());
    let to = 10f64.powf(most.log10().ceil());
    (from, to.max(10.0 * from))
}
