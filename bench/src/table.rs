//! The table in the terminal: the lines of each row are printed as soon as it
//! is measured.

use crate::record::curve::Curve;
use crate::record::outcome::{Figures, Outcome, Verdict};
use crate::record::statistics::Estimate;
use crate::record::used::Used;
use crate::rows::{CAREFUL, PUBLISHED};
use std::fmt::Write;

/// The columns of times, in the order of the table.
const COLUMNS: &[&str] = &["floor", CAREFUL, PUBLISHED, "rust", "go", "go2"];

/// The heading of a group.
pub fn head(group: &str) -> String {
    let mut head = format!("\n{group:34}");
    for column in COLUMNS {
        let _ = write!(head, "{column:>9}");
    }
    head.push_str("  us | rust/ca  95 %             iqr    n");
    head.push_str("  rust/c rust/floor   go/c  go2/c | made");
    head
}

/// The lines of one row.
pub fn row(outcome: &Outcome) -> String {
    let mut row = format!("{:34}", outcome.name);
    match &outcome.verdict {
        Verdict::NotPossible(why) => {
            let _ = write!(row, "  not possible here: {why}");
            return row;
        }
        Verdict::Wrong(why) => {
            let _ = write!(row, "  WRONG: {why}");
            return row;
        }
        Verdict::Proved => {}
    }
    for column in COLUMNS {
        let time = outcome.of(column).map(|figures| time(figures.median));
        let _ = write!(row, "{:>9}", time.unwrap_or_else(|| "-".to_owned()));
    }
    let ratio = |name, base| outcome.ratio(name, base);
    let plain = |estimate: Option<Estimate>| match estimate {
        Some(it) => format!("{:.3}", it.median),
        None => "-".to_owned(),
    };
    let rust = ratio("rust", CAREFUL).or_else(|| ratio("rust", PUBLISHED));
    let _ = write!(row, "     | {:>7}", plain(rust));
    let sure = rust.map_or_else(String::new, |it| {
        let rounds = outcome.of("rust").map_or(0, |it| it.blocks.len());
        format!(
            "[{:.3} {:.3}] {:5.1} % {rounds:4}",
            it.low,
            it.high,
            100.0 * it.spread()
        )
    });
    let _ = write!(row, "  {sure:29}");
    let _ = write!(row, "{:>8}", plain(ratio("rust", PUBLISHED)));
    let _ = write!(row, "{:>11}", plain(ratio("rust", "floor")));
    let _ = write!(row, "{:>7}", plain(ratio("go", "c")));
    let _ = write!(row, "{:>7} |", plain(ratio("go2", "c")));
    let _ = write!(row, " {}", made(outcome));
    if outcome.used.is_too_much() {
        let _ = write!(row, "  {}", others(&outcome.used));
    }
    let others = outcome
        .figures
        .iter()
        .filter(|figures| !COLUMNS.contains(&figures.name.as_str()));
    for other in others {
        let _ = write!(row, "\n{}", beside(outcome, other));
    }
    row
}

/// The absent contenders of a row, with the reason.
pub fn absent(outcome: &Outcome) -> Vec<String> {
    let line = |(name, why): &(String, String)| format!("    {name}: {why}");
    outcome.absent.iter().map(line).collect()
}

/// The line of a contender that has no column.
fn beside(outcome: &Outcome, figures: &Figures) -> String {
    let against = |base| match outcome.ratio(&figures.name, base) {
        Some(it) => {
            format!("{:.2} of {base} [{:.2} {:.2}]", it.median, it.low, it.high)
        }
        None => String::new(),
    };
    format!(
        "    {:14} {:>9} us  {}  {}",
        figures.name,
        time(figures.median),
        against("rust"),
        against("c")
    )
}

/// The namespaces that were made; or the digest of the effect, and the
/// contenders that had another one.
fn made(outcome: &Outcome) -> String {
    let digests: Vec<_> = outcome
        .figures
        .iter()
        .filter_map(|it| Some((it.name.as_str(), it.digest.as_deref()?)))
        .collect();
    let Some((_, first)) = digests.first() else {
        let proof = outcome.figures.first().map(|it| it.proof.as_str());
        let seen = proof.and_then(|proof| proof.split('*').next());
        return seen.unwrap_or_default().to_owned();
    };
    let mut made = (*first).to_owned();
    for (name, digest) in digests.iter().filter(|(_, it)| it != first) {
        let _ = write!(made, ", {name} {digest}");
    }
    made
}

/// A curve: the values of each line at each point, the ratio of the last to the
/// first, and the law in words.
pub fn curve(curve: &Curve) -> String {
    let mut table = format!("\n{}: {}", curve.name, curve.y.label);
    let is_time = curve.y.unit == "ns";
    let unit = if is_time { "us" } else { &curve.y.unit };
    let _ = write!(table, " ({unit}), by {}", curve.x.label);
    if curve.used.is_too_much() {
        let _ = write!(table, "  {}", others(&curve.used));
    }
    match &curve.verdict {
        Verdict::NotPossible(why) => {
            let _ = write!(table, "\n    not possible here: {why}");
        }
        Verdict::Wrong(why) => {
            let _ = write!(table, "\n    WRONG: {why}");
        }
        Verdict::Proved => {}
    }
    if let Some(first) = curve.lines.first() {
        let _ = write!(table, "\n{:15}", curve.x.unit);
        for point in &first.points {
            let _ = write!(table, "{:>10}", point.x);
        }
        table.push_str(" |  last/first  95 %            | fit");
    }
    for line in &curve.lines {
        let _ = write!(table, "\n{:15}", line.name);
        for point in &line.points {
            let value = match is_time {
                true => time(point.median),
                false => format!("{:.0}", point.median),
            };
            let _ = write!(table, "{value:>10}");
        }
        let last = line.points.last().and_then(|it| it.against_first.as_ref());
        let last = last.map_or_else(String::new, |it| {
            format!("{:11.3}  [{:.3} {:.3}]", it.median, it.low, it.high)
        });
        let fit = line.fit.as_ref().map_or("", |fit| &fit.words);
        let _ = write!(table, " | {last:30} | {fit}");
    }
    for (name, why) in &curve.absent {
        let _ = write!(table, "\n    {name}: {why}");
    }
    table
}

/// The reason why a row is marked.
fn others(used: &Used) -> String {
    format!(
        "! others used {:.0} %, {:.0} % was stolen",
        100.0 * used.others,
        100.0 * used.stolen
    )
}

/// Nanoseconds as microseconds, with the significant digits.
fn time(nanoseconds: f64) -> String {
    let micro = nanoseconds / 1000.0;
    if micro < 10.0 { format!("{micro:.2}") } else { format!("{micro:.1}") }
}
