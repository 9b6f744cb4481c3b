//! What the differences of some launchers amount to: decided once, before
//! anything is written.

use crate::consequence::{self, Consequence, Level};
use crate::date::Date;
use crate::matrix::{Column, Row, Standing, Value, rows_of};
use crate::policy::{Expectation, Policy, Waiver};
use harness::error::{DIFFERENT, TROUBLE};

/// Under which terms launchers are compared.
#[derive(Clone, Debug)]
pub struct Terms<'a> {
    /// What may differ, and what has to be so.
    pub policy: &'a Policy,
    /// The names of the launchers, as waivers have them.
    pub names: &'a [String],
    /// Differences of this level and above it fail.
    pub deny: Level,
    /// Whether a launcher that this machine lacks is no trouble.
    pub allow_unavailable: bool,
    /// The day on which waivers are judged.
    pub today: Date,
}

/// What is concluded from a difference between two launchers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is denied.
    Failed,
    /// It is waived, by the waiver with this index.
    Waived(usize),
    /// Its level is below the one that is denied.
    Allowed,
}

/// Two launchers that show different values of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The launcher, by its index.
    pub launcher: usize,
    /// The first launcher that was observed, from which it differs.
    pub against: usize,
    /// What is concluded.
    pub outcome: Outcome,
}

/// A difference, and how much it matters.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The key and its values.
    pub row: Row,
    /// How much it matters.
    pub level: Level,
    /// What it does to a payload, where that is known.
    pub consequence: Option<&'static Consequence>,
    /// Each launcher that differs from the first one.
    pub cases: Vec<Case>,
}

/// What fails beside the differences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What it is about: a key of a launcher, or the keys of a waiver.
    pub key: String,
    /// The launcher, by its index; nothing for a waiver.
    pub launcher: Option<usize>,
    /// What is wrong, in one sentence.
    pub text: String,
    /// The line of the file that has to be changed, from 1.
    pub line: Option<usize>,
}

/// A launcher whose payload was not observed, or that isolates less here than
/// elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The launcher, by its index.
    pub launcher: usize,
    /// What is wrong, beginning with `did not run` or `degraded`.
    pub text: String,
    /// Whether it is allowed: the machine lacks the launcher.
    pub is_allowed: bool,
}

/// What the differences amount to.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Every difference, those that matter most first.
    pub differences: Vec<Judged>,
    /// What neither agrees nor differs: it was not the same twice under one
    /// launcher, or no launcher could read it.
    pub unknown: Vec<Row>,
    /// What all launchers that ran changed in the same way.
    pub alike: Vec<Row>,
    /// The launchers with the same values everywhere, by index, in the order
    /// of their first member; those that did not run are in none.
    pub clusters: Vec<Vec<usize>>,
    /// What fails beside the differences.
    pub faults: Vec<Fault>,
    /// The launchers that did not run, or isolate less here than elsewhere.
    pub troubles: Vec<Trouble>,
    /// 0: nothing fails; 1: something does; 2: a launcher did not
    /// run, or isolates less here than elsewhere.
    pub status: u8,
}

impl Verdict {
    /// How much fails: each difference of two launchers that is denied, and
    /// each fault.
    pub fn failures(&self) -> usize {
        let cases = self.differences.iter().flat_map(|it| &it.cases);
        let failed = cases.filter(|it| it.outcome == Outcome::Failed).count();
        failed + self.faults.len()
    }

    /// How many launchers did not run and had to.
    pub fn errors(&self) -> usize {
        self.troubles.iter().filter(|it| !it.is_allowed).count()
    }
}

/// Decides.
pub fn decide(columns: &[Column], terms: &Terms<'_>) -> Verdict {
    let ran: Vec<usize> =
        (0..columns.len()).filter(|it| columns[*it].ran()).collect();
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
    // What those show that did not run the probe is no difference of payloads.
    let observed: Vec<(usize, &Column)> =
        ran.iter().map(|it| (*it, &columns[*it])).collect();
    for row in rows_of(&observed) {
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
    verdict.faults.extend(broken_expectations(&observed, terms));
    verdict.faults.extend(waivers(&used, columns, terms));
    verdict.status = match (verdict.errors(), verdict.failures()) {
        (1.., _) => TROUBLE,
        (0, 1..) => DIFFERENT,
        (0, 0) => 0,
    };
    verdict
}

fn troubles(columns: &[Column], terms: &Terms<'_>) -> Vec<Trouble> {
    let trouble = |(launcher, column): (usize, &Column)| {
        let is_allowed = terms.allow_unavailable && column.missing;
        let text = match &column.unheard {
            Some(why) => format!("did not run: {why}"),
            None if column.degraded.is_empty() => return None,
            None => format!(
                "degraded: it does not change {} here, as it does elsewhere",
                column.degraded.join(" ")
            ),
        };
        Some(Trouble { launcher, text, is_allowed })
    };
    columns.iter().enumerate().filter_map(trouble).collect()
}

fn judge(row: Row, terms: &Terms<'_>, used: &mut [bool]) -> Judged {
    let consequence = consequence::of(&row);
    let level = consequence.map_or(Level::Changes, |it| it.level);
    // A value that is not the same twice is none that others can differ from.
    let mut shown: Vec<(usize, &Value)> = row
        .values
        .iter()
        .filter(|(value, _)| value.is_known())
        .flat_map(|(value, who)| who.iter().map(move |it| (*it, value)))
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

/// What is concluded from two values. The waivers that are about them have
/// been used, also where nothing would fail without them.
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
        let fault = move |why: &String| Fault {
            key: "inside/outside".to_owned(),
            launcher: Some(launcher),
            text: format!(
                "the payload and the harness read different values: {why}"
            ),
            line: None,
        };
        column.disagreements.iter().map(fault).collect::<Vec<_>>()
    };
    columns.iter().enumerate().flat_map(of).collect()
}

/// The expectations that a launcher does not meet.
fn broken_expectations(
    observed: &[(usize, &Column)],
    terms: &Terms<'_>,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    for expectation in &terms.policy.expectations {
        for (launcher, column) in observed {
            for (key, shown) in unmet(expectation, column) {
                let wanted: Vec<&str> =
                    expectation.values.iter().map(|it| it.text()).collect();
                faults.push(Fault {
                    text: format!(
                        "{key} is {shown}, expected {}",
                        wanted.join(" or ")
                    ),
                    key,
                    launcher: Some(*launcher),
                    line: Some(expectation.line),
                });
            }
        }
    }
    faults
}

/// The keys of an expectation with what the launcher shows instead. A key that
/// it did not change has the value `unchanged`, and also the one that was read.
fn unmet(expectation: &Expectation, column: &Column) -> Vec<(String, String)> {
    let name = expectation.key.text();
    let fits = |key: &&String| expectation.key.fits(key);
    let readings = column.payload.iter().flat_map(|it| it.readings.keys());
    let mut keys: Vec<&String> =
        column.values.keys().chain(readings).filter(fits).collect();
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
                it.fits(&shown) || read.is_some_and(|read| it.fits(read))
            });
        if !is_met {
            let read = read.filter(|it| *it != shown);
            let read = read.map(|it| format!(" ({it})")).unwrap_or_default();
            unmet.push((key.clone(), format!("{shown}{read}")));
        }
    }
    unmet
}

/// The waivers that have expired or match nothing. Where a launcher did not
/// run, it is not known what one matches.
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

/// Those of `ran` that show the same value in every difference.
fn clusters(differences: &[Judged], ran: &[usize]) -> Vec<Vec<usize>> {
    let shown = |column: usize| -> Vec<Option<usize>> {
        let at = |it: &Judged| {
            it.row.values.iter().position(|(_, who)| who.contains(&column))
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
    use harness::trial::Observed;
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
        Column::of("a launcher".to_owned(), look(), look())
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

    /// How many fail, and the lines of the faults.
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

    #[test]
    fn what_did_not_run_is_trouble_and_hides_no_difference() {
        let [a, b] = two();
        let failed = Column {
            unheard: Some("it failed".to_owned()),
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
        let unstable = Column::of("a".to_owned(), Observed::default(), {
            let mut observed = Observed::default();
            observed.effect.change("umask", "0027");
            observed
        });
        let [_, b] = two();
        let it = verdict(&[unstable, b, column(&[])], "", Level::Cosmetic);
        let cases: Vec<_> =
            it.differences.iter().flat_map(|it| &it.cases).collect();
        assert_eq!(cases.len(), 1);
        assert_eq!((cases[0].against, cases[0].launcher), (1, 2));
    }
}
