//! The processes below a sandbox's init, as the host's /proc shows them.
//!
//! Pids are translated by `NSpid`
//! ([proc(5)](https://man7.org/linux/man-pages/man5/proc_pid_status.5.html)).

use crate::error::{Context, Error, Result};
use crate::step::Namespace;
use crate::timeout::any_readable;
use nix::errno::Errno;
use probe::Observation;
use procfs::process::{Process, Status};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

/// A process below a sandbox's init.
#[derive(Debug)]
pub struct Descendant {
    process: Process,
    started: u64,
}

impl Descendant {
    /// True if this process still exists and is not a zombie; a new process
    /// with the same pid does not count.
    pub fn is_still_alive(&self) -> bool {
        self.process
            .stat()
            .is_ok_and(|it| it.starttime == self.started && it.state != 'Z')
    }

    /// True if a signal has stopped it.
    pub fn is_stopped(&self) -> bool {
        self.process.stat().is_ok_and(|it| it.state == 'T')
    }

    /// The name of its program; empty if the process has ended.
    pub fn name(&self) -> String {
        self.process.stat().map(|it| it.comm).unwrap_or_default()
    }

    /// Its pid in the namespace of the harness's /proc.
    pub fn pid(&self) -> i32 {
        self.process.pid
    }

    /// True if it has this pid in the namespace of `init`.
    pub fn is(&self, init: i32, pid: i32) -> bool {
        pid_as_seen_by(init, self.process.pid).is_ok_and(|it| it == pid)
    }
}

/// Every process below `top`, and `top` itself.
pub fn descendants(top: i32) -> Vec<Descendant> {
    let mut found = Vec::new();
    let mut waiting = vec![top];
    while let Some(pid) = waiting.pop() {
        let Ok(process) = Process::new(pid) else { continue };
        waiting.extend(children(&process));
        if let Ok(stat) = process.stat() {
            found.push(Descendant { process, started: stat.starttime });
        }
    }
    found
}

/// The children of every thread of a process.
fn children(process: &Process) -> Vec<i32> {
    let Ok(tasks) = process.tasks() else { return Vec::new() };
    tasks
        .flatten()
        .filter_map(|task| task.children().ok())
        .flatten()
        .filter_map(|pid| i32::try_from(pid).ok())
        .collect()
}

/// True if the process with the pid `pid` in the namespace of `init` has not
/// ended.
///
/// # Errors
///
/// Fails if init has ended.
pub fn has_child(init: i32, pid: i32) -> Result<bool> {
    let depth = status(init)?.nspid.map_or(1, |pids| pids.len());
    Ok(descendants(init).iter().any(|it| {
        let pids = it.process.status().ok().and_then(|it| it.nspid);
        pids.is_some_and(|it| it.get(depth - 1) == Some(&pid))
            && it.is_still_alive()
    }))
}

/// Waits until one of these processes has ended; `false` if none has by
/// `until`.
pub fn one_ends(of: &[Descendant], until: Instant) -> bool {
    let alive: Vec<_> = of.iter().filter(|it| it.is_still_alive()).collect();
    if alive.is_empty() {
        return true;
    }
    let pidfds: nix::Result<Vec<OwnedFd>> =
        alive.iter().map(|it| kernel::pidfd_open(it.pid())).collect();
    match pidfds {
        Ok(pidfds) => {
            let fds: Vec<_> = pidfds.iter().map(AsFd::as_fd).collect();
            any_readable(&fds, until)
        }
        // It has ended since it was read.
        Err(errno) => errno == Errno::ESRCH,
    }
}

/// The pid, on the host, of the payload that made this observation: the one
/// process below init with that pid in that pid namespace.
///
/// # Errors
///
/// Fails if there is no such process.
pub fn find(init: i32, payload: &Observation) -> Result<i32> {
    let pid = payload.value("processes.pid");
    let namespace = payload.value("ns.pid");
    descendants(init)
        .into_iter()
        .find(|it| {
            let innermost = it.process.status().ok().and_then(|status| {
                status.nspid.and_then(|pids| pids.last().copied())
            });
            innermost.map(|pid| pid.to_string()).as_deref() == pid
                && (namespace.is_none()
                    || link(&it.process, Namespace::Pid).as_deref()
                        == namespace)
        })
        .map(|it| it.process.pid)
        .ok_or_else(|| {
            Error::new(format!(
                "no descendant of init has pid {} in {}",
                pid.unwrap_or("?"),
                namespace.unwrap_or("any pid namespace")
            ))
        })
}

/// The pid in the namespace of `init` of the process whose pid in that of the
/// harness is `outer`.
///
/// # Errors
///
/// Fails if the process is not in init's pid namespace, nor below it.
pub fn pid_as_seen_by(init: i32, outer: i32) -> Result<i32> {
    let depth = status(init)?.nspid.map_or(1, |pids| pids.len());
    status(outer)?
        .nspid
        .and_then(|pids| pids.get(depth - 1).copied())
        .ok_or_else(|| Error::new("not in the sandbox's pid namespace"))
}

pub(crate) fn status(pid: i32) -> Result<Status> {
    Process::new(pid)
        .and_then(|process| process.status())
        .context(format_args!("read /proc/{pid}/status"))
}

/// The link of a namespace, in the form in which the payload reads it.
pub(crate) fn link(process: &Process, namespace: Namespace) -> Option<String> {
    let path = format!("/proc/{}/ns/{namespace}", process.pid);
    std::fs::read_link(path).ok()?.into_os_string().into_string().ok()
}
