//! Compares what launchers did: which keys agree, which differ, and which are
//! not known. This module starts no process.

use crate::said::{masked, masked_change};
use crate::situation;
use crate::state::PLAIN;
use harness::sandbox::listen::Way;
use harness::trial::{Observed, Place};
use probe::{Effect, Key, Observation};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What one launcher did with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// The value is as in the baseline.
    Unchanged,
    /// The value changed, in the same way in every observation.
    Changed(String),
    /// The payload could not read it, for this reason.
    NotRead(String),
    /// It was not the same in every observation: the different values, in the
    /// order in which they were seen.
    Unstable(Vec<String>),
    /// The launcher's payload was not observed.
    NotObserved,
}

impl Value {
    /// True if it was observed and was the same in every observation.
    pub fn is_known(&self) -> bool {
        !matches!(self, Value::Unstable(..) | Value::NotObserved)
    }
}

/// The beginning of what is shown of a value that was not read.
pub const NOT_READ: &str = "not read: ";

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Unchanged => f.write_str("unchanged"),
            Value::Changed(change) => f.write_str(change),
            Value::NotRead(why) => write!(f, "{NOT_READ}{why}"),
            Value::Unstable(all) => {
                f.write_str(&all.join(" (another time: "))?;
                f.write_str(&")".repeat(all.len().saturating_sub(1)))
            }
            Value::NotObserved => f.write_str("not observed"),
        }
    }
}

impl Value {
    /// One key in several looks, each with its change, if there is one.
    pub fn of_looks(looks: Vec<Option<&String>>) -> Value {
        let mut different: Vec<Option<&String>> = Vec::new();
        for it in looks {
            if !different.contains(&it) {
                different.push(it);
            }
        }
        match different.as_slice() {
            [Some(change)] => match change.strip_prefix("unread: ") {
                Some(why) => Value::NotRead(why.to_owned()),
                None => Value::Changed((*change).clone()),
            },
            [None] | [] => Value::Unchanged,
            several => {
                let shown = |it: &Option<&String>| {
                    it.map_or("unchanged", |it| it).to_owned()
                };
                Value::Unstable(several.iter().map(shown).collect())
            }
        }
    }

    /// Whether a reader sees the same: what is not the same in every look is
    /// not the same in another state either.
    pub fn is_like(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Unstable(_), Value::Unstable(_)) => true,
            _ => self == other,
        }
    }
}

/// What one launcher did, observed several times in one state.
#[derive(Clone, Debug)]
pub struct Column {
    /// The command line of the launcher, as the user typed it.
    pub line: String,
    /// Every key that changed in any observation.
    pub values: BTreeMap<Key, Value>,
    /// The reason why its payload was not observed, if it was not.
    pub did_not_answer: Option<String>,
    /// True if this machine lacks the launcher, so that it was not started.
    pub missing: bool,
    /// The way by which the observation came.
    pub way: Way,
    /// The values that the harness read from outside in the first observation,
    /// by key; a record does not keep them.
    pub outside: BTreeMap<String, String>,
    /// Where the payload ran.
    pub place: Place,
    /// Where inside and outside do not say the same.
    pub disagreements: Vec<String>,
    /// What the launcher isolates on other machines but not on this one.
    pub degraded: Vec<String>,
    /// What the payload observed the first time.
    pub payload: Option<Observation>,
    /// Whether the launcher ran the probe: `yes`, `no`, or unstable.
    pub probe_ran: Value,
    /// The name of the state in which it was started.
    pub state: &'static str,
    /// True if no launcher can be started in this state on this machine.
    pub unavailable: bool,
    /// Why it could be tried in no situation, if it had to be.
    pub untried: Option<String>,
    /// The same launcher in other states.
    pub others: Vec<Column>,
}

/// True if a launcher has this key even if its payload is not observed: the
/// harness sees how a launcher ends, what it prints and what it leaves behind.
fn is_of_the_launcher(key: &str) -> bool {
    ["exit", "said"].contains(&key) || key.starts_with("residue.")
}

/// What a report says of a launcher whose payload ran on the host.
pub const ON_HOST: &str = "not in a sandbox: a daemon starts the payload on the \
    host, where the bare probe ran as well; what is left there, and what only a \
    sandbox has, was not observed";

/// What is observed of a payload on the host of these groups of keys.
const SEEN_ON_HOST: &[&str] = &[
    "host.cgroup.",
    "host.gid",
    "host.limit.",
    "host.parent",
    "host.seccomp",
    "host.uid",
    "net.link.lo",
    "residue.processes",
];

/// The keys that are about what a sandbox has or is: its socket, queue and
/// links, what else changes in it, what is left there, and what is seen in a
/// situation.
const OF_THE_SANDBOX: &[&str] = &[
    "can.connect.sandbox",
    "descriptors.inherited",
    "host.",
    "mqueue.",
    "net.link.",
    "residue.",
    "routes.",
    "sysvipc.",
    "when.",
];

/// Whether a key can be compared between a payload on the host and one in a
/// sandbox. Elsewhere the host could agree by chance.
fn is_seen_on_host(key: &str) -> bool {
    let is_of = |keys: &[&str]| keys.iter().any(|it| key.starts_with(it));
    is_of(SEEN_ON_HOST) || !(key == "root" || is_of(OF_THE_SANDBOX))
}

impl Column {
    /// Makes a column from observations, of which there is at least one.
    pub fn of(line: String, mut looks: Vec<Observed>) -> Column {
        let changes = steadied(looks.iter().map(changes).collect());
        let keys: BTreeSet<&Key> =
            changes.iter().flat_map(BTreeMap::keys).collect();
        let value = |key: &&Key| {
            Value::of_looks(changes.iter().map(|it| it.get(*key)).collect())
        };
        let values =
            keys.iter().map(|key| ((*key).clone(), value(key))).collect();
        let mut disagreements: Vec<String> = Vec::new();
        for why in looks.iter_mut().flat_map(|it| it.disagreements.drain(..)) {
            if !disagreements.contains(&why) {
                disagreements.push(why);
            }
        }
        let ran = |it: &Observed| match it.did_not_answer {
            None => "yes".to_owned(),
            Some(_) => "no".to_owned(),
        };
        let ran: Vec<String> = looks.iter().map(ran).collect();
        let probe_ran = Value::of_looks(ran.iter().map(Some).collect());
        let did_not_answer =
            looks.iter_mut().find_map(|it| it.did_not_answer.take());
        let first = looks.into_iter().next().unwrap_or_default();
        Column {
            line,
            values,
            did_not_answer,
            missing: false,
            way: first.way,
            outside: first.outside,
            place: first.place,
            disagreements,
            degraded: Vec::new(),
            payload: first.payload,
            probe_ran,
            state: PLAIN.name,
            unavailable: false,
            untried: None,
            others: Vec::new(),
        }
    }

    /// The columns of the launcher in each state in which it was observed, this
    /// one first.
    pub fn in_states(&self) -> impl Iterator<Item = &Column> {
        std::iter::once(self).chain(&self.others)
    }

    /// The column of the launcher in the state of this name, if there is one.
    pub fn in_state(&self, name: &str) -> Option<&Column> {
        self.in_states().find(|it| it.state == name)
    }

    /// True if there is a state in which the launcher ran the probe every time.
    pub fn ran_in_any(&self) -> bool {
        self.in_states().any(Column::ran)
    }

    /// The column of a launcher that could not be started, with the reason.
    /// `missing` is true if this machine lacks the launcher, and false if what
    /// the user named cannot be used.
    pub fn not_started(line: String, why: String, missing: bool) -> Column {
        let observed =
            Observed { did_not_answer: Some(why), ..Observed::default() };
        Column { missing, ..Column::of(line, vec![observed]) }
    }

    /// The column with those keys of `always` that did not change as
    /// `degraded`.
    pub fn expecting(mut self, always: &[String]) -> Column {
        if self.ran() {
            let unchanged =
                |key: &&String| matches!(self.value(key), Value::Unchanged);
            self.degraded = always.iter().filter(unchanged).cloned().collect();
        }
        self
    }

    /// True if the launcher ran the probe every time.
    pub fn ran(&self) -> bool {
        self.did_not_answer.is_none()
    }

    /// What the launcher did with a key.
    pub fn value(&self, key: &str) -> Value {
        if self.did_not_answer.is_some() && !is_of_the_launcher(key) {
            return Value::NotObserved;
        }
        if self.place == Place::Host && !is_seen_on_host(key) {
            return Value::NotObserved;
        }
        let usual = match situation::is_key(key) {
            // It was not tried.
            true => Value::NotObserved,
            false => Value::Unchanged,
        };
        self.values.get(key).cloned().unwrap_or(usual)
    }
}

/// What changed in one observation, and what the launcher wrote to standard
/// error.
fn changes(observed: &Observed) -> BTreeMap<Key, String> {
    let mut changes = observed.effect.0.clone();
    let said = masked(&observed.said);
    if !said.is_empty() {
        changes.insert("said".to_owned(), said.join(" | "));
    }
    changes
}

/// The changes of several observations, with random names masked if the
/// observations differ. A name that is the same every time is not random, and
/// is kept. With one observation that is not known, and all such names are
/// masked.
fn steadied(looks: Vec<BTreeMap<Key, String>>) -> Vec<BTreeMap<Key, String>> {
    let is_steady = |key: &Key, change: &String| {
        looks.len() > 1 && looks.iter().all(|it| it.get(key) == Some(change))
    };
    let steadied = |look: &BTreeMap<Key, String>| {
        let mut effect = Effect::default();
        for (key, change) in look {
            let (key, change) = match is_steady(key, change) {
                true => (key.clone(), change.clone()),
                false => masked_change(key, change),
            };
            // Two keys may have become equal: then both changes are kept.
            effect.change(key, change);
        }
        effect.0
    };
    looks.iter().map(steadied).collect()
}

/// What can be said of a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// Every launcher was observed and did the same.
    Agrees,
    /// Two launchers did different things, and each did the same in every
    /// observation.
    Differs,
    /// It is not known: a launcher was not observed, or did not do the same
    /// every time.
    #[default]
    Unknown,
}

/// One key, with the values of all launchers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// The key of the effect, as in `uts.hostname`.
    pub key: Key,
    /// Whether the launchers agree on it.
    pub standing: Standing,
    /// Each value, and the launchers (by their index) that showed it.
    pub values: Vec<(Value, Vec<usize>)>,
    /// The names of the states in which the launchers show these values, except
    /// that a launcher may not have run in one of them; empty before states are
    /// compared.
    pub states: Vec<&'static str>,
    /// The same in a few words, as `in terminal`; empty if it is so in all
    /// states in which launchers were observed.
    pub place: String,
}

impl Row {
    /// The key, and the states if it is not so in all of them.
    pub fn title(&self) -> String {
        match self.place.as_str() {
            "" => self.key.clone(),
            place => format!("{} ({place})", self.key),
        }
    }

    /// Adds the states of another row, if it has the same values for the same
    /// key. Returns whether it has. A launcher that did not run in the states
    /// of one row is not in that row, and does not make the rows different.
    pub fn take_in(&mut self, other: &Row) -> bool {
        let of_one_key =
            self.key == other.key && self.standing == other.standing;
        if !of_one_key {
            return false;
        }
        if self.says_all_of(other) {
            self.states.extend(&other.states);
            return true;
        }
        if other.says_all_of(self) {
            self.values.clone_from(&other.values);
            self.states.extend(&other.states);
            return true;
        }
        false
    }

    /// True if each launcher of another row shows the same value in this one.
    fn says_all_of(&self, other: &Row) -> bool {
        other.values.iter().all(|(value, launchers)| {
            let (has, own) =
                (|it: &usize| launchers.contains(it), &self.values);
            let like = own
                .iter()
                .find(|(own, all)| own.is_like(value) && all.iter().any(has));
            like.is_some_and(|(_, all)| {
                launchers.iter().all(|it| all.contains(it))
            })
        })
    }
}

/// One row for each key that any launcher changed.
pub fn rows(columns: &[Column]) -> Vec<Row> {
    rows_of(&columns.iter().enumerate().collect::<Vec<_>>())
}

/// One row for each key that one of these launchers changed; each is given with
/// its index.
pub fn rows_of(columns: &[(usize, &Column)]) -> Vec<Row> {
    let keys: BTreeSet<&Key> =
        columns.iter().flat_map(|(_, it)| it.values.keys()).collect();
    let row = |key: &Key| {
        let values = columns.iter().map(|(index, it)| (*index, it.value(key)));
        row(key, values)
    };
    keys.into_iter().map(row).collect()
}

/// The row of a key from the values that the launchers, by their indexes, show.
pub fn row(key: &str, shown: impl Iterator<Item = (usize, Value)>) -> Row {
    let mut values: Vec<(Value, Vec<usize>)> = Vec::new();
    for (index, value) in shown {
        match values.iter_mut().find(|(other, _)| *other == value) {
            Some((_, launchers)) => launchers.push(index),
            None => values.push((value, vec![index])),
        }
    }
    let is = |wanted: fn(&Value) -> bool| {
        values.iter().filter(|(value, _)| wanted(value)).count()
    };
    let read = is(|it| matches!(it, Value::Unchanged | Value::Changed(_)));
    // It is a fact about a payload that it cannot read something. What it would
    // have read is not known.
    let not_read = is(|it| matches!(it, Value::NotRead(_)));
    let standing = match (read, read + not_read) {
        (_, 2..) => Standing::Differs,
        (1, 1) if values.len() == 1 => Standing::Agrees,
        _ => Standing::Unknown,
    };
    Row { key: key.to_owned(), standing, values, ..Row::default() }
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
        Column::of("a launcher".to_owned(), vec![one, other])
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
    fn what_one_of_many_looks_shows_is_unstable() {
        let named = |name| looked(&[("uts.hostname", name)]);
        let looks = vec![named("a"), named("a"), looked(&[]), named("a")];
        let column = Column::of("a launcher".to_owned(), looks);
        let seen = ["a", "unchanged"].map(str::to_owned).to_vec();
        assert_eq!(column.value("uts.hostname"), Value::Unstable(seen));
        let once = Column::of("a launcher".to_owned(), vec![named("a")]);
        assert_eq!(once.value("uts.hostname"), Value::Changed("a".to_owned()));
    }

    #[test]
    fn a_name_is_masked_only_where_it_is_random() {
        let with = |digit: &str| looked(&[("env.ID", &digit.repeat(64))]);
        let random = column(with("a"), with("b"));
        assert_eq!(random.value("env.ID"), Value::Changed("CID".to_owned()));
        let [one, other] = ["a", "b"].map(|it| column(with(it), with(it)));
        assert_eq!(standing(&[one, other], "env.ID"), Standing::Differs);
        let in_key = |digit: &str| {
            let key = format!("mnt./run/{}", digit.repeat(64));
            looked(&[(key.as_str(), "+ tmpfs")])
        };
        let random = column(in_key("a"), in_key("b"));
        assert_eq!(
            random.value("mnt./run/CID"),
            Value::Changed("+ tmpfs".to_owned())
        );
    }

    #[test]
    fn whether_the_probe_ran_may_be_unstable() {
        let failed = || Observed {
            did_not_answer: Some("it never ran".to_owned()),
            ..Observed::default()
        };
        let ran = |one, other| column(one, other).probe_ran;
        assert_eq!(
            ran(looked(&[]), looked(&[])),
            Value::Changed("yes".to_owned())
        );
        assert_eq!(ran(failed(), failed()), Value::Changed("no".to_owned()));
        assert!(matches!(ran(looked(&[]), failed()), Value::Unstable(_)));
    }

    #[test]
    fn a_launcher_without_an_observation_equals_no_other() {
        let failed = || Observed {
            did_not_answer: Some("it never ran".to_owned()),
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
    fn what_only_a_sandbox_has_is_not_observed_on_the_host() {
        let here = || looked(&[("residue.files", "+ /x"), ("host.uid", "1")]);
        let on_host = || Observed {
            place: Place::Host,
            ..looked(&[("net.link.eth0", "- gone"), ("host.uid", "1")])
        };
        let columns = [column(here(), here()), column(on_host(), on_host())];
        for key in ["residue.files", "net.link.eth0"] {
            assert_eq!(standing(&columns, key), Standing::Unknown, "{key}");
        }
        assert_eq!(standing(&columns, "host.uid"), Standing::Agrees);
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
