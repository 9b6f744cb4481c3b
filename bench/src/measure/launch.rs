//! Measures whole programs: how long one takes to start, and how long a step
//! takes to launch its payload.
//!
//! The floor's peer starts all of them, so that the starter makes no
//! difference. The payload is a static program of three instructions. A launch
//! is timed only after its effect has been checked: with the probe as payload,
//! the launcher must make the namespaces of the step.

use crate::measure::command_line::{
    Launch, careful_program, not_built, program,
};
use crate::measure::contest::{Contender, Contest, Wanted};
use crate::measure::paired::Places;
use crate::measure::place::{sandbox, scenario};
use crate::measure::six;
use crate::operation::drain;
use crate::peer::Peer;
use crate::rows::{CAREFUL, EXEC, GO_ON_TWO, PLAIN, PROCESS, WARM};
use compare::known::explanation;
use compare::subject::Subject;
use harness::error::{Error, Result};
use harness::host::layout::Layout;
use harness::launcher::{LANGUAGES, Launcher};
use harness::paths::{NEWROOT, PROBE, PROBE_IN_NEWROOT, PROGRAMS};
use harness::sandbox::Sandbox;
use harness::sandbox::listen::{LineRead, Running, read_line};
use harness::sandbox::protocol::Command;
use harness::step::{Arguments, Namespace, Step};
use harness::timeout::deadline;
use harness::trial::{
    Alone, Launch as Launched, Meeting, Observed, bare_probe, hold_and_look,
};
use std::collections::BTreeSet;
use std::path::Path;

/// The steps that consist of more than one clone: the floor has no program for
/// them.
const BEYOND_THE_FLOOR: &[&str] =
    &["unshare_init", "user_mapped", "container", "time", "rootless", "join"];

/// The path of the payload of a row, as its launchers name it: it is another
/// path if the row changes the root.
pub fn payload(name: &str) -> String {
    let payload = if is_first(name) { "first" } else { "true" };
    match pivots(step_of(name)) {
        true => format!("/{payload}"),
        false => program(&format!("bench/{payload}")),
    }
}

/// The step of a row of whole launches, if it is one of a step.
fn step_of(name: &str) -> Option<&'static Step> {
    let (_, step) = name.split_once('/')?;
    Step::named(step)
}

/// True if a row is timed until the payload's first instruction.
fn is_first(name: &str) -> bool {
    name.starts_with("first/")
}

/// True if the payload gets a new root: in the rows of steps that take one, and
/// in the rows of all six namespaces.
fn pivots(step: Option<&Step>) -> bool {
    step.is_none_or(|step| step.arguments == Arguments::NewRoot)
}

/// True if the namespaces belong to another process.
fn joins(step: Option<&Step>) -> bool {
    step.is_some_and(|step| step.arguments == Arguments::Pid)
}

/// The programs that do nothing: the name of the column, and the path.
const EMPTY: &[(&str, &str)] = &[
    ("floor", "bench/true"),
    (CAREFUL, "bench/empty-c-musl"),
    ("c", "bench/empty-c"),
    ("rust", "bench/empty-rust-bare"),
    ("go", "bench/empty-go"),
    ("c, static", "bench/empty-c-static"),
    ("rust, main", "bench/empty-rust-musl"),
    ("rust, glibc", "bench/empty-rust"),
];

fn starting(name: &str, two: bool, argv: Vec<String>) -> Contender {
    Contender {
        name: name.to_owned(),
        two,
        peer: Peer::Floor,
        line: "start".to_owned(),
        arguments: argv,
        digest: None,
        proof: Wanted::Zero,
    }
}

/// The contest of how long a program takes that does nothing.
pub fn exec(layout: &Layout, two: bool) -> Contest {
    let mut contest = Contest::empty(EXEC, drain(false));
    for (name, path) in EMPTY {
        if !layout.programs().join(path).exists() {
            contest.leave_out(name, "not built: no toolchain for it");
            continue;
        }
        let argv = vec![program(path)];
        contest.contenders.push(starting(name, false, argv.clone()));
        if two && *name == "go" {
            contest.contenders.push(starting(GO_ON_TWO, true, argv));
        }
    }
    contest
}

/// The contest of the row of that name, after every effect has been checked.
///
/// # Errors
///
/// Fails if a launcher does not make the namespaces of the step, or if the
/// sandbox has ended.
pub fn launch(
    name: &str,
    layout: &Layout,
    places: &mut Places,
) -> Result<(Contest, Option<Running>)> {
    let step = step_of(name);
    let two = places.two.is_some();
    let (launches, absent) = match step {
        Some(step) => of_step(step, layout),
        None => {
            let missing = six::set_up(places.sandboxes());
            let (launches, absent) = six::launches(layout, missing.as_deref());
            match name {
                PROCESS => (six::beside_warm(launches), absent),
                _ => (launches, absent),
            }
        }
    };
    let joins = joins(step);
    let wanted = step.map_or(six::NAMESPACES, |step| step.namespaces);
    let networks = wanted.contains(&Namespace::Net) || joins;
    let mut contest = Contest::empty(name, drain(networks));
    contest.absent = absent;

    let target = if name == PROCESS {
        // The daemon makes networks ahead, on the second processor.
        let place = places.two.as_mut().unwrap_or(&mut places.one);
        Some(six::serve(place.sandbox())?)
    } else if joins {
        // The process that starts the launchers must be allowed to join.
        let beside = places.one.beside(Peer::Floor)?;
        Some(target(places.one.sandbox(), beside)?)
    } else {
        None
    };
    let subject = match &target {
        Some(target) if joins => target.pid.to_string(),
        _ => NEWROOT.to_owned(),
    };
    let mut effects = Vec::new();
    let mut twins = Vec::new();
    let mut refusals = Vec::new();
    for launch in launches {
        let observed = observe(&launch, layout, step)?;
        if let Some(why) = observed.effect.0.get("refused") {
            contest.leave_out(launch.name, why);
            if TWINS.contains(&launch.name) {
                twins.push((launch.name, Err(why.clone())));
            } else {
                refusals.push((launch.launcher, why.clone()));
            }
            continue;
        }
        check(&launch, &observed, step, wanted)?;
        let text = observed.effect.to_string();
        let digest = digest(&text);
        if TWINS.contains(&launch.name) {
            twins.push((launch.name, Ok(observed)));
        } else {
            effects.push((launch.launcher, observed));
        }
        let argv = (launch.argv)(&subject, &[&payload(name)]);
        let both = two && name == PROCESS;
        let mut contender = starting(launch.name, both, argv.clone());
        if is_first(name) {
            contender.line = "first".to_owned();
        }
        contender.digest = Some(digest.clone());
        contest.contenders.push(contender.clone());
        // A target exists in only one of the two sandboxes.
        if two && launch.launcher == Some(Launcher::Go) && !joins {
            let mut again = starting(GO_ON_TWO, true, argv);
            again.line = contender.line.clone();
            again.digest = Some(digest);
            contest.contenders.push(again);
        }
    }
    judge(&refusals, &effects, step, &mut contest)?;
    let rust = effects.iter().find(|it| it.0 == Some(Launcher::Rust));
    for (name, twin) in twins {
        must_be_the_same(name, twin, rust.map(|it| &it.1), &mut contest)?;
    }
    if let Some(step) = step {
        for why in unexplained(step, &effects) {
            contest.leave_out("note", why);
        }
    }
    Ok((contest, target))
}

/// If only some languages refuse to do it, that is wrong, unless the reason is
/// known. If all refuse, it is not possible on this machine, and none is timed.
fn judge(
    refusals: &[(Option<Launcher>, String)],
    effects: &[(Option<Launcher>, Observed)],
    step: Option<&Step>,
    contest: &mut Contest,
) -> Result<()> {
    let is_language = |it: &Option<Launcher>| {
        it.is_some_and(|launcher| LANGUAGES.contains(&launcher))
    };
    if !effects.iter().any(|(launcher, _)| is_language(launcher)) {
        contest.contenders.clear();
        return Ok(());
    }
    let known = |launcher: Launcher, why: &str| {
        step.is_some_and(|step| {
            let subject = Subject { step: step.name, situation: None };
            explanation(&subject, scenario(), launcher, "refused", Some(why))
                .is_some()
        })
    };
    for (launcher, why) in refusals {
        match launcher {
            Some(launcher)
                if is_language(&Some(*launcher)) && !known(*launcher, why) =>
            {
                return Err(Error::new(format!(
                    "{} alone refuses: {why}",
                    launcher.name()
                )));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The contenders that are compared with the step in Rust only for their code:
/// their effects must be the same.
const TWINS: &[&str] = &[CAREFUL, PLAIN];

/// Checks that a twin has exactly the effect of the step in Rust. If it has
/// another one, none is timed.
fn must_be_the_same(
    name: &str,
    twin: std::result::Result<Observed, String>,
    rust: Option<&Observed>,
    contest: &mut Contest,
) -> Result<()> {
    match (twin, rust) {
        (Ok(twin), Some(rust)) => {
            let (twin, rust) = (&twin.effect.0, &rust.effect.0);
            let keys: BTreeSet<_> = twin.keys().chain(rust.keys()).collect();
            let differs = |key: &&String| twin.get(*key) != rust.get(*key);
            match keys.into_iter().find(differs) {
                None => Ok(()),
                Some(key) => Err(Error::new(format!(
                    "{name} has {key} {} where rust has {}",
                    twin.get(key).map_or("-", String::as_str),
                    rust.get(key).map_or("-", String::as_str)
                ))),
            }
        }
        // A launcher that was not compared has no figure.
        (Ok(_), None) => {
            contest.contenders.retain(|it| it.name != name);
            contest.leave_out(name, "no step in Rust to compare it with");
            Ok(())
        }
        (Err(why), Some(_)) => {
            Err(Error::new(format!("{name} alone refuses: {why}")))
        }
        (Err(_), None) => Ok(()),
    }
}

/// The launches of a step: by each language and by unshare(1).
fn of_step(
    step: &'static Step,
    layout: &Layout,
) -> (Vec<Launch>, Vec<(String, String)>) {
    let mut launches = Vec::new();
    let mut absent = Vec::new();
    let mut enter = |launch: Launch, program: &Path| {
        if program.exists() {
            launches.push(launch);
        } else {
            let why = not_built(launch.name);
            absent.push((launch.name.to_owned(), why.to_owned()));
        }
    };
    if !BEYOND_THE_FLOOR.contains(&step.name) {
        let pivots = step.arguments == Arguments::NewRoot;
        let argv = move |subject: &str, what: &[&str]| {
            let mut argv =
                vec![program("bench/floor-launch"), step.name.to_owned()];
            argv.extend(pivots.then(|| subject.to_owned()));
            argv.extend(what.iter().map(ToString::to_string));
            argv
        };
        enter(
            Launch { name: "floor", launcher: None, argv: Box::new(argv) },
            &layout.programs().join("bench/floor-launch"),
        );
    }
    let operand = step.arguments != Arguments::Command;
    let argv = move |subject: &str, what: &[&str]| {
        let mut argv = vec![program(&careful_program(step.name))];
        argv.extend(operand.then(|| subject.to_owned()));
        argv.extend(what.iter().map(ToString::to_string));
        argv
    };
    enter(
        Launch { name: CAREFUL, launcher: None, argv: Box::new(argv) },
        &layout.programs().join(careful_program(step.name)),
    );
    let simple = step.control.as_ref().is_some_and(|it| it.script.is_none());
    let others = simple.then_some(&Launcher::Unshare);
    for launcher in LANGUAGES.iter().chain(others).copied() {
        let path = launcher.program(step, layout);
        let argv = move |subject: &str, what: &[&str]| {
            let mut argv = launcher.argv(step, PROGRAMS, Some(subject), what);
            // The floor does not look for programs in $PATH.
            if !argv[0].contains('/') {
                argv[0] = path.display().to_string();
            }
            argv
        };
        enter(
            Launch {
                name: launcher.name(),
                launcher: Some(launcher),
                argv: Box::new(argv),
            },
            &launcher.program(step, layout),
        );
    }
    if step.name == "uts" {
        let argv = |_: &str, what: &[&str]| {
            let plain = program(PLAIN_PROGRAM);
            let what = what.iter().map(ToString::to_string);
            [plain].into_iter().chain(what).collect()
        };
        enter(
            Launch { name: PLAIN, launcher: None, argv: Box::new(argv) },
            &layout.programs().join(PLAIN_PROGRAM),
        );
    }
    (launches, absent)
}

/// The example of the crate `steps`: `uts` in plain nix and std.
const PLAIN_PROGRAM: &str = "bench/plain/uts_in_plain_nix";

/// Observes the effect of a launcher, in a sandbox that is used for nothing
/// else.
fn observe(
    launch: &Launch,
    layout: &Layout,
    step: Option<&Step>,
) -> Result<Observed> {
    let mut sandbox = sandbox(layout)?;
    if step.is_none() {
        // A launcher that cannot work without it reports that itself.
        let _ = six::set_up([&mut sandbox]);
    }
    let _daemon = match launch.name {
        WARM => Some(six::serve(&mut sandbox)?),
        _ => None,
    };
    let target = if joins(step) {
        Some(target(&mut sandbox, Vec::new())?)
    } else {
        None
    };
    let baseline = bare_probe(&mut sandbox)?;
    let subject = match &target {
        Some(target) => target.pid.to_string(),
        None => NEWROOT.to_owned(),
    };
    let probe = if pivots(step) { PROBE_IN_NEWROOT } else { PROBE };
    let held = Launched::in_root(|arguments| {
        let mut payload = vec![probe];
        payload.extend(arguments.iter().map(String::as_str));
        (launch.argv)(&subject, &payload)
    });
    let mut observed = hold_and_look(
        &mut sandbox,
        &baseline,
        &held,
        &mut Meeting::new(&Alone),
    )?;
    observed.enter_refusal();
    Ok(observed)
}

/// Starts a process in namespaces of its own, to be joined; `argv` is the
/// command line that makes the namespaces.
fn target(sandbox: &mut Sandbox, mut argv: Vec<String>) -> Result<Running> {
    let unshare = ["unshare", "--uts", "--ipc", "--net"];
    let say = ["sh", "-c", "echo in them; exec sleep infinity"];
    argv.extend(unshare.iter().chain(&say).map(ToString::to_string));
    let mut running = sandbox.run(&Command { argv, ..Command::default() })?;
    match read_line(&mut running.stdout, deadline()) {
        LineRead::Line(_) => Ok(running),
        _ => Err(Error::new("there is no container to join")),
    }
}

/// Checks that the payload of a launch is in exactly the new namespaces of the
/// step.
fn check(
    launch: &Launch,
    observed: &Observed,
    step: Option<&Step>,
    wanted: &[Namespace],
) -> Result<()> {
    let made: BTreeSet<_> = observed.made.keys().copied().collect();
    let wanted: BTreeSet<_> = wanted.iter().copied().collect();
    // bwrap adds a user namespace where it has to. The namespaces of `join`
    // were made by another process.
    let right = match step {
        _ if joins(step) => !made.is_empty(),
        Some(_) => made == wanted,
        None => made.is_superset(&wanted),
    };
    if right {
        return Ok(());
    }
    let list = |set: &BTreeSet<Namespace>| {
        let names: Vec<_> = set.iter().map(ToString::to_string).collect();
        if names.is_empty() { "none".to_owned() } else { names.join("+") }
    };
    Err(Error::new(format!(
        "{} made {} and not {}",
        launch.name,
        list(&made),
        list(&wanted)
    )))
}

/// The keys in which the effects of the languages differ without a known
/// reason. If there are any, the launchers do not do the same work.
fn unexplained(
    step: &Step,
    effects: &[(Option<Launcher>, Observed)],
) -> Vec<String> {
    let subject = Subject { step: step.name, situation: None };
    let languages: Vec<_> = effects
        .iter()
        .filter_map(|(launcher, it)| Some(((*launcher)?, &it.effect.0)))
        .filter(|(launcher, _)| LANGUAGES.contains(launcher))
        .collect();
    let keys: BTreeSet<_> =
        languages.iter().flat_map(|(_, effect)| effect.keys()).collect();
    let differs = |key: &&String| {
        let mut values = languages.iter().map(|(_, effect)| effect.get(*key));
        let first = values.next().flatten();
        values.any(|value| value != first)
    };
    let known = |key: &str| {
        languages.iter().any(|(launcher, effect)| {
            let value = effect.get(key).map(String::as_str);
            explanation(&subject, scenario(), *launcher, key, value).is_some()
        })
    };
    keys.into_iter()
        .filter(differs)
        .filter(|key| !known(key))
        .map(|key| format!("the effects differ in {key}: see nsteps compare"))
        .collect()
}

/// A short name of an effect (FNV-1a): equal effects have the same name.
fn digest(effect: &str) -> String {
    let hash = effect.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    format!("{hash:08x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_effects_have_one_digest() {
        assert_eq!(digest("ns.uts  new\n"), digest("ns.uts  new\n"));
        assert_ne!(digest("ns.uts  new\n"), digest("ns.net  new\n"));
        assert_eq!(digest(""), "811c9dc5");
    }

    #[test]
    fn the_floor_is_beyond_steps_that_exist() {
        for name in BEYOND_THE_FLOOR {
            assert!(Step::named(name).is_some(), "{name}");
        }
    }
}
