//! The counts of each launch.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All counts of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counters {
    /// One for each row of `exec` and `launch`.
    pub rows: Vec<Row>,
}

/// The counts of the launchers of one row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The row's name, as the paired runner has it.
    pub name: String,
    /// The counts, one column for each launcher.
    pub columns: Vec<Column>,
}

/// The counts of one launcher, with all processes that it made, up to the
/// payload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// The name of the column: a launcher.
    pub name: String,
    /// How many system calls it made.
    pub calls: Range,
    /// How many system calls it made, by the name of the call.
    pub by_name: BTreeMap<String, Range>,
    /// How many threads it made.
    pub threads: Range,
    /// How many pids it used: one for each process and for each thread.
    pub pids: Range,
    /// How many page faults needed no disk, those of the payload included.
    pub faults: Option<Range>,
    /// The largest resident set of any one process, in KiB.
    pub resident: Option<Range>,
    /// How many instructions the launcher's own process executed in user space,
    /// its start included; or why callgrind did not count them.
    pub instructions: std::result::Result<Range, String>,
    /// The size of the program's file in bytes; `None` if the program belongs
    /// to the machine and not to this project.
    pub size: Option<u64>,
    /// True if a dynamic linker has to load libraries.
    pub dynamic: bool,
}

/// The smallest and the largest of several counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range(pub u64, pub u64);

impl Range {
    /// The range of at least one count; `None` for no counts.
    pub fn of(counts: &[u64]) -> Option<Range> {
        Some(Range(*counts.iter().min()?, *counts.iter().max()?))
    }

    /// True if every count was the same.
    pub fn is_exact(self) -> bool {
        self.0 == self.1
    }
}

impl Counters {
    /// The counts of a launcher in a row, by the names of both.
    pub fn of(&self, row: &str, column: &str) -> Option<&Column> {
        let row = self.rows.iter().find(|it| it.name == row)?;
        row.columns.iter().find(|it| it.name == column)
    }
}
