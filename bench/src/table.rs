//! The table in the terminal: a line for each row, as soon as it is there.

use crate::paired::{Figures, Outcome, Verdict};
use crate::statistics::Estimate;
use std::fmt::Write;

/// The columns of times, in this order.
const COLUMNS: &[&str] = &["floor", "c", "rust", "go", "go2"];

/// What stands above a group.
pub fn head(group: &str) -> String {
    let mut head = format!("\n{group:34}");
    for column in COLUMNS {
        let _ = write!(head, "{column:>9}");
    }
    head.push_str("  us |  rust/c  95 %             iqr  rust/floor");
    head.push_str("   go/c  go2/c | made");
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
    let plain = |estimate: Option<&Estimate>| match estimate {
        Some(it) => format!("{:.3}", it.median),
        None => "-".to_owned(),
    };
    let rust = ratio("rust", "c");
    let _ = write!(row, "     | {:>7}", plain(rust));
    let sure = rust.map_or_else(String::new, |it| {
        format!("[{:.3} {:.3}] {:5.1} %", it.low, it.high, 100.0 * it.spread())
    });
    let _ = write!(row, "  {sure:24}");
    let _ = write!(row, "{:>10}", plain(ratio("rust", "floor")));
    let _ = write!(row, "{:>7}", plain(ratio("go", "c")));
    let _ = write!(row, "{:>7} |", plain(ratio("go2", "c")));
    let _ = write!(row, " {}", made(outcome));
    if outcome.used.is_too_much() {
        let _ = write!(
            row,
            "  ! others used {:.0} %, {:.0} % was stolen",
            100.0 * outcome.used.others,
            100.0 * outcome.used.stolen
        );
    }
    let others = outcome
        .figures
        .iter()
        .filter(|figures| !COLUMNS.contains(&figures.name.as_str()));
    for other in others {
        let _ = write!(row, "\n{}", beside(other));
    }
    row
}

/// Who takes no part in a row, and why.
pub fn absent(outcome: &Outcome) -> Vec<String> {
    let line = |(name, why): &(String, String)| format!("    {name}: {why}");
    outcome.absent.iter().map(line).collect()
}

/// Who has no column.
fn beside(figures: &Figures) -> String {
    let against = |base| match figures.against.get(base) {
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

/// What was made; or the digest of the effect, and who had another one.
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

/// Nanoseconds as microseconds, with as many digits as mean something.
fn time(nanoseconds: f64) -> String {
    let micro = nanoseconds / 1000.0;
    if micro < 10.0 { format!("{micro:.2}") } else { format!("{micro:.1}") }
}
