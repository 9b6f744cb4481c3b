//! The guard of a sandbox: kills all of it when there are too many processes.
//!
//! A limit of the kernel's (`RLIMIT_NPROC`) holds for ordinary users only, and
//! ends nothing. So the guard counts.

use crate::descendants::descendants;
use crate::timeout::any_readable;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The time between two counts.
const BETWEEN: Duration = Duration::from_millis(40);

/// A thread that counts the processes of a sandbox until that is gone.
#[derive(Debug)]
pub struct Guard {
    thread: Option<JoinHandle<()>>,
    struck: Arc<AtomicBool>,
}

impl Guard {
    /// Counts the processes below `init`, of which `pidfd` is a pidfd; kills
    /// init, and with it all others, when there are more than `most`.
    pub fn over(init: i32, pidfd: OwnedFd, most: u32) -> Guard {
        let struck = Arc::new(AtomicBool::new(false));
        let strikes = Arc::clone(&struck);
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let thread = std::thread::spawn(move || {
            while !any_readable(&[pidfd.as_fd()], Instant::now() + BETWEEN) {
                if descendants(init).len() > most {
                    strikes.store(true, Ordering::Relaxed);
                    let _ = kernel::pidfd_kill(&pidfd);
                    return;
                }
            }
        });
        Guard { thread: Some(thread), struck }
    }

    /// Whether there were too many.
    pub fn has_struck(&self) -> bool {
        self.struck.load(Ordering::Relaxed)
    }

    /// Waits until it has ended, which it does when the sandbox is gone.
    pub fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
