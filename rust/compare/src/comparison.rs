//! Compares what several launchers did: which of them agree, what differs, and
//! whether that is explained. It starts no process and reads no file.

use crate::expected::Expected;
use crate::known::{Cause, KnownDifference, explanation, varies};
use crate::subject::Subject;
use harness::found::Refusal;
use harness::launcher::Launcher;
use harness::scenario::Scenario;
use harness::step::{Namespace, Step};
use harness::timeout::LATE;
use harness::trial::situation::{HANG, NEVER};
use harness::trial::{Observed, Outcome};
use probe::Key;
use std::collections::{BTreeMap, BTreeSet};

/// One value of a key, and the launchers that showed it; no value where the key
/// did not change at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The change, in canonical words.
    pub value: Option<String>,
    /// The launchers that agree on it.
    pub launchers: Vec<Launcher>,
}

/// The verdict on a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Fewer than two launchers were observed, so that none agrees with
    /// another.
    NotCompared,
    /// All launchers agree, also with the expected effect.
    Same,
    /// Some differ, and a known difference explains it.
    Explained(Vec<&'static KnownDifference>),
    /// Launchers differ without an explanation, or one does not have the
    /// expected effect; the texts name the launchers and the reason.
    Differs(String),
}

/// One key, as all launchers showed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The key of the effect, as in `uts.hostname`.
    pub key: Key,
    /// The launchers by the value that they showed.
    pub groups: Vec<Group>,
    /// Whether the launchers agree, and if not, why.
    pub verdict: Verdict,
}

/// The result of a whole comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Fewer than two launchers were observed, so that none agrees with
    /// another.
    NotCompared,
    /// All languages that were observed show the same effect.
    Same,
    /// They differ only in values that every trial of a launcher shows
    /// ([`KnownDifference::everywhere`]).
    SameButEverywhere,
    /// Some differ, and a known difference explains it.
    Explained,
    /// Some differ, and no known difference explains it.
    Differs,
}

/// All launchers on one subject in one scenario.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The step, or the situation around it.
    pub subject: Subject,
    /// The mounts and the user of the sandbox.
    pub scenario: Scenario,
    /// The launchers that did it.
    pub launchers: Vec<Launcher>,
    /// One row for each key that a launcher changed.
    pub rows: Vec<Row>,
    /// The launchers that could not run here, with the reason.
    pub unavailable: Vec<(Launcher, String)>,
    /// The launchers that should have run, with what broke.
    pub broken: Vec<(Launcher, String)>,
}

impl Comparison {
    /// Compares the outcomes of one subject with each other, with the
    /// namespaces that the step declares and with the expected effect.
    pub fn of(
        subject: Subject,
        scenario: Scenario,
        outcomes: &[(Launcher, Outcome)],
        expected: Option<&Expected>,
    ) -> Comparison {
        let mut comparison = Comparison {
            subject,
            scenario,
            launchers: outcomes.iter().map(|(launcher, _)| *launcher).collect(),
            rows: Vec::new(),
            unavailable: Vec::new(),
            broken: Vec::new(),
        };
        let mut observed = Vec::new();
        for (launcher, outcome) in outcomes {
            match outcome {
                Ok(it) => match comparison.lost(it) {
                    Some(why) => comparison.broken.push((*launcher, why)),
                    None => observed.push((*launcher, &**it)),
                },
                Err(Refusal::Unavailable(reason)) => {
                    comparison.unavailable.push((*launcher, reason.clone()));
                }
                Err(Refusal::Broken(why)) => {
                    comparison.broken.push((*launcher, why.clone()));
                }
            }
        }
        comparison.rows = comparison.effects(&observed);
        if let Some(expected) = expected {
            comparison.check_blessed(&observed, expected);
        }
        if let Some(step) = Step::named(comparison.subject.step)
            && comparison.subject.situation.is_none()
        {
            comparison.rows.extend(declared(step, &observed));
        }
        comparison.rows.extend(distinct(&observed));
        comparison.rows.extend(two_sides(&observed));
        comparison
    }

    /// The reason why an observation is not compared: the launcher's exit
    /// status is not known. Two launchers without a status would seem to agree.
    fn lost(&self, it: &Observed) -> Option<String> {
        let never =
            it.effect.0.get("exit").is_some_and(|it| it == NEVER || it == LATE);
        let may_hang = self.subject.situation.as_deref() == Some(HANG);
        (never && !may_hang).then(|| {
            "the launcher did not end in time, or its status was lost"
                .to_owned()
        })
    }

    /// The launchers that were observed.
    pub fn observed(&self) -> Vec<Launcher> {
        let without = |list: &[(Launcher, String)], it: &Launcher| {
            list.iter().all(|(other, _)| other != it)
        };
        self.launchers
            .iter()
            .copied()
            .filter(|it| {
                without(&self.unavailable, it) && without(&self.broken, it)
            })
            .collect()
    }

    /// The result of the comparison.
    pub fn standing(&self) -> Standing {
        if self.differing().next().is_some() {
            return Standing::Differs;
        }
        if self.observed().len() < 2 {
            return Standing::NotCompared;
        }
        let of_languages = |it: &&KnownDifference| it.cause != Cause::Control;
        let needed: Vec<_> =
            self.explanations().into_iter().filter(of_languages).collect();
        if needed.is_empty() {
            Standing::Same
        } else if needed.iter().all(|it| it.everywhere) {
            Standing::SameButEverywhere
        } else {
            Standing::Explained
        }
    }

    /// One row for each key that a launcher changed.
    fn effects(&self, observed: &[(Launcher, &Observed)]) -> Vec<Row> {
        let keys: BTreeSet<&Key> =
            observed.iter().flat_map(|(_, it)| it.effect.0.keys()).collect();
        keys.into_iter()
            .map(|key| {
                let groups = group(observed.iter().map(|(launcher, it)| {
                    (*launcher, it.effect.0.get(key).cloned())
                }));
                let verdict = self.judge(key, &groups);
                Row { key: key.clone(), groups, verdict }
            })
            .collect()
    }

    /// The verdict on a row: the same if all launchers agree, and explained if
    /// those without an explanation agree.
    fn judge(&self, key: &str, groups: &[Group]) -> Verdict {
        if self.observed().len() < 2 {
            return Verdict::NotCompared;
        }
        if groups.len() < 2 {
            return Verdict::Same;
        }
        let mut reasons: Vec<&'static KnownDifference> = Vec::new();
        let mut unexplained = 0;
        for group in groups {
            let mut explained = true;
            for launcher in &group.launchers {
                match explanation(
                    &self.subject,
                    self.scenario,
                    *launcher,
                    key,
                    group.value.as_deref(),
                ) {
                    Some(known) if !reasons.contains(&known) => {
                        reasons.push(known);
                    }
                    Some(_) => {}
                    None => explained = false,
                }
            }
            unexplained += usize::from(!explained);
        }
        if unexplained > 1 || reasons.is_empty() {
            return Verdict::Differs(deviating_launchers(groups));
        }
        Verdict::Explained(reasons)
    }

    /// Marks every row in which a language does not have the expected effect,
    /// and adds one for each expected key that no launcher shows.
    fn check_blessed(
        &mut self,
        observed: &[(Launcher, &Observed)],
        expected: &Expected,
    ) {
        let Some(block) = expected.block(&self.subject, self.scenario) else {
            self.rows.push(Row {
                key: "blessed".to_owned(),
                groups: Vec::new(),
                verdict: Verdict::Differs(
                    "there is no expected effect: make bless".to_owned(),
                ),
            });
            return;
        };
        for (launcher, it) in observed {
            let Some(blessed) = block.get(launcher) else { continue };
            let keys: BTreeSet<&Key> =
                it.effect.0.keys().chain(blessed.keys()).collect();
            for key in keys {
                let (now, then) = (it.effect.0.get(key), blessed.get(key));
                let varies = varies(
                    &self.subject,
                    self.scenario,
                    *launcher,
                    key,
                    now.map(String::as_str),
                );
                if now == then || varies {
                    continue;
                }
                let show = |value: Option<&String>| {
                    value.map_or("unchanged".to_owned(), Clone::clone)
                };
                let verdict = Verdict::Differs(format!(
                    "{launcher} shows {}, expected is {}",
                    show(now),
                    show(then)
                ));
                match self.rows.iter_mut().find(|row| row.key == *key) {
                    Some(row)
                        if !matches!(row.verdict, Verdict::Differs(_)) =>
                    {
                        row.verdict = verdict;
                    }
                    Some(_) => {}
                    None => self.rows.push(Row {
                        key: key.clone(),
                        groups: group([(*launcher, now.cloned())]),
                        verdict,
                    }),
                }
            }
        }
    }

    /// The rows whose verdict is neither `Same` nor `Explained`.
    pub fn differing(&self) -> impl Iterator<Item = (&Row, &str)> {
        self.rows.iter().filter_map(|row| match &row.verdict {
            Verdict::Differs(why) => Some((row, why.as_str())),
            _ => None,
        })
    }

    /// The known differences that this comparison needed.
    pub fn explanations(&self) -> Vec<&'static KnownDifference> {
        let mut all = Vec::new();
        for row in &self.rows {
            if let Verdict::Explained(reasons) = &row.verdict {
                for reason in reasons {
                    if !all.contains(reason) {
                        all.push(*reason);
                    }
                }
            }
        }
        all
    }
}

/// Names the launchers that are not in the largest group.
fn deviating_launchers(groups: &[Group]) -> String {
    let most = groups.iter().map(|it| it.launchers.len()).max().unwrap_or(0);
    let (many, few): (Vec<&Group>, Vec<&Group>) =
        groups.iter().partition(|it| it.launchers.len() == most);
    let names: Vec<_> =
        few.iter().flat_map(|it| &it.launchers).map(|it| it.name()).collect();
    if many.len() == 1 {
        format!("{} unlike the others, unexplained", names.join(" "))
    } else {
        "they differ, unexplained".to_owned()
    }
}

/// Groups the launchers by the value that they show, and keeps their order.
fn group(
    values: impl IntoIterator<Item = (Launcher, Option<String>)>,
) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (launcher, value) in values {
        match groups.iter_mut().find(|group| group.value == value) {
            Some(group) => group.launchers.push(launcher),
            None => groups.push(Group { value, launchers: vec![launcher] }),
        }
    }
    groups
}

/// A row for each launcher that does not make exactly the namespaces that the
/// step declares. Without this check all launchers could agree on a mistake. A
/// launcher that failed has no namespaces to check.
fn declared(step: &Step, observed: &[(Launcher, &Observed)]) -> Vec<Row> {
    let declared: BTreeSet<Namespace> =
        step.namespaces.iter().copied().collect();
    let words = |set: &mut dyn Iterator<Item = &Namespace>| {
        let names: Vec<_> = set.map(|it| it.proc_name()).collect();
        names.join(" ")
    };
    observed
        .iter()
        .filter(|(_, it)| it.payload.is_some())
        .filter_map(|(launcher, it)| {
            let made: BTreeSet<Namespace> = it.made.keys().copied().collect();
            let missing = words(&mut declared.difference(&made));
            let extra = words(&mut made.difference(&declared));
            let why = match (missing.as_str(), extra.as_str()) {
                ("", "") => return None,
                (_, "") => format!("{launcher} does not make {missing}"),
                ("", _) => format!("{launcher} also makes {extra}"),
                _ => format!("{launcher} makes {extra}, not {missing}"),
            };
            Some(Row {
                key: "namespaces".to_owned(),
                groups: group([(*launcher, Some(words(&mut made.iter())))]),
                verdict: Verdict::Differs(why),
            })
        })
        .collect()
}

/// A row for each namespace that belongs to two launchers. All payloads are
/// held at the same time, so each launcher must have made its own.
fn distinct(observed: &[(Launcher, &Observed)]) -> Vec<Row> {
    let mut owners: BTreeMap<&String, Launcher> = BTreeMap::new();
    let mut rows = Vec::new();
    for (launcher, it) in observed {
        for (namespace, inode) in &it.made {
            if let Some(owner) = owners.insert(inode, *launcher) {
                rows.push(Row {
                    key: format!("ns.{namespace}"),
                    groups: group([(*launcher, Some(inode.clone()))]),
                    verdict: Verdict::Differs(format!(
                        "{launcher} is in the same namespace as {owner}"
                    )),
                });
            }
        }
    }
    rows
}

/// A row for each value that the harness reads otherwise from outside than the
/// payload does.
fn two_sides(observed: &[(Launcher, &Observed)]) -> Vec<Row> {
    observed
        .iter()
        .flat_map(|(launcher, it)| {
            it.disagreements.iter().map(move |why| Row {
                key: "inside/outside".to_owned(),
                groups: group([(*launcher, None)]),
                verdict: Verdict::Differs(format!("{launcher}: {why}")),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Launcher::{C, Go, Rust};
    use harness::scenario::SCENARIOS;
    use harness::trial::exit;

    /// What a launcher did: keys and values, and the namespaces it made.
    fn outcome(
        changes: &[(&str, &str)],
        made: &[(Namespace, &str)],
    ) -> Outcome {
        let mut observed = Observed {
            payload: Some(probe::Observation::default()),
            ..Observed::default()
        };
        for (key, value) in changes {
            observed.effect.change(*key, value);
        }
        observed.made =
            made.iter().map(|(it, inode)| (*it, inode.to_string())).collect();
        Ok(Box::new(observed))
    }

    /// The keys that differ, with the reason.
    fn differing(
        subject: &Subject,
        outcomes: &[(Launcher, Outcome)],
        expected: Option<&Expected>,
    ) -> Vec<String> {
        let scenario = SCENARIOS[0];
        Comparison::of(subject.clone(), scenario, outcomes, expected)
            .differing()
            .map(|(row, why)| format!("{}: {why}", row.key))
            .collect()
    }

    fn uts(situation: Option<&str>) -> Subject {
        Subject { step: "uts", situation: situation.map(str::to_owned) }
    }

    const NAME: (&str, &str) = ("uts.hostname", "myhostname");

    #[test]
    fn a_launcher_that_agrees_does_not_differ() {
        let one = outcome(&[NAME], &[(Namespace::Uts, "uts:[1]")]);
        let other = outcome(&[NAME], &[(Namespace::Uts, "uts:[2]")]);
        let found = differing(&uts(None), &[(C, one), (Rust, other)], None);
        assert_eq!(found, Vec::<String>::new());
    }

    fn standing(outcomes: &[(Launcher, Outcome)]) -> Standing {
        let subject = uts(Some("exit_3"));
        Comparison::of(subject, SCENARIOS[0], outcomes, None).standing()
    }

    #[test]
    fn fewer_than_two_observations_are_no_agreement() {
        let seen = || outcome(&[NAME], &[]);
        let none = || Err(Refusal::Unavailable("not built".to_owned()));
        let broke = || Err(Refusal::Broken("it broke".to_owned()));
        for outcomes in [
            vec![],
            vec![(C, seen())],
            vec![(C, seen()), (Go, none()), (Rust, broke())],
            vec![(C, none()), (Go, none())],
        ] {
            assert_eq!(standing(&outcomes), Standing::NotCompared);
            let subject = uts(Some("exit_3"));
            let it = Comparison::of(subject, SCENARIOS[0], &outcomes, None);
            let same = |row: &Row| row.verdict == Verdict::Same;
            assert!(!it.rows.iter().any(same), "{:?}", it.rows);
        }
        let two = [(C, seen()), (Go, none()), (Rust, seen())];
        assert_eq!(standing(&two), Standing::Same);
        let other = outcome(&[("uts.hostname", "other")], &[]);
        assert_eq!(standing(&[(C, seen()), (Rust, other)]), Standing::Differs);
    }

    #[test]
    fn a_lost_status_agrees_with_nothing() {
        let lost = || outcome(&[NAME, ("exit", &exit(None))], &[]);
        let outcomes = [(C, lost()), (Go, lost()), (Rust, lost())];
        let subject = uts(None);
        let it = Comparison::of(subject, SCENARIOS[0], &outcomes, None);
        assert_eq!(it.broken.len(), 3);
        assert_eq!(it.standing(), Standing::NotCompared);
        // A payload that hangs is meant not to end.
        let hung = || outcome(&[NAME, ("exit", NEVER)], &[]);
        let outcomes = [(C, hung()), (Go, hung()), (Rust, hung())];
        let subject = uts(Some(HANG));
        let it = Comparison::of(subject, SCENARIOS[0], &outcomes, None);
        assert_eq!(it.standing(), Standing::Same);
    }

    #[test]
    fn what_every_trial_shows_hides_nothing_else() {
        let files = ("limits.nofile", "soft 1048576");
        let go = outcome(&[NAME, files], &[]);
        let seen = outcome(&[NAME], &[]);
        let all = |go| [(C, seen.clone()), (Go, go), (Rust, seen.clone())];
        assert_eq!(standing(&all(go)), Standing::SameButEverywhere);
        let more = outcome(&[NAME, files, ("exit", "2")], &[]);
        assert_eq!(standing(&all(more)), Standing::Explained);
        let worse = outcome(&[NAME, files, ("umask", "077")], &[]);
        assert_eq!(standing(&all(worse)), Standing::Differs);
    }

    #[test]
    fn an_unexplained_value_differs() {
        let one = outcome(&[NAME], &[]);
        let other = outcome(&[("uts.hostname", "other")], &[]);
        let subject = uts(Some("exit_3"));
        assert_eq!(
            differing(&subject, &[(C, one), (Rust, other)], None),
            ["uts.hostname: they differ, unexplained"]
        );
    }

    #[test]
    fn a_known_difference_explains_its_own_values_only() {
        let exit = |status| outcome(&[("exit", status)], &[]);
        let subject = uts(Some("exit_3"));
        let all = |c| [(C, exit(c)), (Go, exit("2")), (Rust, exit("3"))];
        assert_eq!(differing(&subject, &all("0"), None), [""; 0]);
        assert_eq!(
            differing(&subject, &all("9"), None),
            ["exit: they differ, unexplained"]
        );
    }

    #[test]
    fn all_of_them_cannot_agree_on_a_mistake() {
        let none = outcome(&[NAME], &[]);
        assert_eq!(
            differing(&uts(None), &[(C, none.clone()), (Rust, none)], None),
            [
                "namespaces: c does not make uts",
                "namespaces: rust does not make uts"
            ]
        );
    }

    #[test]
    fn one_namespace_has_one_maker() {
        let it = outcome(&[NAME], &[(Namespace::Uts, "uts:[1]")]);
        assert_eq!(
            differing(&uts(None), &[(C, it.clone()), (Rust, it)], None),
            ["ns.uts: rust is in the same namespace as c"]
        );
    }

    #[test]
    fn an_expected_effect_must_still_be_shown() {
        let mut expected = Expected::default();
        let blessed = BTreeMap::from([(NAME.0.to_owned(), NAME.1.to_owned())]);
        let subject = uts(Some("exit_3"));
        expected.bless(&subject, SCENARIOS[0], Rust, &blessed);
        let found = |changes| {
            let outcomes = [(Rust, outcome(changes, &[]))];
            differing(&subject, &outcomes, Some(&expected))
        };
        assert_eq!(found(&[NAME]), [""; 0]);
        assert_eq!(
            found(&[]),
            ["uts.hostname: rust shows unchanged, expected is myhostname"]
        );
        assert_eq!(
            found(&[NAME, ("umask", "077")]),
            ["umask: rust shows 077, expected is unchanged"]
        );
    }

    #[test]
    fn without_an_expected_effect_the_comparison_fails() {
        let it = outcome(&[NAME], &[]);
        let found = differing(
            &uts(Some("exit_3")),
            &[(C, it)],
            Some(&Expected::default()),
        );
        assert_eq!(found, ["blessed: there is no expected effect: make bless"]);
    }
}
