//! The timeout of every wait, and the deadlines that follow from it.
//!
//! Every wait here is for an event, so on a machine that works the timeout
//! changes nothing: it only ends what hangs. It has to be longer on a slow
//! machine (an emulated one is a hundred times slower), so it grows with the
//! time that a sandbox takes to start there. `NSTEPS_TIMEOUT` sets it.

use crate::error::{Error, Result};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::os::fd::BorrowedFd;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The environment variable that sets the timeout, in seconds.
pub const VARIABLE: &str = "NSTEPS_TIMEOUT";

/// The shortest timeout that is chosen automatically.
const LEAST: Duration = Duration::from_secs(10);

/// The timeout before a sandbox has shown how fast this machine is.
const UNKNOWN: Duration = Duration::from_secs(60);

/// The timeout divided by the start of a sandbox. The longest operation takes
/// about as long as ten starts; the timeout is twenty times that.
const STARTS: u32 = 200;

/// The timeout divided by [`grace`].
const GRACES: u32 = 10;

/// The longest start of a sandbox so far, in microseconds.
static SLOWEST: AtomicU64 = AtomicU64::new(0);

static SET: LazyLock<Result<Option<Duration>>> = LazyLock::new(|| {
    std::env::var_os(VARIABLE)
        .map(|text| parse(&text.to_string_lossy()))
        .transpose()
});

fn parse(text: &str) -> Result<Duration> {
    text.parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|bound| !bound.is_zero())
        .ok_or_else(|| {
            Error::new(format!(
                "read ${VARIABLE}: {text} is no number of seconds above 0: \
                 unset it, or try {VARIABLE}=60"
            ))
        })
}

/// Checks the value that the caller has set.
///
/// # Errors
///
/// Fails if `NSTEPS_TIMEOUT` is not a number of seconds above 0.
pub fn check() -> Result<()> {
    SET.clone().map(drop)
}

/// Records how long a sandbox took to start.
pub fn learn(start: Duration) {
    let micros = u64::try_from(start.as_micros()).unwrap_or(u64::MAX);
    SLOWEST.fetch_max(micros, Ordering::Relaxed);
}

/// The timeout of every wait: how long one operation may take on this machine.
pub fn timeout() -> Duration {
    if let Ok(Some(set)) = &*SET {
        return *set;
    }
    of(Duration::from_micros(SLOWEST.load(Ordering::Relaxed)))
}

/// The timeout on a machine whose slowest sandbox took that long to start.
fn of(slowest: Duration) -> Duration {
    if slowest.is_zero() {
        return UNKNOWN;
    }
    LEAST.max(slowest.saturating_mul(STARTS))
}

/// The deadline of an operation that starts now.
pub fn deadline() -> Instant {
    Instant::now() + timeout()
}

/// The time in which a process that a launcher left behind may still end. With
/// a correct launcher there is no such process and no wait; with a wrong one
/// the whole time passes.
pub fn grace() -> Duration {
    timeout() / GRACES
}

/// Waits until one of these can be read or has ended; `false` if none has by
/// `until`.
pub fn any_readable(fds: &[BorrowedFd<'_>], until: Instant) -> bool {
    let mut polled: Vec<PollFd<'_>> =
        fds.iter().map(|fd| PollFd::new(*fd, PollFlags::POLLIN)).collect();
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let millis = u16::try_from(left.as_millis()).unwrap_or(u16::MAX);
        match poll(&mut polled, PollTimeout::from(millis)) {
            Ok(0) if left.is_zero() => return false,
            Ok(0) | Err(Errno::EINTR) => {}
            Ok(_) => return true,
            Err(_) => return false,
        }
    }
}

/// What an effect says about something that did not happen in time. It has no
/// number, because the timeout grows while launchers run.
pub const LATE: &str = "not in time";

/// The timeout of what a daemon does, such as the start or the removal of a
/// container: that takes tens of times as long as the start of a sandbox, by
/// which the timeout of everything else is found.
pub fn timeout_of_daemon() -> Duration {
    timeout() * DAEMON
}

/// The timeout of a daemon divided by that of everything else.
const DAEMON: u32 = 6;

/// The end of an error message about something that did not happen in time.
pub fn within() -> String {
    within_this(timeout())
}

/// The same about something with another timeout.
pub fn within_this(bound: Duration) -> String {
    let seconds = bound.as_secs_f64();
    format!("within {seconds:.0} s (set {VARIABLE} to allow more)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_grows_with_a_slow_machine() {
        let fast = of(Duration::from_millis(20));
        let slow = of(Duration::from_secs(2));
        assert_eq!(fast, LEAST);
        assert_eq!(slow, 2 * STARTS * Duration::from_secs(1));
        assert_eq!(of(Duration::ZERO), UNKNOWN);
    }

    #[test]
    fn only_seconds_are_a_bound() {
        assert_eq!(parse("1.5").ok(), Some(Duration::from_millis(1500)));
        for text in ["", "0", "-1", "ten", "inf", "nan"] {
            let error = parse(text).expect_err(text);
            assert!(error.message.contains(VARIABLE), "{error:?}");
        }
    }
}
