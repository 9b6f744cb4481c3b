//! Ctrl-C: finish the trials that run, start no more, and leave nothing.

use crate::error::{Error, Result};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// What a shell shows for a program that SIGINT ended.
pub const STATUS: u8 = 130;

/// How long work in hand may take to end by itself.  A trial that waits for
/// something else may take longer, and the reader has asked to stop.
const GRACE: Duration = Duration::from_secs(1);

static REQUESTED: AtomicBool = AtomicBool::new(false);
static WORKING: AtomicUsize = AtomicUsize::new(0);

/// Installs handlers: on SIGINT or SIGTERM, running trials finish, if it ends
/// soon. The second signal, the first one where there is no such work, and the
/// timeout end the program at once; the kernel then ends every sandbox.
///
/// To be called before any thread is started: threads inherit the mask.
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
    std::thread::spawn(move || {
        if !rings(&bell, PollTimeout::NONE) {
            return;
        }
        REQUESTED.store(true, Ordering::Relaxed);
        if WORKING.load(Ordering::Relaxed) > 0 {
            let grace = PollTimeout::try_from(GRACE);
            rings(&bell, grace.unwrap_or(PollTimeout::ZERO));
        }
        std::process::exit(STATUS.into());
    });
}

/// Waits for a signal, and takes it; `false` where none came in time.
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

/// Goes no further once the user has asked to stop.
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

/// Whether the user has asked to stop.
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
