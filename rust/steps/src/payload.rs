//! The payload: the command a step becomes, and what it inherits.

use std::convert::Infallible;
use std::ffi::c_char;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use nix::sys::signal::{SigHandler, Signal, signal};

use crate::arguments::command;
use crate::failure::{Call, EXECVP, Failure, Record};
use crate::kernel::{ArgumentVector, execvp};

/// Whether this step was started with SIGCHLD ignored. A static, because a
/// forked child that launches in its turn finds the signal changed already.
static SIGCHLD_WAS_IGNORED: AtomicBool = AtomicBool::new(false);

/// The command a step becomes, ready before the clone: the child may not
/// allocate. And where a child records the failure that keeps it from becoming
/// the command.
pub struct Payload<'a> {
    command: ArgumentVector,
    pub(crate) record: &'a Record,
}

impl<'a> Payload<'a> {
    /// Takes CMD and its arguments, and lets this process wait: where SIGCHLD
    /// is ignored the kernel reaps children itself and waitpid(2) can only
    /// say ECHILD, so the payload's status would be lost.
    pub(crate) fn prepare(record: &'a Record) -> Result<Self, Failure> {
        let payload = Self { command: command(), record };
        let inherited = disposition(Signal::SIGCHLD, SigHandler::SigDfl)?;
        if matches!(inherited, SigHandler::SigIgn) {
            SIGCHLD_WAS_IGNORED.store(true, Relaxed);
        }
        Ok(payload)
    }

    /// What execvp(3) may need of the stack beyond a fixed size, in bytes:
    /// glibc's copies the argument vector there when it finds a script
    /// without `#!` and hands it to a shell.
    pub(crate) fn room_for_execvp(&self) -> usize {
        self.command.clone().count() * size_of::<*const c_char>()
    }
}

/// Becomes the command. Everything the process has is the command's, except
/// descriptors: each of ours is closed on exec.
///
/// What is ignored stays ignored across exec, so SIGCHLD goes back first, see
/// `prepare`. Every other disposition, and the mask, is what the step was
/// started with: [`start!`](crate::start) keeps Rust's runtime away from them.
pub(crate) fn exec_payload(
    payload: &Payload<'_>,
) -> Result<Infallible, Failure> {
    if SIGCHLD_WAS_IGNORED.load(Relaxed) {
        disposition(Signal::SIGCHLD, SigHandler::SigIgn)?;
    }
    execvp(&payload.command).call(EXECVP)
}

/// Ignores a signal or gives it its default, and says what it had before.
fn disposition(
    which: Signal,
    handler: SigHandler,
) -> Result<SigHandler, Failure> {
    // SAFETY: only SIG_DFL and SIG_IGN are passed, so no handler can run.
    let before = unsafe { signal(which, handler) };
    before.call("signal")
}
