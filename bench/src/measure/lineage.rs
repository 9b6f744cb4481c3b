//! Finds the processes that descend from a command of a sandbox, and how many
//! namespaces deep they are, from outside, in the host's /proc.

use harness::error::{Context, Error, Result};
use harness::sandbox::Sandbox;
use std::collections::BTreeSet;
use std::fs;

/// A process as `/proc/PID/status` shows it.
#[derive(Clone, Debug)]
struct Process {
    pid: i32,
    parent: i32,
    /// Its pid in each pid namespace it is in, the outermost first.
    pids: Vec<i32>,
}

/// The processes from the init of a sandbox to a command in it, its child, and
/// so on to the last descendant.
#[derive(Debug)]
pub struct Lineage {
    chain: Vec<Process>,
    /// Which element of [`Process::pids`] is the pid in the sandbox.
    level: usize,
}

impl Lineage {
    /// Finds the descendants of the command that has that pid in the sandbox.
    ///
    /// # Errors
    ///
    /// Fails if there is no such command.
    pub fn of(sandbox: &Sandbox, pid: i32) -> Result<Lineage> {
        let all = processes()?;
        let missing = || Error::new("a process of the sandbox is not there");
        let init = all
            .iter()
            .find(|it| it.pid == sandbox.init())
            .ok_or_else(missing)?;
        let level = init.pids.len() - 1;
        let first = all
            .iter()
            .find(|it| {
                it.parent == init.pid && it.pids.get(level) == Some(&pid)
            })
            .ok_or_else(missing)?;
        let mut chain = vec![init.clone(), first.clone()];
        while let Some(child) = all.iter().find(|it| {
            chain.last().is_some_and(|parent| it.parent == parent.pid)
        }) {
            chain.push(child.clone());
        }
        Ok(Lineage { chain, level })
    }

    /// How many namespaces of a kind are between the sandbox's and that of the
    /// last process.
    ///
    /// # Errors
    ///
    /// Fails if a namespace cannot be read.
    pub fn namespaces(&self, kind: &str) -> Result<usize> {
        let names: Result<BTreeSet<_>> = self
            .chain
            .iter()
            .map(|it| {
                let path = format!("/proc/{}/ns/{kind}", it.pid);
                fs::read_link(&path).context(format_args!("read {path}"))
            })
            .collect();
        Ok(names?.len() - 1)
    }

    /// The pid of the last process, in the sandbox.
    pub fn last(&self) -> i32 {
        self.chain.last().map_or(0, |it| it.pids[self.level])
    }
}

fn processes() -> Result<Vec<Process>> {
    let entries = fs::read_dir("/proc").context("read /proc")?;
    let status = |entry: fs::DirEntry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let text = fs::read_to_string(entry.path().join("status")).ok()?;
        let numbers = |name: &str| -> Option<Vec<i32>> {
            let line = text.lines().find_map(|it| it.strip_prefix(name))?;
            line.split_whitespace().map(|it| it.parse().ok()).collect()
        };
        let parent = *numbers("PPid:")?.first()?;
        Some(Process { pid, parent, pids: numbers("NSpid:")? })
    };
    Ok(entries.flatten().filter_map(status).collect())
}
