//! How far the runs of a record agree in the ratio Rust / C, and how far they
//! have to.

use crate::operation::OPERATIONS;
use crate::record::statistics::Estimate;
use crate::record::stored::Record;
use crate::rows::SIX;
use harness::step::{Arguments, Namespace, Step};

/// The limits of how far runs may differ, with the rows that each is for. The
/// first that applies counts.
pub const LIMITS: &[Limit] = &[
    Limit {
        rows: "`Command` with `pre_exec`",
        applies: |row| row.starts_with("spawn/") && row != "spawn/none",
        at_most: 0.10,
    },
    Limit {
        rows: "where a move between cgroups is waited for",
        applies: |row| row.starts_with("attach/"),
        at_most: 0.30,
    },
    Limit {
        rows: "until the first instruction",
        applies: |row| row.starts_with("first/"),
        at_most: 0.06,
    },
    Limit {
        rows: "fork-like clone",
        applies: |row| {
            ["clone/fork/", "clone/clone3/"]
                .iter()
                .any(|it| row.starts_with(it))
        },
        at_most: 0.08,
    },
    Limit {
        rows: "where networks are made",
        applies: makes_networks,
        at_most: 0.06,
    },
    Limit { rows: "everything else", applies: |_| true, at_most: 0.03 },
];

/// A limit of how far runs may differ.
#[derive(Debug)]
pub struct Limit {
    /// The rows that it is for, in words.
    pub rows: &'static str,
    /// Returns whether the limit is for a row of that name.
    pub applies: fn(&str) -> bool,
    /// The largest allowed value of: largest ratio / smallest ratio - 1.
    pub at_most: f64,
}

/// The limit of the row of that name, if it has one.
pub fn limit(row: &str) -> Option<&'static Limit> {
    LIMITS.iter().find(|it| (it.applies)(row))
}

/// The largest half width that the interval of one run may have, as a part of
/// its median. It is so small that three runs do not stay within their limit by
/// accident.
pub fn doubt(row: &str) -> f64 {
    limit(row).map_or(f64::INFINITY, |it| it.at_most / 3.0)
}

/// The rows, each with how far its runs differ in Rust / C ([`Record::base`]):
/// largest ratio / smallest ratio - 1.
pub fn apart(record: &Record) -> Vec<(&str, f64)> {
    record
        .rows()
        .filter_map(|row| {
            let ratio = record.ratio(row, "rust", record.base(row))?;
            Some((row, ratio.apart))
        })
        .collect()
}

/// The ratio Rust / C in the third of all rounds in which the floor was
/// fastest, and in the third in which it was slowest. If these two differ, the
/// runs differ because the state of the machine changed.
pub fn by_speed(record: &Record, row: &str) -> Option<(f64, f64)> {
    let mut rounds: Vec<(f64, f64)> = Vec::new();
    for outcome in record.outcomes(row) {
        let floor = outcome.of("floor")?.blocks.iter().copied();
        rounds.extend(floor.zip(outcome.ratios("rust", outcome.base())?));
    }
    rounds.sort_by(|a, b| a.0.total_cmp(&b.0));
    let third = rounds.len().div_ceil(3);
    let median = |rounds: &[(f64, f64)]| {
        let ratios: Vec<f64> = rounds.iter().map(|it| it.1).collect();
        Some(Estimate::of(&ratios)?.median)
    };
    let slow = rounds.len() - third;
    Some((median(&rounds[..third])?, median(&rounds[slow..])?))
}

/// True if the time of a row includes a new network namespace.
fn makes_networks(row: &str) -> bool {
    if row == SIX {
        return true;
    }
    if let Some(step) = row.strip_prefix("launch/").and_then(Step::named) {
        return step.namespaces.contains(&Namespace::Net)
            && step.arguments != Arguments::Pid;
    }
    let operation = OPERATIONS.iter().find(|it| it.name == row);
    let makes = operation.is_some_and(|it| it.group() != "setns");
    makes && operation.is_some_and(|it| it.line().contains("net"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_the_limit_of_what_it_does() {
        let of = |row| limit(row).expect("every row has one").at_most;
        for (row, at_most) in [
            ("unshare/uts", 0.03),
            ("unshare/net", 0.06),
            ("unshare/six", 0.06),
            ("setns/net", 0.03),
            ("clone/vfork/net", 0.06),
            ("clone/fork/net", 0.08),
            ("clone/clone3/time", 0.08),
            ("spawn/none", 0.03),
            ("spawn/net", 0.10),
            ("launch/uts", 0.03),
            ("launch/network", 0.06),
            ("launch/join", 0.03),
            ("launch/six", 0.06),
            ("exec/empty", 0.03),
            ("first/skeleton", 0.06),
            ("attach/spaced/birth", 0.30),
        ] {
            assert_eq!(of(row), at_most, "{row}");
        }
    }

    #[test]
    fn limits_have_different_texts() {
        for (number, one) in LIMITS.iter().enumerate() {
            let same = |it: &Limit| it.rows == one.rows;
            assert!(!LIMITS[..number].iter().any(same), "{}", one.rows);
        }
    }
}
