//! How the kernel treats the process when processors or memory are short: nice
//! value, policy, processors, timer slack and the OOM killer.

use nix::sched::{CpuSet, sched_getaffinity};
use nix::unistd::Pid;

use super::Property;
use crate::effect::Effect;
use crate::observation::{Observation, Unread};
use crate::proc::Proc;
use crate::sys::{self, Attribute};

pub(super) const PROPERTY: Property = Property {
    name: "scheduling",
    about: "nice, policy, processors, timer slack, oom_score_adj",
    observe,
    effect,
};

const KEYS: [&str; 5] = [
    "scheduling.nice",
    "scheduling.policy",
    "scheduling.cpus",
    "scheduling.timer_slack",
    "scheduling.oom_score_adj",
];

fn observe(proc: &Proc, observation: &mut Observation) {
    let [nice, policy, cpus, timer_slack, oom_score_adj] = KEYS;
    observation.read(
        nice,
        sys::nice()
            .map(|nice| nice.to_string())
            .map_err(|errno| Unread::new("getpriority", errno)),
    );
    observation.read(
        policy,
        sys::scheduling_policy()
            .map(name)
            .map_err(|errno| Unread::new("sched_getscheduler", errno)),
    );
    observation.read(
        cpus,
        sched_getaffinity(Pid::from_raw(0))
            .map(|set| {
                let on = |cpu: &usize| set.is_set(*cpu).unwrap_or(false);
                ranges((0..CpuSet::count()).filter(on))
            })
            .map_err(|errno| Unread::new("sched_getaffinity", errno)),
    );
    observation.read(
        timer_slack,
        sys::attribute(Attribute::TimerSlack)
            .map(|nanoseconds| format!("{nanoseconds} ns"))
            .map_err(|errno| Unread::new("prctl PR_GET_TIMERSLACK", errno)),
    );
    observation.read(oom_score_adj, proc.read_text("self/oom_score_adj"));
}

fn name(policy: impl TryInto<i32>) -> String {
    let policy: i32 = policy.try_into().unwrap_or(-1);
    let name = match policy & !libc::SCHED_RESET_ON_FORK {
        libc::SCHED_OTHER => "other",
        libc::SCHED_FIFO => "fifo",
        libc::SCHED_RR => "rr",
        libc::SCHED_BATCH => "batch",
        libc::SCHED_IDLE => "idle",
        libc::SCHED_DEADLINE => "deadline",
        _ => return policy.to_string(),
    };
    match policy & libc::SCHED_RESET_ON_FORK {
        0 => name.to_owned(),
        _ => format!("{name}, reset on fork"),
    }
}

/// `0-3,8`, as cpuset(7) writes it.
fn ranges(cpus: impl Iterator<Item = usize>) -> String {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for cpu in cpus {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == cpu => *last = cpu,
            _ => ranges.push((cpu, cpu)),
        }
    }
    let words: Vec<String> = ranges
        .iter()
        .map(|(first, last)| match first == last {
            true => first.to_string(),
            false => format!("{first}-{last}"),
        })
        .collect();
    words.join(",")
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
    fn processors_are_ranges() {
        assert_eq!(ranges([0, 1, 2, 3, 8, 10, 11].into_iter()), "0-3,8,10-11");
        assert_eq!(ranges([].into_iter()), "");
    }

    #[test]
    fn policies_have_names() {
        assert_eq!(name(0), "other");
        assert_eq!(name(0x4000_0002), "rr, reset on fork");
        assert_eq!(name(99), "99");
    }

    #[test]
    fn a_nicer_payload_is_seen() {
        let text = effect_of(
            &PROPERTY,
            &[("scheduling.nice", "0")],
            &[("scheduling.nice", "10")],
        );
        assert_eq!(text, "scheduling.nice  10\n");
    }
}
