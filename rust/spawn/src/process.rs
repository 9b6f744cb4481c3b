//! A process that was started.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::networks::Lease;
use crate::raw::kernel;

/// A process that was started: its pid, and a descriptor that means this
/// process and no later one with the same pid.
///
/// Dropping it closes the descriptor. The process goes on, and is a zombie
/// when it has ended, as with [`std::process::Child`]; it is waited for by
/// [`wait`](Child::wait), [`try_wait`](Child::try_wait) or
/// [`wait_until`](Child::wait_until).
#[derive(Debug)]
pub struct Child {
    pid: i32,
    pidfd: OwnedFd,
    status: Option<ExitStatus>,
    /// What goes back into a stock when the process has ended.
    network: Option<Lease>,
}

impl Child {
    pub(crate) fn new(pid: i32, pidfd: OwnedFd) -> Self {
        Child { pid, pidfd, status: None, network: None }
    }

    pub(crate) fn with_network(self, network: Option<Lease>) -> Self {
        Child { network, ..self }
    }

    /// The pid of the process in the pid namespace of the caller. In a new pid
    /// namespace the process itself has the pid 1.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// The pidfd of the process, which is readable when it has ended
    /// ([pidfd_open(2)](https://man7.org/linux/man-pages/man2/pidfd_open.2.html)).
    /// It is closed on exec.
    pub fn pidfd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }

    /// Waits until the process has ended, and reaps it
    /// ([wait4(2)](https://man7.org/linux/man-pages/man2/wait4.2.html)). Called
    /// again it returns the same status.
    ///
    /// # Errors
    ///
    /// Fails with `ECHILD` if the process was reaped by other means: the
    /// program ignores SIGCHLD, or another part of it waits for any child.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        match self.reap(0)? {
            Some(status) => Ok(status),
            None => Err(io::Error::from_raw_os_error(libc::ECHILD)),
        }
    }

    /// Reaps the process if it has ended; `None` if it has not.
    ///
    /// # Errors
    ///
    /// Fails as [`wait`](Child::wait).
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.reap(libc::WNOHANG)
    }

    /// Waits until the process has ended and reaps it; `None` if it has not
    /// ended within `bound`.
    ///
    /// # Errors
    ///
    /// Fails as [`wait`](Child::wait), and as
    /// [poll(2)](https://man7.org/linux/man-pages/man2/poll.2.html).
    pub fn wait_until(
        &mut self,
        bound: Duration,
    ) -> io::Result<Option<ExitStatus>> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.try_wait()? {
                return Ok(Some(status));
            }
            let left = bound.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return Ok(None);
            }
            // Rounded up, so that it does not poll without waiting.
            let left = left.as_millis().saturating_add(1);
            let left = i32::try_from(left).unwrap_or(i32::MAX);
            let left = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            let pidfd = PollFd::new(self.pidfd.as_fd(), PollFlags::POLLIN);
            match poll(&mut [pidfd], left) {
                Ok(_) | Err(nix::errno::Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    fn reap(&mut self, options: i32) -> io::Result<Option<ExitStatus>> {
        if self.status.is_none() {
            let status = kernel::wait(self.pid, options);
            let status = status.map_err(io::Error::from_raw_os_error)?;
            self.status = status.map(ExitStatus::from_raw);
            if self.status.is_some()
                && let Some(network) = self.network.take()
            {
                network.give_back();
            }
        }
        Ok(self.status)
    }

    /// Sends a signal to the process
    /// ([pidfd_send_signal(2)](https://man7.org/linux/man-pages/man2/pidfd_send_signal.2.html)).
    /// PID 1 of a pid namespace gets SIGKILL and SIGSTOP, and of the others
    /// those that it has a handler for.
    ///
    /// # Errors
    ///
    /// Fails with `ESRCH` if the process has been reaped, with `EPERM` if it
    /// belongs to another user, with `EINVAL` if there is no such signal.
    pub fn signal(&self, signal: i32) -> io::Result<()> {
        kernel::send_signal(self.pidfd.as_raw_fd(), signal)
            .map_err(io::Error::from_raw_os_error)
    }

    /// Sends SIGKILL to the process.
    ///
    /// # Errors
    ///
    /// Fails as [`signal`](Child::signal).
    pub fn kill(&self) -> io::Result<()> {
        self.signal(libc::SIGKILL)
    }
}

impl AsFd for Child {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pidfd()
    }
}
