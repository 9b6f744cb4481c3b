//! What decides how the process ends and which processes end with it: the
//! signal on its parent's death, whether it adopts orphans, its terminal,
//! running timers; and what it leaves in memory and in a core dump.

use super::Property;
use crate::effect::Effect;
use crate::observation::{Observation, Unread};
use crate::proc::Proc;
use crate::sys::{self, Attribute, Written};

pub(super) const PROPERTY: Property = Property {
    name: "lifecycle",
    families: &["lifecycle"],
    about: "pdeathsig, dumpable, subreaper, personality, terminal, timers, memory",
    observe,
    effect,
};

const KEYS: [&str; 11] = [
    "lifecycle.pdeathsig",
    "lifecycle.dumpable",
    "lifecycle.subreaper",
    "lifecycle.personality",
    "lifecycle.tty",
    "lifecycle.timers",
    "lifecycle.thp",
    "lifecycle.coredump",
    "lifecycle.mdwe",
    "lifecycle.ksm",
    "lifecycle.mce",
];

fn observe(proc: &Proc, observation: &mut Observation) {
    let [
        pdeathsig,
        dumpable,
        subreaper,
        personality,
        tty,
        timers,
        thp,
        coredump,
        mdwe,
        ksm,
        mce,
    ] = KEYS;
    observation.read(
        pdeathsig,
        sys::written(Written::Pdeathsig)
            .map(|signal| match signal {
                0 => "none".to_owned(),
                signal => nix::sys::signal::Signal::try_from(signal)
                    .map_or_else(|_| signal.to_string(), |s| s.to_string()),
            })
            .map_err(|errno| Unread::new("prctl PR_GET_PDEATHSIG", errno)),
    );
    observation.read(
        dumpable,
        answer(Attribute::Dumpable, "PR_GET_DUMPABLE", |it| match it {
            0 => "no",
            1 => "yes",
            _ => "by root",
        }),
    );
    observation.read(
        subreaper,
        sys::written(Written::ChildSubreaper)
            .map(|answer| if answer == 0 { "no" } else { "yes" })
            .map_err(|errno| {
                Unread::new("prctl PR_GET_CHILD_SUBREAPER", errno)
            }),
    );
    observation.read(
        personality,
        sys::personality()
            .map(|flags| format!("{flags:#x}"))
            .map_err(|errno| Unread::new("personality", errno)),
    );
    // Opening /dev/tty would show it too, but there may be no /dev.
    observation.read(
        tty,
        proc.read_text("self/stat").and_then(|stat| {
            terminal(&stat).map(str::to_owned).ok_or_else(|| {
                let path = proc.path().join("self/stat");
                Unread::senseless(format!("{}: malformed", path.display()))
            })
        }),
    );
    observation.read(timers, armed());
    observation.read(
        thp,
        answer(Attribute::ThpDisable, "PR_GET_THP_DISABLE", |it| match it {
            0 => "on",
            _ => "off",
        }),
    );
    observation.read(coredump, proc.read_text("self/coredump_filter"));
    observation.read(
        mdwe,
        answer(Attribute::Mdwe, "PR_GET_MDWE", |bits| match bits {
            0 => "allowed",
            1 => "denied",
            _ => "denied, not to children",
        }),
    );
    observation.read(
        ksm,
        answer(Attribute::MemoryMerge, "PR_GET_MEMORY_MERGE", |it| match it {
            0 => "off",
            _ => "on",
        }),
    );
    observation.read(
        mce,
        answer(Attribute::MceKill, "PR_MCE_KILL_GET", |it| match it {
            0 => "late",
            1 => "early",
            _ => "as the system",
        }),
    );
}

/// What prctl(2) answers to this option, in words.
fn answer(
    attribute: Attribute,
    option: &str,
    words: fn(i32) -> &'static str,
) -> Result<&'static str, Unread> {
    sys::attribute(attribute)
        .map(words)
        .map_err(|errno| Unread::new(format!("prctl {option}"), errno))
}

/// The running interval timers: execve(2) does not stop them.
fn armed() -> Result<String, Unread> {
    let mut names = Vec::new();
    for (name, timer) in [
        ("real", libc::ITIMER_REAL),
        ("virtual", libc::ITIMER_VIRTUAL),
        ("profiling", libc::ITIMER_PROF),
    ] {
        let is_armed = sys::is_armed(timer)
            .map_err(|errno| Unread::new(format!("getitimer {name}"), errno))?;
        names.extend(is_armed.then_some(name));
    }
    Ok(match names.is_empty() {
        true => "none".to_owned(),
        false => names.join(" "),
    })
}

/// The controlling terminal, from the line of /proc/PID/stat.
fn terminal(stat: &str) -> Option<&'static str> {
    // The name of the program, in parentheses, may contain parentheses too.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ').skip(2);
    let group: i32 = fields.next()?.parse().ok()?;
    let tty: i32 = fields.nth(1)?.parse().ok()?;
    let foreground: i32 = fields.next()?.parse().ok()?;
    Some(match tty {
        0 => "none",
        _ if foreground == group => "foreground",
        _ => "background",
    })
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
    fn the_terminal_is_in_the_line_of_stat() {
        let stat = |tty, foreground| {
            format!("9 (a) b) S 8 7 6 {tty} {foreground} 4194304 0 0")
        };
        assert_eq!(terminal(&stat(0, -1)), Some("none"));
        assert_eq!(terminal(&stat(34816, 7)), Some("foreground"));
        assert_eq!(terminal(&stat(34816, 5)), Some("background"));
        assert_eq!(terminal("9 (a"), None);
    }

    #[test]
    fn no_timer_runs_here() {
        assert_eq!(armed().as_deref(), Ok("none"));
    }

    #[test]
    fn an_armed_pdeathsig_is_seen() {
        let text = effect_of(
            &PROPERTY,
            &[("lifecycle.pdeathsig", "none")],
            &[("lifecycle.pdeathsig", "SIGKILL")],
        );
        assert_eq!(text, "lifecycle.pdeathsig  SIGKILL\n");
    }
}
