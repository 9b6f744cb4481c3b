//! What the payload does at its end, for situations around a launcher: `--then`.

use std::ffi::{OsStr, c_int};
use std::io::Write;

use nix::sys::prctl::{get_name, set_name};
use nix::sys::signal::{
    SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction,
};
use probe::situation;

use crate::{stream, wait_at_most};

/// What the probe does when it is let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It ends with this status.
    Exit(u8),
    /// It reads where nothing is mapped, which SIGSEGV ends.
    Fault,
    /// It ends, and leaves a child behind.
    LeaveChild,
    /// It copies standard input to standard output.
    Copy,
    /// It writes many lines to standard error.
    Write,
    /// It has been ready for SIGTERM since its beginning, and ends.
    Term,
}

impl Then {
    /// Reads the word behind `--then`; `None` if it is none of them.
    pub fn parse(word: &OsStr) -> Option<Then> {
        let word = word.to_str()?;
        if let Some(status) = word.strip_prefix("exit:") {
            return status.parse().ok().map(Then::Exit);
        }
        match word {
            "fault" => Some(Then::Fault),
            "child" => Some(Then::LeaveChild),
            "copy" => Some(Then::Copy),
            "write" => Some(Then::Write),
            "term" => Some(Then::Term),
            _ => None,
        }
    }

    /// What has to be done before the payload is held.
    pub fn begin(self) {
        if self == Then::Term {
            end_on_term();
        }
    }

    /// Does it, and gives the exit status.
    pub fn end(self) -> c_int {
        match self {
            Then::Exit(status) => status.into(),
            Then::Fault => fault(),
            Then::LeaveChild => leave_child(),
            Then::Copy => {
                let (mut from, mut to) = (stream(0), stream(1));
                c_int::from(std::io::copy(&mut *from, &mut *to).is_err())
            }
            Then::Write => {
                let mut to = stream(2);
                let lines = (0..situation::LINES).map(situation::line);
                let all: String = lines.collect();
                c_int::from(to.write_all(all.as_bytes()).is_err())
            }
            Then::Term => 0,
        }
    }
}

/// From now on SIGTERM ends this process with a status of its own. A handler,
/// because PID 1 of a namespace ignores a signal without one.
fn end_on_term() {
    extern "C" fn end(_: c_int) {
        // SAFETY: _exit(2) may be called in a signal handler, see
        // signal-safety(7).
        unsafe { libc::_exit(situation::TERMINATED.into()) }
    }
    let action = SigAction::new(
        SigHandler::Handler(end),
        SaFlags::empty(),
        SigSet::empty(),
    );
    // SAFETY: sigaction(2) wants a handler that calls only what may be called
    // in one, and `end` calls _exit(2) alone.
    let _ = unsafe { sigaction(Signal::SIGTERM, &action) };
}

/// An address in the first page, where the kernel lets nothing be mapped
/// (mmap_min_addr).
const NOWHERE: usize = 8;

fn fault() -> c_int {
    let nowhere = std::ptr::without_provenance::<u8>(NOWHERE);
    // SAFETY: read_volatile wants memory that may be read. This is none, and
    // the kernel ends the process at the read, before a value exists: that is
    // what the read is for. PID 1 cannot end itself by a signal that it sends.
    let value = unsafe { nowhere.read_volatile() };
    value.into()
}

/// Leaves a child behind that has another name, and ends. The child has the name
/// from its birth: this process may have ended before the child runs.
fn leave_child() -> c_int {
    let own = get_name();
    let _ = set_name(situation::CHILD);
    // SAFETY: fork(2) in a process with one thread: the child may do all that
    // its parent may.
    match unsafe { libc::fork() } {
        0 => {
            wait_at_most();
            0
        }
        child => {
            if let Ok(own) = own {
                let _ = set_name(&own);
            }
            c_int::from(child < 0)
        }
    }
}
