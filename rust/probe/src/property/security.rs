//! The restrictions of the process besides its capabilities: no_new_privs,
//! seccomp and the securebits.

use nix::errno::Errno;

use super::Property;
use crate::effect::Effect;
use crate::observation::{Observation, Unread};
use crate::proc::Proc;
use crate::sys::{self, Attribute};

pub(super) const PROPERTY: Property = Property {
    name: "security",
    families: &["security"],
    about: "no_new_privs, seccomp mode and filters, securebits",
    observe,
    effect,
};

const KEYS: [&str; 4] = [
    "security.no_new_privs",
    "security.seccomp",
    "security.seccomp_filters",
    "security.securebits",
];

/// The bits of linux/securebits.h, from the lowest.
const SECUREBITS: [&str; 8] = [
    "noroot",
    "noroot_locked",
    "no_setuid_fixup",
    "no_setuid_fixup_locked",
    "keep_caps",
    "keep_caps_locked",
    "no_cap_ambient_raise",
    "no_cap_ambient_raise_locked",
];

fn observe(proc: &Proc, observation: &mut Observation) {
    let [no_new_privs, seccomp, filters, securebits] = KEYS;
    observation.read(
        no_new_privs,
        asked("PR_GET_NO_NEW_PRIVS", Attribute::NoNewPrivs)
            .map(|answer| if answer == 1 { "yes" } else { "no" }),
    );
    observation.read(
        seccomp,
        match asked("PR_GET_SECCOMP", Attribute::Seccomp) {
            // The kernel has no seccomp, so no filter restricts the process.
            Err(Unread { errno, .. }) if errno == Errno::EINVAL as i32 => {
                Ok("none")
            }
            Ok(0) => Ok("none"),
            Ok(1) => Ok("strict"),
            Ok(_) => Ok("filter"),
            Err(unread) => Err(unread),
        },
    );
    // No system call returns the number of filters.
    observation.read(filters, proc.status("Seccomp_filters"));
    observation.read(
        securebits,
        asked("PR_GET_SECUREBITS", Attribute::Securebits).map(words),
    );
}

fn asked(name: &str, attribute: Attribute) -> Result<i32, Unread> {
    sys::attribute(attribute)
        .map_err(|errno| Unread::new(format!("prctl {name}"), errno))
}

fn words(bits: i32) -> String {
    let words: Vec<&str> = SECUREBITS
        .iter()
        .enumerate()
        .filter(|(bit, _)| bits & (1 << bit) != 0)
        .map(|(_, word)| *word)
        .collect();
    match words.is_empty() {
        true => "none".to_owned(),
        false => words.join(" "),
    }
}

fn effect(baseline: &Observation, seen: &Observation, effect: &mut Effect) {
    for key in KEYS {
        effect.compare_value(key, baseline, seen);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::effect_of;
    use super::*;

    #[test]
    fn the_bits_have_names() {
        assert_eq!(words(0), "none");
        assert_eq!(words(0b1_0001), "noroot keep_caps");
    }

    #[test]
    fn a_sandbox_is_seen() {
        let text = effect_of(
            &PROPERTY,
            &[("security.no_new_privs", "no"), ("security.seccomp", "none")],
            &[("security.no_new_privs", "yes"), ("security.seccomp", "none")],
        );
        assert_eq!(text, "security.no_new_privs  yes\n");
    }
}
