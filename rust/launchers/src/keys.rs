//! The keys that a payload or the harness can show: what each is about, and
//! whether a key that a user wrote is one.

use crate::situation::{self, HEAD, Incident, SITUATIONS};
use probe::{DEEP, Observation, PROPERTIES, Proc, Property, observe};
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// The keys that the harness adds, by what stands before the first dot.
const OF_THE_HARNESS: &[(&str, &str)] = &[
    ("exit", "the exit status of the launcher, 128 + n for a signal"),
    ("host", "what the launcher changed around itself while the payload ran"),
    ("ran", "whether the launcher ran the payload in this state"),
    ("residue", "what was left when the launcher had ended"),
    ("root", "whether the root was set by chroot(2) alone"),
    ("said", "what the launcher wrote to standard error"),
    (
        HEAD,
        "what the launcher does when something happens to it or its payload",
    ),
];

/// Families of which any member can be there, besides those of the properties
/// that are read only if asked: a name, a path or a number follows.
const OPEN: &[&str] = &[
    "cgroup",
    "descriptors",
    "dev",
    "env",
    "host",
    "mnt",
    "mode",
    "mqueue",
    "net",
    "ns",
    "residue",
];

/// What this process observes of itself, but for what takes time to try.
static OBSERVED: LazyLock<Observation> =
    LazyLock::new(|| observe(&Proc::at("/proc"), &[]));

/// Every property of a payload.
fn properties() -> impl Iterator<Item = &'static Property> {
    PROPERTIES.iter().chain(DEEP)
}

/// The property to which a key belongs, if it is of the payload.
pub fn property(key: &str) -> Option<&'static Property> {
    properties().find(|it| it.families.contains(&head(key)))
}

/// What a key is, in a phrase.
pub fn about(key: &str) -> Option<&'static str> {
    if let Some(it) = situation::of_key(key) {
        return Some(it.about);
    }
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
    let families = families();
    if !families.contains(head) {
        return Some(no_key(glob, families.iter().copied(), head));
    }
    let deep = DEEP.iter().any(|it| it.families.contains(&head));
    let open = deep || OPEN.contains(&head) || is_pattern(glob);
    let situations: Vec<String> =
        SITUATIONS.iter().map(Incident::key).collect();
    let there = OBSERVED.readings.keys().chain(&situations);
    let there = there.map(String::as_str);
    let there: Vec<&str> = there.chain(families).collect();
    if open || there.contains(&glob) {
        return None;
    }
    let family = there.into_iter().filter(|it| self::head(it) == head);
    Some(no_key(glob, family, glob))
}

/// Every family.
fn families() -> BTreeSet<&'static str> {
    let of_the_payload = properties().flat_map(|it| it.families).copied();
    let of_the_harness = OF_THE_HARNESS.iter().map(|(head, _)| *head);
    of_the_payload.chain(of_the_harness).collect()
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
    fn what_a_payload_shows_is_known() {
        for key in OBSERVED.readings.keys() {
            assert_eq!(why_unknown(key), None);
        }
        for key in ["can.socket.raw", "call.keyctl", "landlock.layers"] {
            assert_eq!(why_unknown(key), None);
            assert!(about(key).is_some(), "{key}");
        }
    }

    #[test]
    fn each_record_is_about_a_key() {
        for record in crate::consequence::CONSEQUENCES {
            assert_eq!(why_unknown(record.key), None, "{}", record.name);
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
