//! The attribute `dumpable` of the caller, which a child that borrows its
//! memory takes away by changing its ids.

use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::sys::prctl::{get_dumpable, set_dumpable};

/// How many launches that change ids are under way, and whether the caller was
/// dumpable before the first of them.
struct UnderWay {
    launches: usize,
    was_dumpable: bool,
}

static UNDER_WAY: Mutex<UnderWay> =
    Mutex::new(UnderWay { launches: 0, was_dumpable: false });

/// As long as it lives, a child may change its ids; then the caller is
/// dumpable again if it was before.
#[derive(Debug)]
pub(crate) struct Kept(());

impl Kept {
    /// Takes note of what the attribute is.
    pub(crate) fn note() -> Self {
        let mut under_way = lock();
        if under_way.launches == 0 {
            // PR_GET_DUMPABLE does not fail; without it nothing is set.
            under_way.was_dumpable = get_dumpable().unwrap_or(false);
        }
        under_way.launches += 1;
        Kept(())
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let mut under_way = lock();
        under_way.launches -= 1;
        if under_way.was_dumpable {
            // PR_SET_DUMPABLE takes 1 in every process.
            let _ = set_dumpable(true);
        }
    }
}

fn lock() -> MutexGuard<'static, UnderWay> {
    // What it guards is two values that are never in between.
    UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner)
}
