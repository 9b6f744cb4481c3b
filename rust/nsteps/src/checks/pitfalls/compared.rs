//! A known difference, seen again by as little of the comparison as shows it.

use crate::checks::pitfalls::pitfall::Evidence;
use compare::comparison::{Comparison, Row, Verdict};
use compare::expected::{Block, Expected};
use compare::known::{KnownDifference, Seen};
use compare::run::{self, Group, Selection};
use harness::found::{Found, Refusal};
use harness::host::Equipment;
use harness::scenario::{Identity, Mounts};

/// The launchers that deviate, by name.
pub fn deviating(known: &KnownDifference) -> Vec<&'static str> {
    let mut names: Vec<&str> = known
        .patterns
        .iter()
        .flat_map(|pattern| pattern.launchers)
        .map(|launcher| launcher.name())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Compares where it may show, one group after another, until it does.
pub fn check(
    known: &'static KnownDifference,
    equipment: &Equipment,
) -> Found<Evidence> {
    let mut reasons = Vec::new();
    for group in candidates(known) {
        let outcomes = group.run(equipment);
        let group = (group.subject.clone(), group.scenario, outcomes);
        let comparisons = run::compare(&vec![group], &equipment.layout)?;
        for comparison in comparisons {
            if let Some((_, why)) = comparison.broken.first() {
                return Err(Refusal::Broken(why.clone()));
            }
            let path = format!("{}.txt", comparison.subject.step);
            let path = equipment.layout.expected().join(path);
            let expected = Expected::read(&path)?;
            let block =
                expected.block(&comparison.subject, comparison.scenario);
            let evidence = evidence(known, &comparison, block);
            if !evidence.sights.is_empty() {
                return Ok(evidence);
            }
            let unavailable = comparison.unavailable.iter();
            reasons.extend(unavailable.map(|(_, reason)| reason.clone()));
        }
    }
    match (reasons.pop(), known.seen) {
        (Some(reason), _) => Err(Refusal::Unavailable(reason)),
        (None, Seen::Sometimes) => Err(Refusal::Unavailable(
            "not with what is installed here".to_owned(),
        )),
        (None, Seen::Always) => {
            let mut evidence = Evidence::new();
            evidence.see("all", "no launcher deviates", known.about);
            Ok(evidence)
        }
    }
}

/// The groups in which it may show.  Situations come first: most differences
/// are about how a launcher ends and what it prints.
fn candidates(known: &KnownDifference) -> Vec<Group> {
    let mut groups = run::groups(&Selection::everything());
    groups.retain(|group| {
        let subject = group.subject.to_string();
        group.scenario.mounts == Mounts::Private
            && group.scenario.identity == Identity::natural()
            && known.patterns.iter().any(|pattern| {
                pattern.may_show_on(&subject)
                    && pattern
                        .launchers
                        .iter()
                        .any(|it| group.launchers.contains(it))
            })
    });
    groups.sort_by_key(|group| group.subject.situation.is_none());
    groups
}

/// Every row that this explains, and every row that it should: which launcher
/// showed what, and what is blessed for it.  Where that depends on what is
/// installed, nothing is blessed, and the list of known differences says which
/// launchers deviate.
fn evidence(
    known: &KnownDifference,
    comparison: &Comparison,
    blessed: Option<&Block>,
) -> Evidence {
    let mut evidence = Evidence::new();
    let subject = comparison.subject.to_string();
    for row in comparison.rows.iter().filter(|row| {
        is_explained(row, known) || is_unexplained(row, known, &subject)
    }) {
        for group in &row.groups {
            let value = group.value.as_deref().unwrap_or("unchanged");
            let blessed = group.launchers.iter().find_map(|launcher| {
                let changes = blessed?.get(launcher)?;
                let value = changes.get(&row.key).map(String::as_str);
                Some(value.unwrap_or("unchanged"))
            });
            let names: Vec<&str> =
                group.launchers.iter().map(|it| it.name()).collect();
            let seen = format!("{subject}, {}: {value}", row.key);
            let as_described = is_explained(row, known)
                && (known.seen == Seen::Sometimes
                    || blessed.is_none_or(|it| same_words(it, value)));
            let described = blessed.unwrap_or(known.about);
            evidence.judge(names.join(" "), &seen, as_described, described);
        }
    }
    evidence
}

fn is_explained(row: &Row, known: &KnownDifference) -> bool {
    matches!(&row.verdict, Verdict::Explained(reasons)
        if reasons.iter().any(|it| it.slug == known.slug))
}

/// Whether a row that nothing explains is one that this could have.
fn is_unexplained(row: &Row, known: &KnownDifference, subject: &str) -> bool {
    matches!(row.verdict, Verdict::Differs(_))
        && known
            .patterns
            .iter()
            .any(|it| it.may_show_on(subject) && it.is_about(&row.key))
}

/// A blessed value has one space where the launcher had more.
fn same_words(blessed: &str, seen: &str) -> bool {
    blessed.split_whitespace().eq(seen.split_whitespace())
}
