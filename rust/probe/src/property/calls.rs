//! The system calls that seccomp profiles decide about: whether the kernel
//! checks their arguments, or a filter refuses the call.

use super::Property;
use crate::attempt::{CALLS, attempt};
use crate::effect::Effect;
use crate::observation::Observation;
use crate::proc::Proc;

pub(super) const PROPERTY: Property = Property {
    name: "calls",
    families: &["call"],
    about: "the answer to each system call that seccomp profiles decide",
    observe,
    effect,
};

/// Reads `call.NAME`: `allowed`, an errno, or `killed by SIGSYS`. Each call is
/// made in a child, with arguments that have no effect.
fn observe(_: &Proc, observation: &mut Observation) {
    for call in CALLS {
        let outcome = attempt(|| call.make().map(|_| Vec::new()));
        let words = outcome.map(|it| it.words("allowed"));
        observation.read(format!("call.{}", call.name), words);
    }
}

fn effect(baseline: &Observation, seen: &Observation, effect: &mut Effect) {
    for call in CALLS {
        let key = format!("call.{}", call.name);
        effect.compare_value(&key, baseline, seen);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::effect_of;
    use super::*;

    #[test]
    fn every_call_has_an_answer_and_none_is_late() {
        let mut seen = Observation::default();
        observe(&Proc::at("/proc"), &mut seen);
        for call in CALLS {
            let answer = seen.value(&format!("call.{}", call.name));
            let answer = answer.expect("an answer");
            assert_ne!(answer, "no answer in time", "{}", call.name);
        }
        assert_eq!(seen.value("call.unknown"), Some("ENOSYS"));
        assert_eq!(seen.value("call.unshare"), Some("allowed"));
    }

    #[test]
    fn a_refused_call_is_seen() {
        assert_eq!(
            effect_of(
                &PROPERTY,
                &[("call.keyctl", "EOPNOTSUPP"), ("call.unknown", "ENOSYS")],
                &[("call.keyctl", "EPERM"), ("call.unknown", "ENOSYS")],
            ),
            "call.keyctl  EPERM\n"
        );
    }
}
