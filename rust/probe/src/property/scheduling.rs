//! How the kernel treats the process when processors or memory are short: nice
//! value, policy, processors, timer slack, the OOM killer, the priority of input
//! and output and the memory policy.

use nix::sched::{CpuSet, sched_getaffinity};
use nix::unistd::Pid;

use super::Property;
use crate::effect::Effect;
use crate::observation::{Observation, Unread};
use crate::proc::Proc;
use crate::sys::{self, Attribute};

pub(super) const PROPERTY: Property = Property {
    name: "scheduling",
    families: &["scheduling"],
    about: "nice, policy, processors, timer slack, OOM, I/O, memory policy",
    observe,
    effect,
};

const KEYS: [&str; 7] = [
    "scheduling.nice",
    "scheduling.policy",
    "scheduling.cpus",
    "scheduling.timer_slack",
    "scheduling.oom_score_adj",
    "scheduling.io",
    "scheduling.memory",
];

fn observe(proc: &Proc, observation: &mut Observation) {
    let [nice, policy, cpus, timer_slack, oom_score_adj, io, memory] = KEYS;
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
    observation.read(
        io,
        sys::io_priority()
            .map(io_words)
            .map_err(|errno| Unread::new("ioprio_get", errno)),
    );
    observation.read(
        memory,
        sys::memory_policy()
            .map(|(mode, nodes)| memory_words(mode, &nodes))
            .map_err(|errno| Unread::new("get_mempolicy", errno)),
    );
}

/// The class and the level, as in `best effort 4`.
fn io_words(priority: impl TryInto<i32>) -> String {
    let priority: i32 = priority.try_into().unwrap_or(-1);
    let level = priority & 0x1fff;
    match priority >> 13 {
        0 => "none".to_owned(),
        1 => format!("realtime {level}"),
        2 => format!("best effort {level}"),
        3 => "idle".to_owned(),
        _ => priority.to_string(),
    }
}

/// The policy and its nodes, as in `bind 0-1`: set_mempolicy(2).
fn memory_words(mode: i32, nodes: &[u64]) -> String {
    const NAMES: [&str; 7] = [
        "default",
        "preferred",
        "bind",
        "interleave",
        "local",
        "preferred many",
        "weighted interleave",
    ];
    // The highest bits are flags.
    const MODE: i32 = 0x1fff;
    let name = usize::try_from(mode & MODE).ok().and_then(|it| NAMES.get(it));
    let name = name.map_or_else(|| mode.to_string(), ToString::to_string);
    let is_set = |node: &usize| nodes[node / 64] >> (node % 64) & 1 == 1;
    let nodes = ranges((0..nodes.len() * 64).filter(is_set));
    let flags = match mode & !MODE {
        0 => String::new(),
        flags => format!(" flags {flags:#x}"),
    };
    format!("{name} {nodes}{flags}").trim_end().to_owned()
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
    fn priorities_of_input_and_output_have_names() {
        assert_eq!(io_words(0), "none");
        assert_eq!(io_words(16390), "best effort 6");
        assert_eq!(io_words(3 << 13), "idle");
    }

    #[test]
    fn memory_policies_have_names() {
        assert_eq!(memory_words(0, &[0]), "default");
        assert_eq!(memory_words(2, &[0b1011]), "bind 0-1,3");
        assert_eq!(memory_words(0x8003, &[1]), "interleave 0 flags 0x8000");
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
