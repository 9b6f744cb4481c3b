//! The payload: the command a step becomes, and what it inherits.

use std::convert::Infallible;
use std::ffi::c_char;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use nix::sys::signal::{SigHandler, Signal, signal};

use crate::arguments::command;
use crate::failure::{Call, EXECVP, Failure, Record};
use crate::kernel::{ArgumentVector, execvp};

/// True if this step was started with SIGCHLD ignored. It is a static, because
/// a forked child that makes a child itself finds the signal already changed.
static SIGCHLD_WAS_IGNORED: AtomicBool = AtomicBool::new(false);

/// The command that a step becomes, ready before the clone because the child
/// may not allocate; and where a child records the failure that prevents it
/// from becoming the command.
pub struct Payload<'a> {
    command: ArgumentVector,
    pub(crate) record: &'a Record,
}

impl<'a> Payload<'a> {
    /// Takes CMD and its arguments, and makes this process able to wait: if
    /// SIGCHLD is ignored, the kernel reaps children itself and waitpid(2) can
    /// only return ECHILD, so the payload's status would be lost.
    pub(crate) fn prepare(record: &'a Record) -> Result<Self, Failure> {
        let payload = Self { command: command(), record };
        let inherited = disposition(Signal::SIGCHLD, SigHandler::SigDfl)?;
        if matches!(inherited, SigHandler::SigIgn) {
            SIGCHLD_WAS_IGNORED.store(true, Relaxed);
        }
        Ok(payload)
    }

    /// The size of the stack that execvp(3) may need beyond the fixed size, in
    /// bytes: glibc's copies the argument vector there if it finds a script
    /// without `#!` and passes it to a shell.
    pub(crate) fn room_for_execvp(&self) -> usize {
        self.command.clone().count() * size_of::<*const c_char>()
    }
}

/// Becomes the command. The command inherits everything except descriptors:
/// each of ours is closed on exec.
///
/// An ignored signal stays ignored across exec, so SIGCHLD is restored first,
/// see `prepare`. Every other disposition, and the mask, are those with which
/// the step was started: [`start!`](crate::start) keeps Rust's runtime from
/// changing them.
pub(crate) fn exec_payload(
    payload: &Payload<'_>,
) -> Result<Infallible, Failure> {
    if SIGCHLD_WAS_IGNORED.load(Relaxed) {
        disposition(Signal::SIGCHLD, SigHandler::SigIgn)?;
    }
    execvp(&payload.command).call(EXECVP)
}

/// Ignores a signal or resets it to its default. Returns its previous
/// disposition.
fn disposition(
    which: Signal,
    handler: SigHandler,
) -> Result<SigHandler, Failure> {
    // SAFETY: only SIG_DFL and SIG_IGN are passed, so no handler can run.
    let before = unsafe { signal(which, handler) };
    before.call("signal")
}
