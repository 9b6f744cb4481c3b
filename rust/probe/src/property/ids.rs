//! User and group ids, and the supplementary groups.

use nix::unistd::{getgroups, getresgid, getresuid};

use super::Property;
use crate::effect::Effect;
use crate::observation::{Observation, Unread};
use crate::proc::Proc;

pub(super) const PROPERTY: Property = Property {
    name: "ids",
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

/// One id where real, effective and saved are the same, as they should be.
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
    // In a user namespace that maps none of them, all groups are the overflow
    // group; how often it is listed depends on who runs the comparison.
    effect.compare("ids.groups", baseline, seen, |before, after| {
        let (before, after) = (before.map(distinct), distinct(after));
        (before.as_deref() != Some(&after)).then_some(after)
    });
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

    #[test]
    fn without_a_map_everyone_is_nobody() {
        let text = effect_of(
            &PROPERTY,
            &[("ids.uid", "0"), ("ids.groups", "0 4 20")],
            &[("ids.uid", "65534"), ("ids.groups", "65534 65534 65534")],
        );
        assert_eq!(text, "ids.groups  65534\nids.uid     65534\n");
    }
}
