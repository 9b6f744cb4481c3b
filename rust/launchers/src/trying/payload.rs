//! A launcher with another payload than the probe, whatever its adapter is: the
//! adapter makes the command line and the files around the probe, and in them
//! another file takes its place.

use crate::adapter::Prepared;
use crate::situation::Payload;
use harness::paths::{NO_SHEBANG, PROBE, PROBE_IN_CONTAINER};
use harness::sandbox::protocol::{Content, PutFile};
use serde_json::Value;

/// A file of the sandbox that may not be executed.
const NOT_EXECUTABLE: &str = "/run/not-executable";

/// The argument before which an adapter writes the name of its payload.
const MARK: &str = "--nsteps-payload";

/// What is put behind the name of a payload that must not exist.
const NO_SUCH: &str = "-missing";

/// What a payload needs in the sandbox.
pub fn files(payload: Payload) -> Vec<PutFile> {
    match payload {
        Payload::NotExecutable => vec![PutFile {
            at: NOT_EXECUTABLE.into(),
            content: Content::Text("not a program\n".to_owned()),
            mode: 0o644,
        }],
        _ => Vec::new(),
    }
}

/// The file of the sandbox that takes the probe's place.
fn instead(payload: Payload) -> Option<&'static str> {
    match payload {
        Payload::Probe | Payload::Missing => None,
        Payload::NotExecutable => Some(NOT_EXECUTABLE),
        Payload::NoShebang => Some(NO_SHEBANG),
    }
}

/// The command line of a launcher around this payload; `probe` are the
/// arguments of the probe.
pub fn argv(
    payload: Payload,
    prepared: &Prepared,
    probe: &[String],
) -> Vec<String> {
    match (payload, instead(payload)) {
        (Payload::Missing, _) => missing((prepared.argv)(&[MARK.to_owned()])),
        (_, None) => (prepared.argv)(probe),
        (_, Some(file)) => {
            let argv = (prepared.argv)(probe).into_iter();
            argv.map(|word| word.replace(PROBE, file)).collect()
        }
    }
}

/// The files that the command line needs in the sandbox.
pub fn put(
    payload: Payload,
    prepared: &Prepared,
    probe: &[String],
) -> Vec<PutFile> {
    match (payload, instead(payload)) {
        (Payload::Missing, _) => {
            let files = (prepared.files)(&[MARK.to_owned()]).into_iter();
            let without = |it: PutFile| match it.content {
                Content::Text(text) => {
                    let content = Content::Text(missing_in_json(text));
                    PutFile { content, ..it }
                }
                Content::CopyOf(_) => it,
            };
            files.map(without).collect()
        }
        (_, None) => (prepared.files)(probe),
        (_, Some(file)) => {
            let files = (prepared.files)(probe).into_iter();
            files.map(|it| replaced(it, payload, file)).collect()
        }
    }
}

fn replaced(it: PutFile, payload: Payload, file: &str) -> PutFile {
    match it.content {
        Content::CopyOf(from) if from.as_os_str() == PROBE => PutFile {
            content: Content::CopyOf(file.into()),
            mode: match payload {
                Payload::NotExecutable => 0o644,
                _ => it.mode,
            },
            at: it.at,
        },
        Content::Text(text) => {
            PutFile { content: Content::Text(text.replace(PROBE, file)), ..it }
        }
        Content::CopyOf(_) => it,
    }
}

/// Words in which the name of the payload is that of no file. It stands before
/// the mark, or is the entry point of a container: then the image stands there.
fn missing(mut words: Vec<String>) -> Vec<String> {
    let entry = format!("--entrypoint={PROBE_IN_CONTAINER}");
    if let Some(at) = words.iter().position(|it| *it == entry) {
        words[at].push_str(NO_SUCH);
        words.retain(|it| it != MARK);
        return words;
    }
    let mut without: Vec<String> = Vec::new();
    for word in words {
        match without.last_mut() {
            Some(name) if word == MARK => name.push_str(NO_SUCH),
            _ => without.push(word.replace(&format!(" {MARK}"), NO_SUCH)),
        }
    }
    without
}

/// The same for a text that is JSON; another text stays.
fn missing_in_json(text: String) -> String {
    match serde_json::from_str::<Value>(&text) {
        Ok(mut value) => {
            missing_in(&mut value);
            format!("{value:#}\n")
        }
        Err(_) => text,
    }
}

fn missing_in(value: &mut Value) {
    match value {
        Value::Object(members) => members.values_mut().for_each(missing_in),
        Value::Array(items) => {
            let is_mark = |it: &Value| it.as_str() == Some(MARK);
            if let Some(at @ 1..) = items.iter().position(is_mark) {
                if let Some(name) = items[at - 1].as_str() {
                    items[at - 1] = format!("{name}{NO_SUCH}").into();
                }
                items.remove(at);
            }
            items.iter_mut().for_each(missing_in);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Spec;
    use serde_json::json;

    fn words(launcher: &str, payload: Payload) -> String {
        let spec = Spec::parse(launcher).expect("a launcher");
        let prepared = Prepared::of_words(&spec.words);
        argv(payload, &prepared, &["--then".to_owned()]).join("|")
    }

    #[test]
    fn another_file_takes_the_place_of_the_probe() {
        for (payload, whole, quoted) in [
            (Payload::Probe, "PROBE|--then", "PROBE --then"),
            (Payload::Missing, "PROBE-missing", "PROBE-missing"),
            (Payload::NoShebang, "/run/no-shebang|--then", ""),
            (Payload::NotExecutable, "/run/not-executable|--then", ""),
        ] {
            let whole = whole.replace("PROBE", PROBE);
            assert_eq!(words("env", payload), format!("env|{whole}"));
            if !quoted.is_empty() {
                let quoted = quoted.replace("PROBE", PROBE);
                let shell = words("sh -c 'exec {sh}; x'", payload);
                assert_eq!(shell, format!("sh|-c|exec {quoted}; x"));
            }
        }
    }

    #[test]
    fn the_entry_point_of_a_container_is_missing_and_its_image_is_not() {
        let entry = format!("--entrypoint={PROBE_IN_CONTAINER}");
        let words = ["podman", "run", &entry, "box", MARK];
        let seen = missing(words.map(str::to_owned).to_vec());
        let entry = format!("{entry}-missing");
        assert_eq!(seen, ["podman", "run", &entry, "box"]);
    }

    #[test]
    fn a_configuration_names_no_file() {
        let before = json!({ "process": { "args": ["/p", MARK], "cwd": "/" } });
        let after =
            json!({ "process": { "args": ["/p-missing"], "cwd": "/" } });
        let seen = missing_in_json(before.to_string());
        let seen: Value = serde_json::from_str(&seen).expect("JSON");
        assert_eq!(seen, after);
        assert_eq!(missing_in_json("no JSON".to_owned()), "no JSON");
    }
}
