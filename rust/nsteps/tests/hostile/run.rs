//! What a command that `nsteps run` starts changes on the machine: with
//! `--sandbox` nothing; without it as root what no namespace of the step holds.

use crate::availability::{is_of_the_machine, unavailable};
use crate::{Found, Tried, judge, program};
use harness::host::layout::Layout;
use libtest_mimic::{Completion, Failed};
use std::process::{Command, Stdio};

pub const TRIALS: &[Tried] = &[
    ("in_a_sandbox_a_command_changes_nothing", sandboxed),
    ("without_one_root_changes_what_the_help_names", unprotected),
    ("in_a_sandbox_a_command_has_the_streams_and_the_status", streams),
    ("in_a_sandbox_a_process_outside_cannot_be_joined", joined),
];

/// What a command of root can change; each is in a namespace or a file system of
/// the test's own, which stands for the machine.
const CHANGE: &str = "hostname other; touch \"$1/file\"; ip link set lo up; \
                      ipcmk -Q >/dev/null; mount -t tmpfs x \"$1\"; \
                      mkdir -p \"$1/more\"; exit 7";

/// What the machine is like.
const LOOK: &str = "hostname; ls \"$1\"; ip -brief link; ipcs -q | grep -c ^0x";

/// What [`LOOK`] prints if nothing has changed.
fn is_unchanged(seen: &str) -> bool {
    let lines: Vec<&str> = seen.lines().map(str::trim_end).collect();
    matches!(lines.as_slice(), ["host", "kept", lo, "0"]
        if lo.starts_with("lo ") && lo.contains("DOWN"))
}

/// Runs [`CHANGE`] by `nsteps run`, and says what the machine is like after it,
/// and with which status it ended; or why this machine does not allow it.
fn changed(options: &[&str]) -> Result<Result<(String, i32), String>, Failed> {
    let own = tempfile::tempdir()?;
    let script = format!(
        "hostname host && mount --make-rprivate / && \
         mount -t tmpfs none \"$1\" && touch \"$1/kept\" || exit 77; \
         shift 2; \"$@\"; status=$?; set -- \"$OWN\"; {LOOK}; exit $status"
    );
    let mut unshare = Command::new("unshare");
    if !nix::unistd::geteuid().is_root() {
        unshare.args(["--user", "--map-root-user"]);
    }
    let layout = Layout::find().map_err(|it| it.message)?;
    let namespaces = ["--mount", "--uts", "--ipc", "--net"];
    let output = unshare
        .args(namespaces)
        .args(["sh", "-c", &script, "sh"])
        .arg(own.path())
        .arg("--")
        .arg(program()?)
        .args(["run", "skeleton"])
        .args(options)
        .args(["--", "sh", "-c", CHANGE, "sh"])
        .arg(own.path())
        .env("OWN", own.path())
        .env("NSTEPS_ROOT", layout.root())
        .stdin(Stdio::null())
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let status = output.status.code().unwrap_or(-1);
    if status == 77 || is_of_the_machine(&said) {
        return Ok(Err(said.trim().to_owned()));
    }
    let seen = String::from_utf8_lossy(&output.stdout);
    Ok(Ok((format!("{seen}{said}"), status)))
}

fn sandboxed() -> Found {
    match changed(&["--sandbox"])? {
        Err(why) => unavailable(&why),
        Ok((seen, 7)) if is_unchanged(&seen) => Ok(Completion::Completed),
        Ok(other) => Err(format!("{other:?}").into()),
    }
}

/// It also shows that the trial above can fail.
fn unprotected() -> Found {
    match changed(&[])? {
        Err(why) => unavailable(&why),
        Ok((seen, 7)) => {
            let wanted = ["other", "file", "UNKNOWN", "1"];
            let mut lines = seen.lines();
            let mut has =
                |it: &&str| lines.any(|line| line.contains(it.to_owned()));
            match wanted.iter().all(&mut has) && !seen.contains("more") {
                true => Ok(Completion::Completed),
                false => Err(seen.into()),
            }
        }
        Ok(other) => Err(format!("{other:?}").into()),
    }
}

fn streams() -> Found {
    let mut run = Command::new(program()?);
    run.args(["run", "pid", "--sandbox", "--lang", "rust", "--", "sh", "-c"]);
    run.arg("read line; echo $$ $line; echo problem >&2; exit 3");
    let (input, mut ours) = std::io::pipe()?;
    std::io::Write::write_all(&mut ours, b"words\n")?;
    drop(ours);
    let output = run.stdin(input).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if is_of_the_machine(&said) {
        return unavailable(said.trim());
    }
    judge(&output, (3, "problem"))?;
    match output.stdout == b"1 words\n" {
        true => Ok(Completion::Completed),
        false => Err(format!("{output:?}").into()),
    }
}

fn joined() -> Found {
    let mut run = Command::new(program()?);
    run.args(["run", "join", "--sandbox", "--", "1", "true"]);
    judge(&run.stdin(Stdio::null()).output()?, (125, "without --sandbox"))?;
    Ok(Completion::Completed)
}
