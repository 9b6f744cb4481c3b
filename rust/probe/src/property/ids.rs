//! User and group ids, and the supplementary groups.

use nix::unistd::{getgroups, getresgid, getresuid};

use super::namespaces::is_new;
use super::{Property, id_maps};
use crate::effect::Effect;
use crate::observation::{Observation, Unread};
use crate::proc::Proc;

pub(super) const PROPERTY: Property = Property {
    name: "ids",
    families: &["ids"],
    about: "user and group ids, and the supplementary groups",
    observe,
    effect,
};

fn observe(_: &Proc, observation: &mut Observation) {
    observation.read(
        "ids.uid",
        getresuid()
            .map(|ids| three(ids.real, ids.effective, ids.saved))
            .map_err(|errno| Unread::new("getresuid", errno)),
    );
    observation.read(
        "ids.gid",
        getresgid()
            .map(|ids| three(ids.real, ids.effective, ids.saved))
            .map_err(|errno| Unread::new("getresgid", errno)),
    );
    observation.read(
        "ids.groups",
        getgroups()
            .map(|groups| {
                let mut ids: Vec<u32> =
                    groups.iter().map(|group| group.as_raw()).collect();
                ids.sort_unstable();
                words(&ids)
            })
            .map_err(|errno| Unread::new("getgroups", errno)),
    );
}

/// One id if real, effective and saved id are equal, as they usually are; else
/// all three.
fn three<Id: PartialEq + ToString>(
    real: Id,
    effective: Id,
    saved: Id,
) -> String {
    if real == effective && effective == saved {
        real.to_string()
    } else {
        format!(
            "real {} effective {} saved {}",
            real.to_string(),
            effective.to_string(),
            saved.to_string()
        )
    }
}

fn words(ids: &[u32]) -> String {
    match ids {
        [] => "none".to_owned(),
        ids => ids.iter().map(u32::to_string).collect::<Vec<_>>().join(" "),
    }
}

fn effect(baseline: &Observation, seen: &Observation, effect: &mut Effect) {
    effect.compare_value("ids.uid", baseline, seen);
    effect.compare_value("ids.gid", baseline, seen);
    // A user namespace changes no group, only the number that is shown for
    // each; and how many there are depends on the caller of the comparison.
    let shown = baseline
        .value("ids.groups")
        .and_then(|groups| through_the_map(groups, baseline, seen));
    match (shown, seen.value("ids.groups")) {
        (Some(shown), Some(after)) if shown == after => {}
        (Some(_), Some(after)) => effect.change("ids.groups", distinct(after)),
        _ => effect.compare_value("ids.groups", baseline, seen),
    }
}

/// The overflow id, which the kernel shows for a group that the user namespace
/// does not map.
const OVERFLOW: u32 = 65534;

/// How the groups of the baseline are shown in the user namespace of `seen`;
/// `None` if its map does not say that.
fn through_the_map(
    groups: &str,
    baseline: &Observation,
    seen: &Observation,
) -> Option<String> {
    if groups == "none" || !is_new(baseline, seen, "user") {
        return Some(groups.to_owned());
    }
    let map = id_maps::ranges(seen.value("id_maps.gid")?)?;
    let mut ids = groups
        .split(' ')
        .map(|group| {
            let outer: u32 = group.parse().ok()?;
            let inner = map.iter().find_map(|range| range.inside(outer));
            // A group that is shown as the overflow id already may be any
            // group.
            Some(match outer {
                OVERFLOW => OVERFLOW,
                _ => inner.unwrap_or(OVERFLOW),
            })
        })
        .collect::<Option<Vec<u32>>>()?;
    ids.sort_unstable();
    Some(words(&ids))
}

fn distinct(groups: &str) -> String {
    let mut words: Vec<&str> = groups.split(' ').collect();
    words.dedup();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::tests::effect_of;
    use super::*;

    #[test]
    fn three_equal_ids_are_one() {
        assert_eq!(three(7, 7, 7), "7");
        assert_eq!(three(1, 0, 0), "real 1 effective 0 saved 0");
        assert_eq!(words(&[]), "none");
        assert_eq!(words(&[4, 20]), "4 20");
    }

    /// The effect on a caller's groups, in a new user namespace.
    fn in_a_new_namespace(before: &str, map: &str, after: &str) -> String {
        effect_of(
            &PROPERTY,
            &[("ns.user", "user:[1]"), ("ids.groups", before)],
            &[
                ("ns.user", "user:[2]"),
                ("id_maps.gid", map),
                ("ids.groups", after),
            ],
        )
    }

    #[test]
    fn a_group_shown_by_another_number_is_the_same_group() {
        let none = "65534 65534 65534";
        for (before, map, after) in [
            ("none", "empty", "none"),
            ("0", "empty", "65534"),
            ("65534", "empty", "65534"),
            ("0 4 20", "empty", none),
            ("0 4 20", "0 0 1", "0 65534 65534"),
            ("4 1000", "0 1000 1", "0 65534"),
            ("4 1000", "0 1000 1, 1 1 999", "0 4"),
        ] {
            let text = in_a_new_namespace(before, map, after);
            assert_eq!(text, "", "{before} through {map}");
        }
    }

    #[test]
    fn groups_that_are_dropped_or_added_are_a_change() {
        for (before, map, after, change) in [
            ("0 4 20", "empty", "none", "none"),
            ("0 4 20", "empty", "65534", "65534"),
            ("none", "0 0 1", "0", "0"),
            ("0", "0 0 1", "65534", "65534"),
            ("0", "0 5 1", "0", "0"),
        ] {
            let text = in_a_new_namespace(before, map, after);
            assert_eq!(text, format!("ids.groups  {change}\n"));
        }
        let drop = effect_of(
            &PROPERTY,
            &[("ids.groups", "0 4 20")],
            &[("ids.groups", "0")],
        );
        assert_eq!(drop, "ids.groups  0\n");
    }
}
