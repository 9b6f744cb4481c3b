//! The resource limits, soft and hard: getrlimit(2).

use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit, rlim_t};

use super::Property;
use crate::effect::Effect;
use crate::observation::{Observation, Unread};
use crate::proc::Proc;

pub(super) const PROPERTY: Property = Property {
    name: "limits",
    families: &["limits"],
    about: "resource limits, soft and hard",
    observe,
    effect,
};

const LIMITS: [(&str, Resource); 16] = [
    ("limits.as", Resource::RLIMIT_AS),
    ("limits.core", Resource::RLIMIT_CORE),
    ("limits.cpu", Resource::RLIMIT_CPU),
    ("limits.data", Resource::RLIMIT_DATA),
    ("limits.fsize", Resource::RLIMIT_FSIZE),
    ("limits.locks", Resource::RLIMIT_LOCKS),
    ("limits.memlock", Resource::RLIMIT_MEMLOCK),
    ("limits.msgqueue", Resource::RLIMIT_MSGQUEUE),
    ("limits.nice", Resource::RLIMIT_NICE),
    ("limits.nofile", Resource::RLIMIT_NOFILE),
    ("limits.nproc", Resource::RLIMIT_NPROC),
    ("limits.rss", Resource::RLIMIT_RSS),
    ("limits.rtprio", Resource::RLIMIT_RTPRIO),
    ("limits.rttime", Resource::RLIMIT_RTTIME),
    ("limits.sigpending", Resource::RLIMIT_SIGPENDING),
    ("limits.stack", Resource::RLIMIT_STACK),
];

/// Reads each limit as `SOFT of HARD`, or as `unlimited`.
fn observe(_: &Proc, observation: &mut Observation) {
    for (key, resource) in LIMITS {
        observation.read(
            key,
            getrlimit(resource)
                .map(|(soft, hard)| words(soft, hard))
                .map_err(|errno| Unread::new("getrlimit", errno)),
        );
    }
}

fn words(soft: rlim_t, hard: rlim_t) -> String {
    let word = |limit| match limit {
        RLIM_INFINITY => "unlimited".to_owned(),
        limit => limit.to_string(),
    };
    match (soft, hard) {
        (RLIM_INFINITY, RLIM_INFINITY) => word(soft),
        _ => format!("{} of {}", word(soft), word(hard)),
    }
}

fn effect(baseline: &Observation, seen: &Observation, effect: &mut Effect) {
    for (key, _) in LIMITS {
        effect.compare(key, baseline, seen, |before, after| {
            Some(change(before.unwrap_or(""), after))
        });
    }
}

/// A raised soft limit relative to the hard one, which depends on the machine;
/// every other change as it is.
fn change(before: &str, after: &str) -> String {
    let halves = |limit: &str| {
        let (soft, hard) = limit.split_once(" of ")?;
        Some((soft.to_owned(), hard.to_owned()))
    };
    let (Some((_, hard_before)), Some((soft, hard))) =
        (halves(before), halves(after))
    else {
        return after.to_owned();
    };
    if hard != hard_before {
        return after.to_owned();
    }
    let less = |limit: &str| -> Option<u64> {
        hard.parse::<u64>().ok()?.checked_sub(limit.parse().ok()?)
    };
    match less(&soft) {
        _ if soft == hard => "soft raised to hard".to_owned(),
        // Go leaves one, so that it notices when another program changes the
        // limit.
        Some(1) => "soft raised to hard - 1".to_owned(),
        _ => format!("soft {soft}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::effect_of;
    use super::*;

    #[test]
    fn soft_and_hard() {
        assert_eq!(words(1024, 20000), "1024 of 20000");
        assert_eq!(words(0, RLIM_INFINITY), "0 of unlimited");
        assert_eq!(words(RLIM_INFINITY, RLIM_INFINITY), "unlimited");
    }

    #[test]
    fn a_soft_limit_raised_to_the_hard_one_is_reported_as_that() {
        let effect = |after| {
            effect_of(
                &PROPERTY,
                &[("limits.nofile", "1024 of 20000")],
                &[("limits.nofile", after)],
            )
        };
        assert_eq!(
            effect("20000 of 20000"),
            "limits.nofile  soft raised to hard\n"
        );
        assert_eq!(
            effect("19999 of 20000"),
            "limits.nofile  soft raised to hard - 1\n"
        );
        assert_eq!(effect("512 of 20000"), "limits.nofile  soft 512\n");
        assert_eq!(effect("512 of 512"), "limits.nofile  512 of 512\n");
    }
}
