//! Whether a payload takes the descriptors that systemd has opened for it:
//! what a launcher between the two makes of sd_listen_fds(3).

use super::{C, GO, Programs, RUST};
use crate::checks::pitfalls::pitfall::Evidence;
use crate::checks::session::Conditions;
use harness::found::Found;
use harness::launcher::Launcher;

/// Becomes what follows, as systemd starts a service that has one socket.
const ACTIVATED: &str = "
exec 3</dev/null
export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=web
exec \"$@\"";

/// What sd_listen_fds(3) compares. `$$` is the number of the shell where it
/// runs: in a new pid namespace that of the namespace.
const TAKE: &str = "
if [ ! -e /proc/$$/fd/3 ]; then echo descriptor 3 is not there
elif [ \"$LISTEN_PID\" != $$ ]; then echo leaves $LISTEN_FDNAMES: another pid
else echo takes $LISTEN_FDNAMES
fi";

/// The shell line that puts a payload right.
const AGAIN: &str = "export LISTEN_PID=$$; exec \"$@\"";

const TAKES: &str = "takes web";
const LEAVES: &str = "leaves web: another pid";

/// Which payloads find their own number in `LISTEN_PID`.
pub fn through_a_fork(conditions: &Conditions<'_>) -> Found<Evidence> {
    let mut programs = Programs::new(conditions)?;
    let mut evidence = Evidence::new();
    let take = ["sh", "-c", TAKE];
    let again = [&["sh", "-c", AGAIN, "sh"], &take[..]].concat();
    let seen = activated(&mut programs, &take)?;
    evidence.see("no launcher", &seen, TAKES);
    for (launcher, way) in [(RUST, "exec"), (GO, "exec")] {
        let launch = programs.program(launcher, "pitfalls/launch")?;
        let argv = [&[launch.as_str(), way], &take[..]].concat();
        let seen = activated(&mut programs, &argv)?;
        evidence.see(super::by(launcher, way), &seen, TAKES);
    }
    for launcher in [C, GO, RUST] {
        for (step, payload, how, described) in [
            ("skeleton", &take[..], "", LEAVES),
            ("pid", &take[..], "", LEAVES),
            ("skeleton", &again[..], ", LISTEN_PID set again", TAKES),
            ("pid", &again[..], ", LISTEN_PID set again", TAKES),
        ] {
            let program = programs.program(launcher, step)?;
            let argv = [&[program.as_str()], payload].concat();
            let seen = activated(&mut programs, &argv)?;
            let who = format!("{launcher}, {step}{how}");
            evidence.see(who, &seen, described);
        }
        let seen = both_are_pid_1(&mut programs, launcher, &take)?;
        let who = format!("{launcher}, pid, by a launcher that is PID 1 too");
        evidence.see(who, &seen, TAKES);
    }
    Ok(evidence)
}

/// What a payload says if its launcher was activated with one socket.
fn activated(programs: &mut Programs<'_>, argv: &[&str]) -> Found<String> {
    let said = [&["sh", "-c", ACTIVATED, "sh"], argv].concat();
    let said = programs.session.run(&said)?.well()?;
    Ok(what_it_says(&said))
}

/// The same where the launcher is the first process of a pid namespace, and its
/// payload of another one.
fn both_are_pid_1(
    programs: &mut Programs<'_>,
    launcher: Launcher,
    payload: &[&str],
) -> Found<String> {
    let program = programs.program(launcher, "pid")?;
    let before = [
        "unshare",
        "--pid",
        "--fork",
        "--mount-proc",
        "sh",
        "-c",
        ACTIVATED,
        "sh",
    ];
    let argv = [&before[..], &[program.as_str()], payload].concat();
    let said = programs.session.run(&argv)?.well()?;
    Ok(what_it_says(&said))
}

/// A step in C as published prints lines of its own beside it.
fn what_it_says(said: &str) -> String {
    let is_its = |line: &&str| {
        ["takes ", "leaves ", "descriptor "]
            .iter()
            .any(|it| line.starts_with(it))
    };
    said.lines().find(is_its).unwrap_or(said).to_owned()
}
