//! Measures how much other processes and other machines use the processors
//! during a measurement.

use crate::record::used::Used;
use std::collections::HashMap;
use std::fs;
use std::time::Instant;

/// The times that all processes have used the processors, at one moment.
#[derive(Debug)]
pub struct Load {
    at: Instant,
    /// The time of all processes but ours, in ticks.
    others: u64,
    /// The time that the hypervisor gave to other machines, in ticks.
    stolen: u64,
}

/// Ticks per second: /proc counts in hundredths of a second on every kernel.
const TICKS: f64 = 100.0;

impl Load {
    /// Reads the times of all processes now.
    pub fn now() -> Load {
        let processes = processes();
        let own = std::process::id();
        let others = processes
            .iter()
            .filter(|(pid, it)| !it.kernel && !is_of(own, **pid, &processes))
            .map(|(_, it)| it.ticks)
            .sum();
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        let stolen = stat
            .lines()
            .next()
            .and_then(|line| line.split_whitespace().nth(8)?.parse().ok())
            .unwrap_or(0);
        Load { at: Instant::now(), others, stolen }
    }

    /// What others have used per second from that moment until now, in
    /// processors.
    pub fn since(&self) -> Used {
        let now = Load::now();
        let seconds = now.at.duration_since(self.at).as_secs_f64();
        let share = |before: u64, after: u64| {
            after.saturating_sub(before) as f64 / TICKS / seconds
        };
        Used {
            others: share(self.others, now.others),
            stolen: share(self.stolen, now.stolen),
        }
    }
}

struct Process {
    parent: u32,
    kernel: bool,
    /// The time of the process and of the children that it has waited for: the
    /// time of a process still counts after its end.
    ticks: u64,
}

fn processes() -> HashMap<u32, Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            Some((pid, process(&stat)?))
        })
        .collect()
}

/// Reads a line of /proc/PID/stat. The name in it may contain any character.
fn process(stat: &str) -> Option<Process> {
    const PF_KTHREAD: u64 = 0x0020_0000;
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some(Process {
        parent: number(1)? as u32,
        kernel: number(6)? & PF_KTHREAD != 0,
        ticks: (11..15).filter_map(number).sum(),
    })
}

/// Returns whether `pid` is `ancestor` or one of its descendants.
fn is_of(
    ancestor: u32,
    mut pid: u32,
    processes: &HashMap<u32, Process>,
) -> bool {
    loop {
        if pid == ancestor {
            return true;
        }
        match processes.get(&pid) {
            Some(process) if process.parent != 0 => pid = process.parent,
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_anything_in_it_is_skipped() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 9 9 9 9 30 20 4 1 20 0";
        let process = process(stat).expect("it is a line of stat");
        assert_eq!((process.parent, process.ticks), (1, 55));
        assert!(!process.kernel);
    }

    #[test]
    fn a_kernel_thread_is_known() {
        let stat = "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 9 0 0 20 0";
        assert!(process(stat).expect("it is a line of stat").kernel);
    }

    #[test]
    fn this_process_is_its_own() {
        let processes = processes();
        let own = std::process::id();
        assert!(is_of(own, own, &processes));
        assert!(!is_of(own, 1, &processes));
    }
}
