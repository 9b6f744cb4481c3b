//! No code waits for a time if it can wait for an event.

use crate::Found;
use crate::tree::{Tree, code, words};

/// The calls that wait for a time, in three languages.
const CALLS: &[&str] =
    &["sleep", "usleep", "nanosleep", "clock_nanosleep", "Nanosleep", "Sleep"];

/// The files that may call them, and why.
const MAY: &[(&str, &str)] = &[
    (
        "reference-go/pitfalls/goroutine/main.go",
        "the scheduler only moves a goroutine that blocks",
    ),
    (
        "reference-go/pitfalls/main_thread/main.go",
        "the program gives the scheduler time, for it shows what that does",
    ),
    (
        "rust/probe/src/main.rs",
        "the bound of a wait for SIGUSR1, whose handler ends the program",
    ),
];

/// The shortest allowed sleep of a shell, in seconds: so long that a test does
/// not wait for its end.
const FOR_EVER: f64 = 1000.0;

/// The places where a shell sleeps for less, and why.
const SHORT: &[(&str, &str)] = &[(
    "rust/nsteps/tests/trace.rs",
    "the end of a shell that misses its signal, which is a failure",
)];

pub fn sleeping(tree: &Tree) -> Found {
    let mut wrong = Vec::new();
    let mut needed = Vec::new();
    for dir in ["rust/", "reference-c/", "reference-go/"] {
        for file in tree.of(dir, &[".rs", ".c", ".h", ".go"]) {
            let path = file.path.as_str();
            let calls = code(&file.text)
                .filter(|(_, line)| calls(line))
                .map(|(number, _)| (number, MAY));
            let pauses = file
                .text
                .lines()
                .enumerate()
                .filter(|(_, line)| pauses(line))
                .map(|(index, _)| (index + 1, SHORT));
            for (number, list) in calls.chain(pauses) {
                if list.iter().any(|(may, _)| *may == path) {
                    needed.push(path);
                    continue;
                }
                wrong.push(format!(
                    "{path}:{number}: wait for an event, with a bound \
                     (nsteps::timeout), or give a reason in tidy/sleeps.rs"
                ));
            }
        }
    }
    for (path, _) in MAY.iter().chain(SHORT) {
        if !needed.contains(path) {
            wrong.push(format!("{path} does not sleep: take it off the list"));
        }
    }
    Ok(wrong)
}

/// Whether a line of code calls one of them.
fn calls(line: &str) -> bool {
    words(line).any(|word| CALLS.contains(&word))
        && CALLS.iter().any(|call| line.contains(&format!("{call}(")))
}

/// True if a line has a command that sleeps for less.
fn pauses(line: &str) -> bool {
    line.split("sleep ").skip(1).any(|rest| {
        let seconds = rest.trim_start_matches(['"', '\'']);
        let end = seconds.find(|it: char| !it.is_ascii_digit() && it != '.');
        let seconds = &seconds[..end.unwrap_or(seconds.len())];
        seconds.parse::<f64>().is_ok_and(|it| it < FOR_EVER)
    })
}
