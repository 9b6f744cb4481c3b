//! The settings of the kernel that each namespace has of its own, and in a new
//! pid namespace the last pid that was given.

use super::Property;
use super::namespaces::is_new;
use super::processes::few;
use crate::effect::Effect;
use crate::observation::Observation;
use crate::proc::Proc;

pub(super) const PROPERTY: Property = Property {
    name: "sysctls",
    families: &["sysctl"],
    about: "settings of the kernel that a namespace has of its own",
    observe,
    effect,
};

/// The settings by their path below /proc/sys.
const SETTINGS: [&str; 20] = [
    "fs/mqueue/msg_max",
    "fs/mqueue/msgsize_max",
    "fs/mqueue/queues_max",
    "kernel/msgmax",
    "kernel/msgmnb",
    "kernel/msgmni",
    "kernel/sem",
    "kernel/shm_rmid_forced",
    "kernel/shmall",
    "kernel/shmmax",
    "kernel/shmmni",
    "net/core/somaxconn",
    "net/ipv4/conf/all/forwarding",
    "net/ipv4/ip_forward",
    "net/ipv4/ip_local_port_range",
    "net/ipv4/ip_unprivileged_port_start",
    "net/ipv4/ping_group_range",
    "net/ipv6/conf/all/disable_ipv6",
    "net/ipv6/conf/all/forwarding",
    "user/max_user_namespaces",
];

fn key(setting: &str) -> String {
    format!("sysctl.{}", setting.replace('/', "."))
}

/// Reads `sysctl.NAME`, the numbers with one space between them.
fn observe(proc: &Proc, observation: &mut Observation) {
    for setting in SETTINGS {
        let text = proc.read_text(&format!("sys/{setting}"));
        let words = |text: String| {
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        observation.read(key(setting), text.map(words));
    }
}

fn effect(baseline: &Observation, seen: &Observation, effect: &mut Effect) {
    for setting in SETTINGS {
        effect.compare_value(&key(setting), baseline, seen);
    }
    // How many processes existed before the payload; some kernels do not report
    // it.
    let is_looked_at = seen.readings.contains_key(&key(SETTINGS[0]));
    let last = seen.value("processes.last_pid");
    if is_looked_at
        && is_new(baseline, seen, "pid")
        && let Some(last) = last.and_then(|it| it.parse().ok())
    {
        effect.change("processes.last_pid", few(last));
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::effect_of;
    use super::*;

    #[test]
    fn settings_are_read_where_they_are() {
        let mut seen = Observation::default();
        observe(&Proc::at("/proc"), &mut seen);
        let range = seen.value("sysctl.net.ipv4.ip_local_port_range");
        assert!(
            range.is_some_and(|it| it.split(' ').count() == 2),
            "{range:?}"
        );
    }

    #[test]
    fn another_setting_is_seen() {
        let name = "sysctl.net.ipv4.ping_group_range";
        assert_eq!(
            effect_of(&PROPERTY, &[(name, "1 0")], &[(name, "0 2147483647")]),
            format!("{name}  0 2147483647\n")
        );
    }

    #[test]
    fn processes_before_the_payload_are_counted_in_a_new_namespace() {
        let of = |namespace, last| {
            [
                ("ns.pid", namespace),
                ("processes.last_pid", last),
                ("sysctl.fs.mqueue.msg_max", "10"),
            ]
        };
        assert_eq!(
            effect_of(&PROPERTY, &of("pid:[1]", "900"), &of("pid:[2]", "1")),
            "processes.last_pid  1\n"
        );
        let same = of("pid:[1]", "950");
        assert_eq!(effect_of(&PROPERTY, &of("pid:[1]", "900"), &same), "");
    }
}
