//! The memory that peers may take.

use std::fs;

/// The memory that is left for page tables and for all other processes, in MiB.
pub const SPARE: u64 = 1024;

/// The memory that can be used without swapping, in MiB.
pub fn free() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|it| it.strip_prefix("MemAvailable:"));
    let number = line.and_then(|it| it.split_whitespace().next());
    number.and_then(|it| it.parse::<u64>().ok()).unwrap_or(0) / 1024
}
