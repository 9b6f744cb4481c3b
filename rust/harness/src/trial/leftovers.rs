//! Finds what a launcher leaves behind and the payload cannot observe: files
//! and other processes.

use crate::descendants::{Descendant, descendants, one_ends};
use crate::error::Result;
use crate::paths::{PROBE_IN_CONTAINER, STORAGE};
use crate::timeout::grace;
use probe::Effect;
use std::collections::BTreeSet;
use std::time::Instant;

/// The files and processes that exist in a sandbox and that no property of the
/// payload shows.
#[derive(Debug)]
pub struct Leftovers {
    files: BTreeSet<String>,
    processes: usize,
    stopped: usize,
}

impl Leftovers {
    /// The files and processes now: these files, and the processes below
    /// `init`.
    pub fn behind(files: BTreeSet<String>, init: i32) -> Leftovers {
        Leftovers {
            files,
            processes: Leftovers::alive(init),
            stopped: Leftovers::stopped(init),
        }
    }

    fn alive(init: i32) -> usize {
        count(init, Descendant::is_still_alive)
    }

    fn stopped(init: i32) -> usize {
        count(init, Descendant::is_stopped)
    }

    /// Adds to the effect what exists now and did not exist before; `files`
    /// lists the current files.
    ///
    /// # Errors
    ///
    /// Fails as `files` does.
    pub fn residue(
        &self,
        init: i32,
        files: impl FnOnce() -> Result<BTreeSet<String>>,
        effect: &mut Effect,
    ) -> Result<()> {
        // A process that ends soon is not left behind.
        let until = Instant::now() + grace();
        let mut alive = Leftovers::alive(init);
        while alive > self.processes && one_ends(&descendants(init), until) {
            alive = Leftovers::alive(init);
        }
        for file in files()?.difference(&self.files) {
            // The file on which a launcher has bound the probe, and the
            // directory of a store that the harness has chosen.
            let is_of_the_harness = file.ends_with(PROBE_IN_CONTAINER)
                || STORAGE.rsplit_once('/').is_some_and(|(it, _)| it == file);
            if is_of_the_harness {
                continue;
            }
            let mark = if file.starts_with("- ") { "" } else { "+ " };
            effect.change("residue.files", format!("{mark}{file}"));
        }
        if let more @ 1.. = alive.saturating_sub(self.processes) {
            effect.change("residue.processes", format!("{more} more"));
        }
        let stopped = Leftovers::stopped(init).saturating_sub(self.stopped);
        if stopped > 0 {
            effect.change("residue.stopped", format!("{stopped} more"));
        }
        Ok(())
    }
}

/// How many processes below `init` are so.
fn count(init: i32, is: fn(&Descendant) -> bool) -> usize {
    descendants(init).iter().filter(|it| is(it)).count()
}
