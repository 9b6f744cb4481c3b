//! The time until the first instruction of a payload, which reports it.

use std::fs::File;
use std::io::Read;
use std::os::fd::{FromRawFd, IntoRawFd};
use std::process::Command;
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::unistd::{dup2_raw, pipe2};
use steps::{Call, Failure};

use crate::block::{Block, WITNESSES};
use crate::refuse;

/// A payload whose first act is to read the clock.
pub const PAYLOAD: &str = "/nsteps/bench/first";

/// The descriptor that the payload writes to.
pub const TOLD: i32 = 9;

/// The end of the pipe from which the payload's report is read.
pub struct Told(File);

impl Told {
    /// Makes a pipe, and gives its other end to every child.
    pub fn open() -> Result<Self, Failure> {
        let flags = OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
        let (reader, writer) = pipe2(flags).call("pipe2")?;
        // SAFETY: dup2(2) closes what the number was. That is what `reserve`
        // put there, or an earlier pipe of this function, and owned by nothing.
        let for_children = unsafe { dup2_raw(writer, TOLD) };
        // It stays open, for every child that comes.
        let _ = for_children.call("dup2")?.into_raw_fd();
        // SAFETY: the pipe has just been made, and its reader is handed over.
        Ok(Self(unsafe { File::from_raw_fd(reader.into_raw_fd()) }))
    }
}

/// The time now by the payload's clock, CLOCK_MONOTONIC.
fn now() -> Duration {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is the struct that the call writes. nix has the call only
    // with a feature that no step needs.
    match unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) } {
        0 => Duration::new(now.tv_sec as u64, now.tv_nsec as u32),
        _ => refuse("the clock cannot be read"),
    }
}

/// Starts that many children, and the witnesses before and after them, each by
/// `run`, which waits for it and returns its status. With `told` a time ends at
/// the first instruction of the payload.
pub fn children(
    block: &mut Block,
    count: usize,
    told: Option<&Told>,
    mut run: impl FnMut(bool) -> i32,
) {
    for i in 0..count + WITNESSES {
        let witness = i == 0 || i > count;
        let clock = told.map(|_| now());
        let begun = Instant::now();
        let code = run(witness);
        block.took(begun);
        block.ended(code, witness);
        if let (false, Some(told), Some(clock)) = (witness, told, clock) {
            back_to_first(&mut block.taken, told, clock);
        }
    }
}

/// Runs a command, and returns its status; a failure ends the peer.
pub fn ended(command: &mut Command) -> i32 {
    let ended = command.status();
    let ended =
        ended.unwrap_or_else(|error| refuse(&format!("Command: {error}")));
    ended.code().unwrap_or_else(|| refuse("a child was killed by a signal"))
}

/// Makes the last measured time end when the payload has read the clock. The
/// payload has ended, so its report can be read. The last measured time is no
/// bound for it: it began later than `begun`, by as much as an interruption
/// took.
fn back_to_first(taken: &mut [u64], told: &Told, begun: Duration) {
    let mut words = [[0; 8]; 2];
    if (&told.0).read_exact(words.as_flattened_mut()).is_err() {
        refuse("the payload has reported no time");
    }
    let [seconds, nanoseconds] = words.map(u64::from_ne_bytes);
    let then = Duration::new(seconds, nanoseconds as u32);
    let since = then.saturating_sub(begun);
    match taken.last_mut() {
        Some(last) if !since.is_zero() && since <= now() - begun => {
            *last = since.as_nanos() as u64;
        }
        _ => refuse("the payload has reported an impossible time"),
    }
}
