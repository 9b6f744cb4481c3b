//! A known difference, seen again by as little of the comparison as shows it.

use super::Evidence;
use crate::checked::Found;
use crate::command::compare::{self, Group, Selection};
use crate::compare::{Comparison, Verdict};
use crate::equipment::Equipment;
use crate::known::{KnownDifference, Seen};
use crate::sandbox::{Identity, Mounts, Refusal};

/// Who deviates, by name.
pub fn deviating(known: &KnownDifference) -> Vec<&'static str> {
    let mut names: Vec<&str> = known
        .places
        .iter()
        .flat_map(|place| place.launchers)
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
        let comparisons = compare::compare(&vec![group], &equipment.layout)?;
        for comparison in comparisons {
            if let Some((_, why)) = comparison.broken.first() {
                return Err(Refusal::Broken(why.clone()));
            }
            if comparison.explanations().contains(&known) {
                return Ok(evidence(known, &comparison));
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
            evidence.see("all", "nobody deviates", known.about);
            Ok(evidence)
        }
    }
}

/// The groups in which it may show.  Situations come first: most differences
/// are about how a launcher ends and what it prints.
fn candidates(known: &KnownDifference) -> Vec<Group> {
    let mut groups = compare::groups(&Selection::everything());
    groups.retain(|group| {
        let subject = group.subject.to_string();
        group.scenario.mounts == Mounts::Private
            && group.scenario.identity == Identity::natural()
            && known.places.iter().any(|place| {
                place.may_show_on(&subject)
                    && place
                        .launchers
                        .iter()
                        .any(|it| group.launchers.contains(it))
            })
    });
    groups.sort_by_key(|group| group.subject.situation.is_none());
    groups
}

/// Every row that this explains: who showed what.
fn evidence(known: &KnownDifference, comparison: &Comparison) -> Evidence {
    let mut evidence = Evidence::new();
    for row in &comparison.rows {
        let Verdict::Explained(reasons) = &row.verdict else { continue };
        if !reasons.iter().any(|it| it.slug == known.slug) {
            continue;
        }
        for group in &row.groups {
            let names: Vec<&str> =
                group.launchers.iter().map(|it| it.name()).collect();
            let value = group.value.as_deref().unwrap_or("unchanged");
            let seen = format!("{}, {}: {value}", comparison.subject, row.key);
            evidence.see(names.join(" "), &seen, &seen);
        }
    }
    evidence
}
