//! Decides what the differences of some launchers mean, once, before anything
//! is written.

use crate::consequence::{self, Consequence, Level};
use crate::date::Date;
use crate::matrix::{Column, NOT_READ, Row, Standing, Value, row, rows_of};
use crate::policy::{Expectation, Policy, Waiver};
use crate::situation::{self, Incident, SITUATIONS};
use harness::error::{DIFFERENT, TROUBLE};

/// The terms under which launchers are compared.
#[derive(Clone, Debug)]
pub struct Terms<'a> {
    /// What may differ, and what is expected.
    pub policy: &'a Policy,
    /// The names of the launchers, as in waivers.
    pub names: &'a [String],
    /// A difference of this level or a higher one fails.
    pub deny: Level,
    /// True if it is allowed that this machine lacks a launcher.
    pub allow_unavailable: bool,
    /// The day on which the validity of waivers is checked.
    pub today: Date,
}

/// The conclusion from a difference between two launchers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It fails, because its level is denied.
    Failed,
    /// It is waived, by the waiver with this index.
    Waived(usize),
    /// Its level is below the one that is denied.
    Allowed,
}

/// A case of a difference: two launchers that show different values of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The launcher, by its index.
    pub launcher: usize,
    /// The launcher from which it differs: the first one that was observed.
    pub against: usize,
    /// The conclusion from the difference.
    pub outcome: Outcome,
}

/// A difference, with its level and the conclusions.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The key and its values.
    pub row: Row,
    /// How much it matters to a payload.
    pub level: Level,
    /// What it does to a payload, if that is known.
    pub consequence: Option<&'static Consequence>,
    /// One case for each launcher that differs from the first one.
    pub cases: Vec<Case>,
}

/// A fault: something besides a difference that fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its subject: a key of a launcher, or the keys of a waiver.
    pub key: String,
    /// The launcher, by its index; `None` for a waiver.
    pub launcher: Option<usize>,
    /// The fault in one sentence.
    pub text: String,
    /// The line of the file that has to be changed, from 1.
    pub line: Option<usize>,
}

/// The reason for exit status 2: a launcher whose payload was not observed, or
/// that isolates less on this machine than on others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The launcher, by its index.
    pub launcher: usize,
    /// What is wrong, beginning with `did not run`, `degraded` `the state` or
    /// `the situations`.
    pub text: String,
    /// True if it is allowed, because the machine lacks the launcher.
    pub is_allowed: bool,
}

/// The verdict on some launchers.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Every difference, those that matter most first.
    pub differences: Vec<Judged>,
    /// The keys that neither agree nor differ: the value was not the same in
    /// all observations of one launcher, or no launcher could read it.
    pub unknown: Vec<Row>,
    /// The keys that all launchers that ran changed in the same way.
    pub alike: Vec<Row>,
    /// The groups of launchers, by index, that have the same values for all
    /// keys, in the order of their first member; launchers that did not run are
    /// in none.
    pub clusters: Vec<Vec<usize>>,
    /// The faults, which fail besides the differences.
    pub faults: Vec<Fault>,
    /// The launchers that did not run, or isolate less on this machine than on
    /// others.
    pub troubles: Vec<Trouble>,
    /// The exit status. 0: nothing fails; 1: something fails; 2: a launcher did
    /// not run, or isolates less on this machine than on others.
    pub status: u8,
}

impl Verdict {
    /// The number of failures: each difference of two launchers that is denied,
    /// and each fault.
    pub fn failures(&self) -> usize {
        let cases = self.differences.iter().flat_map(|it| &it.cases);
        let failed = cases.filter(|it| it.outcome == Outcome::Failed).count();
        failed + self.faults.len()
    }

    /// The number of launchers that did not run although they had to.
    pub fn errors(&self) -> usize {
        self.troubles.iter().filter(|it| !it.is_allowed).count()
    }
}

/// The key that says whether a launcher runs the probe.
pub const RAN: &str = "ran";

/// Makes the verdict. If a launcher runs the probe in one state and not in
/// another, it differs in the other state, under the key [`RAN`], from a
/// launcher that runs it in both.
pub fn decide(columns: &[Column], terms: &Terms<'_>) -> Verdict {
    let ran: Vec<usize> =
        (0..columns.len()).filter(|it| columns[*it].ran_in_any()).collect();
    let mut verdict = Verdict {
        differences: Vec::new(),
        unknown: Vec::new(),
        alike: Vec::new(),
        clusters: Vec::new(),
        faults: Vec::new(),
        troubles: troubles(columns, terms),
        status: 0,
    };
    let mut used = vec![false; terms.policy.waivers.len()];
    for row in rows_of_all(columns, &ran) {
        match row.standing {
            Standing::Agrees => verdict.alike.push(row),
            Standing::Unknown => verdict.unknown.push(row),
            Standing::Differs => {
                verdict.differences.push(judge(row, terms, &mut used));
            }
        }
    }
    verdict.differences.sort_by_key(|it| std::cmp::Reverse(it.level));
    verdict.clusters = clusters(&verdict.differences, &ran);
    verdict.faults.extend(disagreements(columns));
    verdict.faults.extend(broken_expectations(columns, &ran, terms));
    verdict.faults.extend(waivers(&used, columns, terms));
    verdict.status = match (verdict.errors(), verdict.failures()) {
        (1.., _) => TROUBLE,
        (0, 1..) => DIFFERENT,
        (0, 0) => 0,
    };
    verdict
}

/// The names of the states in which any launcher could be started.
fn states(columns: &[Column]) -> Vec<&'static str> {
    let mut states = Vec::new();
    for it in columns.iter().flat_map(Column::in_states) {
        if !it.unavailable && !states.contains(&it.state) {
            states.push(it.state);
        }
    }
    states
}

/// One row for each key, or several if the launchers do not show the same
/// values in all states; in the order of the keys.
fn rows_of_all(columns: &[Column], ran: &[usize]) -> Vec<Row> {
    let states = states(columns);
    let mut rows: Vec<Row> = Vec::new();
    for state in states.iter().copied() {
        let looked_at: Vec<(usize, &Column)> = ran
            .iter()
            .filter_map(|it| Some((*it, columns[*it].in_state(state)?)))
            .filter(|(_, it)| !it.unavailable)
            .collect();
        // What launchers show that did not run the probe is no difference
        // between payloads.
        let observed: Vec<(usize, &Column)> =
            looked_at.iter().filter(|(_, it)| it.ran()).copied().collect();
        let mut found = rows_of(&observed);
        if observed.len() < looked_at.len() {
            let shown =
                looked_at.iter().map(|(at, it)| (*at, it.probe_ran.clone()));
            found.push(row(RAN, shown));
        }
        for row in found {
            let row = Row { states: vec![state], ..row };
            if !rows.iter_mut().any(|it| it.take_in(&row)) {
                rows.push(row);
            }
        }
    }
    for row in &mut rows {
        // Situations are about one state alone.
        if situation::of_key(&row.key).is_none() {
            row.place = place(&row.states, &states);
        }
    }
    // The sort keeps the order of the states.
    rows.sort_by(|one, other| one.key.cmp(&other.key));
    rows
}

/// The states in which a difference exists, in a few words; empty if it exists
/// in all states.
fn place(states: &[&str], all: &[&str]) -> String {
    let others: Vec<&str> =
        all.iter().filter(|it| !states.contains(it)).copied().collect();
    match others.len() {
        0 => String::new(),
        few if few < states.len() => format!("not in {}", others.join(", ")),
        _ => format!("in {}", states.join(", ")),
    }
}

fn troubles(columns: &[Column], terms: &Terms<'_>) -> Vec<Trouble> {
    let mut troubles: Vec<Trouble> = Vec::new();
    for (launcher, column) in columns.iter().enumerate() {
        if let Some(why) = &column.did_not_answer
            && !column.ran_in_any()
            && !column.unavailable
        {
            let is_allowed = terms.allow_unavailable && column.missing;
            let text = format!("did not run: {why}");
            troubles.push(Trouble { launcher, text, is_allowed });
        }
        for it in column.in_states() {
            if !it.degraded.is_empty() {
                let text = format!(
                    "degraded: it does not change {} here, as it does \
                     elsewhere",
                    it.degraded.join(" ")
                );
                let is_known =
                    |it: &Trouble| it.launcher == launcher && it.text == text;
                if !troubles.iter().any(is_known) {
                    troubles.push(Trouble {
                        launcher,
                        text,
                        is_allowed: false,
                    });
                }
            }
            // An unavailable state is unavailable for every launcher.
            if let (Some(why), true) = (&it.did_not_answer, it.unavailable) {
                let text =
                    format!("the state {} is not possible: {why}", it.state);
                if !troubles.iter().any(|it| it.text == text) {
                    let is_allowed = terms.allow_unavailable;
                    troubles.push(Trouble { launcher, text, is_allowed });
                }
            }
        }
        if let Some(why) = &column.untried {
            let text = format!("the situations are not possible: {why}");
            let is_allowed = terms.allow_unavailable;
            troubles.push(Trouble { launcher, text, is_allowed });
        }
    }
    troubles
}

fn judge(row: Row, terms: &Terms<'_>, used: &mut [bool]) -> Judged {
    let consequence = consequence::of(&row);
    let level = consequence.map_or(Level::Changes, |it| it.level);
    // Another value cannot differ from one that was not the same every time.
    let mut shown: Vec<(usize, &Value)> = row
        .values
        .iter()
        .filter(|(value, _)| value.is_known())
        .flat_map(|(value, launchers)| {
            launchers.iter().map(move |it| (*it, value))
        })
        .collect();
    shown.sort_by_key(|(launcher, _)| *launcher);
    let first = shown.first().copied();
    let mut cases = Vec::new();
    if let Some((against, reference)) = first {
        for (launcher, value) in shown.iter().skip(1).copied() {
            if value == reference {
                continue;
            }
            let pair = [(launcher, value), (against, reference)];
            let outcome = outcome(&row.key, pair, level, terms, used);
            cases.push(Case { launcher, against, outcome });
        }
    }
    Judged { row, level, consequence, cases }
}

/// The conclusion from two values. Marks the waivers that match as used, also
/// if nothing would fail without them.
fn outcome(
    key: &str,
    pair: [(usize, &Value); 2],
    level: Level,
    terms: &Terms<'_>,
    used: &mut [bool],
) -> Outcome {
    let mut waived = None;
    for (index, waiver) in terms.policy.waivers.iter().enumerate() {
        if is_about(waiver, key, pair, terms.names) {
            used[index] = true;
            if !has_expired(waiver, terms.today) && waived.is_none() {
                waived = Some(index);
            }
        }
    }
    match waived {
        _ if level < terms.deny => Outcome::Allowed,
        Some(index) => Outcome::Waived(index),
        None => Outcome::Failed,
    }
}

fn is_about(
    waiver: &Waiver,
    key: &str,
    pair: [(usize, &Value); 2],
    names: &[String],
) -> bool {
    let shows = |(launcher, value): &(usize, &Value)| {
        let name = names.get(*launcher).map_or("", String::as_str);
        let named = &waiver.launchers;
        (named.is_empty() || named.iter().any(|it| it.fits(name)))
            && waiver
                .value
                .as_ref()
                .is_none_or(|it| it.fits(&value.to_string()))
    };
    waiver.key.fits(key) && pair.iter().any(shows)
}

fn has_expired(waiver: &Waiver, today: Date) -> bool {
    waiver.until.is_some_and(|until| until < today)
}

fn disagreements(columns: &[Column]) -> Vec<Fault> {
    let of = |(launcher, column): (usize, &Column)| {
        let mut all: Vec<(&str, Vec<&str>)> = Vec::new();
        for it in column.in_states() {
            for why in &it.disagreements {
                match all.iter_mut().find(|(known, _)| known == why) {
                    Some((_, states)) => states.push(it.state),
                    None => all.push((why, vec![it.state])),
                }
            }
        }
        let fault = move |(why, states): (&str, Vec<&str>)| Fault {
            key: "inside/outside".to_owned(),
            launcher: Some(launcher),
            text: match column.others.is_empty() {
                true => format!(
                    "the payload and the harness read different values: {why}"
                ),
                false => format!(
                    "the payload and the harness read different values in {}: \
                     {why}",
                    states.join(", ")
                ),
            },
            line: None,
        };
        all.into_iter().map(fault).collect::<Vec<_>>()
    };
    columns.iter().enumerate().flat_map(of).collect()
}

/// The expectations that a launcher of `ran` does not meet, and the states in
/// which its payload could not meet any.
fn broken_expectations(
    columns: &[Column],
    ran: &[usize],
    terms: &Terms<'_>,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    if terms.policy.expectations.is_empty() {
        return faults;
    }
    for launcher in ran.iter().copied() {
        let tried =
            || columns[launcher].in_states().filter(|it| !it.unavailable);
        for it in tried() {
            if let Some(why) = &it.did_not_answer {
                faults.push(Fault {
                    key: RAN.to_owned(),
                    launcher: Some(launcher),
                    text: format!(
                        "the payload did not run in the state {}, and nothing \
                         is as expected there: {why}",
                        it.state
                    ),
                    line: None,
                });
            }
        }
    }
    for expectation in &terms.policy.expectations {
        let wanted: Vec<&str> =
            expectation.values.iter().map(|it| it.text()).collect();
        let wanted = wanted.join(" or ");
        for launcher in ran.iter().copied() {
            for ((key, shown), place) in broken(expectation, &columns[launcher])
            {
                let text =
                    format!("{key} is {shown}{place}, expected {wanted}");
                let line = Some(expectation.line);
                let launcher = Some(launcher);
                faults.push(Fault { key, launcher, text, line });
            }
        }
    }
    faults
}

/// The keys of an expectation that are not met in any state, with what the
/// launcher shows instead, and the states in which it does.
fn broken(
    expectation: &Expectation,
    column: &Column,
) -> Vec<((String, String), String)> {
    let ran = || column.in_states().filter(|it| it.ran());
    let all: Vec<&str> = ran().map(|it| it.state).collect();
    let mut broken: Vec<((String, String), Vec<&str>)> = Vec::new();
    for (index, it) in ran().enumerate() {
        for unmet in unmet(expectation, it) {
            // Situations are tried in the first state alone.
            let is_first = index == 0;
            if !is_first && situation::of_key(&unmet.0).is_some() {
                continue;
            }
            match broken.iter_mut().find(|(known, _)| *known == unmet) {
                Some((_, states)) => states.push(it.state),
                None => broken.push((unmet, vec![it.state])),
            }
        }
    }
    let placed = |(unmet, states): ((String, String), Vec<&str>)| {
        let place = match situation::of_key(&unmet.0) {
            Some(_) => String::new(),
            None => place(&states, &all),
        };
        let place = if place.is_empty() { place } else { format!(" {place}") };
        (unmet, place)
    };
    broken.into_iter().map(placed).collect()
}

/// The keys of an expectation that are not met, with what the launcher shows
/// instead. A key that it did not change has the value `unchanged`, and also
/// the value that was read.
fn unmet(expectation: &Expectation, column: &Column) -> Vec<(String, String)> {
    let name = expectation.key.text();
    let fits = |key: &&String| expectation.key.fits(key);
    let readings = column.payload.iter().flat_map(|it| it.readings.keys());
    // Each situation that is named has to have been tried.
    let situations: Vec<String> = match situation::is_key(name) {
        true => SITUATIONS.iter().map(Incident::key).collect(),
        false => Vec::new(),
    };
    let mut keys: Vec<&String> = column
        .values
        .keys()
        .chain(readings)
        .chain(&situations)
        .filter(fits)
        .collect();
    keys.sort_unstable();
    keys.dedup();
    let own = name.to_owned();
    if keys.is_empty() {
        keys.push(&own);
    }
    let mut unmet = Vec::new();
    for key in keys {
        let value = column.value(key);
        let read = match value {
            Value::Unchanged | Value::Changed(_) => {
                column.payload.as_ref().and_then(|it| it.value(key))
            }
            _ => None,
        };
        let shown = value.to_string();
        let is_met = value.is_known()
            && expectation.values.iter().any(|it| {
                let is_shown = match value {
                    // What was not read is as expected only where that is
                    // expected.
                    Value::NotRead(_) => {
                        it.text().starts_with(NOT_READ.trim_end())
                    }
                    _ => true,
                };
                is_shown && it.fits(&shown)
                    || read.is_some_and(|read| it.fits(read))
            });
        if !is_met {
            let shown = match (&value, situation::of_key(key)) {
                (Value::NotObserved, Some(it)) => {
                    format!("{shown}: needs --situation {}", it.name)
                }
                _ => shown,
            };
            let read = read.filter(|it| *it != shown);
            let read = read.map(|it| format!(" ({it})")).unwrap_or_default();
            unmet.push((key.clone(), format!("{shown}{read}")));
        }
    }
    unmet
}

/// The waivers that have expired or match nothing. If a launcher did not run,
/// it is not known what they match.
fn waivers(used: &[bool], columns: &[Column], terms: &Terms<'_>) -> Vec<Fault> {
    let all_ran = columns.iter().all(Column::ran);
    let mut faults = Vec::new();
    for (waiver, used) in terms.policy.waivers.iter().zip(used) {
        let text = match waiver
            .until
            .filter(|_| has_expired(waiver, terms.today))
        {
            Some(until) => format!("the waiver has expired on {until}"),
            None if !used && all_ran => "the waiver matches no difference: \
                                         remove it"
                .to_owned(),
            None => continue,
        };
        faults.push(Fault {
            key: waiver.key.text().to_owned(),
            launcher: None,
            text,
            line: Some(waiver.line),
        });
    }
    faults
}

/// The groups of launchers of `ran` that show the same value in every
/// difference.
fn clusters(differences: &[Judged], ran: &[usize]) -> Vec<Vec<usize>> {
    let shown = |column: usize| -> Vec<Option<usize>> {
        let at = |it: &Judged| {
            it.row
                .values
                .iter()
                .position(|(_, launchers)| launchers.contains(&column))
        };
        differences.iter().map(at).collect()
    };
    let mut clusters: Vec<(Vec<Option<usize>>, Vec<usize>)> = Vec::new();
    for column in ran {
        let values = shown(*column);
        match clusters.iter_mut().find(|(other, _)| *other == values) {
            Some((_, members)) => members.push(*column),
            None => clusters.push((values, vec![*column])),
        }
    }
    clusters.into_iter().map(|(_, members)| members).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use harness::trial::{Observed, Place};
    use probe::Observation;

    fn column(changes: &[(&str, &str)]) -> Column {
        let look = || {
            let mut payload = Observation::default();
            payload.read("umask", Ok("0022"));
            for (key, change) in changes {
                payload.read(*key, Ok(*change));
            }
            let mut observed =
                Observed { payload: Some(payload), ..Observed::default() };
            for (key, change) in changes {
                observed.effect.change(*key, change);
            }
            observed
        };
        Column::of("a launcher".to_owned(), vec![look(), look()])
    }

    fn verdict(columns: &[Column], policy: &str, deny: Level) -> Verdict {
        let policy = Policy::parse("l.toml", policy).expect("it is right");
        let names = ["from", "to", "to2"].map(str::to_owned);
        let today = Date { year: 2026, month: 6, day: 1 };
        let terms = Terms {
            policy: &policy,
            names: &names[..columns.len()],
            deny,
            allow_unavailable: true,
            today,
        };
        decide(columns, &terms)
    }

    fn two() -> [Column; 2] {
        [column(&[("ns.net", "new")]), column(&[("umask", "0077")])]
    }

    /// The status, the number of failures, and the lines of the faults.
    fn failed(policy: &str) -> (u8, usize, Vec<Option<usize>>) {
        let verdict = verdict(&two(), policy, Level::Cosmetic);
        let lines = verdict.faults.iter().map(|it| it.line).collect();
        (verdict.status, verdict.failures(), lines)
    }

    #[test]
    fn a_difference_fails_unless_it_is_waived_or_allowed() {
        assert_eq!(failed(""), (1, 2, vec![]));
        let one = "[[waive]]\nkey='ns.*'\nwhy='x'\n";
        assert_eq!(failed(one), (1, 1, vec![]));
        let other = "[[waive]]\nkey='umask'\nin='to'\nvalue='0077'\nwhy='x'\n";
        assert_eq!(failed(&format!("{one}{other}")), (0, 0, vec![]));
        let verdict = verdict(&two(), "", Level::Security);
        assert_eq!((verdict.status, verdict.failures()), (1, 1));
    }

    #[test]
    fn what_could_not_be_tried_in_situations_is_told_and_agrees_with_nothing() {
        let [mut one, mut other] = two();
        one.place = Place::Host;
        one.untried = Some("it is on the host".to_owned());
        let key = "when.killed".to_owned();
        let shown = Value::Changed("status 137".to_owned());
        other.values.insert(key.clone(), shown);
        let verdict = verdict(&[one, other], "", Level::Breaks);
        let told: Vec<_> =
            verdict.troubles.iter().map(|it| it.text.as_str()).collect();
        assert_eq!(
            told,
            ["the situations are not possible: it is on the host"]
        );
        assert!(verdict.unknown.iter().any(|it| it.key == key));
    }

    #[test]
    fn a_waiver_that_matches_nothing_or_has_expired_fails() {
        let all = "[[waive]]\nkey='*'\nwhy='x'\n";
        for stale in [
            "[[waive]]\nkey='uts.*'\nwhy='x'",
            "[[waive]]\nkey='umask'\nvalue='0027'\nwhy='x'",
            "[[waive]]\nkey='umask'\nin='from'\nvalue='0077'\nwhy='x'",
        ] {
            let text = format!("{all}{stale}");
            assert_eq!(failed(&text), (1, 1, vec![Some(4)]), "{stale}");
        }
        let until = |date| format!("[[waive]]\nkey='*'\nwhy='x'\nuntil={date}");
        assert_eq!(failed(&until("2026-06-01")), (0, 0, vec![]));
        assert_eq!(failed(&until("2026-05-31")), (1, 3, vec![Some(1)]));
    }

    #[test]
    fn an_expectation_is_about_every_launcher() {
        let all = "[[waive]]\nkey='*'\nwhy='x'\n[expect]\n";
        for (expected, faults) in [
            ("'ns.net'='new'", 1),
            ("'ns.net'=['new','unchanged']", 0),
            ("'umask'='0022'", 1),
            ("'umask'=['0022','0077']", 0),
            ("'residue.*'='unchanged'", 0),
            ("'env.HOME'='/root'", 2),
        ] {
            let (status, failures, lines) = failed(&format!("{all}{expected}"));
            assert_eq!(failures, faults, "{expected}");
            assert_eq!(status, u8::from(faults > 0), "{expected}");
            assert!(lines.iter().all(|it| *it == Some(5)), "{lines:?}");
        }
    }

    /// The texts of the faults that two equal launchers have by this table.
    fn expected(changes: &[(&str, &str)], table: &str) -> Vec<String> {
        let columns = [column(changes), column(changes)];
        let policy = format!("[expect]\n{table}");
        let verdict = verdict(&columns, &policy, Level::Cosmetic);
        let failed = !verdict.faults.is_empty();
        assert_eq!(verdict.status, u8::from(failed), "{table}");
        let mut texts: Vec<String> =
            verdict.faults.into_iter().map(|it| it.text).collect();
        texts.dedup();
        texts
    }

    #[test]
    fn a_situation_that_was_not_tried_is_not_as_expected() {
        let tried = [("when.killed", "status 137")];
        let met = "'when.killed'='status 137'";
        assert_eq!(expected(&tried, met), Vec::<String>::new());
        for value in ["unchanged", "status 143", "*", "not observed"] {
            let table = format!("'when.sigterm'='{value}'");
            assert_eq!(
                expected(&tried, &table),
                [format!(
                    "when.sigterm is not observed: needs --situation sigterm, \
                     expected {value}"
                )]
            );
        }
        let all = expected(&tried, "'when.*'='status*'");
        // Of each of the two launchers.
        assert_eq!(all.len(), 2 * (SITUATIONS.len() - 1));
    }

    #[test]
    fn an_expectation_is_about_every_state() {
        let met = || column(&[("ns.net", "new")]);
        let texts = |columns: Vec<Column>, table: &str| -> Vec<String> {
            let policy = format!("[expect]\n{table}");
            let verdict = verdict(&[over(columns)], &policy, Level::Cosmetic);
            assert_eq!(verdict.status, u8::from(!verdict.faults.is_empty()));
            verdict.faults.into_iter().map(|it| it.text).collect()
        };
        let table = "'ns.net'='new'";
        assert!(texts(vec![met(), met(), met()], table).is_empty());
        let second = crate::state::STATES[1].name;
        assert_eq!(
            texts(vec![met(), column(&[]), met()], table),
            [format!("ns.net is unchanged in {second}, expected new")]
        );
        let silent = texts(vec![met(), silent(), met()], table);
        let why = format!(
            "the payload did not run in the state {second}, and nothing is as \
             expected there: why"
        );
        assert_eq!(silent, [why]);
        // It was tried in the first state.
        let killed = column(&[("when.killed", "status 137")]);
        let table = "'when.killed'='status 137'";
        assert!(texts(vec![killed, met()], table).is_empty());
    }

    #[test]
    fn what_was_not_read_is_as_expected_only_where_that_is_expected() {
        let unread = [("nftables", "unread: ask nf_tables: EPERM")];
        for value in ["unchanged", "*", "*EPERM"] {
            let table = format!("'nftables'='{value}'");
            assert_eq!(expected(&unread, &table).len(), 1, "{value}");
        }
        let table = "'nftables'='not read: *EPERM'";
        assert_eq!(expected(&unread, table), Vec::<String>::new());
    }

    #[test]
    fn what_did_not_run_is_trouble_and_hides_no_difference() {
        let [a, b] = two();
        let failed = Column {
            did_not_answer: Some("it failed".to_owned()),
            ..column(&[("ns.net", "new")])
        };
        let missing =
            Column::not_started("x".to_owned(), "no x".to_owned(), true);
        let columns = [a.clone(), b.clone(), failed];
        let it = verdict(&columns, "", Level::Cosmetic);
        assert_eq!((it.status, it.failures(), it.errors()), (2, 2, 1));
        let it = verdict(&[a.clone(), b, missing.clone()], "", Level::Cosmetic);
        assert_eq!((it.status, it.failures(), it.errors()), (1, 2, 0));
        let stale = "[[waive]]\nkey='umask'\nwhy='x'";
        let it = verdict(&[a, missing], stale, Level::Cosmetic);
        assert_eq!((it.status, it.faults.len()), (0, 0));
    }

    #[test]
    fn a_key_that_the_first_launcher_does_not_show_is_compared_by_others() {
        let mut other = Observed::default();
        other.effect.change("umask", "0027");
        let looks = vec![Observed::default(), other];
        let unstable = Column::of("a".to_owned(), looks);
        let [_, b] = two();
        let it = verdict(&[unstable, b, column(&[])], "", Level::Cosmetic);
        let cases: Vec<_> =
            it.differences.iter().flat_map(|it| &it.cases).collect();
        assert_eq!(cases.len(), 1);
        assert_eq!((cases[0].against, cases[0].launcher), (1, 2));
    }

    /// A launcher with one of these columns in each of the first states.
    fn over(columns: Vec<Column>) -> Column {
        let named = columns.into_iter().zip(crate::state::STATES);
        let mut named =
            named.map(|(it, state)| Column { state: state.name, ..it });
        let first = named.next().expect("there is one");
        Column { others: named.collect(), ..first }
    }

    fn silent() -> Column {
        let why = "why".to_owned();
        Column::not_started("a launcher".to_owned(), why, false)
    }

    /// The titles of the differences, and the status.
    fn titles(columns: &[Column]) -> (Vec<String>, u8) {
        let verdict = verdict(columns, "", Level::Cosmetic);
        let rows = verdict.differences.iter().map(|it| it.row.title());
        (rows.collect(), verdict.status)
    }

    #[test]
    fn what_is_the_same_in_all_states_is_one_row() {
        let new = || column(&[("ns.net", "new")]);
        let none = || column(&[]);
        let columns = [over(vec![new(), new()]), over(vec![none(), none()])];
        assert_eq!(titles(&columns), (vec!["ns.net".to_owned()], 1));
        let columns = [over(vec![none(), new()]), over(vec![none(), none()])];
        let one = vec!["ns.net (in shared)".to_owned()];
        assert_eq!(titles(&columns), (one, 1));
        let old = || column(&[("umask", "0022")]);
        let other = || column(&[("umask", "0027")]);
        let columns = [
            over(vec![old(), old(), other()]),
            over(vec![none(), none(), none()]),
        ];
        let two = ["umask (not in stdin-null)", "umask (in stdin-null)"];
        assert_eq!(titles(&columns), (two.map(str::to_owned).to_vec(), 1));
    }

    #[test]
    fn a_launcher_that_runs_in_one_state_only_differs_in_the_other() {
        let some = || column(&[]);
        let columns =
            [over(vec![some(), some()]), over(vec![some(), silent()])];
        assert_eq!(titles(&columns), (vec!["ran (in shared)".to_owned()], 1));
        let never =
            [over(vec![some(), some()]), over(vec![silent(), silent()])];
        assert_eq!(titles(&never), (vec![], 2));
    }

    #[test]
    fn a_launcher_that_did_not_run_does_not_divide_a_row() {
        let new = || column(&[("ns.net", "new")]);
        let none = || column(&[]);
        for last in [[none(), silent()], [silent(), none()]] {
            let columns = [
                over(vec![new(), new()]),
                over(vec![none(), none()]),
                over(last.to_vec()),
            ];
            let (rows, _) = titles(&columns);
            let of_the_key = rows.iter().filter(|it| it.contains("ns.net"));
            assert_eq!(of_the_key.collect::<Vec<_>>(), ["ns.net"]);
        }
    }

    #[test]
    fn a_state_that_is_not_possible_is_trouble_once() {
        let lost = || Column { unavailable: true, ..silent() };
        let columns =
            [over(vec![column(&[]), lost()]), over(vec![column(&[]), lost()])];
        let policy = Policy::none();
        let names = ["a", "b"].map(str::to_owned);
        let terms = |allow_unavailable| Terms {
            policy: &policy,
            names: &names,
            deny: Level::Cosmetic,
            allow_unavailable,
            today: Date { year: 2026, month: 6, day: 1 },
        };
        let strict = decide(&columns, &terms(false));
        assert_eq!((strict.troubles.len(), strict.status), (1, 2));
        assert_eq!(decide(&columns, &terms(true)).status, 0);
    }
}
