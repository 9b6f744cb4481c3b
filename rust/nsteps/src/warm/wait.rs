//! A child that is waited for: signals are passed on to it, and this process
//! ends as it did.

use harness::error::{Context, Result};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigSet, Signal, raise};
use nix::sys::signalfd::{SfdFlags, SignalFd, siginfo};
use nsteps_spawn::Child;
use std::fs;
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// Which kind of process a launch waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// PID 1 of a pid namespace. The kernel drops a signal for it that it has no
    /// handler for, so what the signal does by default is done here.
    Init,
    /// Any other process.
    Ordinary,
}

/// The signals that are passed on and end a process by default.
const ENDING: [Signal; 7] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGALRM,
];

/// Signals to this process, as events. None is lost between its making and the
/// first wait.
#[derive(Debug)]
pub struct Signals(SignalFd);

impl Signals {
    /// Blocks the signals that are passed on. A child that is made later must
    /// not inherit that.
    ///
    /// # Errors
    ///
    /// Fails if there are too many descriptors.
    pub fn block() -> Result<Signals> {
        let mut set = SigSet::from_iter(ENDING);
        set.add(Signal::SIGTSTP);
        set.add(Signal::SIGCONT);
        let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
        let signals = SignalFd::with_flags(&set, flags)
            .context("make a descriptor of signals")?;
        set.thread_block().context("block signals")?;
        Ok(Signals(signals))
    }
}

/// Waits for a child, and passes signals on to it.
///
/// # Errors
///
/// Fails if the child was reaped by other means.
pub fn watch(
    child: &mut Child,
    signals: &Signals,
    kind: Kind,
) -> Result<ExitStatus> {
    let mut fatal = None;
    loop {
        if let Some(status) =
            child.try_wait().context("wait for the payload")?
        {
            // It was killed for a signal that it would have died of.
            return Ok(fatal.unwrap_or(status));
        }
        let mut fds = [
            PollFd::new(child.as_fd(), PollFlags::POLLIN),
            PollFd::new(signals.0.as_fd(), PollFlags::POLLIN),
        ];
        match poll(&mut fds, PollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno).context("wait for the payload"),
        }
        while let Ok(Some(signal)) = signals.0.read_signal() {
            if pass_on(child, &signal, kind)? {
                let signal = signal.ssi_signo.cast_signed();
                fatal = Some(ExitStatus::from_raw(signal));
            }
        }
    }
}

/// Passes one signal on; true if the child has been killed for it.
fn pass_on(child: &Child, info: &siginfo, kind: Kind) -> Result<bool> {
    /// asm-generic/siginfo.h: what the kernel sends by itself; here that is the
    /// terminal, which sends to the child as well.
    const SI_KERNEL: i32 = 0x80;
    let number = info.ssi_signo.cast_signed();
    let Ok(signal) = Signal::try_from(number) else { return Ok(false) };
    // It may have ended meanwhile.
    let send = |signal: Signal| drop(child.signal(signal as i32));
    match signal {
        Signal::SIGTSTP => {
            // PID 1 does not stop by itself.
            match kind {
                Kind::Init => send(Signal::SIGSTOP),
                Kind::Ordinary if info.ssi_code != SI_KERNEL => send(signal),
                Kind::Ordinary => {}
            }
            // Here this process waits until it is continued.
            raise(Signal::SIGSTOP).context("stop")?;
            send(Signal::SIGCONT);
            return Ok(false);
        }
        Signal::SIGCONT => send(signal),
        _ if info.ssi_code != SI_KERNEL => send(signal),
        _ => {}
    }
    let ends = kind == Kind::Init
        && ENDING.contains(&signal)
        && has_default_action(child.pid(), number);
    if ends {
        send(Signal::SIGKILL);
    }
    Ok(ends)
}

/// Whether a process neither handles nor ignores nor blocks a signal. Where
/// that cannot be read, it is left to the process.
fn has_default_action(pid: i32, signal: i32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status"));
    status.is_ok_and(|status| {
        ["SigCgt", "SigIgn", "SigBlk"].iter().all(|name| {
            set_of(&status, name).is_some_and(|set| !has(set, signal))
        })
    })
}

/// A set of signals in the text of /proc/PID/status.
pub fn set_of(status: &str, name: &str) -> Option<u64> {
    let set = status.lines().find_map(|line| {
        line.strip_prefix(name)?.strip_prefix(':').map(str::trim)
    })?;
    u64::from_str_radix(set, 16).ok()
}

/// Whether a signal is in such a set.
pub fn has(set: u64, signal: i32) -> bool {
    set >> (signal - 1) & 1 == 1
}

/// Ends this process as another one has ended: returns its exit status, or dies
/// of the same signal, without a core file of its own.
///
/// # Errors
///
/// Fails if this process cannot set its limits.
pub fn end_as(status: ExitStatus) -> Result<u8> {
    if let Some(code) = status.code() {
        // A status has eight bits.
        return Ok((code & 0xff) as u8);
    }
    let number = status.signal().unwrap_or(Signal::SIGKILL as i32);
    if let Ok(signal) = Signal::try_from(number) {
        setrlimit(Resource::RLIMIT_CORE, 0, 0)
            .context("set the limit of core files")?;
        kernel::default_signals();
        raise(signal).context("end by a signal")?;
    }
    // A signal that has no name here, as those for real time.
    Ok(128u8.saturating_add(number as u8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_signals_is_read() {
        let status = "SigBlk:\t0000000000000000\nSigIgn:\t0000000000001002\n";
        let ignored = set_of(status, "SigIgn").unwrap_or(0);
        assert!(has(ignored, Signal::SIGPIPE as i32));
        assert!(has(ignored, Signal::SIGINT as i32));
        assert!(!has(ignored, Signal::SIGTERM as i32));
        assert_eq!(set_of(status, "SigCgt"), None);
    }

    #[test]
    fn an_exit_status_is_returned() {
        let status = ExitStatus::from_raw(7 << 8);
        assert_eq!(end_as(status), Ok(7));
    }
}
