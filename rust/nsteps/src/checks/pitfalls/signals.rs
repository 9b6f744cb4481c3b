//! What a payload inherits of signals.

use super::{C, GO, Programs, RUST, Way, by, in_one_line};
use crate::checks::pitfalls::pitfall::Evidence;
use crate::checks::session::{Conditions, Said};
use harness::found::{Found, Refusal};

/// How `yes` ends when its reader has gone: 128 and SIGPIPE, or with an error.
const KILLED: &str = "yes | head -1: yes ends with 141";
const TOLD: &str = "yes | head -1: yes ends with 1";

/// Which ways of starting a program reset SIGPIPE.
pub fn sigpipe(conditions: &Conditions<'_>) -> Found<Evidence> {
    const WAYS: &[Way<&str>] = &[
        (C, "clone", KILLED),
        (GO, "cmd", KILLED),
        (GO, "exec", KILLED),
        (RUST, "clone", TOLD),
        (RUST, "fork", TOLD),
        (RUST, "command", KILLED),
        (RUST, "pre_exec", KILLED),
        (RUST, "clone_reset", KILLED),
    ];
    const PAYLOAD: &[&str] = &[
        "sh",
        "-c",
        "{ yes 2>/dev/null; echo $? >&2; } | head -n 1 >/dev/null",
    ];
    let mut programs = Programs::new(conditions)?;
    let mut evidence = Evidence::new();
    let told =
        |said: &Said| format!("yes | head -1: yes ends with {}", said.stderr);
    for (launcher, way, described) in WAYS {
        let said = programs.launch(&[], (*launcher, way), PAYLOAD)?;
        evidence.see(by(*launcher, way), &told(&said), described);
    }
    // The steps are checked with the same payload, lest one forgets.
    for launcher in [C, GO, RUST] {
        let said = programs.step(launcher, "skeleton", PAYLOAD)?;
        evidence.see(format!("{launcher}, skeleton"), &told(&said), KILLED);
    }
    // And a launcher that resets it passes on less than it was given.
    for (launcher, described) in [(C, TOLD), (GO, KILLED), (RUST, TOLD)] {
        let start = ["-i", "PIPE"];
        let said =
            programs.step_after(&start, launcher, "skeleton", PAYLOAD)?;
        let case = format!("{launcher}, skeleton, ignored by the caller");
        evidence.see(case, &told(&said), described);
    }
    Ok(evidence)
}

/// Which languages ignore the C library's own signals.
pub fn internal(conditions: &Conditions<'_>) -> Found<Evidence> {
    const WAYS: &[Way<&str>] = &[
        (C, "clone", "ignored: nothing"),
        (C, "fork", "ignored: nothing"),
        (C, "posix_spawn", "ignored: 32 33"),
        (GO, "cmd", "ignored: nothing"),
        (RUST, "pre_exec", "ignored: nothing"),
    ];
    let mut programs = Programs::new(conditions)?;
    let mut evidence = Evidence::new();
    for (launcher, way, described) in WAYS {
        let masks = masks(&mut programs, &[], (*launcher, way))?;
        let ignored = format!("ignored: {}", masks.ignored);
        if (*launcher, *way) == (C, "posix_spawn") && ignored != *described {
            return Err(Refusal::Unavailable(
                "only with the GNU C library: posix_spawn of the one here \
                 leaves nothing ignored"
                    .to_owned(),
            ));
        }
        evidence.see(by(*launcher, way), &ignored, described);
    }
    // It calls the posix_spawn of the C library it is linked with, and that
    // is another one where the programs are linked statically: musl ignores
    // those of its signals that have a handler by then.
    let libc = programs.launch(&[], (RUST, "libc"), &["-"])?.well()?;
    let of_libc = match libc.as_str() {
        "gnu" => [("command", "32 33"), ("command_setuid", "32 33")],
        _ => [("command", "nothing"), ("command_setuid", "34")],
    };
    for (way, described) in of_libc {
        let masks = masks(&mut programs, &[], (RUST, way))?;
        let case =
            format!("{}, linked with the C library {libc}", by(RUST, way));
        let ignored = format!("ignored: {}", masks.ignored);
        evidence.see(case, &ignored, &format!("ignored: {described}"));
    }
    Ok(evidence)
}

/// Which languages pass on what the caller has blocked and ignored.
pub fn inherited(conditions: &Conditions<'_>) -> Found<Evidence> {
    const START: &[&str] =
        &["-i", "HUP", "-i", "USR2", "-i", "CHLD", "-b", "USR1", "-b", "TERM"];
    const ALL: &str = "blocked: USR1 TERM, ignored: HUP USR2 CHLD";
    const SOME: &str = "blocked: USR1, ignored: HUP";
    const WAYS: &[Way<&str>] = &[
        (C, "clone", ALL),
        (C, "fork", ALL),
        (RUST, "clone_reset", ALL),
        (RUST, "pre_exec", ALL),
        (RUST, "exec", ALL),
        (GO, "cmd", SOME),
        (GO, "forkexec", SOME),
        (GO, "exec", SOME),
    ];
    let mut programs = Programs::new(conditions)?;
    let mut evidence = Evidence::new();
    for (launcher, way, described) in WAYS {
        let masks = masks(&mut programs, START, (*launcher, way))?;
        let Masks { blocked, ignored } = masks;
        let seen = format!("blocked: {blocked}, ignored: {ignored}");
        evidence.see(by(*launcher, way), &seen, described);
    }
    Ok(evidence)
}

/// What becomes of a payload's 3 when the caller ignored SIGCHLD.
pub fn sigchld_ignored(conditions: &Conditions<'_>) -> Found<Evidence> {
    const START: &[&str] = &["-i", "CHLD"];
    const PAYLOAD: &[&str] = &["sh", "-c", "exit 3"];
    const WAYS: &[Way<&str>] = &[
        (C, "clone", "waitpid: No child processes"),
        (C, "posix_spawn", "waitpid: No child processes"),
        (RUST, "clone", "waitpid: No child processes"),
        (RUST, "command", "Command: No child processes"),
        (GO, "cmd", "ends with 3"),
        (GO, "forkexec", "ends with 3"),
    ];
    let told = |said: &Said| match said.stderr.as_str() {
        "" => format!("ends with {}", said.status),
        _ => in_one_line(said).replace("launch: ", ""),
    };
    let mut programs = Programs::new(conditions)?;
    let mut evidence = Evidence::new();
    for (launcher, way, described) in WAYS {
        let said = programs.launch(START, (*launcher, way), PAYLOAD)?;
        evidence.see(by(*launcher, way), &told(&said), described);
    }
    for (launcher, described) in [(C, "ends with 0"), (RUST, "ends with 3")] {
        let said = programs.step_after(START, launcher, "skeleton", PAYLOAD)?;
        evidence.see(format!("{launcher}, skeleton"), &told(&said), described);
    }
    Ok(evidence)
}

/// What `/proc/self/status` says of a payload's signals, in names.
struct Masks {
    blocked: String,
    ignored: String,
}

fn masks(
    programs: &mut Programs<'_>,
    before: &[&str],
    way: (harness::launcher::Launcher, &str),
) -> Found<Masks> {
    // Whether the launcher knows how the payload ended is another question.
    let said = programs.launch(before, way, &["cat", "/proc/self/status"])?;
    let status = said.stdout;
    let field = |name: &str| {
        status
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(":\t"))
            .and_then(|mask| u64::from_str_radix(mask, 16).ok())
            .map(names)
            .ok_or_else(|| Refusal::Broken(format!("no {name} in status")))
    };
    Ok(Masks { blocked: field("SigBlk")?, ignored: field("SigIgn")? })
}

/// The names of the signals in a mask.
fn names(mask: u64) -> String {
    let names: Vec<String> = (1..=64)
        .filter(|number| mask >> (number - 1) & 1 == 1)
        .map(|number| {
            nix::sys::signal::Signal::try_from(number).map_or_else(
                |_| number.to_string(),
                |signal| signal.as_str().trim_start_matches("SIG").to_owned(),
            )
        })
        .collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_told_in_names() {
        assert_eq!(names(0), "nothing");
        assert_eq!(names(0x0000_0000_0000_1000), "PIPE");
        assert_eq!(names(0x0000_0001_8000_0000), "32 33");
        assert_eq!(names(0x0000_0000_0001_0801), "HUP USR2 CHLD");
    }
}
