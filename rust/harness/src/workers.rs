//! Distributes work over the processors, shows the progress, and returns the
//! results in the order of the items.

use crate::error::{Error, Result};
use crate::interrupt::{self, Working};
use crate::timeout::deadline;
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::Builder;
use std::time::Instant;

/// How many descriptors one worker may have open: the trials of a group run at
/// the same time, each with a sandbox, and read /proc.
const DESCRIPTORS: u64 = 48;

/// Raises the limit of open files to its maximum, so that there can be a worker
/// for every processor. Launchers start with a limit of their own.
///
/// # Errors
///
/// Fails if the limit is too low for one worker.
pub fn make_room() -> Result<()> {
    // If the limit cannot be raised, the current one is used.
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

/// The limit of open descriptors, and how many are open.
fn descriptors() -> (u64, u64) {
    use nix::sys::resource::{Resource, getrlimit};
    let (soft, _) =
        getrlimit(Resource::RLIMIT_NOFILE).unwrap_or((u64::MAX, u64::MAX));
    let open = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    (soft, open as u64)
}

/// The size of a stack with which every part of the program is content, and the
/// size of the caller's below which it is not used.
const STACK: u64 = 1 << 20;

/// Does the work on a stack that is large enough, if the caller's is not (ulimit
/// -s) and a thread may be started. When this returns, the process has no more
/// threads than before: a process with several may not make a user namespace.
pub fn on_a_large_stack<T: Send>(work: impl Fn() -> T + Sync) -> T {
    use nix::sys::resource::{Resource, getrlimit};
    let limit = getrlimit(Resource::RLIMIT_STACK).map_or(0, |it| it.0);
    if limit >= STACK {
        return work();
    }
    let threads =
        || std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
    let before = threads();
    let done = std::thread::scope(|scope| {
        let thread = Builder::new().stack_size(8 << 20);
        let started = thread.spawn_scoped(scope, &work).ok()?;
        Some(started.join())
    });
    let until = deadline();
    // A thread that has been joined is in the table for a moment more.
    while threads() > before && Instant::now() < until {
        std::thread::yield_now();
    }
    match done {
        None => work(),
        Some(Ok(done)) => done,
        Some(Err(panic)) => std::panic::resume_unwind(panic),
    }
}

/// The number of workers: one for each processor, but not more than the limit
/// of descriptors allows.
fn number() -> usize {
    let processors =
        std::thread::available_parallelism().map_or(1, usize::from);
    let (limit, used) = descriptors();
    let room = limit.saturating_sub(used) / DESCRIPTORS;
    processors.min(usize::try_from(room).unwrap_or(usize::MAX)).max(1)
}

/// Does the work on every item, as many at the same time as there are
/// processors. `name` is what a terminal shows about the item that was finished
/// last.
///
/// Stops early after an interrupt; then there are fewer results than items.
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
    let worker = || {
        while !interrupt::requested() {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else { break };
            let result = work(item);
            let mut results =
                results.lock().unwrap_or_else(|it| it.into_inner());
            results.insert(index, result);
            progress.show(results.len(), &name(item));
        }
    };
    std::thread::scope(|scope| {
        let start =
            |_: &usize| Builder::new().spawn_scoped(scope, worker).is_ok();
        // One worker is enough; without a thread it is this one.
        let started = (0..number().min(most)).take_while(start).count();
        if started == 0 {
            worker();
        }
    });
    progress.clear();
    let results = results.into_inner().unwrap_or_else(|it| it.into_inner());
    results.into_values().collect()
}

/// A line that shows the progress, on a terminal only.
#[derive(Debug)]
pub struct Progress {
    all: usize,
    on: bool,
}

impl Progress {
    /// A progress line for `all` items, none of which is finished.
    pub fn of(all: usize) -> Progress {
        Progress { all, on: std::io::stderr().is_terminal() }
    }

    /// Shows how many items are finished, and the name of the last one.
    pub fn show(&self, done: usize, what: &str) {
        if self.on {
            let all = self.all;
            let mut terminal = std::io::stderr();
            // The terminal may be gone.
            let _ = write!(terminal, "\r{done:>4} of {all} {what:<40.40}");
        }
    }

    /// Removes the line, before other output.
    pub fn clear(&self) {
        if self.on {
            let _ = write!(std::io::stderr(), "\r{:60}\r", "");
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
        // A worker takes item 2 only after it has finished item 1: so item 0
        // ends after item 1.
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
