//! Attempts: an operation that changes or ends its process is tried in a child,
//! which then ends.

mod calls;

pub(crate) use calls::CALLS;

use std::ffi::{c_int, c_long, c_ulong};
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::unistd::{pipe2, read, write};

use crate::observation::Unread;

/// The result of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The kernel answered. If it allowed the operation, these are the bytes
    /// that the child was given.
    Answered(nix::Result<Vec<u8>>),
    /// The child was killed by this signal: by a seccomp filter, if it is
    /// SIGSYS.
    Killed(c_int),
    /// There was no answer within [`BOUND`].
    Late,
}

impl Outcome {
    /// The result in the words of a reading; `allowed` is used if the operation
    /// was allowed.
    pub(crate) fn words(self, allowed: &str) -> String {
        match self {
            Outcome::Answered(Ok(_)) => allowed.to_owned(),
            Outcome::Answered(Err(errno)) => match errno {
                Errno::UnknownErrno => "an error without a name".to_owned(),
                errno => format!("{errno:?}"),
            },
            Outcome::Killed(signal) => {
                let name = nix::sys::signal::Signal::try_from(signal);
                let name = name
                    .map_or_else(|_| signal.to_string(), |it| it.to_string());
                format!("killed by {name}")
            }
            Outcome::Late => "no answer in time".to_owned(),
        }
    }
}

/// The timeout of an attempt, in milliseconds.
const BOUND: c_int = 2000;

/// The longest message of a child: an errno, then bytes.
const MESSAGE: usize = 512;

/// Tries `what` in a child.
///
/// The caller should have one thread. If it has others, `what` must not use the
/// heap.
pub(crate) fn attempt(
    what: impl FnOnce() -> nix::Result<Vec<u8>>,
) -> Result<Outcome, Unread> {
    let flags = nix::fcntl::OFlag::O_CLOEXEC;
    let (answer, told) =
        pipe2(flags).map_err(|errno| Unread::new("pipe2", errno))?;
    let child = clone().map_err(|errno| Unread::new("clone", errno))?;
    if child == 0 {
        end_with_the_parent();
        let result = what();
        let (errno, bytes) = match &result {
            Ok(bytes) => (0, bytes.as_slice()),
            Err(errno) => (*errno as i32, [].as_slice()),
        };
        let mut message = [0; MESSAGE];
        message[..4].copy_from_slice(&errno.to_ne_bytes());
        let length = bytes.len().min(MESSAGE - 4);
        message[4..4 + length].copy_from_slice(&bytes[..length]);
        let _ = write(&told, &message[..4 + length]);
        exit();
    }
    drop(told);
    let message = read_answer(&answer);
    if message.is_none() {
        kill(child);
    }
    let signal = reap(child);
    Ok(match (message, signal) {
        (None, _) => Outcome::Late,
        (Some(message), _) if message.len() >= 4 => {
            let (errno, bytes) = message.split_at(4);
            let errno = errno.try_into().map_or(0, i32::from_ne_bytes);
            Outcome::Answered(match errno {
                0 => Ok(bytes.to_vec()),
                errno => Err(Errno::from_raw(errno)),
            })
        }
        (Some(_), Some(signal)) => Outcome::Killed(signal),
        (Some(_), None) => {
            return Err(Unread::senseless("a child ended without an answer"));
        }
    })
}

/// What the child wrote before it ended; `None` if it did not end in time.
fn read_answer(answer: &OwnedFd) -> Option<Vec<u8>> {
    let mut ready = libc::pollfd {
        fd: answer.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    loop {
        // SAFETY: poll reads and writes one pollfd, which outlives the call.
        let count = unsafe { libc::poll(&mut ready, 1, BOUND) };
        match Errno::result(count) {
            Err(Errno::EINTR) => {}
            Ok(1..) => break,
            _ => return None,
        }
    }
    let mut message = [0; MESSAGE];
    // A message is shorter than the size up to which a write to a pipe is
    // atomic.
    let length = read(answer, &mut message).unwrap_or(0);
    Some(message[..length].to_vec())
}

/// Forks a child for whose end the kernel sends no signal: a launcher may have
/// ignored SIGCHLD, and then the child could not be waited for.
fn clone() -> nix::Result<c_long> {
    let zero: c_ulong = 0;
    // SAFETY: without flags clone copies the process as fork does, and with
    // stack 0 the child continues on a copy of ours. In a process with one
    // thread no lock is held by another; the caller answers for the others.
    Errno::result(unsafe {
        libc::syscall(libc::SYS_clone, zero, zero, zero, zero, zero)
    })
}

/// Makes the kernel kill the child when its parent ends, and prevents a core
/// dump, which could leave a file.
fn end_with_the_parent() {
    let zero: c_ulong = 0;
    let signal = libc::SIGKILL as c_ulong;
    // SAFETY: the option reads its argument as a number.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, signal, zero, zero, zero) };
    // SAFETY: as above.
    unsafe { libc::prctl(libc::PR_SET_DUMPABLE, zero, zero, zero, zero) };
}

fn exit() -> ! {
    // SAFETY: _exit takes a number; it runs none of the parent's handlers.
    unsafe { libc::_exit(0) }
}

fn kill(child: c_long) {
    // SAFETY: kill takes two integers; the child was not waited for yet, so
    // that the number is still its.
    unsafe { libc::syscall(libc::SYS_kill, child, libc::SIGKILL) };
}

/// Waits for the child, which has ended or will end at once. Returns the signal
/// that killed it.
fn reap(child: c_long) -> Option<c_int> {
    let mut status: c_int = 0;
    loop {
        let place = &mut status as *mut c_int;
        // SAFETY: wait4 writes one int to `place`, which outlives the call,
        // and nothing to a null pointer.
        let answer = unsafe {
            libc::syscall(
                libc::SYS_wait4,
                child,
                place,
                libc::__WALL,
                std::ptr::null_mut::<libc::rusage>(),
            )
        };
        match Errno::result(answer) {
            Err(Errno::EINTR) => {}
            Err(_) => return None,
            Ok(_) if libc::WIFSTOPPED(status) => kill(child),
            Ok(_) => break,
        }
    }
    libc::WIFSIGNALED(status).then(|| libc::WTERMSIG(status))
}

/// Makes a socket of this family, kind and protocol.
pub(crate) fn socket(
    family: c_int,
    kind: c_int,
    protocol: c_int,
) -> nix::Result<OwnedFd> {
    use std::os::fd::FromRawFd;
    let kind = kind | libc::SOCK_CLOEXEC;
    // SAFETY: socket takes three integers.
    let fd = Errno::result(unsafe { libc::socket(family, kind, protocol) })?;
    // SAFETY: socket answered with a new descriptor.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Asks to be traced by the parent.
pub(crate) fn be_traced() -> nix::Result<()> {
    let zero: c_ulong = 0;
    // SAFETY: PTRACE_TRACEME takes no further argument.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_ptrace,
            libc::PTRACE_TRACEME as c_ulong,
            zero,
            zero,
            zero,
        )
    };
    Errno::result(answer).map(drop)
}

/// Adds Landlock layers to the calling process until the kernel refuses, and
/// returns how many. The process must be one that ends at once.
pub(crate) fn landlock_layers_left() -> nix::Result<u8> {
    // struct landlock_ruleset_attr, first version: LANDLOCK_ACCESS_FS_EXECUTE.
    let handled: u64 = 1;
    let none: c_int = 0;
    // SAFETY: landlock_create_ruleset reads the eight bytes that it is told.
    let ruleset = Errno::result(unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            &handled as *const u64,
            size_of::<u64>(),
            none,
        )
    })?;
    let (one, zero): (c_ulong, c_ulong) = (1, 0);
    let option = libc::PR_SET_NO_NEW_PRIVS;
    // SAFETY: the option reads its arguments as numbers.
    Errno::result(unsafe { libc::prctl(option, one, zero, zero, zero) })?;
    for layers in 0..=u8::MAX {
        // SAFETY: landlock_restrict_self takes two integers.
        let answer = unsafe {
            libc::syscall(libc::SYS_landlock_restrict_self, ruleset, none)
        };
        match Errno::result(answer) {
            Ok(_) => {}
            Err(Errno::E2BIG) => return Ok(layers),
            Err(errno) => return Err(errno),
        }
    }
    Err(Errno::E2BIG)
}

/// The session keyring: its serial number and its description by keyctl(2).
///
/// If a process has none, the question gives it that of its user; so a child
/// should ask.
pub(crate) fn session_keyring() -> nix::Result<(c_long, Vec<u8>)> {
    const KEY_SPEC_SESSION_KEYRING: c_int = -3;
    const KEYCTL_GET_KEYRING_ID: c_int = 0;
    const KEYCTL_DESCRIBE: c_int = 6;
    let zero: c_ulong = 0;
    // SAFETY: this operation takes two numbers.
    let serial = Errno::result(unsafe {
        libc::syscall(
            libc::SYS_keyctl,
            KEYCTL_GET_KEYRING_ID,
            KEY_SPEC_SESSION_KEYRING,
            zero,
        )
    })?;
    let mut text = vec![0u8; 256];
    // SAFETY: this operation writes at most the length that it is told to
    // `text`.
    let length = Errno::result(unsafe {
        libc::syscall(
            libc::SYS_keyctl,
            KEYCTL_DESCRIBE,
            KEY_SPEC_SESSION_KEYRING,
            text.as_mut_ptr(),
            text.len(),
        )
    })?;
    // The length counts the NUL at the end.
    let length = usize::try_from(length).unwrap_or(1).saturating_sub(1);
    text.truncate(length);
    Ok((serial, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_answers_or_is_killed_or_is_late() {
        let said = attempt(|| Ok(Vec::new()));
        assert_eq!(said, Ok(Outcome::Answered(Ok(Vec::new()))));
        let refused = attempt(|| Err(Errno::EROFS));
        assert_eq!(refused, Ok(Outcome::Answered(Err(Errno::EROFS))));
        let killed = attempt(|| {
            // SAFETY: getpid takes nothing.
            let own = unsafe { libc::syscall(libc::SYS_getpid) };
            // SAFETY: kill takes two integers.
            unsafe { libc::syscall(libc::SYS_kill, own, libc::SIGKILL) };
            Ok(Vec::new())
        });
        assert_eq!(killed, Ok(Outcome::Killed(libc::SIGKILL)));
        let late = attempt(|| {
            loop {
                // SAFETY: pause takes nothing.
                unsafe { libc::pause() };
            }
        });
        assert_eq!(late, Ok(Outcome::Late));
    }

    #[test]
    fn outcomes_have_words() {
        let words = |it: Outcome| it.words("yes");
        assert_eq!(words(Outcome::Answered(Ok(vec![]))), "yes");
        assert_eq!(words(Outcome::Answered(Err(Errno::EPERM))), "EPERM");
        assert_eq!(words(Outcome::Killed(31)), "killed by SIGSYS");
    }
}
