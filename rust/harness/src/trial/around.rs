//! What of a held payload is visible only from outside: its parent, the
//! processes that the launcher keeps running, its ids, the limits of its
//! cgroup, and its seccomp filters.

use crate::descendants::{Descendant, descendants, pid_as_seen_by};
use crate::timeout::grace;
use crate::trial::filter;
use nix::errno::Errno;
use nix::unistd::Pid;
use probe::Effect;
use procfs::process::Process;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Adds all of it to the effect. For a value that cannot be read it adds the
/// reason.
pub fn enter(init: i32, payload: i32, launcher: i32, effect: &mut Effect) {
    effect.change("host.parent", parent(init, payload, launcher));
    effect.change("host.launcher", processes(init, payload, launcher));
    ids(init, payload, effect);
    limits(init, payload, effect);
    if let Some(filters) = filters(payload) {
        effect.change("host.seccomp", filters);
    }
}

/// Enters what can be said of a payload that a daemon has started on the host;
/// `own` is the harness.
pub fn enter_on_host(own: i32, payload: i32, effect: &mut Effect) {
    let parent = Process::new(payload).and_then(|it| it.stat());
    let parent = parent.and_then(|it| Process::new(it.ppid)?.stat());
    effect.change(
        "host.parent",
        match parent {
            Ok(it) => format!("a process called {}", it.comm),
            Err(error) => format!("unread: /proc/{payload}/stat: {error}"),
        },
    );
    ids(own, payload, effect);
    limits(own, payload, effect);
    if let Some(filters) = filters(payload) {
        effect.change("host.seccomp", filters);
    }
}

/// Which process the payload's parent is.
fn parent(init: i32, payload: i32, launcher: i32) -> String {
    let is_launcher =
        |pid| pid_as_seen_by(init, pid).is_ok_and(|it| it == launcher);
    if is_launcher(payload) {
        return "the payload is the launcher itself".to_owned();
    }
    match Process::new(payload).and_then(|it| it.stat()) {
        Err(error) => format!("unread: /proc/{payload}/stat: {error}"),
        Ok(stat) if stat.ppid == init => "init of the sandbox".to_owned(),
        Ok(stat) if is_launcher(stat.ppid) => "the launcher".to_owned(),
        Ok(stat) => match Process::new(stat.ppid).and_then(|it| it.stat()) {
            Ok(parent) => format!("a process called {}", parent.comm),
            Err(_) => "outside of the sandbox".to_owned(),
        },
    }
}

/// The processes of the launcher that run beside the payload: the launcher
/// itself, without its name, which is different for every launcher; for the
/// others their names, and how many have the same name; and how many threads
/// they have. A child of the payload counts: the probe has none of its own.
fn processes(init: i32, payload: i32, launcher: i32) -> String {
    let mut found: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for it in descendants(init) {
        let is_counted = it.pid() != init
            && it.pid() != payload
            && it.is_still_alive()
            && !is_unrelated(init, &it);
        if !is_counted {
            continue;
        }
        let is_launcher =
            pid_as_seen_by(init, it.pid()).is_ok_and(|pid| pid == launcher);
        let name = match is_launcher {
            true => "the launcher".to_owned(),
            false => it.name(),
        };
        let (count, threads) = found.entry(name).or_default();
        *count += 1;
        *threads += Process::new(it.pid())
            .and_then(|process| process.tasks())
            .map_or(0, Iterator::count);
    }
    let words: Vec<String> = found
        .iter()
        .map(|(name, (count, threads))| {
            let count = match count {
                1 => String::new(),
                _ => format!("{} ", few(*count)),
            };
            match threads {
                1 => format!("{count}{name}"),
                _ => format!("{count}{name} ({} threads)", few(*threads)),
            }
        })
        .collect();
    match words.is_empty() {
        true => "no process".to_owned(),
        false => words.join(", "),
    }
}

/// True if it is the unrelated process that every sandbox has: a fork of init,
/// with the same name.
fn is_unrelated(init: i32, it: &Descendant) -> bool {
    let stat = |pid| Process::new(pid).and_then(|it| it.stat());
    let (Ok(init), Ok(it)) = (stat(init), stat(it.pid())) else {
        return false;
    };
    it.ppid == init.pid && it.comm == init.comm
}

/// The number, or `3 or more`: larger numbers differ between two runs of one
/// launcher.
fn few(number: usize) -> String {
    match number {
        0..=2 => number.to_string(),
        _ => "3 or more".to_owned(),
    }
}

/// Adds the ids as the host numbers them, if they are not init's.
fn ids(init: i32, payload: i32, effect: &mut Effect) {
    let status = |pid| Process::new(pid).and_then(|it| it.status());
    match (status(init), status(payload)) {
        (Ok(init), Ok(payload)) => {
            for (key, before, after) in [
                ("host.uid", init.euid, payload.euid),
                ("host.gid", init.egid, payload.egid),
            ] {
                if before != after {
                    effect.change(key, after.to_string());
                }
            }
        }
        (Err(error), _) | (_, Err(error)) => {
            effect.change("host.uid", format!("unread: status: {error}"));
        }
    }
}

/// The files of a cgroup that limit it: the key, the file of version 2, those
/// of version 1 with their controller, and the content that means no limit.
const LIMITS: [(&str, &str, &str, &[&str]); 3] = [
    ("host.limit.memory", "memory.max", "memory", &["memory.limit_in_bytes"]),
    ("host.limit.pids", "pids.max", "pids", &["pids.max"]),
    (
        "host.limit.cpu",
        "cpu.max",
        "cpu",
        &["cpu.cfs_quota_us", "cpu.cfs_period_us"],
    ),
];

/// Adds the limits of the payload's cgroups, if its cgroups are not init's.
fn limits(init: i32, payload: i32, effect: &mut Effect) {
    let (Ok(init), Ok(payload)) = (Process::new(init), Process::new(payload))
    else {
        return;
    };
    let (Ok(before), Ok(after)) = (init.cgroups(), payload.cgroups()) else {
        return;
    };
    let mounts = hierarchies();
    for (before, after) in before.0.iter().zip(&after.0) {
        if before.pathname == after.pathname {
            continue;
        }
        for (key, unified, controller, files) in LIMITS {
            let is_unified = after.hierarchy == 0;
            if !is_unified
                && !after.controllers.iter().any(|it| it == controller)
            {
                continue;
            }
            let name = if is_unified { "" } else { controller };
            let Some(mount) = mounts.get(name) else { continue };
            let below = after.pathname.trim_start_matches('/');
            let files = if is_unified { &[unified][..] } else { files };
            if let Some(limit) = limit(&mount.join(below), files) {
                effect.change(key, limit);
            }
        }
    }
}

/// The mount point of each hierarchy on the host, by controller; version 2 has
/// the empty name.
fn hierarchies() -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    let mounts = Process::myself().and_then(|it| it.mountinfo());
    for mount in mounts.into_iter().flatten() {
        match mount.fs_type.as_str() {
            "cgroup2" => {
                found.entry(String::new()).or_insert(mount.mount_point);
            }
            "cgroup" => {
                for option in mount.super_options.into_keys() {
                    found
                        .entry(option)
                        .or_insert_with(|| mount.mount_point.clone());
                }
            }
            _ => {}
        }
    }
    found
}

/// What the files say; `None` if that is no limit, or if the hierarchy does not
/// have the controller.
fn limit(cgroup: &Path, files: &[&str]) -> Option<String> {
    let mut words = Vec::new();
    for file in files {
        let path = cgroup.join(file);
        match fs::read_to_string(&path) {
            Ok(text) => words.push(text.trim().to_owned()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return None;
            }
            Err(error) => {
                return Some(format!("unread: open {file}: {error}"));
            }
        }
    }
    is_limit(&words).then(|| words.join(" "))
}

/// Without a limit version 2 has `max`; version 1 has -1 for processor time,
/// and the largest number of whole pages for memory.
fn is_limit(words: &[String]) -> bool {
    let first = words.first().map(String::as_str).unwrap_or_default();
    let is_number = |it: i64| (0..=i64::MAX / 2).contains(&it);
    let most = first.parse().is_ok_and(|it| !is_number(it));
    !first.starts_with("max") && !most
}

/// The payload's seccomp filters, the newest first: what each decides.
fn filters(payload: i32) -> Option<String> {
    let seccomp =
        Process::new(payload).and_then(|it| it.status()).ok()?.seccomp;
    if seccomp != Some(2) {
        return None;
    }
    let until = Instant::now() + grace();
    Some(match kernel::seccomp_filters(Pid::from_raw(payload), until) {
        Ok(filters) => {
            let words: Vec<String> =
                filters.iter().map(|it| filter::words(it)).collect();
            words.join("; ")
        }
        Err(errno) => {
            let call = "ptrace PTRACE_SECCOMP_GET_FILTER";
            let remedy = match errno {
                Errno::EACCES => " (it takes CAP_SYS_ADMIN on the host)",
                _ => "",
            };
            format!("unread: {call}: {errno:?}{remedy}")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_limit_and_a_limit_differ() {
        let is = |word: &str| is_limit(&[word.to_owned()]);
        assert!(is("268435456"));
        assert!(is("50000 100000"));
        assert!(!is("max"));
        assert!(!is("max 100000"));
        assert!(!is("-1"));
        assert!(!is("9223372036854771712"));
    }
}
