//! The properties: what is looked at, and how a change of it is named.
//!
//! To add one, write `property/<name>.rs` with a constant `PROPERTY` like its
//! neighbours', and a line in [`PROPERTIES`].

use crate::effect::Effect;
use crate::observation::Observation;
use crate::proc::Proc;

mod arguments;
mod calls;
pub(crate) mod can;
pub(crate) mod capabilities;
mod cgroup;
mod descriptors;
mod dev;
mod environment;
mod id_maps;
mod ids;
mod keyring;
mod lifecycle;
mod limits;
mod modes;
mod mounts;
mod mqueue;
mod namespaces;
mod network;
mod nftables;
mod processes;
mod root_cwd;
mod routes;
mod scheduling;
mod security;
pub(crate) mod signals;
mod sizes;
mod sysctls;
mod sysvipc;
mod time_offsets;
mod umask;
mod uts;

pub use mounts::{keys as mount_keys, lines as mount_lines};

/// One property of a process.
#[derive(Clone, Copy, Debug)]
pub struct Property {
    /// Its name, which is also the stem of its source file.
    pub name: &'static str,
    /// What stands before the first dot of its keys, in observations and in
    /// effects.  No other property has them.
    pub families: &'static [&'static str],
    /// What it is, for people, in a phrase.
    pub about: &'static str,
    /// Takes the readings. Never fails: what cannot be read is recorded as
    /// unread, and the next reading is taken.
    pub observe: fn(&Proc, &mut Observation),
    /// Names what changed between two observations.
    pub effect:
        fn(baseline: &Observation, seen: &Observation, effect: &mut Effect),
}

/// Every property, in the order in which they are read.
///
/// The descriptors come first, because every other one opens files, and a
/// file of the probe's own would be taken for one the launcher leaked.
pub const PROPERTIES: &[Property] = &[
    descriptors::PROPERTY,
    namespaces::PROPERTY,
    uts::PROPERTY,
    ids::PROPERTY,
    id_maps::PROPERTY,
    mounts::PROPERTY,
    root_cwd::PROPERTY,
    processes::PROPERTY,
    network::PROPERTY,
    sysvipc::PROPERTY,
    mqueue::PROPERTY,
    cgroup::PROPERTY,
    time_offsets::PROPERTY,
    capabilities::PROPERTY,
    security::PROPERTY,
    signals::PROPERTY,
    environment::PROPERTY,
    umask::PROPERTY,
    limits::PROPERTY,
    scheduling::PROPERTY,
    lifecycle::PROPERTY,
    modes::PROPERTY,
    dev::PROPERTY,
];

/// The properties that are read only if asked, after all others: what they try
/// takes time, and what they read depends on the kernel.
pub const DEEP: &[Property] = &[
    arguments::PROPERTY,
    sysctls::PROPERTY,
    sizes::PROPERTY,
    routes::PROPERTY,
    nftables::PROPERTY,
    keyring::PROPERTY,
    can::PROPERTY,
    calls::PROPERTY,
];

/// What changed from the baseline to what the payload saw.
///
/// Both must have been taken while the namespaces and superblocks of the
/// baseline were alive: the kernel gives the numbers of dead ones away at
/// once, and then two different things look the same.
pub fn effect(baseline: &Observation, seen: &Observation) -> Effect {
    let mut effect = Effect::default();
    for property in PROPERTIES.iter().chain(DEEP) {
        (property.effect)(baseline, seen, &mut effect);
    }
    effect
}

/// Observes the calling process: the properties named in `only`, or all of
/// [`PROPERTIES`] if it is empty.
///
/// It is meant for a process with one thread: what belongs to a thread is
/// read from the calling one, what `/proc/self` has from the first.
pub fn observe(proc: &Proc, only: &[&str]) -> Observation {
    let mut observation = Observation::default();
    let all = PROPERTIES.iter().filter(|_| only.is_empty());
    let named = PROPERTIES.iter().chain(DEEP);
    let named = named.filter(|property| only.contains(&property.name));
    for property in all.chain(named) {
        (property.observe)(proc, &mut observation);
    }
    observation
}

/// Observes the calling process, all properties: those of [`DEEP`], too.
pub fn observe_deep(proc: &Proc) -> Observation {
    let mut observation = observe(proc, &[]);
    for property in DEEP {
        (property.observe)(proc, &mut observation);
    }
    observation
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An observation of exactly these values.
    pub(super) fn observation(values: &[(&str, &str)]) -> Observation {
        let mut observation = Observation::default();
        for (key, value) in values {
            observation.read(*key, Ok(*value));
        }
        observation
    }

    /// The effect that one property sees, as text.
    pub(super) fn effect_of(
        property: &Property,
        baseline: &[(&str, &str)],
        seen: &[(&str, &str)],
    ) -> String {
        let mut effect = Effect::default();
        let (baseline, seen) = (observation(baseline), observation(seen));
        (property.effect)(&baseline, &seen, &mut effect);
        effect.to_string()
    }

    #[test]
    fn names_are_unique_and_descriptors_come_first() {
        let all = PROPERTIES.iter().chain(DEEP);
        let mut names: Vec<_> = all.map(|p| p.name).collect();
        assert_eq!(names.first(), Some(&"descriptors"));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), PROPERTIES.len() + DEEP.len());
    }

    #[test]
    fn each_key_is_of_a_family_of_its_property() {
        let proc = Proc::at("/proc");
        let mut families: Vec<&str> = Vec::new();
        for property in PROPERTIES.iter().chain(DEEP) {
            let seen = observe(&proc, &[property.name]);
            for key in seen.readings.keys() {
                let family = key.split('.').next().unwrap_or(key);
                assert!(property.families.contains(&family), "{key}");
            }
            families.extend(property.families.iter().copied());
        }
        let all = families.len();
        families.sort_unstable();
        families.dedup();
        assert_eq!(families.len(), all, "two properties have one family");
    }

    #[test]
    fn two_observations_of_one_process_have_no_effect() {
        let proc = Proc::at("/proc");
        let baseline = observe(&proc, &[]);
        let mut seen = observe(&proc, &[]);
        // The test harness opens and closes files in other threads.
        seen.readings.retain(|key, _| !key.starts_with("descriptors"));
        let mut effect = effect(&baseline, &seen);
        effect.0.retain(|key, _| !key.starts_with("descriptors"));
        assert_eq!(effect.to_string(), "");
    }

    #[test]
    fn only_the_named_properties_are_read() {
        let seen = observe(&Proc::at("/proc"), &["uts", "umask"]);
        assert!(seen.value("uts.hostname").is_some());
        assert!(
            seen.readings
                .keys()
                .all(|key| key.starts_with("uts.") || key == "umask")
        );
        assert!(seen.mounts.is_err());
    }

    #[test]
    fn without_proc_every_reading_says_why() {
        let seen = observe(&Proc::at("/nonexistent"), &[]);
        assert!(seen.value("uts.hostname").is_some());
        assert!(seen.value("signals.ignored").is_some());
        let cgroup = seen.readings.get("cgroup");
        assert_eq!(
            serde_json::to_string(&cgroup).expect("a reading as JSON"),
            "{\"unread\":{\"call\":\"open /nonexistent/self/cgroup\",\
             \"errno\":2}}"
        );
    }
}
