//! The environment, as the launcher passed it and not as a shell would
//! tidy it up.

use super::Property;
use crate::effect::Effect;
use crate::observation::Observation;
use crate::proc::Proc;
use crate::sys;
use crate::text::lossless;

pub(super) const PROPERTY: Property = Property {
    name: "environment",
    families: &["env", "environment"],
    about: "environment variables, their order, duplicates and oddities",
    observe,
    effect,
};

/// Reads `env.NAME`, the first value of each variable, which is the one that
/// getenv(3) finds; `environment.order`, the names as they come;
/// `environment.duplicates`, the names that come more than once; and
/// `environment.malformed`, the strings that are no `NAME=VALUE`.
fn observe(_: &Proc, observation: &mut Observation) {
    record(&sys::environment(), observation);
}

fn record(strings: &[Vec<u8>], observation: &mut Observation) {
    let (mut order, mut duplicates, mut malformed) = (vec![], vec![], vec![]);
    for string in strings {
        let mut halves = string.splitn(2, |&byte| byte == b'=');
        let (name, value) = match (halves.next(), halves.next()) {
            (Some(name), Some(value)) if !name.is_empty() => (name, value),
            _ => {
                malformed.push(lossless(string));
                continue;
            }
        };
        let name = lossless(name);
        let key = format!("env.{name}");
        if !observation.readings.contains_key(&key) {
            observation.read(key, Ok(lossless(value)));
        } else if !duplicates.contains(&name) {
            duplicates.push(name.clone());
        }
        order.push(name);
    }
    for (key, words) in [
        ("environment.order", order),
        ("environment.duplicates", duplicates),
        ("environment.malformed", malformed),
    ] {
        let words = match words.is_empty() {
            true => "none".to_owned(),
            false => words.join(" "),
        };
        observation.read(key, Ok(words));
    }
}

/// Set by every shell for its own purposes, whatever it starts.
const SHELLS_OWN: [&str; 3] = ["env._", "env.OLDPWD", "env.SHLVL"];

fn effect(baseline: &Observation, seen: &Observation, effect: &mut Effect) {
    if baseline.value("environment.order").is_none()
        || seen.value("environment.order").is_none()
    {
        return;
    }
    let is_variable = |key: &&String| {
        key.starts_with("env.") && !SHELLS_OWN.contains(&key.as_str())
    };
    for key in baseline.readings.keys().filter(is_variable) {
        if seen.value(key).is_none() {
            effect.change(key, "unset");
        }
    }
    for key in seen.readings.keys().filter(is_variable) {
        let value = |of| value_in(of, key);
        let (before, after) = (value(baseline), value(seen));
        // Where the launcher was told to start the payload is the machine's
        // business; that it says so is not.
        let after = match (key.as_str(), after) {
            (_, None) => continue,
            ("env.PWD", Some(_)) => "a directory",
            (_, Some(after)) => after,
        };
        match before {
            Some(before) if before == after || key == "env.PWD" => {}
            Some(_) => effect.change(key, after),
            None => effect.change(key, format!("+ {after}")),
        }
    }
    effect.compare("environment.order", baseline, seen, |before, after| {
        let before = before.unwrap_or("none");
        let (mut was, is) = (common(before, after), common(after, before));
        if was == is {
            return None;
        }
        was.sort_unstable();
        Some(match was == is {
            true => "sorted".to_owned(),
            false => format!("another: {}", is.join(" ")),
        })
    });
    effect.compare_value("environment.duplicates", baseline, seen);
    effect.compare_value("environment.malformed", baseline, seen);
}

/// The value of a variable, in words that are the same in every run: of
/// LISTEN_PID, whether it is the reader's own pid, see sd_listen_fds(3).
fn value_in<'a>(observation: &'a Observation, key: &str) -> Option<&'a str> {
    let value = observation.value(key)?;
    match (key, observation.value("processes.pid")) {
        ("env.LISTEN_PID", Some(pid)) if pid == value => {
            Some("the payload's pid")
        }
        ("env.LISTEN_PID", Some(_)) => Some("the pid of another process"),
        _ => Some(value),
    }
}

/// The names of `one` that `other` has too, each where it comes first. A
/// shell puts its own wherever it likes.
fn common<'a>(one: &'a str, other: &str) -> Vec<&'a str> {
    let mut names = Vec::new();
    for name in one.split(' ') {
        if other.split(' ').any(|word| word == name)
            && !["_", "OLDPWD", "PWD", "SHLVL"].contains(&name)
            && !names.contains(&name)
        {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(strings: &[&str]) -> Observation {
        let strings: Vec<Vec<u8>> =
            strings.iter().map(|text| text.as_bytes().to_vec()).collect();
        let mut observation = Observation::default();
        record(&strings, &mut observation);
        observation
    }

    fn change(before: &[&str], after: &[&str]) -> String {
        let mut changes = Effect::default();
        effect(&environment(before), &environment(after), &mut changes);
        changes.to_string()
    }

    #[test]
    fn the_first_of_two_counts_and_the_second_is_told() {
        let seen = environment(&["B=1", "A=x=y", "B=2", "NOEQUALS", "=w=x"]);
        assert_eq!(seen.value("env.B"), Some("1"));
        assert_eq!(seen.value("env.A"), Some("x=y"));
        assert_eq!(seen.value("environment.order"), Some("B A B"));
        assert_eq!(seen.value("environment.duplicates"), Some("B"));
        assert_eq!(seen.value("environment.malformed"), Some("NOEQUALS =w=x"));
    }

    #[test]
    fn set_changed_and_unset() {
        assert_eq!(
            change(&["A=1", "B=1", "_=/bin/a"], &["B=2", "C=3", "_=/bin/b"]),
            "env.A  unset\nenv.B  2\nenv.C  + 3\n"
        );
    }

    #[test]
    fn the_path_in_pwd_is_the_machines() {
        assert_eq!(change(&[], &["PWD=/tmp/x"]), "env.PWD  + a directory\n");
        assert_eq!(change(&["PWD=/a"], &["PWD=/b"]), "");
    }

    #[test]
    fn the_pid_in_listen_pid_is_the_payloads_or_not() {
        let with_pid = |strings: &[&str], pid: &str| {
            let mut observation = environment(strings);
            observation.read("processes.pid", Ok(pid.to_owned()));
            observation
        };
        let mut changes = Effect::default();
        let before = with_pid(&["LISTEN_PID=7"], "7");
        effect(&before, &with_pid(&["LISTEN_PID=9"], "9"), &mut changes);
        assert_eq!(changes.to_string(), "");
        effect(&before, &with_pid(&["LISTEN_PID=9"], "1"), &mut changes);
        assert_eq!(
            changes.to_string(),
            "env.LISTEN_PID  the pid of another process\n"
        );
    }

    #[test]
    fn the_order_counts_only_among_what_both_have() {
        assert_eq!(
            change(&["B=1", "A=1"], &["X=1", "B=1", "A=1"]),
            "env.X  + 1\n"
        );
        assert_eq!(
            change(&["B=1", "A=1"], &["A=1", "B=1"]),
            "environment.order  sorted\n"
        );
        assert_eq!(
            change(&["B=1", "A=1", "C=1"], &["C=1", "A=1", "B=1"]),
            "environment.order  another: C A B\n"
        );
        // Go keeps the first of two, where it was.
        assert_eq!(
            change(&["B=1", "A=1", "B=2"], &["B=1", "A=1"]),
            "environment.duplicates  none\n"
        );
    }
}
