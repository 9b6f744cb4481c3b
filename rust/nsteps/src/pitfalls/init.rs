//! Who is PID 1, and who outlives whom.

use super::{C, Evidence, GO, RUST, Site};
use crate::claims::{Found, Scene};
use crate::outside;
use crate::sandbox::{Refusal, deadline};
use nix::libc::SIGINT;
use std::time::Duration;

/// How long a signal that nobody notices is given to be noticed.
const SETTLED: Duration = Duration::from_millis(200);

/// Whose init dies of a signal from inside.
pub fn signals(scene: &Scene<'_>) -> Found<Evidence> {
    let mut site = Site::new(scene)?;
    let mut evidence = Evidence::new();
    for (launcher, signal, described) in [
        (C, "TERM", "the payload lives on"),
        (C, "HUP", "the payload lives on"),
        (RUST, "TERM", "the payload lives on"),
        (RUST, "HUP", "the payload lives on"),
        // Its runtime catches it, and the step asks again.
        (RUST, "SEGV", "the payload lives on"),
        (GO, "TERM", "init ends, and everyone with it"),
        (GO, "HUP", "init ends, and everyone with it"),
        (GO, "USR1", "the payload lives on"),
    ] {
        let script = format!("kill -{signal} 1; sleep 0.2; echo lives");
        let payload = ["sh", "-c", script.as_str()];
        let said = site.step(launcher, "unshare_init", &payload)?;
        let seen = match said.stdout.as_str() {
            "lives" => "the payload lives on",
            _ => "init ends, and everyone with it",
        };
        let who = format!("{launcher}, SIG{signal} for PID 1 from inside");
        evidence.see(who, seen, described);
    }
    Ok(evidence)
}

/// What Ctrl-C leaves behind.
pub fn orphan(scene: &Scene<'_>) -> Found<Evidence> {
    let mut evidence = Evidence::new();
    for launcher in [C, GO, RUST] {
        for (step, described) in [
            ("skeleton", "the launcher dies, the payload dies"),
            ("pid_oldproc", "the launcher dies, the payload lives on"),
        ] {
            // A sandbox for each: whoever lives on is not to be counted twice.
            let mut site = Site::new(scene)?;
            let program = site.program(launcher, step)?;
            // A group of its own, as a shell makes for each of its jobs.
            let argv = ["setsid", &program, "sleep", "1000"];
            let running = site.stage.start(&argv)?;
            outside::until_it_sleeps(site.stage.init(), deadline())?;
            let kill = format!("kill -s {SIGINT} -- -{}", running.pid);
            site.stage.sh(&kill)?.well()?;
            let ended = site.stage.ended(running.pid, LONG)?;
            std::thread::sleep(SETTLED);
            let alive = outside::sleepers(site.stage.init()) > 0;
            let launcher_dies = match ended {
                Some(_) => "the launcher dies",
                None => "the launcher lives on",
            };
            let payload = match alive {
                true => "the payload lives on",
                false => "the payload dies",
            };
            let seen = format!("{launcher_dies}, {payload}");
            evidence.see(format!("{launcher}, {step}"), &seen, described);
        }
    }
    if evidence.sights.is_empty() {
        return Err(Refusal::Broken("nobody was interrupted".to_owned()));
    }
    Ok(evidence)
}

/// How long a launcher is given to die.
const LONG: Duration = Duration::from_secs(3);
