//! Work spread over the processors, with a line that counts what is done, and
//! its results in the order it was given.

use crate::interrupt::{self, Working};
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Does the work on every item, as many at once as there are processors.
/// `name` is what a terminal shows of the item that was finished last.
///
/// Stops early when interrupted; the results are then fewer than the items.
pub fn in_order<T: Sync, R: Send>(
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
    name: impl Fn(&T) -> String + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results: Mutex<BTreeMap<usize, R>> = Mutex::new(BTreeMap::new());
    let progress = Progress::of(items.len());
    let _working = Working::begin();
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
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
    /// Of so many.
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
