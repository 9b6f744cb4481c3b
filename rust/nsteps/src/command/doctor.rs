//! `nsteps doctor`: reports what this machine allows, what is missing, and the
//! remedy.

use crate::terminal::output;
use crate::terminal::style::{BAD, GOOD, NOTE};
use harness::error::{DIFFERENT, Result};
use harness::found::{NEEDS_ROOT, Refusal};
use harness::host::cgroup::{CgroupLease, Way};
use harness::host::layout::Layout;
use harness::host::program::{ADMINISTRATORS, find_in, path};
use harness::host::{Equipment, machine};
use harness::launcher::LANGUAGES;
use harness::sandbox::Sandbox;
use harness::sandbox::plan::{Plan, Tree};
use harness::scenario::SCENARIOS;
use harness::step::{Namespace, STEPS};
use std::fs;
use std::path::Path;

/// What was found about one part of the machine.
enum Finding {
    /// The part is as steps need it.
    Fine(String),
    /// A limit of what can be shown on this machine; no fault.
    Note(String),
    /// Something is missing; the text has the remedy.
    Missing(String),
}

use Finding::{Fine, Missing, Note};

/// Examines the machine and prints the findings. Returns status 1 if something
/// is missing.
///
/// # Errors
///
/// Fails if standard output cannot be written.
pub fn run() -> Result<u8> {
    let equipment = Equipment::for_launchers()?;
    let mut findings: Vec<(&str, Finding)> = Vec::new();
    findings.push(("machine", Fine(machine::in_a_few_words())));
    let (major, minor) = machine::OLDEST;
    if machine::kernel() < machine::OLDEST {
        let what = format!(
            "nsteps needs Linux {major}.{minor} for its sandboxes; the steps \
             themselves run"
        );
        findings.push(("machine", Missing(what)));
    }
    findings.extend(programs(&equipment));
    findings.extend(tools());
    findings.extend(namespaces());
    findings.extend(sandboxes(&equipment));
    findings.extend(proc());
    findings.extend(privileges());
    findings.extend(cgroups());

    let mut text = String::new();
    let mut missing = false;
    let mut last = "";
    for (about, finding) in &findings {
        let (style, mark, what) = match finding {
            Fine(what) => (GOOD, "ok", what),
            Note(what) => (NOTE, "note", what),
            Missing(what) => {
                missing = true;
                (BAD, "missing", what)
            }
        };
        let shown = if *about == last { "" } else { about };
        last = about;
        text.push_str(&format!(
            "{shown:<14} {style}{mark:<8}{style:#} {what}\n"
        ));
    }
    output::print(&text)?;
    Ok(if missing { DIFFERENT } else { 0 })
}

/// Whether each language's programs, the probe and a new root are present.
fn programs(equipment: &Equipment) -> Vec<(&'static str, Finding)> {
    let layout = &equipment.layout;
    let mut found = programs_of_steps(layout);
    found.push((
        "new root",
        match &equipment.rootfs {
            Ok(rootfs) => Fine(rootfs.to_string()),
            Err(error) => Missing(error.message.clone()),
        },
    ));
    found
}

fn programs_of_steps(layout: &Layout) -> Vec<(&'static str, Finding)> {
    let mut found = Vec::new();
    if layout.is_alone() {
        let what = "nsteps alone: enough for check, diff and observe; the \
                    steps, their comparison, claims and differences need the \
                    repository";
        return vec![("programs", Note(what.to_owned()))];
    }
    for launcher in LANGUAGES {
        let absent: Vec<_> = STEPS
            .iter()
            .filter(|step| !launcher.program(step, layout).exists())
            .map(|step| step.name)
            .collect();
        found.push((
            "programs",
            match absent.as_slice() {
                [] => Fine(format!("{launcher}: {} steps", STEPS.len())),
                some => Missing(format!(
                    "{launcher}: {} of {} steps are not built ({} ...): make \
                     build; it needs {}",
                    some.len(),
                    STEPS.len(),
                    some[0],
                    launcher.toolchain()
                )),
            },
        ));
    }
    let probe = layout.probe();
    found.push((
        "programs",
        if harness::host::rootfs::is_static(&probe) {
            Fine(format!("probe: {}", probe.display()))
        } else {
            Missing(format!("{} is not there: make build", probe.display()))
        },
    ));
    found
}

/// The programs of others that steps, scripts and users need.
fn tools() -> Vec<(&'static str, Finding)> {
    [
        ("unshare", "util-linux", "the control launcher"),
        ("ip", "iproute2", "to look at links with"),
        ("ps", "procps", "to look at processes with"),
    ]
    .into_iter()
    .map(|(program, package, what)| {
        let found = find_in(program, &[path().as_str(), ADMINISTRATORS]);
        let finding = match found {
            Some(file) => Fine(format!("{} ({what})", file.display())),
            None => Missing(format!(
                "{program}, {what}: install the package {package}"
            )),
        };
        ("tools", finding)
    })
    .collect()
}

/// The kinds of namespace that this kernel has.
fn namespaces() -> Vec<(&'static str, Finding)> {
    let (present, absent): (Vec<_>, Vec<_>) =
        Namespace::ALL.into_iter().partition(|it| {
            Path::new("/proc/self/ns").join(it.proc_name()).exists()
        });
    let words = |list: &[Namespace]| {
        list.iter().map(|it| it.proc_name()).collect::<Vec<_>>().join(" ")
    };
    let mut found = Vec::new();
    if !present.is_empty() {
        found.push(("namespaces", Fine(words(&present))));
    }
    if !absent.is_empty() {
        found.push((
            "namespaces",
            Missing(format!(
                "{}: this kernel was built without them, or /proc is hidden",
                words(&absent)
            )),
        ));
    }
    found
}

/// Whether a sandbox can be made in each scenario.
fn sandboxes(equipment: &Equipment) -> Vec<(&'static str, Finding)> {
    SCENARIOS
        .iter()
        .map(|scenario| {
            let plan = Plan::of(*scenario, Tree::Small, equipment);
            let finding = match Sandbox::enter(&plan, equipment) {
                Ok(_) => Fine(scenario.to_string()),
                Err(Refusal::Unavailable(why)) if why == NEEDS_ROOT => {
                    Note(format!("{scenario}: needs root (sudo nsteps ...)"))
                }
                Err(Refusal::Unavailable(why) | Refusal::Broken(why)) => {
                    Missing(format!("{scenario}: {why}"))
                }
            };
            ("sandbox", finding)
        })
        .collect()
}

/// The mounts below the host's /proc, and the propagation of the host's /.
fn proc() -> Vec<(&'static str, Finding)> {
    let mut found = Vec::new();
    let observation = probe::observe(&probe::Proc::at("/proc"), &["mounts"]);
    match observation.mounts {
        Err(unread) => found.push((
            "/proc",
            Missing(format!("{unread}: mount procfs on /proc")),
        )),
        Ok(mounts) => {
            let nested: Vec<_> = mounts
                .iter()
                .filter(|mount| mount.at.starts_with("/proc/"))
                .map(|mount| mount.at.as_str())
                .collect();
            found.push((
                "/proc",
                if nested.is_empty() {
                    Fine("nothing is mounted below it".to_owned())
                } else {
                    Note(format!(
                        "{} mounted below it: outside a sandbox the step pid \
                         is EBUSY here (pid_detach is not)",
                        nested.join(" ")
                    ))
                },
            ));
            let shared = mounts
                .iter()
                .rev()
                .find(|mount| mount.at == "/")
                .is_some_and(|mount| mount.shared.is_some());
            found.push((
                "propagation",
                Note(
                    if shared {
                        "/ is shared: outside a sandbox the step mount would \
                         leak here"
                    } else {
                        "/ is private: JD's leaks show only in the sandbox's \
                         shared scenarios"
                    }
                    .to_owned(),
                ),
            ));
        }
    }
    found
}

/// The settings that restrict ordinary users, and the capabilities that root
/// lacks.
fn privileges() -> Vec<(&'static str, Finding)> {
    let mut found = Vec::new();
    for (file, bad, remedy) in [
        (
            "kernel/apparmor_restrict_unprivileged_userns",
            "1",
            "ordinary users get namespaces without capabilities: sysctl \
             kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        (
            "kernel/unprivileged_userns_clone",
            "0",
            "ordinary users get no user namespaces: sysctl \
             kernel.unprivileged_userns_clone=1",
        ),
        (
            "user/max_user_namespaces",
            "0",
            "user namespaces are switched off: sysctl \
             user.max_user_namespaces=15000",
        ),
    ] {
        let path = Path::new("/proc/sys").join(file);
        let Ok(value) = fs::read_to_string(path) else { continue };
        let value = value.trim();
        found.push((
            "sysctl",
            if value == bad {
                Missing(format!("{file} is {value}: {remedy}"))
            } else {
                Fine(format!("{file} is {value}"))
            },
        ));
    }
    if nix::unistd::geteuid().is_root() {
        let properties = ["capabilities", "limits"];
        let seen = probe::observe(&probe::Proc::at("/proc"), &properties);
        if let Some(caps) = seen.value("capabilities.effective") {
            if !caps.starts_with("all") {
                found.push(("root", Note(format!("capabilities: {caps}"))));
            }
            let limit = seen.value("limits.memlock").unwrap_or("unread");
            found.push(("root", device_filter(caps, limit)));
        }
    }
    found
}

/// Whether a runtime of the OCI can load its filter of devices: crun sets
/// RLIMIT_MEMLOCK to unlimited before.
fn device_filter(caps: &str, limit: &str) -> Finding {
    let may_raise = match caps.strip_prefix("all but ") {
        Some(missing) => !missing.split(' ').any(|it| it == RESOURCE),
        None => caps == "all" || caps.split(' ').any(|it| it == RESOURCE),
    };
    match may_raise || limit.ends_with("unlimited") {
        true => Fine("crun may raise RLIMIT_MEMLOCK".to_owned()),
        false => Note(format!(
            "no CAP_SYS_RESOURCE, and RLIMIT_MEMLOCK is {limit}: crun cannot \
             load its filter of devices (setrlimit RLIMIT_MEMLOCK: EPERM); it \
             runs a config.json without linux.resources, and any with crun: \
             --cgroup-manager=disabled BUNDLE"
        )),
    }
}

/// The capability that a higher hard limit takes, as the probe names it.
const RESOURCE: &str = "SYS_RESOURCE";

/// Where cgroups are, and whether the step `cgroup` can show anything.
fn cgroups() -> Vec<(&'static str, Finding)> {
    let text = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let unified = text.lines().any(|line| line.starts_with("0::"));
    let legacy = text.lines().any(|line| !line.starts_with("0::"));
    let layout = match (unified, legacy) {
        (true, false) => "version 2",
        (true, true) => "versions 1 and 2 (hybrid)",
        (false, true) => "version 1",
        (false, false) => {
            return vec![(
                "cgroup",
                Missing("this kernel has no cgroups".to_owned()),
            )];
        }
    };
    vec![(
        "cgroup",
        match CgroupLease::find() {
            Ok(Way::Already) => Fine(format!("{layout}, not at a root")),
            Ok(Way::Make(_)) => Fine(format!("{layout}, may be made")),
            Err(why) => Note(format!("{layout}; {why}")),
        },
    )]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_crun_from_its_filter_of_devices_is_told() {
        let can = |caps, limit| {
            matches!(device_filter(caps, limit), Finding::Fine(_))
        };
        let limited = "8388608 of 8388608";
        assert!(can("all", limited));
        assert!(can("all but SYS_ADMIN", limited));
        assert!(can("KILL SYS_RESOURCE", limited));
        assert!(can("none", "8388608 of unlimited"));
        assert!(can("none", "unlimited"));
        for caps in ["all but SYS_RESOURCE", "KILL", "none"] {
            assert!(!can(caps, limited), "{caps}");
        }
    }
}
