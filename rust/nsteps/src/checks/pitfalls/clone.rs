//! What clone(2) is asked for, and what it does.

use super::{C, GO, Programs, RUST, Way, by, in_one_line};
use crate::checks::pitfalls::pitfall::Evidence;
use crate::checks::session::{Conditions, Held, propagation};
use harness::found::{Found, NEEDS_ROOT, Refusal};
use harness::host::machine;
use harness::launcher::Launcher;
use harness::paths::{NEWROOT, OBSERVED_PROC};
use harness::scenario::Mounts;
use harness::step::{Arguments, STEPS};

/// The languages whose new mount table is still shared.
pub fn unshareflags(conditions: &Conditions<'_>) -> Found<Evidence> {
    const SHARED: &str = "/ is shared inside";
    const PRIVATE: &str = "/ is private inside";
    const WAYS: &[Way<&str>] = &[
        (C, "clone_newns", SHARED),
        (RUST, "clone_newns", SHARED),
        (GO, "cmd_newns", SHARED),
        (GO, "cmd_unshare_newns", PRIVATE),
    ];
    let mut programs = Programs::with_mounts(conditions, Mounts::Shared)?;
    let mut evidence = Evidence::new();
    for (launcher, way, described) in WAYS {
        let payload = ["cat", "/proc/self/mountinfo"];
        let said = programs.launch(&[], (*launcher, way), &payload)?.well()?;
        let root = said.lines().find(|it| it.split(' ').nth(4) == Some("/"));
        let root = root.map(propagation).unwrap_or_default();
        let kind = root.split(':').next().unwrap_or_default();
        let seen = format!("/ is {kind} inside");
        evidence.see(by(*launcher, way), &seen, described);
    }
    Ok(evidence)
}

/// A program that tells about a child before and after its exec.
const EXIT_SIGNAL: &str = "exit_signal";

/// Which children wait returns, and when.
pub fn without_signal(conditions: &Conditions<'_>) -> Found<Evidence> {
    const SEEN: &str =
        "wait before exec: still running | wait after it: exit 3";
    const UNSEEN: &str =
        "wait before exec: No child processes | wait after it: exit 3";
    let mut programs = Programs::new(conditions)?;
    let mut evidence = Evidence::new();
    for (launcher, words, case, described) in [
        (C, "chld", "c, clone with SIGCHLD", SEEN),
        (C, "none", "c, clone without a signal", UNSEEN),
        (RUST, "chld", "rust, nix::clone with Some(SIGCHLD)", SEEN),
        (RUST, "none", "rust, nix::clone with None", UNSEEN),
    ] {
        let said = programs.run(launcher, EXIT_SIGNAL, &[words])?;
        let said = in_one_line(&said);
        let (_, waits) = said.split_once(" | ").unwrap_or(("", &said));
        evidence.see(case, waits, described);
    }
    Ok(evidence)
}

/// Which languages make a time namespace, and which children wait returns.
pub fn newtime(conditions: &Conditions<'_>) -> Found<Evidence> {
    const UNSEEN: &str = "time namespace: the old one | wait before exec: No child processes \
         | wait after it: exit 3";
    let mut programs = Programs::new(conditions)?;
    let mut evidence = Evidence::new();
    let own = programs.session.run(&["readlink", "/proc/self/ns/time"])?;
    let own = own.well().map_err(|_| {
        Refusal::Unavailable("the kernel has no time namespaces".to_owned())
    })?;
    // An exit signal above 64 is refused since then.
    let is_refused = machine::kernel() >= machine::EXIT_SIGNALS_CHECKED;
    for (launcher, case, refused) in [
        (
            C,
            "c, clone(CLONE_NEWTIME|SIGCHLD)",
            "exit_signal: clone: Invalid argument",
        ),
        (
            RUST,
            "rust, nix::clone, from_bits_retain(0x80)",
            "clone: EINVAL: Invalid argument",
        ),
    ] {
        let said = programs.run(launcher, EXIT_SIGNAL, &["newtime"])?;
        let described = if is_refused { refused } else { UNSEEN };
        evidence.see(case, &in_one_line(&said), described);
    }
    let version = programs.go_version()?;
    let payload = ["readlink", "/proc/self/ns/time"];
    let said = programs.launch(&[], (GO, "cmd_newtime"), &payload)?;
    let seen = match said.stdout == own {
        _ if said.status != 0 => in_one_line(&said),
        true => "time namespace: the old one".to_owned(),
        false => "time namespace: a new one".to_owned(),
    };
    // It takes clone3 since then.
    let described = match version >= (1, 21, 0) {
        true => "time namespace: a new one",
        false => "time namespace: the old one",
    };
    let case = format!("go {}.{}, Cloneflags: 0x80", version.0, version.1);
    evidence.see(case, &seen, described);
    for launcher in [C, GO, RUST] {
        if launcher.lacks("time", machine::kernel()).is_some() {
            continue;
        }
        let said = programs.step(launcher, "time", &payload)?.well()?;
        let which = if said == own { "the old one" } else { "a new one" };
        let seen = format!("time namespace: {which}");
        let case = format!("{launcher}, time: unshare, then fork");
        evidence.see(case, &seen, "time namespace: a new one");
    }
    Ok(evidence)
}

/// Which child has no capabilities because it did not wait for its map.
pub fn map_without_a_pipe(conditions: &Conditions<'_>) -> Found<Evidence> {
    /// How many children there may be before none counts as none.
    const CHILDREN: &str = "2000";
    /// How many have to keep their capabilities where they wait.
    const SAFE: &str = "100";
    let mut programs = Programs::new(conditions)?;
    let mut evidence = Evidence::new();
    for (launcher, words, case, loses) in [
        (C, &["no_pipe", CHILDREN][..], "c, without a pipe", true),
        (C, &["pipe", SAFE], "c, with a pipe", false),
        (RUST, &["no_pipe", CHILDREN], "rust, without a pipe", true),
        (RUST, &["pipe", SAFE], "rust, with a pipe", false),
        (GO, &[SAFE], "go, UidMappings", false),
    ] {
        let said = programs.run(launcher, "id_map", words)?.well()?;
        let lost = said.starts_with("child ");
        let why = if lost { "the proof" } else { "the bound" };
        evidence.judge(
            case,
            &format!("{said} ({why})"),
            lost == loses,
            if loses { "one loses them" } else { "none loses them" },
        );
    }
    Ok(evidence)
}

/// Where the low end of an array does as a stack, and what it costs.
pub fn low_end_stack(conditions: &Conditions<'_>) -> Found<Evidence> {
    let mut programs = Programs::new(conditions)?;
    let mut evidence = Evidence::new();
    if !cfg!(target_arch = "x86_64") {
        return Err(Refusal::Unavailable(
            "what lies below a stack is another on this processor".to_owned(),
        ));
    }
    for (mode, case, described) in [
        (
            "stack",
            "c, a local array, memory copied",
            "exited with 0; 2 words below the array have changed",
        ),
        ("static", "c, a static array", "SIGSEGV"),
        ("vm", "c, a local array, CLONE_VM", "SIGSEGV"),
    ] {
        let said = programs.run(C, "lowstack", &[mode])?;
        // 139: the parent itself, as a shell shows it.
        let seen = match said.status {
            139 => "the parent is killed by SIGSEGV".to_owned(),
            _ => in_one_line(&said),
        };
        let as_described = seen.contains(described)
            || (described == "SIGSEGV" && seen.contains("signal 11"));
        evidence.judge(case, &seen, as_described, described);
    }
    Ok(evidence)
}

/// Which frames change where a child that runs on a stack clones another one on
/// the same stack.
pub fn two_children(conditions: &Conditions<'_>) -> Found<Evidence> {
    /// What the words of a frame that nothing wrote over come to.
    const NONE: &str = "0 words of the first child have changed";
    let mut programs = Programs::with_new_root(conditions)?;
    let mut evidence = Evidence::new();
    for (mode, case, changes) in [
        ("same", "c, the same stack, CLONE_VM", true),
        ("copy", "c, the same stack, memory copied", false),
        ("own", "c, a stack of its own, CLONE_VM", false),
    ] {
        let said = programs.run(C, "twostack", &[mode])?.well()?;
        let changed = said != NONE;
        let described = if changes { "some have changed" } else { NONE };
        evidence.judge(case, &said, changed == changes, described);
    }
    // Its first child launches in its turn, and its payload is looked for in
    // more directories than one, so that a path is built.
    let rootless = programs.program(RUST, "rootless")?;
    let path = "PATH=/no/such:/usr/local/bin:/usr/bin:/bin";
    let payload = ["sh", "-c", "exit 7"];
    let argv = [&["env", path, &rootless, NEWROOT][..], &payload].concat();
    let ended = programs.session.run(&argv)?.status;
    let seen = format!("ends with {ended}");
    evidence.see("rust, the step rootless", &seen, "ends with 7");
    Ok(evidence)
}

/// What becomes of a launcher if its child changes its ids before it execs.
pub fn ids_in_borrowed_memory(conditions: &Conditions<'_>) -> Found<Evidence> {
    const KEPT: &str = "stays dumpable";
    const LOST: &str = "is not dumpable any more";
    const WAYS: &[Way<(&str, &str)>] = &[
        (C, "nothing", ("c, a child that ends at once", KEPT)),
        (C, "setuid", ("c, setuid, CLONE_VM", LOST)),
        (C, "setgid", ("c, setgid, CLONE_VM", LOST)),
        (C, "capset", ("c, capset, one less, CLONE_VM", KEPT)),
        (C, "unshare", ("c, unshare(CLONE_NEWUSER), CLONE_VM", KEPT)),
        (C, "copy", ("c, setuid, memory copied", KEPT)),
        (GO, "nothing", ("go, os/exec", KEPT)),
        (GO, "credential", ("go, Credential", LOST)),
        (GO, "credential_newuser", ("go, Credential, CLONE_NEWUSER", KEPT)),
        (RUST, "nothing", ("rust, Command", KEPT)),
        (RUST, "uid", ("rust, Command::uid", KEPT)),
    ];
    if conditions.is_an_ordinary_user() {
        return Err(Refusal::Unavailable(NEEDS_ROOT.to_owned()));
    }
    let mut programs = Programs::with_new_root(conditions)?;
    let mut evidence = Evidence::new();
    for (launcher, way, (case, described)) in WAYS {
        let said = programs.run(*launcher, "dumpable", &[way])?.well()?;
        let seen = match said.as_str() {
            "1" => KEPT,
            "0" => LOST,
            other => other,
        };
        evidence.see(case, seen, described);
    }
    // How it looks from outside, so that the look below can be trusted.
    let dumpable = programs.program(C, "pitfalls/dumpable")?;
    for (way, described) in [("nothing", true), ("setuid", false)] {
        let mut argv = UNTRUSTED.to_vec();
        argv.extend([dumpable.as_str(), way, "hold"]);
        let held =
            programs.session.hold_until(&argv, |said| !said.is_empty())?;
        let seen = can_be_traced(&mut programs, held)?;
        let word = |can| if can { "can be read" } else { "cannot be read" };
        let case = format!("c, {way}, its /proc/PID/cwd");
        evidence.see(case, word(seen), word(described));
    }
    for launcher in [C, GO, RUST] {
        let lost = losing(&mut programs, launcher)?;
        let seen = match lost.as_slice() {
            [] => "no step loses it".to_owned(),
            lost => format!("lost by {}", lost.join(" ")),
        };
        evidence.see(
            format_args!("{launcher}, its steps"),
            &seen,
            "no step loses it",
        );
    }
    Ok(evidence)
}

/// Without the capability that looks over every fence. A process may not look
/// at one that has more capabilities than itself, so both are started so.
const UNTRUSTED: &[&str] =
    &["setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace"];

/// The steps whose launcher cannot be traced while its payload runs.
fn losing(
    programs: &mut Programs<'_>,
    launcher: Launcher,
) -> Found<Vec<&'static str>> {
    let mut lost = Vec::new();
    let unshare = [UNTRUSTED, &["unshare", "--uts"]].concat();
    let elsewhere = programs.session.hold_sh(&unshare, "")?;
    let pid = elsewhere.pid().to_string();
    let kernel = machine::kernel();
    for step in STEPS {
        if launcher.lacks(step.name, kernel).is_some() {
            continue;
        }
        let program = programs.program(launcher, step.name)?;
        let mut before = UNTRUSTED.to_vec();
        before.push(&program);
        match step.arguments {
            Arguments::Command => {}
            Arguments::NewRoot => before.push(NEWROOT),
            Arguments::Pid => before.push(&pid),
        }
        let held = programs.session.hold_sh(&before, "")?;
        if !can_be_traced(programs, held)? {
            lost.push(step.name);
        }
    }
    programs.session.release(elsewhere)?;
    Ok(lost)
}

/// Whether what only a tracer may read of a held process can be read.
fn can_be_traced(programs: &mut Programs<'_>, held: Held) -> Found<bool> {
    let directory = format!("{OBSERVED_PROC}/{}/cwd", held.pid());
    let read = [UNTRUSTED, &["readlink", &directory]].concat();
    let said = programs.session.run(&read)?;
    programs.session.release(held)?;
    Ok(said.status == 0)
}
