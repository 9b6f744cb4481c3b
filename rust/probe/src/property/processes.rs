//! The place of the process among others: its pid, its parent, group and
//! session, and how many processes `/proc` shows.

use nix::unistd::{Pid, getpgid, getpid, getppid, getsid};

use super::Property;
use super::namespaces::is_new;
use crate::effect::Effect;
use crate::observation::{Observation, Unread};
use crate::proc::Proc;

pub(super) const PROPERTY: Property = Property {
    name: "processes",
    families: &["processes"],
    about: "pid, parent, group, session, and what /proc shows of others",
    observe,
    effect,
};

/// Reads `processes.pid`, `.ppid`, `.pgid` and `.sid` as the numbers of the
/// process's own pid namespace, 0 if the other process is outside of it;
/// `.nspid`, its pid in each namespace from that of `/proc` down to its own;
/// `.proc`, which processes `/proc` shows; `.visible`, how many; and
/// `.last_pid`, the last pid that was given.
fn observe(proc: &Proc, observation: &mut Observation) {
    let number = |pid: Pid| pid.as_raw().to_string();
    observation.read("processes.pid", Ok(number(getpid())));
    observation.read("processes.ppid", Ok(number(getppid())));
    observation.read(
        "processes.pgid",
        getpgid(None)
            .map(number)
            .map_err(|errno| Unread::new("getpgid", errno)),
    );
    observation.read(
        "processes.sid",
        getsid(None).map(number).map_err(|errno| Unread::new("getsid", errno)),
    );

    let nspid = proc
        .status("NSpid")
        .map(|pids| pids.split_whitespace().collect::<Vec<_>>());
    observation.read(
        "processes.proc",
        nspid.as_ref().map_err(Clone::clone).map(|pids| match pids.len() {
            0 | 1 => OWN.to_owned(),
            n => format!("of the pid namespace {} above", n - 1),
        }),
    );
    observation.read("processes.nspid", nspid.map(|pids| pids.join(" ")));
    observation.read(
        "processes.visible",
        proc.names().map(|names| {
            names
                .iter()
                .filter(|name| name.iter().all(u8::is_ascii_digit))
                .count()
                .to_string()
        }),
    );
    observation
        .read("processes.last_pid", proc.read_text("sys/kernel/ns_last_pid"));
}

const OWN: &str = "of this pid namespace";

fn effect(baseline: &Observation, seen: &Observation, effect: &mut Effect) {
    let entered = is_new(baseline, seen, "pid");
    let number = |key: &str| seen.value(key).and_then(|n| n.parse().ok());

    // In a namespace that existed before, the pid says only how busy the
    // machine is; in a new one, how many processes were started before the
    // payload.
    if entered && let Some(pid) = number("processes.pid") {
        effect.change("processes.pid", few(pid));
    }
    // Both are usual: a launcher that forks is the parent of its payload, and
    // one that execs is not. It is not usual that the payload has no visible
    // parent, or is a child of a namespace's init.
    effect.compare("processes.ppid", baseline, seen, |before, after| {
        match after {
            "0" => Some("0"),
            "1" if entered => Some("1"),
            _ if entered || before == Some("0") => Some("other"),
            _ => None,
        }
        .map(str::to_owned)
    });
    // It is usual, too, that the payload of a launcher does not lead a group,
    // while the baseline, which is started by itself, does.
    for key in ["processes.pgid", "processes.sid"] {
        let leads =
            |of: &Observation| of.value(key) == of.value("processes.pid");
        effect.compare(key, baseline, seen, |before, after| {
            match after {
                "0" => Some("0"),
                _ if leads(seen) && !leads(baseline) => Some("self"),
                _ if before == Some("0") => Some("other"),
                // A group that neither the launcher nor the payload has made.
                _ if !entered && !leads(baseline) => Some("other"),
                _ => None,
            }
            .map(str::to_owned)
        });
    }

    effect.compare_value("processes.proc", baseline, seen);
    effect.compare("processes.visible", baseline, seen, |_, _| None);
    if entered
        && seen.value("processes.proc") == Some(OWN)
        && let Some(visible) = number("processes.visible")
    {
        effect.change("processes.visible", few(visible));
    }
}

/// The number, or `3 or more`: a larger one depends on how many threads a
/// runtime happened to start.
pub(super) fn few(number: u64) -> String {
    match number {
        0..=2 => number.to_string(),
        _ => "3 or more".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::effect_of;
    use super::*;

    const BEFORE: [(&str, &str); 7] = [
        ("ns.pid", "pid:[1]"),
        ("processes.pid", "900"),
        ("processes.ppid", "800"),
        ("processes.pgid", "700"),
        ("processes.sid", "600"),
        ("processes.proc", OWN),
        ("processes.visible", "120"),
    ];

    fn seen<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let kept = BEFORE
            .iter()
            .filter(|(key, _)| !changes.iter().any(|(other, _)| key == other));
        kept.chain(changes).copied().collect()
    }

    #[test]
    fn another_process_of_the_same_namespace_is_no_change() {
        let after = seen(&[
            ("processes.pid", "950"),
            ("processes.ppid", "949"),
            ("processes.visible", "123"),
        ]);
        assert_eq!(effect_of(&PROPERTY, &BEFORE, &after), "");
    }

    #[test]
    fn the_first_process_of_a_new_namespace() {
        let after = seen(&[
            ("ns.pid", "pid:[2]"),
            ("processes.pid", "1"),
            ("processes.ppid", "0"),
            ("processes.pgid", "0"),
            ("processes.sid", "0"),
            ("processes.visible", "1"),
        ]);
        assert_eq!(
            effect_of(&PROPERTY, &BEFORE, &after),
            "processes.pgid     0\n\
             processes.pid      1\n\
             processes.ppid     0\n\
             processes.sid      0\n\
             processes.visible  1\n"
        );
    }

    #[test]
    fn the_old_proc_shows_the_old_processes() {
        let after = seen(&[
            ("ns.pid", "pid:[2]"),
            ("processes.pid", "1"),
            ("processes.proc", "of the pid namespace 1 above"),
            ("processes.visible", "121"),
        ]);
        assert_eq!(
            effect_of(&PROPERTY, &BEFORE, &after),
            "processes.pid   1\n\
             processes.proc  of the pid namespace 1 above\n"
        );
    }

    #[test]
    fn a_child_of_the_namespaces_init() {
        let after = seen(&[
            ("ns.pid", "pid:[2]"),
            ("processes.pid", "6"),
            ("processes.ppid", "1"),
        ]);
        assert!(effect_of(&PROPERTY, &BEFORE, &after).starts_with(
            "processes.pid      3 or more\nprocesses.ppid     1\n"
        ));
    }

    #[test]
    fn a_session_of_its_own_is_a_change() {
        let after = seen(&[("processes.pid", "950"), ("processes.sid", "950")]);
        assert_eq!(
            effect_of(&PROPERTY, &BEFORE, &after),
            "processes.sid  self\n"
        );
    }
}
