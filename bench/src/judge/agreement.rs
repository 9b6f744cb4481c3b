//! How far the runs of a record agree in what Rust takes of C's time, and how
//! far they have to.

use crate::operation::OPERATIONS;
use crate::record::statistics::Estimate;
use crate::record::stored::Record;
use crate::rows::SIX;
use harness::step::{Arguments, Namespace, Step};

/// How far runs may lie apart, and where. The first that applies counts.
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

/// How far runs may lie apart.
#[derive(Debug)]
pub struct Limit {
    /// In which rows, for people.
    pub rows: &'static str,
    /// Whether a row is one of them.
    pub applies: fn(&str) -> bool,
    /// The largest ratio divided by the smallest, less one.
    pub at_most: f64,
}

/// The limit of a row.
pub fn limit(row: &str) -> Option<&'static Limit> {
    LIMITS.iter().find(|it| (it.applies)(row))
}

/// How far the ends of a run's interval may be from its middle, as a part of
/// it: then it is no accident when three runs stay within their limit.
pub fn doubt(row: &str) -> f64 {
    limit(row).map_or(f64::INFINITY, |it| it.at_most / 3.0)
}

/// A row, and how far its runs lie apart in Rust / C ([`Record::base`]).
pub fn apart(record: &Record) -> Vec<(&str, f64)> {
    record
        .rows()
        .filter_map(|row| {
            let ratio = record.ratio(row, "rust", record.base(row))?;
            Some((row, ratio.apart))
        })
        .collect()
}

/// Rust / C in the third of all rounds in which the floor was fastest, and in
/// the third in which it was slowest: where these are apart, runs are, too,
/// because the machine was in another state.
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

/// Whether a new network is part of what is timed.
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
    fn limits_are_told_apart_by_their_words() {
        for (number, one) in LIMITS.iter().enumerate() {
            let same = |it: &Limit| it.rows == one.rows;
            assert!(!LIMITS[..number].iter().any(same), "{}", one.rows);
        }
    }
}
