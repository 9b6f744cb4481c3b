//! The System V objects of the IPC namespace: message queues, shared memory
//! segments and semaphore sets, by their keys and modes.

use super::Property;
use crate::effect::{Effect, word_changes};
use crate::observation::{Observation, Unread};
use crate::proc::Proc;
use crate::sys::{Object, SystemV};

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

/// Reads all objects, sorted by their keys, as in `0x4e53:600`: the key as a
/// hexadecimal number, `0x0` if it was made with IPC_PRIVATE, the mode as an
/// octal one, and for a queue with messages how many it has.
fn observe(_: &Proc, observation: &mut Observation) {
    for (key, kind, call) in KINDS {
        observation.read(
            key,
            kind.objects()
                .map(|mut objects| {
                    objects.sort_unstable();
                    words(&objects)
                })
                .map_err(|errno| Unread::new(call, errno)),
        );
    }
}

fn words(objects: &[Object]) -> String {
    let word = |it: &Object| match it.messages {
        0 => format!("{:#x}:{:o}", it.key, it.mode),
        some => format!("{:#x}:{:o}:{some}", it.key, it.mode),
    };
    match objects {
        [] => "none".to_owned(),
        some => some.iter().map(word).collect::<Vec<_>>().join(" "),
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
