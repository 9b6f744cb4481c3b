//! Work spread over the processors, with a line that counts what is done, and
//! its results in the order it was given.

use crate::error::{Error, Result};
use crate::interrupt::{self, Working};
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many descriptors one worker may have open: the trials of a group run at
/// the same time, with a sandbox each, and look at /proc.
const DESCRIPTORS: u64 = 48;

/// Raises the limit of open files as far as it goes, so that there is a worker
/// for every processor.  Launchers start with a limit of their own.
///
/// # Errors
///
/// Fails if there is no room for a single worker.
pub fn make_room() -> Result<()> {
    // A limit that cannot be raised is counted as it is.
    let _ = kernel::limit_open_files(u64::MAX);
    let (limit, used) = descriptors();
    if limit < used + DESCRIPTORS {
        return Err(Error::new(format!(
            "only {limit} files may be open, {used} are, and trials need \
             {DESCRIPTORS} more: raise the limit (ulimit -Hn)"
        )));
    }
    Ok(())
}

/// How many descriptors may be open, and how many are.
fn descriptors() -> (u64, u64) {
    use nix::sys::resource::{Resource, getrlimit};
    let (soft, _) =
        getrlimit(Resource::RLIMIT_NOFILE).unwrap_or((u64::MAX, u64::MAX));
    let open = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    (soft, open as u64)
}

/// How many workers there are: one for each processor, and no more than have
/// room for their descriptors.
fn number() -> usize {
    let processors =
        std::thread::available_parallelism().map_or(1, usize::from);
    let (limit, used) = descriptors();
    let room = limit.saturating_sub(used) / DESCRIPTORS;
    processors.min(usize::try_from(room).unwrap_or(usize::MAX)).max(1)
}

/// Does the work on every item, as many at once as there are processors.
/// `name` is what a terminal shows of the item that was finished last.
///
/// Stops early when interrupted; the results are then fewer than the items.
pub fn in_order<T: Sync, R: Send>(
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
    name: impl Fn(&T) -> String + Sync,
) -> Vec<R> {
    in_order_by(usize::MAX, items, work, name)
}

/// The same with as many at once as `most`, if there are more processors.
pub fn in_order_by<T: Sync, R: Send>(
    most: usize,
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
    name: impl Fn(&T) -> String + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results: Mutex<BTreeMap<usize, R>> = Mutex::new(BTreeMap::new());
    let progress = Progress::of(items.len());
    let _working = Working::begin();
    std::thread::scope(|scope| {
        for _ in 0..number().min(most) {
            scope.spawn(|| {
                while !interrupt::requested() {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(index) else { break };
                    let result = work(item);
                    let mut results =
                        results.lock().unwrap_or_else(|it| it.into_inner());
                    results.insert(index, result);
                    progress.show(results.len(), &name(item));
                }
            });
        }
    });
    progress.clear();
    let results = results.into_inner().unwrap_or_else(|it| it.into_inner());
    results.into_values().collect()
}

/// A line that counts, on a terminal only.
#[derive(Debug)]
pub struct Progress {
    all: usize,
    on: bool,
}

impl Progress {
    /// A counter that begins at none of `all`.
    pub fn of(all: usize) -> Progress {
        Progress { all, on: std::io::stderr().is_terminal() }
    }

    /// How many are done, and which was the last.
    pub fn show(&self, done: usize, what: &str) {
        if self.on {
            eprint!("\r{done:>4} of {} {what:<40.40}", self.all);
        }
    }

    /// Makes room for what is said next.
    pub fn clear(&self) {
        if self.on {
            eprint!("\r{:60}\r", "");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_items() {
        let items: Vec<u64> = (0..100).collect();
        let processors = std::thread::available_parallelism();
        let is_alone = processors.is_ok_and(|it| it.get() == 1);
        // A worker that begins with item 2 has finished item 1: item 0 ends
        // after that one.
        let later = std::sync::Barrier::new(2);
        let first_is_late = |item: &u64| {
            if [0, 2].contains(item) && !is_alone {
                later.wait();
            }
            item * 2
        };
        let doubled = in_order(&items, first_is_late, u64::to_string);
        assert_eq!(doubled, items.iter().map(|it| it * 2).collect::<Vec<_>>());
    }
}
