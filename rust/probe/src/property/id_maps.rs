//! The id maps of the user namespace: user_namespaces(7).

use super::Property;
use super::namespaces::is_new;
use crate::effect::Effect;
use crate::observation::Observation;
use crate::proc::Proc;

pub(super) const PROPERTY: Property = Property {
    name: "id_maps",
    families: &["id_maps"],
    about: "uid_map, gid_map and setgroups of the user namespace",
    observe,
    effect,
};

/// The map files, and the keys of the ids that a map is described relative to.
const MAPS: [(&str, &str, &str); 2] = [
    ("id_maps.uid", "self/uid_map", "ids.uid"),
    ("id_maps.gid", "self/gid_map", "ids.gid"),
];

/// Reads each map as its lines, `INSIDE OUTSIDE COUNT`, with commas between
/// them; a map that has not been written is `empty`.
fn observe(proc: &Proc, observation: &mut Observation) {
    for (key, file, _) in MAPS {
        let map = proc.read_text(file).map(|text| {
            let lines: Vec<String> = text
                .lines()
                .map(|line| {
                    line.split_whitespace().collect::<Vec<_>>().join(" ")
                })
                .collect();
            match lines.is_empty() {
                true => "empty".to_owned(),
                false => lines.join(", "),
            }
        });
        observation.read(key, map);
    }
    observation.read("id_maps.setgroups", proc.read_text("self/setgroups"));
}

fn effect(baseline: &Observation, seen: &Observation, effect: &mut Effect) {
    for (key, _, id) in MAPS {
        // `0 0 1` in a new namespace is not the same map as `0 0 1` in the
        // namespace above it, although the text is equal.
        if is_new(baseline, seen, "user") {
            let Some(map) = seen.value(key) else {
                effect.compare(key, baseline, seen, |_, _| None);
                continue;
            };
            effect.change(key, relative(map, baseline.value(id)));
        } else {
            effect.compare(key, baseline, seen, |_, map| {
                Some(relative(map, baseline.value(id)))
            });
        }
    }
    // A namespace inherits this setting from the one above. So only in a new,
    // mapped namespace it is known to have been chosen.
    let mapped = seen.value("id_maps.gid").is_some_and(|map| map != "empty");
    match seen.value("id_maps.setgroups") {
        Some(word) if mapped && is_new(baseline, seen, "user") => {
            effect.change("id_maps.setgroups", word);
        }
        _ => effect.compare_value("id_maps.setgroups", baseline, seen),
    }
}

/// The map with `caller` in place of the caller's own id outside, because its
/// number depends on the caller of the comparison: `0 = caller`.
fn relative(map: &str, caller: Option<&str>) -> String {
    // If the real and the effective id differ, there is no such number.
    let caller: Option<u64> = caller.and_then(|id| id.parse().ok());
    map.split(", ")
        .map(|line| {
            let mut numbers = line.split(' ').map(str::parse::<u64>);
            let (Some(Ok(inside)), Some(Ok(outside)), Some(Ok(count))) =
                (numbers.next(), numbers.next(), numbers.next())
            else {
                return line.to_owned();
            };
            if (inside, outside) == (0, 0) && count >= u64::from(u32::MAX) {
                return "every id is itself".to_owned();
            }
            match count {
                1 if Some(outside) == caller => format!("{inside} = caller"),
                1 => format!("{inside} = {outside}"),
                _ => format!(
                    "{inside}..{} = {outside}..{}",
                    last(inside, count),
                    last(outside, count)
                ),
            }
        })
        .collect::<Vec<_>>()
        .join(", ")
}

/// One line of a map.
pub(super) struct Range {
    inside: u32,
    outside: u32,
    count: u32,
}

impl Range {
    /// The id inside of an id outside, if this line maps it.
    pub(super) fn inside(&self, outside: u32) -> Option<u32> {
        let offset = outside.checked_sub(self.outside)?;
        (offset < self.count).then(|| self.inside.checked_add(offset))?
    }
}

/// The lines of a map in the form of a reading; `None` if it does not have that
/// form.
pub(super) fn ranges(map: &str) -> Option<Vec<Range>> {
    if map == "empty" {
        return Some(Vec::new());
    }
    map.split(", ")
        .map(|line| {
            let mut numbers = line.split(' ').map(|word| word.parse().ok());
            Some(Range {
                inside: numbers.next()??,
                outside: numbers.next()??,
                count: numbers.next()??,
            })
        })
        .collect()
}

fn last(first: u64, count: u64) -> u64 {
    first.saturating_add(count).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::super::tests::effect_of;
    use super::*;

    #[test]
    fn the_callers_id_has_no_number() {
        assert_eq!(relative("0 1000 1", Some("1000")), "0 = caller");
        assert_eq!(relative("0 0 1", Some("0")), "0 = caller");
        assert_eq!(relative("0 1000 1", Some("0")), "0 = 1000");
    }

    #[test]
    fn ranges_and_the_map_of_the_machine() {
        assert_eq!(
            relative("0 1000 1, 1 100000 65536", Some("1000")),
            "0 = caller, 1..65536 = 100000..165535"
        );
        assert_eq!(relative("0 0 4294967295", None), "every id is itself");
        assert_eq!(relative("empty", Some("0")), "empty");
    }

    #[test]
    fn the_same_text_in_a_new_user_namespace_is_a_change() {
        let before = [
            ("ns.user", "user:[1]"),
            ("id_maps.uid", "0 0 1"),
            ("ids.uid", "0"),
        ];
        let after = [("ns.user", "user:[2]"), ("id_maps.uid", "0 0 1")];
        assert_eq!(
            effect_of(&PROPERTY, &before, &after),
            "id_maps.uid  0 = caller\n"
        );
        assert_eq!(effect_of(&PROPERTY, &before, &before), "");
    }
}
