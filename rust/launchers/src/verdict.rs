//! What the differences of some launchers amount to: decided once, before
//! anything is printed.

use crate::consequence::{self, Consequence, Level};
use crate::matrix::{Column, Row, Standing, rows_of};
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
    /// What neither agrees nor differs: it was not the same twice under one
    /// launcher, or no launcher could read it.
    pub unknown: Vec<Row>,
    /// What all launchers that ran changed in the same way.
    pub alike: Vec<Row>,
    /// The launchers with the same values everywhere, by index, in the order
    /// of their first member; those that did not run are in none.
    pub clusters: Vec<Vec<usize>>,
    /// 0: no difference that is denied; 1: there is one; 2: a launcher did not
    /// run the probe, or isolates less here than elsewhere.
    pub status: u8,
}

/// Decides.
pub fn decide(columns: &[Column], policy: &Policy) -> Verdict {
    let ran: Vec<usize> =
        (0..columns.len()).filter(|it| columns[*it].ran()).collect();
    let mut verdict = Verdict {
        differences: Vec::new(),
        unknown: Vec::new(),
        alike: Vec::new(),
        clusters: Vec::new(),
        status: 0,
    };
    // What those show that did not run the probe is no difference of payloads.
    let observed: Vec<(usize, &Column)> =
        ran.iter().map(|it| (*it, &columns[*it])).collect();
    for row in rows_of(&observed) {
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
    let disagree = columns.iter().any(|it| !it.disagreements.is_empty());
    let degraded = columns.iter().any(|it| !it.degraded.is_empty());
    verdict.status = if ran.len() < columns.len() || degraded {
        TROUBLE
    } else if verdict.differences.iter().any(denied) || disagree {
        DIFFERENT
    } else {
        0
    };
    verdict
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
