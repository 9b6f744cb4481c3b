//! Programs that are no launchers: the check ends, says what is wrong, and leaves
//! none of their processes.

use crate::{EQUIPMENT, directory};
use libtest_mimic::{Completion, Failed, Trial};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

/// A program that is no launcher: its name, its text, its mode, the status of
/// the check, and what the check says.
struct Bad {
    name: &'static str,
    text: &'static str,
    mode: u32,
    status: i32,
    says: &'static str,
}

/// A shell script, to be completed.
const SCRIPT: Bad =
    Bad { name: "", text: "", mode: 0o755, status: 1, says: "" };

const ALL: &[Bad] = &[
    Bad {
        name: "hangs",
        text: "#!/bin/sh\nexec sleep 1000\n",
        says: "neither ran the command nor ended in time",
        ..SCRIPT
    },
    Bad {
        name: "forks_twice",
        text: "#!/bin/sh\n\"$0\" & \"$0\" & wait\n",
        says: "makes process after process",
        ..SCRIPT
    },
    Bad {
        name: "forks_in_a_loop",
        text: "#!/bin/sh\nwhile :; do sleep 1000 & done\n",
        says: "makes process after process",
        ..SCRIPT
    },
    Bad {
        name: "prints",
        text: "#!/bin/sh\nyes >&2 & exec yes\n",
        says: "neither ran the command nor ended in time",
        ..SCRIPT
    },
    Bad {
        name: "dies",
        text: "#!/bin/sh\nkill -9 $$\n",
        says: "the program ended with status 137 and said nothing",
        ..SCRIPT
    },
    Bad {
        name: "complains",
        text: "#!/bin/sh\necho no idea what to do >&2\nexit 1\n",
        says: "the program said: no idea what to do",
        ..SCRIPT
    },
    Bad {
        name: "is_not_executable",
        text: "#!/bin/sh\nexec \"$@\"\n",
        mode: 0o644,
        status: 2,
        says: "may not be executed",
    },
    Bad {
        name: "has_no_interpreter",
        text: "exec \"$@\"\n",
        status: 2,
        says: "Exec format error",
        ..SCRIPT
    },
    Bad {
        name: "has_a_missing_interpreter",
        text: "#!/no/such/interpreter\n",
        status: 2,
        says: "No such file or directory",
        ..SCRIPT
    },
];

/// One trial for each, and for what is no program at all.
pub fn trials() -> Vec<Trial> {
    let mut trials: Vec<Trial> = ALL
        .iter()
        .map(|it| {
            let name = format!("bad::{}", it.name);
            Trial::ignorable_test(name, move || is_answered(it))
        })
        .collect();
    let none: [(&str, &[&str], &str); 5] = [
        ("is_missing", &["skeleton", "--", "./no-such"], "there is no"),
        ("is_in_no_path", &["skeleton", "--", "no-such"], "not in PATH"),
        ("is_a_directory", &["skeleton", "--", "./."], "is a directory"),
        ("is_not_given", &["skeleton"], "wants a program"),
        ("has_no_step", &["--", "./x"], "wants a step"),
    ];
    for (name, words, says) in none {
        trials.push(Trial::test(format!("bad::{name}"), move || {
            let directory = directory()?;
            let output = checked(directory.path(), words)?;
            answers(&output, 2, says)
        }));
    }
    trials
}

fn is_answered(bad: &'static Bad) -> Result<Completion, Failed> {
    let directory = directory()?;
    let program = directory.path().join(bad.name);
    fs::write(&program, bad.text)?;
    fs::set_permissions(&program, fs::Permissions::from_mode(bad.mode))?;
    let word = format!("./{}", bad.name);
    let output = checked(directory.path(), &["skeleton", "--", &word])?;
    answers(&output, bad.status, bad.says)?;
    let left = processes_of(&program, directory.path());
    match left.is_empty() {
        true => Ok(Completion::Completed),
        false => Err(format!("left: {left:?}").into()),
    }
}

/// `nsteps check` with these words, in a directory.
pub fn checked(directory: &Path, words: &[&str]) -> Result<Output, Failed> {
    let equipment = EQUIPMENT.as_ref().map_err(Failed::from)?;
    let command = equipment.layout.programs().join("bin/nsteps");
    Ok(Command::new(command)
        .arg("check")
        .args(words)
        .current_dir(directory)
        .env("NSTEPS_TIMEOUT", "3")
        .env("COLUMNS", "200")
        .output()?)
}

/// Whether the check ends with this status and says this.
pub fn answers(output: &Output, status: i32, says: &str) -> Result<(), Failed> {
    let [stdout, stderr] =
        [&output.stdout, &output.stderr].map(|it| String::from_utf8_lossy(it));
    let said = format!("{stdout}{stderr}");
    let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
    match output.status.code() == Some(status) && words.contains(says) {
        true => Ok(()),
        false => {
            let ended = output.status;
            Err(format!("{ended}, wanted {status} and {says:?}: {said}").into())
        }
    }
}

/// The processes that were started by the name of a program, or whose working
/// directory is its own.
fn processes_of(program: &Path, directory: &Path) -> Vec<String> {
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    let mut left = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        let at = fs::read_link(entry.path().join("cwd")).unwrap_or_default();
        let is_here = at.starts_with(directory);
        if is_here || line.contains(&format!("./{name}")) {
            left.push(format!("{} {line}", entry.path().display()));
        }
    }
    left
}
