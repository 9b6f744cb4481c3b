//! What uname(2) reports. Only the two names belong to the UTS namespace; the
//! other fields are read to show that they do not change.

use nix::sys::utsname::uname;

use super::Property;
use crate::effect::Effect;
use crate::observation::{Observation, Unread};
use crate::proc::Proc;
use crate::text::lossless;

pub(super) const PROPERTY: Property = Property {
    name: "uts",
    families: &["uts"],
    about: "host name, domain name, and the rest of uname(2)",
    observe,
    effect,
};

const KEYS: [&str; 6] = [
    "uts.hostname",
    "uts.domainname",
    "uts.sysname",
    "uts.release",
    "uts.version",
    "uts.machine",
];

fn observe(_: &Proc, observation: &mut Observation) {
    use std::os::unix::ffi::OsStrExt;
    match uname() {
        Ok(name) => {
            let fields = [
                name.nodename(),
                name.domainname(),
                name.sysname(),
                name.release(),
                name.version(),
                name.machine(),
            ];
            for (key, field) in KEYS.iter().zip(fields) {
                observation.read(*key, Ok(lossless(field.as_bytes())));
            }
        }
        Err(errno) => {
            for key in KEYS {
                let unread = Unread::new("uname", errno);
                observation.read(key, Err::<String, _>(unread));
            }
        }
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
    fn a_new_name_is_the_change() {
        let text = effect_of(
            &PROPERTY,
            &[("uts.hostname", "vm"), ("uts.domainname", "(none)")],
            &[("uts.hostname", "myhostname"), ("uts.domainname", "(none)")],
        );
        assert_eq!(text, "uts.hostname  myhostname\n");
    }
}
