//! What clone(2) is asked for, and what it does.

use super::{C, Evidence, GO, RUST, Site, Way, by, in_one_line};
use crate::checked::Found;
use crate::sandbox::{Mounts, Refusal};
use crate::stage::Scene;
use crate::stage::propagation;

/// Whose new mount table is still shared.
pub fn unshareflags(scene: &Scene<'_>) -> Found<Evidence> {
    const SHARED: &str = "/ is shared inside";
    const PRIVATE: &str = "/ is private inside";
    const WAYS: &[Way<&str>] = &[
        (C, "clone_newns", SHARED),
        (RUST, "clone_newns", SHARED),
        (GO, "cmd_newns", SHARED),
        (GO, "cmd_unshare_newns", PRIVATE),
    ];
    let mut site = Site::with_mounts(scene, Mounts::Shared)?;
    let mut evidence = Evidence::new();
    for (launcher, way, described) in WAYS {
        let payload = ["cat", "/proc/self/mountinfo"];
        let said = site.launch(&[], (*launcher, way), &payload)?.well()?;
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

/// Whom wait sees, and when.
pub fn without_signal(scene: &Scene<'_>) -> Found<Evidence> {
    const SEEN: &str =
        "wait before exec: still running | wait after it: exit 3";
    const UNSEEN: &str =
        "wait before exec: No child processes | wait after it: exit 3";
    let mut site = Site::new(scene)?;
    let mut evidence = Evidence::new();
    for (launcher, words, who, described) in [
        (C, "chld", "c, clone with SIGCHLD", SEEN),
        (C, "none", "c, clone without a signal", UNSEEN),
        (RUST, "chld", "rust, nix::clone with Some(SIGCHLD)", SEEN),
        (RUST, "none", "rust, nix::clone with None", UNSEEN),
    ] {
        let said = site.run(launcher, EXIT_SIGNAL, &[words])?;
        let said = in_one_line(&said);
        let (_, waits) = said.split_once(" | ").unwrap_or(("", &said));
        evidence.see(who, waits, described);
    }
    Ok(evidence)
}

/// Who gets a time namespace, and whom wait sees.
pub fn newtime(scene: &Scene<'_>) -> Found<Evidence> {
    const UNSEEN: &str = "time namespace: the old one | wait before exec: No child processes \
         | wait after it: exit 3";
    let mut site = Site::new(scene)?;
    let mut evidence = Evidence::new();
    let own = site.stage.run(&["readlink", "/proc/self/ns/time"])?;
    let own = own.well().map_err(|_| {
        Refusal::Unavailable("the kernel has no time namespaces".to_owned())
    })?;
    for (launcher, who) in [
        (C, "c, clone(CLONE_NEWTIME|SIGCHLD)"),
        (RUST, "rust, nix::clone, from_bits_retain(0x80)"),
    ] {
        let said = site.run(launcher, EXIT_SIGNAL, &["newtime"])?;
        evidence.see(who, &in_one_line(&said), UNSEEN);
    }
    let version = site.go_version()?;
    let payload = ["readlink", "/proc/self/ns/time"];
    let said = site.launch(&[], (GO, "cmd_newtime"), &payload)?;
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
    let who = format!("go {}.{}, Cloneflags: 0x80", version.0, version.1);
    evidence.see(who, &seen, described);
    for launcher in [C, GO, RUST] {
        let said = site.step(launcher, "time", &payload)?.well()?;
        let which = if said == own { "the old one" } else { "a new one" };
        let seen = format!("time namespace: {which}");
        let who = format!("{launcher}, time: unshare, then fork");
        evidence.see(who, &seen, "time namespace: a new one");
    }
    Ok(evidence)
}

/// Who has no capabilities because nobody waited for whom.
pub fn map_without_a_pipe(scene: &Scene<'_>) -> Found<Evidence> {
    /// How many children there may be before none counts as none.
    const CHILDREN: &str = "2000";
    /// How many have to keep their capabilities where they wait.
    const SAFE: &str = "100";
    let mut site = Site::new(scene)?;
    let mut evidence = Evidence::new();
    for (launcher, words, who, loses) in [
        (C, &["no_pipe", CHILDREN][..], "c, without a pipe", true),
        (C, &["pipe", SAFE], "c, with a pipe", false),
        (RUST, &["no_pipe", CHILDREN], "rust, without a pipe", true),
        (RUST, &["pipe", SAFE], "rust, with a pipe", false),
        (GO, &[SAFE], "go, UidMappings", false),
    ] {
        let said = site.run(launcher, "id_map", words)?.well()?;
        let lost = said.starts_with("child ");
        let why = if lost { "the proof" } else { "the bound" };
        evidence.weigh(
            who,
            &format!("{said} ({why})"),
            lost == loses,
            if loses { "one loses them" } else { "none loses them" },
        );
    }
    Ok(evidence)
}

/// Where the low end of an array does as a stack, and what it costs.
pub fn low_end_stack(scene: &Scene<'_>) -> Found<Evidence> {
    let mut site = Site::new(scene)?;
    let mut evidence = Evidence::new();
    if !cfg!(target_arch = "x86_64") {
        return Err(Refusal::Unavailable(
            "what lies below a stack is another on this processor".to_owned(),
        ));
    }
    for (mode, who, described) in [
        (
            "stack",
            "c, a local array, memory copied",
            "exited with 0; 2 words below the array have changed",
        ),
        ("static", "c, a static array", "SIGSEGV"),
        ("vm", "c, a local array, CLONE_VM", "SIGSEGV"),
    ] {
        let said = site.run(C, "lowstack", &[mode])?;
        // 139: the parent itself, as a shell shows it.
        let seen = match said.status {
            139 => "the parent is killed by SIGSEGV".to_owned(),
            _ => in_one_line(&said),
        };
        let as_described = seen.contains(described)
            || (described == "SIGSEGV" && seen.contains("signal 11"));
        evidence.weigh(who, &seen, as_described, described);
    }
    Ok(evidence)
}
