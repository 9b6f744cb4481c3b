//! The System V objects of the IPC namespace: message queues, shared memory
//! segments and semaphore sets, by their keys.

use super::Property;
use crate::effect::{Effect, word_changes};
use crate::observation::{Observation, Unread};
use crate::proc::Proc;
use crate::sys::SystemV;

pub(super) const PROPERTY: Property = Property {
    name: "sysvipc",
    families: &["sysvipc"],
    about: "System V message queues, shared memory and semaphores",
    observe,
    effect,
};

const KINDS: [(&str, SystemV, &str); 3] = [
    ("sysvipc.queues", SystemV::Queues, "msgctl"),
    ("sysvipc.segments", SystemV::Segments, "shmctl"),
    ("sysvipc.semaphores", SystemV::Semaphores, "semctl"),
];

/// Reads the keys of all objects, sorted, as hexadecimal numbers; an object
/// made with IPC_PRIVATE has the key `0x0`.
fn observe(_: &Proc, observation: &mut Observation) {
    for (key, kind, call) in KINDS {
        observation.read(
            key,
            kind.keys()
                .map(|mut keys| {
                    keys.sort_unstable();
                    words(&keys)
                })
                .map_err(|errno| Unread::new(call, errno)),
        );
    }
}

fn words(keys: &[u32]) -> String {
    match keys {
        [] => "none".to_owned(),
        keys => {
            let words: Vec<String> =
                keys.iter().map(|key| format!("{key:#x}")).collect();
            words.join(" ")
        }
    }
}

fn effect(baseline: &Observation, seen: &Observation, effect: &mut Effect) {
    for (key, _, _) in KINDS {
        effect.compare(key, baseline, seen, |before, after| {
            let before = before.unwrap_or("none");
            match (before, after) {
                (_, "none") => Some("none".to_owned()),
                ("none", after) => {
                    Some(word_changes([].into_iter(), after.split(' ')))
                }
                (before, after) => {
                    Some(word_changes(before.split(' '), after.split(' ')))
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::effect_of;
    use super::*;

    #[test]
    fn a_new_ipc_namespace_has_none() {
        let text = effect_of(
            &PROPERTY,
            &[("sysvipc.queues", "0x4e53"), ("sysvipc.segments", "none")],
            &[("sysvipc.queues", "none"), ("sysvipc.segments", "none")],
        );
        assert_eq!(text, "sysvipc.queues  none\n");
    }

    #[test]
    fn one_key_more_and_one_less() {
        let text = effect_of(
            &PROPERTY,
            &[("sysvipc.queues", "0x1 0x2")],
            &[("sysvipc.queues", "0x2 0x3")],
        );
        assert_eq!(text, "sysvipc.queues  -0x1 +0x3\n");
    }
}
