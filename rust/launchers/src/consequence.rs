//! What a difference does to a payload: [`CONSEQUENCES`] is the only list.
//!
//! A record is about the keys and the values that match its patterns. The first
//! record that matches is the one that is shown.

mod list;
mod record;

pub use list::CONSEQUENCES;
pub use record::{Change, Consequence, Edit, Fix, Level};

use crate::matrix::{Row, Value};
use globset::{Glob, GlobMatcher};
use std::sync::LazyLock;

/// The patterns of a record: of its keys, and of its values.
type Patterns = (GlobMatcher, Vec<GlobMatcher>);

/// The patterns of each record, in the order of the list.
static PATTERNS: LazyLock<Vec<Patterns>> = LazyLock::new(|| {
    let compile = |pattern: &str| {
        Glob::new(pattern).expect("a test compiles each").compile_matcher()
    };
    let all = CONSEQUENCES.iter();
    all.map(|it| (compile(it.key), it.values().map(compile).collect()))
        .collect()
});

/// The record of a row, if there is one.
pub fn of(row: &Row) -> Option<&'static Consequence> {
    let found = PATTERNS.iter().position(|(key, values)| {
        key.is_match(&row.key)
            && values.iter().any(|it| is_about_values(it, row))
    });
    found.map(|index| &CONSEQUENCES[index])
}

/// The records that are about a key, whatever its value is.
pub fn of_key(key: &str) -> impl Iterator<Item = &'static Consequence> {
    let matching = PATTERNS.iter().zip(CONSEQUENCES);
    matching.filter(move |((it, _), _)| it.is_match(key)).map(|(_, it)| it)
}

/// Whether some launchers show such a value and others do not.
fn is_about_values(pattern: &GlobMatcher, row: &Row) -> bool {
    if pattern.glob().glob() == "*" {
        return true;
    }
    let shown = row.values.iter().filter_map(|(value, _)| match value {
        Value::Changed(change) => Some(pattern.is_match(change)),
        Value::NotRead(why) => Some(pattern.is_match(why)),
        Value::Unchanged => Some(false),
        Value::Unstable(..) | Value::NotObserved => None,
    });
    let (matching, others): (Vec<bool>, Vec<bool>) = shown.partition(|it| *it);
    !matching.is_empty() && !others.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::Standing;

    #[test]
    fn every_pattern_is_a_glob_and_every_sentence_is_one() {
        let mut names = Vec::new();
        for it in CONSEQUENCES {
            assert!(Glob::new(it.key).is_ok(), "{}", it.key);
            for value in it.values() {
                assert!(Glob::new(value).is_ok(), "{value}");
            }
            assert!(!it.sentence.ends_with('.'), "{}", it.sentence);
            for fix in it.fixes {
                assert!(Glob::new(fix.wanted).is_ok(), "{}", fix.wanted);
            }
            assert!(!names.contains(&it.name), "{} is there twice", it.name);
            names.push(it.name);
        }
    }

    fn record(key: &str, values: &[&str]) -> Option<&'static str> {
        let value = |it: &&str| match *it {
            "unchanged" => Value::Unchanged,
            it => Value::Changed(it.to_owned()),
        };
        let row = Row {
            key: key.to_owned(),
            standing: Standing::Differs,
            values: values
                .iter()
                .enumerate()
                .map(|(index, it)| (value(it), vec![index]))
                .collect(),
            ..Row::default()
        };
        of(&row).map(|it| it.name)
    }

    #[test]
    fn what_is_read_only_under_each_matters_less() {
        let key = "mnt./proc/sys";
        let ro = "+ proc proc ro,relatime (super rw) root /sys private";
        let quiet =
            "+ proc proc ro,nosuid,relatime (super rw) root /sys private";
        let rw = "+ proc proc rw,relatime (super rw) root /sys private";
        assert_eq!(record(key, &[ro, "unchanged"]), Some("proc-sys"));
        assert_eq!(record(key, &[ro, rw]), Some("proc-sys"));
        assert_eq!(record(key, &[ro, "- gone"]), Some("proc-sys"));
        assert_eq!(record(key, &[ro, quiet]), Some("proc-options"));
    }

    #[test]
    fn a_value_that_all_show_is_not_what_differs() {
        let key = "signals.ignored";
        let name = record(key, &["+SIGPIPE", "unchanged"]);
        assert_eq!(name, Some("sigpipe-ignored"));
        let name = record(key, &["+SIGPIPE", "+SIGHUP +SIGPIPE"]);
        assert_eq!(name, Some("sighup-ignored"));
        let name = record(key, &["+SIGUSR1", "unchanged"]);
        assert_eq!(name, Some("signals-ignored"));
        assert_eq!(record("no.such.key", &["a", "unchanged"]), None);
    }
}
