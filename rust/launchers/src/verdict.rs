//! What the differences of some launchers amount to: decided once, before
//! anything is printed.

use crate::consequence::{self, Consequence, Level};
use crate::look::InState;
use crate::matrix::{Column, Row, Standing, row, rows_of};
use harness::error::{DIFFERENT, TROUBLE};

/// What is allowed.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Differences above this level fail.
    pub deny: Level,
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
}

/// What the differences amount to.
#[derive(Debug)]
pub struct Verdict {
    /// Every difference, those that matter most first.
    pub differences: Vec<Judged>,
    /// What neither agrees nor differs: it was not the same every time under
    /// one launcher, or no launcher could read it.
    pub unknown: Vec<Row>,
    /// What all launchers that ran changed in the same way.
    pub alike: Vec<Row>,
    /// The launchers with the same values everywhere, by index, in the order
    /// of their first member; those that did not run are in none.
    pub clusters: Vec<Vec<usize>>,
    /// 0: no difference that is denied; 1: there is one; 2: a launcher ran the
    /// probe in no state or isolates less here than elsewhere, or a state is
    /// unavailable.
    pub status: u8,
}

/// The key of whether a launcher runs the probe.
pub const RAN: &str = "ran";

/// Decides. A launcher that runs the probe in one state and not in another
/// differs there, under the key [`RAN`], from one that runs it in both.
pub fn decide(states: &[InState], policy: &Policy) -> Verdict {
    let columns = states.iter().map(|it| it.columns.len()).max().unwrap_or(0);
    let all = || states.iter().flat_map(|it| &it.columns);
    let ran: Vec<usize> = (0..columns)
        .filter(|index| {
            let of_it = states.iter().filter_map(|it| it.columns.get(*index));
            of_it.into_iter().any(Column::ran)
        })
        .collect();
    let mut verdict = Verdict {
        differences: Vec::new(),
        unknown: Vec::new(),
        alike: Vec::new(),
        clusters: Vec::new(),
        status: 0,
    };
    for row in rows_of_all(states, &ran) {
        match row.standing {
            Standing::Agrees => verdict.alike.push(row),
            Standing::Unknown => verdict.unknown.push(row),
            Standing::Differs => {
                let consequence = consequence::of(&row);
                let level = consequence.map_or(Level::Changes, |it| it.level);
                verdict.differences.push(Judged { row, level, consequence });
            }
        }
    }
    verdict.differences.sort_by_key(|it| std::cmp::Reverse(it.level));
    verdict.clusters = clusters(&verdict.differences, &ran);
    let denied = |it: &Judged| it.level >= policy.deny;
    let disagree = all().any(|it| !it.disagreements.is_empty());
    let degraded = all().any(|it| !it.degraded.is_empty());
    let unavailable = states.iter().any(|it| it.unavailable.is_some());
    let trouble = ran.len() < columns || degraded || unavailable;
    verdict.status = if trouble || columns == 0 {
        TROUBLE
    } else if verdict.differences.iter().any(denied) || disagree {
        DIFFERENT
    } else {
        0
    };
    verdict
}

/// One row for each key, and for each way in which the launchers show it in a
/// state, in the order of the keys.
fn rows_of_all(states: &[InState], ran: &[usize]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for InState { state, columns, .. } in states {
        let ran: Vec<(usize, &Column)> = ran
            .iter()
            .filter_map(|it| Some((*it, columns.get(*it)?)))
            .collect();
        // What those show that did not run the probe is no difference of
        // payloads.
        let observed: Vec<(usize, &Column)> =
            ran.iter().filter(|(_, it)| it.ran()).copied().collect();
        let mut found = rows_of(&observed);
        if observed.len() < ran.len() {
            let shown = ran.iter().map(|(at, it)| (*at, it.probe_ran.clone()));
            found.push(row(RAN, shown));
        }
        for row in found {
            let row = Row { states: vec![state.name], ..row };
            if !rows.iter_mut().any(|it| it.take_in(&row)) {
                rows.push(row);
            }
        }
    }
    // The sort keeps the order of the states.
    rows.sort_by(|one, other| one.key.cmp(&other.key));
    rows
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
    use crate::matrix::Value;
    use crate::state::STATES;
    use harness::trial::Observed;

    /// A launcher that changes these keys in a state.
    fn column(changes: &[(&str, &str)]) -> Column {
        let mut observed = Observed::default();
        for (key, change) in changes {
            observed.effect.change(*key, change);
        }
        Column::of("a launcher".to_owned(), vec![observed.clone(), observed])
    }

    fn silent() -> Column {
        Column::not_started("a launcher".to_owned(), "why".to_owned())
    }

    fn decided(states: Vec<Vec<Column>>) -> Verdict {
        let states: Vec<InState> = states
            .into_iter()
            .zip(STATES)
            .map(|(columns, state)| InState {
                state,
                unavailable: columns.is_empty().then(|| "why".to_owned()),
                columns,
            })
            .collect();
        decide(&states, &Policy { deny: Level::Cosmetic })
    }

    #[test]
    fn what_is_the_same_in_all_states_is_one_row() {
        let both = || vec![column(&[("ns.net", "new")]), column(&[])];
        let verdict = decided(vec![both(), both()]);
        let [it] = verdict.differences.as_slice() else {
            panic!("{:?}", verdict.differences)
        };
        assert_eq!(it.row.states, ["plain", "shared"]);
        assert_eq!((verdict.status, verdict.clusters.len()), (1, 2));
    }

    #[test]
    fn a_row_of_one_state_names_it() {
        let with = |it| vec![column(&[("umask", it)]), column(&[])];
        let agree = vec![column(&[]), column(&[])];
        let verdict = decided(vec![agree, with("027")]);
        assert_eq!(verdict.differences[0].row.states, ["shared"]);
        let verdict = decided(vec![with("022"), with("027")]);
        let states = verdict.differences.iter().map(|it| it.row.states.clone());
        assert_eq!(states.collect::<Vec<_>>(), [["plain"], ["shared"]]);
    }

    #[test]
    fn a_launcher_that_runs_in_one_state_only_differs_in_the_other() {
        let both = vec![column(&[]), column(&[])];
        let one = vec![column(&[]), silent()];
        let verdict = decided(vec![both, one]);
        let [it] = verdict.differences.as_slice() else {
            panic!("{:?}", verdict.differences)
        };
        let no = Value::Changed("no".to_owned());
        assert_eq!((it.row.key.as_str(), it.level), (RAN, Level::Breaks));
        assert_eq!(it.row.values[1], (no, vec![1]));
        assert_eq!(it.row.states, ["shared"]);
        assert_eq!(verdict.status, DIFFERENT);
    }

    #[test]
    fn a_launcher_that_did_not_run_does_not_divide_a_row() {
        let all =
            || vec![column(&[("ns.net", "new")]), column(&[]), column(&[])];
        let two = || vec![column(&[("ns.net", "new")]), column(&[]), silent()];
        for states in [vec![all(), two()], vec![two(), all()]] {
            let verdict = decided(states);
            let rows: Vec<_> = verdict
                .differences
                .iter()
                .filter(|it| it.row.key == "ns.net")
                .map(|it| (it.row.states.len(), it.row.values[1].1.len()))
                .collect();
            assert_eq!(rows, [(2, 2)]);
        }
    }

    #[test]
    fn what_was_not_looked_at_does_not_agree() {
        let never = || vec![column(&[]), silent()];
        let verdict = decided(vec![never(), never()]);
        assert_eq!((verdict.status, verdict.clusters), (2, vec![vec![0]]));
        let unavailable = vec![vec![column(&[]), column(&[])], Vec::new()];
        assert_eq!(decided(unavailable).status, TROUBLE);
        assert_eq!(decided(Vec::new()).status, TROUBLE);
    }
}
