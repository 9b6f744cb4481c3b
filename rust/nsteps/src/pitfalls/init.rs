//! Who is PID 1, and who outlives whom.

use super::{C, Evidence, GO, RUST, Site};
use crate::checked::Found;
use crate::outside;
use crate::sandbox::deadline;
use crate::stage::Scene;
use nix::libc::SIGINT;
use std::time::{Duration, Instant};

/// How long a signal that nobody notices is given to be noticed.
const SETTLED: Duration = Duration::from_millis(200);

/// Whose init dies of a signal from inside.
pub fn signals(scene: &Scene<'_>) -> Found<Evidence> {
    const LIVES_ON: &str = "the payload lives on";
    const ENDS: &str = "init ends, and everyone with it";
    let mut site = Site::new(scene)?;
    let mut evidence = Evidence::new();
    for (launcher, signal, described) in [
        (C, "TERM", LIVES_ON),
        (C, "HUP", LIVES_ON),
        (RUST, "TERM", LIVES_ON),
        (RUST, "HUP", LIVES_ON),
        // The runtime of another program in Rust would catch it.
        (RUST, "SEGV", LIVES_ON),
        (GO, "TERM", ENDS),
        (GO, "HUP", ENDS),
        (GO, "USR1", LIVES_ON),
    ] {
        // Long where it will be cut short.
        let seconds = if described == LIVES_ON { "0.2" } else { "5" };
        let script = format!("kill -{signal} 1; sleep {seconds}; echo lives");
        let payload = ["sh", "-c", script.as_str()];
        let said = site.step(launcher, "unshare_init", &payload)?;
        let seen = match said.stdout.as_str() {
            "lives" => LIVES_ON,
            _ => ENDS,
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
            // Whoever lives on is given less time to do otherwise.
            let patience = if step == "skeleton" { LONG } else { SETTLED };
            let until = Instant::now() + patience;
            let mut alive = true;
            while alive && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(5));
                alive = outside::sleepers(site.stage.init()) > 0;
            }
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
    Ok(evidence)
}

/// How long a launcher is given to die.
const LONG: Duration = Duration::from_secs(3);
