//! The arguments of the payload, after the launcher has passed them.

use super::Property;
use crate::effect::Effect;
use crate::observation::Observation;
use crate::proc::Proc;
use crate::text::lossless;

pub(super) const PROPERTY: Property = Property {
    name: "arguments",
    families: &["argv"],
    about: "the name it was called by, and the arguments",
    observe,
    effect,
};

/// Reads `argv.0` and `argv`, the other arguments with a space between them.
/// The socket of the harness and the option to wait are left out: they differ
/// between two runs.
fn observe(proc: &Proc, observation: &mut Observation) {
    let line = proc.read("self/cmdline");
    let arguments = line.map(|line| {
        let line = line.strip_suffix(b"\0").unwrap_or(&line).to_vec();
        line.split(|&byte| byte == 0).map(lossless).collect::<Vec<_>>()
    });
    let name = arguments.clone().map(|it| it[0].clone());
    observation.read("argv.0", name);
    observation.read("argv", arguments.map(|it| others(&it[1..])));
}

fn others(arguments: &[String]) -> String {
    let mut words = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--hold" => {}
            // In a sandbox a descriptor, on the host a path.
            "--answer" | "--connect" => {
                words.push("--answer".to_owned());
                words.extend(arguments.next().map(|_| "SOCKET".to_owned()));
            }
            other => words.push(quoted(other)),
        }
    }
    words.join(" ")
}

/// One argument, in quotes where it could be taken for several or for none.
fn quoted(argument: &str) -> String {
    let is_plain = |it: char| !it.is_whitespace() && it != '\'';
    match !argument.is_empty() && argument.chars().all(is_plain) {
        true => argument.to_owned(),
        false => format!("'{argument}'"),
    }
}

fn effect(baseline: &Observation, seen: &Observation, effect: &mut Effect) {
    // The launcher may choose the path. Whether it is a path is compared.
    effect.compare("argv.0", baseline, seen, |before, after| {
        let before = before.unwrap_or_default();
        let last = |path: &str| path.rsplit('/').next().map(str::to_owned);
        let is_path = after.starts_with('/') == before.starts_with('/');
        (!is_path || last(before) != last(after)).then(|| after.to_owned())
    });
    effect.compare_value("argv", baseline, seen);
}

#[cfg(test)]
mod tests {
    use super::super::tests::effect_of;
    use super::*;

    #[test]
    fn what_is_different_in_every_run_is_left_out() {
        let words =
            ["--json", "--answer", "47:99", "--hold"].map(str::to_owned);
        assert_eq!(others(&words), "--json --answer SOCKET");
        let on_host = ["--json", "--connect", "/x"].map(str::to_owned);
        assert_eq!(others(&on_host), "--json --answer SOCKET");
        assert_eq!(others(&["".to_owned(), "a".to_owned()]), "'' a");
    }

    #[test]
    fn a_name_that_is_no_path_is_seen() {
        let change = |after| {
            let before = [("argv.0", "/nsteps/probe")];
            effect_of(&PROPERTY, &before, &[("argv.0", after)])
        };
        assert_eq!(change("/run/probe"), "");
        assert_eq!(change("-probe"), "argv.0  -probe\n");
        assert_eq!(change("probe"), "argv.0  probe\n");
    }
}
