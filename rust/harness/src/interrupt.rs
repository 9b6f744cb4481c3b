//! Ctrl-C: running trials finish, no new trial starts, and nothing is left
//! behind.

use crate::error::{Error, Result};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// The exit status that a shell shows for a program that SIGINT ended.
pub const STATUS: u8 = 130;

/// How long running trials may take to finish after a signal. A trial that
/// waits for something may take longer, but the user has asked to stop.
const GRACE: Duration = Duration::from_secs(1);

static REQUESTED: AtomicBool = AtomicBool::new(false);
static WORKING: AtomicUsize = AtomicUsize::new(0);

/// Installs handlers: after SIGINT or SIGTERM, running trials may finish if
/// they do so soon. The second signal ends the program at once, and so does the
/// first one if no trial runs, and the end of the grace period; the kernel then
/// ends every sandbox.
///
/// Call this before any thread is started: threads inherit the signal mask.
pub fn install() {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGINT);
    signals.add(Signal::SIGTERM);
    let Ok(bell) = SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC) else {
        return;
    };
    if signals.thread_block().is_err() {
        return;
    }
    let wait = move || {
        if !rings(&bell, PollTimeout::NONE) {
            return;
        }
        REQUESTED.store(true, Ordering::Relaxed);
        if WORKING.load(Ordering::Relaxed) > 0 {
            let grace = PollTimeout::try_from(GRACE);
            rings(&bell, grace.unwrap_or(PollTimeout::ZERO));
        }
        std::process::exit(STATUS.into());
    };
    // Without a thread the signals do what they do by default.
    if std::thread::Builder::new().spawn(wait).is_err() {
        let _ = signals.thread_unblock();
    }
}

/// Waits for a signal, and takes it; `false` if none came in time.
fn rings(bell: &SignalFd, timeout: PollTimeout) -> bool {
    let mut fds = [PollFd::new(bell.as_fd(), PollFlags::POLLIN)];
    loop {
        match poll(&mut fds, timeout) {
            Err(Errno::EINTR) => {}
            Ok(1..) => return bell.read_signal().is_ok(),
            _ => return false,
        }
    }
}

/// Returns an error once the user has asked to stop.
///
/// # Errors
///
/// Fails after SIGINT or SIGTERM.
pub fn check() -> Result<()> {
    if requested() {
        return Err(Error::new("interrupted").with_status(STATUS));
    }
    Ok(())
}

/// True if the user has asked to stop.
pub fn requested() -> bool {
    REQUESTED.load(Ordering::Relaxed)
}

/// Marks, as long as it exists, that work is running that reads [`requested`]
/// between its parts.
pub struct Working;

impl Working {
    /// Marks the beginning of work; its end is the drop of the result.
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
