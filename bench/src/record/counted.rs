//! What was counted of each launch.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything that was counted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counters {
    /// One for each row of `exec` and `launch`.
    pub rows: Vec<Row>,
}

/// What the launchers of one row took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The row's name, as the paired runner has it.
    pub name: String,
    /// One for each launcher.
    pub columns: Vec<Column>,
}

/// What one launcher took, everything it made included, up to the payload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// The name of the column: a launcher.
    pub name: String,
    /// How many system calls it made.
    pub calls: Range,
    /// The same by name.
    pub by_name: BTreeMap<String, Range>,
    /// Threads that were made.
    pub threads: Range,
    /// Pids that were used: by processes, and by threads, which take one each.
    pub pids: Range,
    /// Page faults that needed no disk, of the payload too.
    pub faults: Option<Range>,
    /// The largest resident set of any one process, in KiB.
    pub resident: Option<Range>,
    /// Instructions of the launcher's own process in user space, start-up
    /// included; or why callgrind does not count them.
    pub instructions: std::result::Result<Range, String>,
    /// The size of the program's file in bytes; none of what belongs to the
    /// machine.
    pub size: Option<u64>,
    /// Whether a dynamic linker has to load more.
    pub dynamic: bool,
}

/// The smallest and the largest of several counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range(pub u64, pub u64);

impl Range {
    /// Of at least one count.
    pub fn of(counts: &[u64]) -> Option<Range> {
        Some(Range(*counts.iter().min()?, *counts.iter().max()?))
    }

    /// Whether every count was the same.
    pub fn is_exact(self) -> bool {
        self.0 == self.1
    }
}

impl Counters {
    /// A launcher's counters in a row.
    pub fn of(&self, row: &str, column: &str) -> Option<&Column> {
        let row = self.rows.iter().find(|it| it.name == row)?;
        row.columns.iter().find(|it| it.name == column)
    }
}
