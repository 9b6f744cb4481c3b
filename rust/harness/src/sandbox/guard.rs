//! The bounds on the number of processes in a sandbox: one of the kernel's, so
//! that there are never many, and a guard, which ends all of them.
//!
//! The kernel's is `pid_max` of the pid namespace, from Linux 6.14 on, and
//! `RLIMIT_NPROC`, which holds for every user but the machine's own root. Where
//! neither holds, nothing is started.

use crate::descendants::descendants;
use crate::error::{Context, Result};
use crate::found::Refusal;
use crate::host::machine;
use crate::paths::OBSERVED_PROC;
use crate::timeout::any_readable;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The first release in which each pid namespace has a pid_max of its own:
/// before, a write would set that of the machine.
const OWN_PID_MAX: (u32, u32) = (6, 14);

/// The pids that a pid namespace does not use a second time (`RESERVED_PIDS` of
/// the kernel): pid_max cannot be lower.
const RESERVED: u32 = 300;

/// Why a sandbox cannot have a bound for this caller, if so.
pub fn refusal() -> Option<Refusal> {
    let is_bounded = has_own_pid_max() || !nix::unistd::geteuid().is_root();
    (!is_bounded).then(|| {
        Refusal::Unavailable(
            "before Linux 6.14 the processes of root have no bound: run the \
             check as an ordinary user"
                .to_owned(),
        )
    })
}

/// Bounds the number of processes, in init of a sandbox, before anything else is
/// started: `most`, and some for the runtimes of languages.
///
/// # Errors
///
/// Fails if a bound cannot be set.
pub fn bound(most: u32) -> Result<()> {
    if has_own_pid_max() {
        let file = format!("{OBSERVED_PROC}/sys/kernel/pid_max");
        std::fs::write(&file, (RESERVED + most).to_string())
            .context(format_args!("write {file}"))?;
    }
    kernel::limit_processes(u64::from(most)).context("setrlimit RLIMIT_NPROC")
}

fn has_own_pid_max() -> bool {
    machine::kernel() >= OWN_PID_MAX
}

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
    ///
    /// # Errors
    ///
    /// Fails if no thread can be started.
    pub fn over(init: i32, pidfd: OwnedFd, most: u32) -> Result<Guard> {
        let struck = Arc::new(AtomicBool::new(false));
        let strikes = Arc::clone(&struck);
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let count = move || {
            while !any_readable(&[pidfd.as_fd()], Instant::now() + BETWEEN) {
                if descendants(init).len() > most {
                    strikes.store(true, Ordering::Relaxed);
                    let _ = kernel::pidfd_kill(&pidfd);
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new()
            .spawn(count)
            .context("start a thread that counts processes")?;
        Ok(Guard { thread: Some(thread), struck })
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
