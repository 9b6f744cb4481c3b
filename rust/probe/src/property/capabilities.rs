//! The five capability sets of capabilities(7).

use nix::errno::Errno;

use super::Property;
use crate::effect::Effect;
use crate::observation::{Observation, Unread};
use crate::proc::Proc;
use crate::sys::{self, Attribute};

pub(super) const PROPERTY: Property = Property {
    name: "capabilities",
    families: &["capabilities"],
    about: "the five capability sets",
    observe,
    effect,
};

const EFFECTIVE: &str = "capabilities.effective";
const PERMITTED: &str = "capabilities.permitted";
const INHERITABLE: &str = "capabilities.inheritable";
const BOUNDING: &str = "capabilities.bounding";
const AMBIENT: &str = "capabilities.ambient";

/// The names in the order of their numbers, without the prefix `CAP_`.
const NAMES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

/// Reads each set as `all` of the kernel's capabilities, `none`, the names of
/// those in it, or `all but` the names of the others, whichever list is
/// shorter.
///
/// The last capability is found by asking the kernel until it does not know the
/// next, so /proc/sys/kernel/cap_last_cap is not needed.
fn observe(_: &Proc, observation: &mut Observation) {
    let (bounding, last) = match collect(Attribute::Bounding) {
        Ok((set, last)) => (Ok(set), last),
        Err(errno) => (Err(Unread::new("prctl PR_CAPBSET_READ", errno)), 64),
    };
    let all = 1u64.checked_shl(last).unwrap_or(0).wrapping_sub(1);
    let text = |set: u64| text(set, all);
    observation.read(BOUNDING, bounding.map(text));
    observation.read(
        AMBIENT,
        collect(Attribute::Ambient)
            .map(|(set, _)| text(set))
            .map_err(|errno| Unread::new("prctl PR_CAP_AMBIENT", errno)),
    );
    match sys::capabilities() {
        Ok([effective, permitted, inheritable]) => {
            observation.read(EFFECTIVE, Ok(text(effective & all)));
            observation.read(PERMITTED, Ok(text(permitted & all)));
            observation.read(INHERITABLE, Ok(text(inheritable & all)));
        }
        Err(errno) => {
            for key in [EFFECTIVE, PERMITTED, INHERITABLE] {
                let unread = Unread::new("capget", errno);
                observation.read(key, Err::<String, _>(unread));
            }
        }
    }
}

/// The capabilities that are set, and the number of those that the kernel
/// knows.
fn collect(of: fn(u32) -> Attribute) -> nix::Result<(u64, u32)> {
    let mut set = 0;
    for capability in 0..64 {
        match sys::attribute(of(capability)) {
            Ok(answer) => set |= u64::from(answer == 1) << capability,
            Err(Errno::EINVAL) if capability > 0 => {
                return Ok((set, capability));
            }
            Err(errno) => return Err(errno),
        }
    }
    Ok((set, 64))
}

/// A set of capabilities in the words of a reading; `all` are those that the
/// kernel knows.
pub fn text(set: u64, all: u64) -> String {
    let missing = all & !set;
    match (set, missing) {
        (0, _) => "none".to_owned(),
        (_, 0) => "all".to_owned(),
        _ if missing.count_ones() < set.count_ones() => {
            format!("all but {}", names(missing))
        }
        _ => names(set),
    }
}

fn names(set: u64) -> String {
    let names: Vec<String> = (0..64)
        .filter(|capability| set & (1 << capability) != 0)
        .map(|capability| match NAMES.get(capability) {
            Some(name) => (*name).to_owned(),
            None => capability.to_string(),
        })
        .collect();
    names.join(" ")
}

fn effect(baseline: &Observation, seen: &Observation, effect: &mut Effect) {
    // Root of a machine may lack capabilities that root of a new user namespace
    // has. So only those that the machine allows are compared.
    let allowed = baseline.value(BOUNDING).and_then(parse);
    for key in [EFFECTIVE, PERMITTED, INHERITABLE, BOUNDING, AMBIENT] {
        effect.compare(key, baseline, seen, |before, after| {
            let canonical = |value: &str| match (parse(value), allowed) {
                (Some(set), Some(allowed)) if allowed != 0 => {
                    text(set & allowed, allowed)
                }
                _ => value.to_owned(),
            };
            let (before, after) = (before.map(canonical), canonical(after));
            (before.as_deref() != Some(&after)).then_some(after)
        });
    }
}

/// The set that [`text`] wrote; `all` stands for every capability that this
/// version names.
fn parse(text: &str) -> Option<u64> {
    const ALL: u64 = (1 << NAMES.len()) - 1;
    let parse_names = |names: &str| {
        names.split(' ').try_fold(0, |set, name| {
            let number = NAMES.iter().position(|known| *known == name)?;
            Some(set | (1u64 << number))
        })
    };
    match text {
        "all" => Some(ALL),
        "none" => Some(0),
        _ => match text.strip_prefix("all but ") {
            Some(missing) => Some(ALL & !parse_names(missing)?),
            None => parse_names(text),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::effect_of;
    use super::*;

    const ALL: u64 = (1 << 41) - 1;

    #[test]
    fn the_shorter_list_is_written() {
        assert_eq!(text(ALL, ALL), "all");
        assert_eq!(text(0, ALL), "none");
        assert_eq!(text(ALL & !(1 << 24), ALL), "all but SYS_RESOURCE");
        assert_eq!(text(1 << 21 | 1, ALL), "CHOWN SYS_ADMIN");
        // A kernel that knows more than this version.
        assert_eq!(text(1 << 41, (1 << 42) - 1), "41");
    }

    #[test]
    fn what_is_written_can_be_read() {
        for set in [0, 1, ALL, ALL & !1, 1 << 21 | 1 << 40] {
            assert_eq!(parse(&text(set, ALL)), Some(set));
        }
        assert_eq!(parse("41"), None);
    }

    #[test]
    fn more_than_the_machine_allows_is_no_change() {
        let before = [
            (BOUNDING, "all but SYS_RESOURCE"),
            (EFFECTIVE, "all but SYS_RESOURCE"),
        ];
        let after = [(BOUNDING, "all"), (EFFECTIVE, "all")];
        assert_eq!(effect_of(&PROPERTY, &before, &after), "");
    }

    #[test]
    fn what_was_dropped_is_named() {
        let before = [
            (BOUNDING, "all but SYS_RESOURCE"),
            (EFFECTIVE, "all but SYS_RESOURCE"),
            (AMBIENT, "none"),
        ];
        let after = [
            (BOUNDING, "all but SYS_ADMIN SYS_RESOURCE"),
            (EFFECTIVE, "none"),
            (AMBIENT, "none"),
        ];
        assert_eq!(
            effect_of(&PROPERTY, &before, &after),
            "capabilities.bounding   all but SYS_ADMIN\n\
             capabilities.effective  none\n"
        );
    }
}
