//! Ctrl-C: finish the trials that run, start no more, and leave nothing.

use crate::error::{Error, Result};
use nix::sys::signal::{SigSet, Signal};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// What a shell shows for a program that SIGINT ended.
pub const STATUS: u8 = 130;

static REQUESTED: AtomicBool = AtomicBool::new(false);
static WORKING: AtomicUsize = AtomicUsize::new(0);

/// From now on SIGINT and SIGTERM let the work in hand end; the second one,
/// or one where there is no such work, ends the program at once (the kernel
/// then ends every sandbox).
///
/// To be called before any thread is started: threads inherit the mask.
pub fn heed() {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGINT);
    signals.add(Signal::SIGTERM);
    if signals.thread_block().is_err() {
        return;
    }
    std::thread::spawn(move || {
        while signals.wait().is_ok() {
            let again = REQUESTED.swap(true, Ordering::Relaxed);
            if again || WORKING.load(Ordering::Relaxed) == 0 {
                std::process::exit(STATUS.into());
            }
        }
    });
}

/// Goes no further once somebody has asked to stop.
///
/// # Errors
///
/// Somebody has.
pub fn check() -> Result<()> {
    if requested() {
        return Err(Error::new("interrupted").with_status(STATUS));
    }
    Ok(())
}

/// Whether somebody has asked to stop.
pub fn requested() -> bool {
    REQUESTED.load(Ordering::Relaxed)
}

/// Work that looks at [`requested`] between its parts.
pub struct Working;

impl Working {
    /// Begins; ends when dropped.
    pub fn begin() -> Working {
        WORKING.fetch_add(1, Ordering::Relaxed);
        Working
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        WORKING.fetch_sub(1, Ordering::Relaxed);
    }
}
