//! Describes the machine on which a run measures.

use crate::measure::place::{Place, Processors, said};
use crate::peer::Peer;
use crate::record::machine::Machine;
use harness::error::Result;
use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

/// The commands that print the version of a compiler or library of this
/// machine.
const VERSIONS: &[(&str, &[&str])] = &[
    ("cc", &["cc", "--version"]),
    ("go", &["go", "version"]),
    ("libc", &["ldd", "--version"]),
    ("rustc", &["rustc", "--version"]),
];

/// The launchers whose versions are asked for in the sandbox, where they also
/// run: crun makes a directory in /run before it prints anything.
const LAUNCHERS: &[&str] = &["bwrap", "crun", "runc", "unshare"];

/// Collects the facts about the machine.
///
/// # Errors
///
/// Fails if the sandbox has ended.
pub fn describe(place: &mut Place, processors: &Processors) -> Result<Machine> {
    let mut facts = BTreeMap::new();
    let mut note = |name: &str, value: Option<String>| {
        let value = value.unwrap_or_else(|| "not known".to_owned());
        facts.insert(name.to_owned(), value.trim().to_owned());
    };
    note("kernel", kernel());
    note("cpu", cpu());
    note("hypervisor", Some(hypervisor().to_owned()));
    note("hz", hz());
    note("mitigations", Some(mitigations()));
    note("load", read("/proc/loadavg"));
    note("measured on", Some(on(processors)));
    note("caller", Some(caller()));
    note("cpuid", Some(floor(place, "cpuid")));
    note("clock", Some(floor(place, "clock")));
    note("musl", musl());
    let mounts = said(place.sandbox(), &["cat", "/proc/self/mountinfo"])?;
    note("mounts", Some(mounts.lines().count().to_string()));
    for (name, command) in VERSIONS {
        note(name, version(command));
    }
    for name in LAUNCHERS {
        let said = said(place.sandbox(), &[name, "--version"]);
        let first = said.as_deref().map(first_line);
        note(name, first.unwrap_or(Some("not installed".to_owned())));
    }
    Ok(Machine { facts })
}

fn read(path: &str) -> Option<String> {
    fs::read_to_string(path).ok()
}

fn kernel() -> Option<String> {
    let release = read("/proc/sys/kernel/osrelease")?;
    let version = read("/proc/sys/kernel/version")?;
    Some(format!("{} {}", release.trim(), version.trim()))
}

fn cpu() -> Option<String> {
    let info = read("/proc/cpuinfo")?;
    let all = |name: &str| -> Vec<String> {
        info.lines()
            .filter_map(|line| line.split_once(':'))
            .filter(|(key, _)| key.trim() == name)
            .map(|(_, value)| value.trim().to_owned())
            .collect()
    };
    let count = all("processor").len();
    Some(format!("{count} x {}", all("model name").first()?))
}

fn hypervisor() -> &'static str {
    let info = read("/proc/cpuinfo").unwrap_or_default();
    if info.split_whitespace().any(|flag| flag == "hypervisor") {
        "yes: this is a virtual machine"
    } else {
        "no"
    }
}

/// The frequency of the kernel's timer, if the kernel publishes its
/// configuration.
fn hz() -> Option<String> {
    let release = read("/proc/sys/kernel/osrelease")?;
    let boot = read(&format!("/boot/config-{}", release.trim()));
    let config = boot.or_else(|| {
        let unpacked =
            Command::new("zcat").arg("/proc/config.gz").output().ok()?;
        Some(String::from_utf8_lossy(&unpacked.stdout).into_owned())
    })?;
    let line = config.lines().find_map(|line| line.strip_prefix("CONFIG_HZ="));
    line.map(str::to_owned)
}

/// The vulnerabilities of the processor that the kernel works around.
fn mitigations() -> String {
    let directory = "/sys/devices/system/cpu/vulnerabilities";
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter(|entry| {
            fs::read_to_string(entry.path())
                .is_ok_and(|text| text.starts_with("Mitigation"))
        })
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    if names.is_empty() { "none".to_owned() } else { names.join(" ") }
}

fn on(processors: &Processors) -> String {
    match processors.two {
        Some([other, one]) => {
            format!("processor {one}; go2 on {other} and {one}")
        }
        None => format!("processor {}, the only one", processors.one),
    }
}

/// The user that measures.
fn caller() -> String {
    if nix::unistd::geteuid().is_root() {
        "root".to_owned()
    } else {
        "an ordinary user, in a user namespace".to_owned()
    }
}

/// The time of one CPUID or of one reading of the clock by a system call.
///
/// Under a hypervisor each CPUID is a trap; glibc executes dozens of them
/// before main, and so its programs start later. The reading of the clock is
/// part of a time until the first instruction.
fn floor(place: &mut Place, what: &str) -> String {
    match place.ask(Peer::Floor, what, 25, &[]) {
        Ok(answer) => format!("{} ns", answer.median),
        Err(error) => error.to_string(),
    }
}

/// The C library of the careful C, which prints its version on stderr.
fn musl() -> Option<String> {
    let library = format!("/lib/ld-musl-{}.so.1", std::env::consts::ARCH);
    let said = Command::new(library).output().ok()?.stderr;
    let said = String::from_utf8_lossy(&said);
    said.lines().find(|line| line.starts_with("Version")).map(str::to_owned)
}

/// The first line that a command prints.
fn version(command: &[&str]) -> Option<String> {
    let output = Command::new(command[0]).args(&command[1..]).output();
    let Ok(output) = output else { return Some("not installed".to_owned()) };
    first_line(&String::from_utf8_lossy(&output.stdout))
}

fn first_line(text: &str) -> Option<String> {
    text.lines().next().map(str::to_owned)
}
