//! Waiting for a child, and the exit status to end with.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use nix::errno::Errno;
use nix::unistd::Pid;

use crate::failure::{Call, Failure};
use crate::kernel::waitpid;

/// Waits for one child and returns the status with which to exit.
///
/// # Errors
///
/// Fails as waitpid(2) does.
pub(crate) fn wait_for(child: Pid) -> Result<i32, Failure> {
    let (_, status) = waitpid(child).call("waitpid")?;
    Ok(exit_code(status))
}

/// Waits until no child is left, as PID 1 must: every orphan of its namespace
/// becomes its child. Returns the status of one child, the payload.
///
/// # Errors
///
/// Fails as waitpid(2) does.
pub(crate) fn reap_all(payload: Pid) -> Result<i32, Failure> {
    const ANY: Pid = Pid::from_raw(-1);
    let mut code = 0;
    loop {
        match waitpid(ANY) {
            Err(Errno::ECHILD) => return Ok(code),
            ended => {
                let (child, status) = ended.call("waitpid")?;
                if child == payload {
                    code = exit_code(status);
                }
            }
        }
    }
}

/// The payload's own status, or 128+n after signal n, as in a shell.
fn exit_code(status: ExitStatus) -> i32 {
    match (status.code(), status.signal()) {
        (Some(code), _) => code,
        (None, Some(signal)) => 128 + signal,
        // Neither exited nor killed: waitpid is not asked for stopped children.
        (None, None) => unreachable!("waited for a child that still runs"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The wait(2) status of a process that exited.
    fn exited(code: i32) -> ExitStatus {
        ExitStatus::from_raw(code << 8)
    }

    #[test]
    fn an_exit_status_stays() {
        for code in [0, 1, 3, 125, 126, 127, 255] {
            assert_eq!(exit_code(exited(code)), code);
        }
    }

    #[test]
    fn a_signal_is_added_to_128() {
        assert_eq!(exit_code(ExitStatus::from_raw(libc::SIGKILL)), 137);
        assert_eq!(exit_code(ExitStatus::from_raw(libc::SIGPIPE)), 141);
    }

    #[test]
    fn a_core_dump_changes_nothing() {
        let dumped = 0x80;
        assert_eq!(
            exit_code(ExitStatus::from_raw(libc::SIGSEGV | dumped)),
            139
        );
    }

    #[test]
    fn a_real_time_signal_counts_too() {
        assert_eq!(exit_code(ExitStatus::from_raw(34)), 162);
    }
}
