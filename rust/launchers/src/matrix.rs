//! What foreign launchers did, side by side: which keys agree, which differ,
//! and of which neither can be said. No process is started here.

use crate::said::masked;
use harness::sandbox::listen::Way;
use harness::trial::Observed;
use probe::{Key, Observation};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What one launcher did with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// It is as in the baseline.
    Unchanged,
    /// It changed, both times in the same way.
    Changed(String),
    /// The payload could not read it, for this reason.
    NotRead(String),
    /// It was not the same twice.
    Unstable(String, String),
    /// The launcher's payload was not observed.
    NotObserved,
}

impl Value {
    /// Whether it was observed and was the same both times.
    pub fn is_known(&self) -> bool {
        !matches!(self, Value::Unstable(..) | Value::NotObserved)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Unchanged => f.write_str("unchanged"),
            Value::Changed(change) => f.write_str(change),
            Value::NotRead(why) => write!(f, "not read: {why}"),
            Value::Unstable(one, other) => {
                write!(f, "{one} (another time: {other})")
            }
            Value::NotObserved => f.write_str("not observed"),
        }
    }
}

/// A launcher, looked at twice.
#[derive(Clone, Debug)]
pub struct Column {
    /// The command line of the launcher, as it was typed.
    pub line: String,
    /// Every key that changed in either look.
    pub values: BTreeMap<Key, Value>,
    /// Why its payload was not observed.
    pub unheard: Option<String>,
    /// Whether this machine lacks the launcher: it was not started.
    pub missing: bool,
    /// On which way the observation came.
    pub way: Way,
    /// Where inside and outside do not say the same.
    pub disagreements: Vec<String>,
    /// What the launcher isolates elsewhere and does not isolate here.
    pub degraded: Vec<String>,
    /// What the payload saw the first time.
    pub payload: Option<Observation>,
}

/// Whether a launcher has this key without an observation of its payload: the
/// harness sees how a launcher ends, what it says and what it leaves.
fn is_of_the_launcher(key: &str) -> bool {
    ["exit", "said"].contains(&key) || key.starts_with("residue.")
}

impl Column {
    /// Puts two looks together.
    pub fn of(line: String, first: Observed, second: Observed) -> Column {
        let looks = [changes(&first), changes(&second)];
        let keys: BTreeSet<&Key> =
            looks.iter().flat_map(BTreeMap::keys).collect();
        let values = keys
            .into_iter()
            .map(|key| {
                (key.clone(), twice(looks.each_ref().map(|it| it.get(key))))
            })
            .collect();
        let mut disagreements = first.disagreements;
        for why in second.disagreements {
            if !disagreements.contains(&why) {
                disagreements.push(why);
            }
        }
        Column {
            line,
            values,
            unheard: first.unheard.or(second.unheard),
            missing: false,
            way: first.way,
            disagreements,
            degraded: Vec::new(),
            payload: first.payload,
        }
    }

    /// A launcher that could not be started, and why. `missing` says whether
    /// this machine lacks it; else what was named cannot be used.
    pub fn not_started(line: String, why: String, missing: bool) -> Column {
        let observed = Observed { unheard: Some(why), ..Observed::default() };
        Column { missing, ..Column::of(line, observed.clone(), observed) }
    }

    /// The same, with those of the keys in `always` that did not change as what
    /// is degraded.
    pub fn expecting(mut self, always: &[String]) -> Column {
        if self.ran() {
            let unchanged =
                |key: &&String| matches!(self.value(key), Value::Unchanged);
            self.degraded = always.iter().filter(unchanged).cloned().collect();
        }
        self
    }

    /// Whether the launcher ran the probe both times.
    pub fn ran(&self) -> bool {
        self.unheard.is_none()
    }

    /// What the launcher did with a key.
    pub fn value(&self, key: &str) -> Value {
        if self.unheard.is_some() && !is_of_the_launcher(key) {
            return Value::NotObserved;
        }
        self.values.get(key).cloned().unwrap_or(Value::Unchanged)
    }
}

/// What changed in one look, and what the launcher wrote to standard error.
fn changes(observed: &Observed) -> BTreeMap<Key, String> {
    let mut changes = observed.effect.0.clone();
    let said = masked(&observed.said);
    if !said.is_empty() {
        changes.insert("said".to_owned(), said.join(" | "));
    }
    changes
}

/// One key in two looks.
fn twice([one, other]: [Option<&String>; 2]) -> Value {
    let shown =
        |it: Option<&String>| it.map_or("unchanged", |it| it).to_owned();
    match one {
        _ if one != other => Value::Unstable(shown(one), shown(other)),
        Some(change) => match change.strip_prefix("unread: ") {
            Some(why) => Value::NotRead(why.to_owned()),
            None => Value::Changed(change.clone()),
        },
        None => Value::Unchanged,
    }
}

/// What can be said of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Every launcher was observed and did the same.
    Agrees,
    /// Two launchers did different things, each of them twice.
    Differs,
    /// Neither: a launcher was not observed, or did not do the same twice.
    Unknown,
}

/// One key of all launchers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What was looked at.
    pub key: Key,
    /// What can be said of it.
    pub standing: Standing,
    /// Each value, and the launchers (by their index) that showed it.
    pub values: Vec<(Value, Vec<usize>)>,
}

/// One row for each key that any launcher changed.
pub fn rows(columns: &[Column]) -> Vec<Row> {
    rows_of(&columns.iter().enumerate().collect::<Vec<_>>())
}

/// The same for some of the launchers, each with its index.
pub fn rows_of(columns: &[(usize, &Column)]) -> Vec<Row> {
    let keys: BTreeSet<&Key> =
        columns.iter().flat_map(|(_, it)| it.values.keys()).collect();
    keys.into_iter().map(|key| row(key, columns)).collect()
}

fn row(key: &Key, columns: &[(usize, &Column)]) -> Row {
    let mut values: Vec<(Value, Vec<usize>)> = Vec::new();
    for (index, column) in columns {
        let value = column.value(key);
        match values.iter_mut().find(|(other, _)| *other == value) {
            Some((_, launchers)) => launchers.push(*index),
            None => values.push((value, vec![*index])),
        }
    }
    let is = |wanted: fn(&Value) -> bool| {
        values.iter().filter(|(value, _)| wanted(value)).count()
    };
    let read = is(|it| matches!(it, Value::Unchanged | Value::Changed(_)));
    // That a payload cannot read something is a fact about it; what it would
    // have read is not known.
    let not_read = is(|it| matches!(it, Value::NotRead(_)));
    let standing = match (read, read + not_read) {
        (_, 2..) => Standing::Differs,
        (1, 1) if values.len() == 1 => Standing::Agrees,
        _ => Standing::Unknown,
    };
    Row { key: key.clone(), standing, values }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked(changes: &[(&str, &str)]) -> Observed {
        let mut observed = Observed {
            payload: Some(Observation::default()),
            ..Observed::default()
        };
        for (key, change) in changes {
            observed.effect.change(*key, change);
        }
        observed
    }

    fn column(one: Observed, other: Observed) -> Column {
        Column::of("a launcher".to_owned(), one, other)
    }

    fn standing(columns: &[Column], key: &str) -> Standing {
        let rows = rows(columns);
        let row = rows.iter().find(|row| row.key == key);
        row.expect("the key is there").standing
    }

    #[test]
    fn the_same_change_twice_and_by_both_agrees() {
        let new = || looked(&[("ns.net", "new")]);
        let columns = [column(new(), new()), column(new(), new())];
        assert_eq!(standing(&columns, "ns.net"), Standing::Agrees);
        let none = || looked(&[]);
        let columns = [column(new(), new()), column(none(), none())];
        assert_eq!(standing(&columns, "ns.net"), Standing::Differs);
    }

    #[test]
    fn what_is_not_the_same_twice_neither_agrees_nor_differs() {
        let named = |name| looked(&[("uts.hostname", name)]);
        let changing = || column(named("a1"), named("b2"));
        let fixed = || column(named("a1"), named("a1"));
        for columns in [[changing(), changing()], [changing(), fixed()]] {
            let key = "uts.hostname";
            assert_eq!(standing(&columns, key), Standing::Unknown);
        }
    }

    #[test]
    fn a_launcher_without_an_observation_equals_no_other() {
        let failed = || Observed {
            unheard: Some("it never ran".to_owned()),
            ..looked(&[("exit", "1")])
        };
        let new = || looked(&[("ns.net", "new"), ("exit", "1")]);
        let columns = [column(new(), new()), column(failed(), failed())];
        assert_eq!(standing(&columns, "ns.net"), Standing::Unknown);
        assert_eq!(standing(&columns, "exit"), Standing::Agrees);
        let columns = [column(failed(), failed()), column(failed(), failed())];
        assert!(rows(&columns).iter().all(|row| row.key == "exit"));
    }

    #[test]
    fn what_a_launcher_says_is_a_key() {
        let saying =
            |said: &str| Observed { said: said.to_owned(), ..looked(&[]) };
        let warning = "warning: no isolation\n";
        let columns = [
            column(saying(warning), saying(warning)),
            column(saying(""), saying("")),
        ];
        assert_eq!(standing(&columns, "said"), Standing::Differs);
    }
}
