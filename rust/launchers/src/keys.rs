//! The keys that a payload or the harness can show: what each is about, and
//! whether a key that a user wrote is one.

use probe::{Observation, PROPERTIES, Proc, Property, observe};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The keys that the harness adds, by what stands before the first dot.
const OF_THE_HARNESS: &[(&str, &str)] = &[
    ("exit", "the exit status of the launcher, 128 + n for a signal"),
    ("host", "what the launcher changed around itself while the payload ran"),
    ("residue", "what was left when the launcher had ended"),
    ("root", "whether the root was set by chroot(2) alone"),
    ("said", "what the launcher wrote to standard error"),
];

/// Families of which any member can be there: a name, a path or a number
/// follows.
const OPEN: &[&str] = &[
    "cgroup",
    "descriptors",
    "env",
    "host",
    "mnt",
    "mqueue",
    "net",
    "ns",
    "residue",
];

/// What this process observes of itself with each property.
static OBSERVED: LazyLock<Vec<(&'static Property, Observation)>> =
    LazyLock::new(|| {
        let proc = Proc::at("/proc");
        let one = |it: &'static Property| (it, observe(&proc, &[it.name]));
        PROPERTIES.iter().map(one).collect()
    });

/// The property to which a key belongs, if it is of the payload.
pub fn property(key: &str) -> Option<&'static Property> {
    let head = head(key);
    let of_mounts = ["mnt", "mounts"].contains(&head);
    let found = OBSERVED.iter().find(|(property, observation)| {
        (of_mounts && property.name == "mounts")
            || observation.readings.keys().any(|it| self::head(it) == head)
    });
    found.map(|(property, _)| *property)
}

/// What a key is, in a phrase.
pub fn about(key: &str) -> Option<&'static str> {
    let own = OF_THE_HARNESS.iter().find(|(head, _)| *head == self::head(key));
    own.map(|(_, about)| *about).or_else(|| property(key).map(|it| it.about))
}

/// Why no launcher can show a key that fits this glob: its name is no key's.
pub fn why_unknown(glob: &str) -> Option<String> {
    let is_pattern = |it: &str| it.contains(['*', '?', '[', '{']);
    let head = head(glob);
    if is_pattern(head) {
        return None;
    }
    let known = all();
    if !known.contains_key(head) {
        return Some(no_key(glob, known.keys().copied(), head));
    }
    let open = OPEN.contains(&head) || is_pattern(glob);
    let there = OBSERVED.iter().flat_map(|(_, it)| it.readings.keys());
    let mut there = there.map(String::as_str).chain(known.keys().copied());
    if open || there.clone().any(|it| it == glob) {
        return None;
    }
    let family = there.by_ref().filter(|it| self::head(it) == head);
    Some(no_key(glob, family, glob))
}

/// Every family, and a key of it.
fn all() -> BTreeMap<&'static str, ()> {
    let of_the_payload = OBSERVED
        .iter()
        .flat_map(|(_, it)| it.readings.keys().map(|it| head(it)));
    let of_the_harness = OF_THE_HARNESS.iter().map(|(head, _)| *head);
    of_the_payload
        .chain(of_the_harness)
        .chain(["mnt"])
        .map(|it| (it, ()))
        .collect()
}

fn no_key<'a>(
    glob: &str,
    names: impl Iterator<Item = &'a str>,
    wrong: &str,
) -> String {
    let names: Vec<&str> = names.collect();
    format!("no key is called {glob}{}", hint(wrong, &names))
}

/// `: did you mean NAME?`, where a name is like the wrong one; else the names.
pub fn hint(wrong: &str, names: &[&str]) -> String {
    let close = names
        .iter()
        .map(|it| (strsim::jaro_winkler(wrong, it), *it))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match close {
        Some((_, close)) => format!(": did you mean {close}?"),
        None => format!(": there are {}", names.join(", ")),
    }
}

/// What stands before the first dot.
fn head(key: &str) -> &str {
    key.split('.').next().unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_leads_to_its_property() {
        for (key, name) in [
            ("ns.net", "namespaces"),
            ("mnt./proc", "mounts"),
            ("env.HOME", "environment"),
            ("security.no_new_privs", "security"),
        ] {
            assert_eq!(property(key).map(|it| it.name), Some(name), "{key}");
        }
        assert!(property("exit").is_none());
        assert!(about("exit").is_some_and(|it| it.contains("status")));
    }

    #[test]
    fn each_property_has_a_key_that_leads_to_it() {
        for (property, observation) in OBSERVED.iter() {
            for key in observation.readings.keys() {
                assert_eq!(
                    super::property(key).map(|it| it.name),
                    Some(property.name),
                    "{key}"
                );
                assert_eq!(why_unknown(key), None);
            }
        }
    }

    #[test]
    fn a_misspelt_key_is_proposed() {
        let why = why_unknown("capabilties.effective").expect("misspelt");
        assert!(why.contains("did you mean capabilities?"), "{why}");
        let why = why_unknown("security.no_new_priv").expect("misspelt");
        assert!(why.contains("did you mean security.no_new_privs?"), "{why}");
        for key in ["env.ANY", "mnt./x", "capabilities.*", "*", "residue.files"]
        {
            assert_eq!(why_unknown(key), None, "{key}");
        }
    }
}
