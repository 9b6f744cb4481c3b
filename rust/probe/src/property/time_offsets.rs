//! The clock offsets of the time namespace: time_namespaces(7).

use super::Property;
use crate::effect::Effect;
use crate::observation::{Observation, Unread};
use crate::proc::Proc;

pub(super) const PROPERTY: Property = Property {
    name: "time_offsets",
    families: &["time_offsets"],
    about: "the offsets of the monotonic and the boot-time clock",
    observe,
    effect,
};

/// The clocks, by name and by the number that kernels before 5.7 wrote.
const CLOCKS: [(&str, &str, &str); 2] = [
    ("time_offsets.monotonic", "monotonic", "1"),
    ("time_offsets.boottime", "boottime", "7"),
];

/// Reads each offset as `SECONDS.NANOSECONDS s`. They are those of the
/// namespace in which this process's *children* will be; if that is not the
/// namespace of the process itself, `ns.time_for_children` shows it.
fn observe(proc: &Proc, observation: &mut Observation) {
    const FILE: &str = "self/timens_offsets";
    let text = proc.read_text(FILE);
    for (key, name, number) in CLOCKS {
        let offset = text.as_ref().map_err(Clone::clone).and_then(|text| {
            text.lines().find_map(|line| offset(line, name, number)).ok_or_else(
                || {
                    let path = proc.path().join(FILE);
                    Unread::senseless(format!("{}: no {name}", path.display()))
                },
            )
        });
        observation.read(key, offset);
    }
}

fn offset(line: &str, name: &str, number: &str) -> Option<String> {
    let mut words = line.split_whitespace();
    let clock = words.next()?;
    let (seconds, nanoseconds) = (words.next()?, words.next()?);
    let nanoseconds: u32 = nanoseconds.parse().ok()?;
    (clock == name || clock == number).then(|| match nanoseconds {
        0 => format!("{seconds} s"),
        _ => format!("{seconds}.{nanoseconds:09} s"),
    })
}

fn effect(baseline: &Observation, seen: &Observation, effect: &mut Effect) {
    for (key, _, _) in CLOCKS {
        effect.compare_value(key, baseline, seen);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::effect_of;
    use super::*;

    #[test]
    fn a_line_of_the_file() {
        let read = |line| offset(line, "monotonic", "1");
        assert_eq!(
            read("monotonic  864000         0").as_deref(),
            Some("864000 s")
        );
        assert_eq!(read("1 -5 20").as_deref(), Some("-5.000000020 s"));
        assert_eq!(read("boottime   864000         0"), None);
        assert_eq!(read("monotonic"), None);
    }

    #[test]
    fn an_offset_is_the_change() {
        let text = effect_of(
            &PROPERTY,
            &[("time_offsets.boottime", "0 s")],
            &[("time_offsets.boottime", "864000 s")],
        );
        assert_eq!(text, "time_offsets.boottime  864000 s\n");
    }
}
