//! A failed system call: how the launcher learns of it, and the line and the
//! exit status with which it then ends.

use std::cell::Cell;
use std::ffi::CStr;
use std::io::{Write, stderr};
use std::num::NonZero;

use nix::errno::Errno;
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};

use crate::kernel::{exit, step};

/// Exit status of a step that failed before the payload, as in env(1).
pub(crate) const FAILED: i32 = 125;
/// Exit status if the payload exists and cannot be executed.
const CANNOT_EXECUTE: i32 = 126;
/// Exit status if there is no such payload.
const NOT_FOUND: i32 = 127;

/// The call whose failure concerns the payload and not the step.
pub(crate) const EXECVP: &str = "execvp";

/// A system call that failed.
///
/// It owns no memory: the child records it, and the launcher reads it from
/// memory that both see. What it points to must be older than the child,
/// otherwise the launcher would not have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    call: &'static str,
    subject: Option<&'static CStr>,
    errno: Errno,
}

/// Where a child records the failure that prevents it from becoming the
/// payload.
pub(crate) type Record = Cell<Option<Failure>>;

/// How a step handles the result of a system call: it gives the call its name
/// for the error line, and `?` then ends the step.
///
/// C's `must` and Go's `Must` end the process themselves. A child in Rust may
/// not do that: it shares its parent's memory, so it returns the failure and
/// the parent prints it.
pub trait Call<T> {
    /// Names the call.
    ///
    /// # Errors
    ///
    /// Fails if the call has failed, with its errno.
    fn call(self, name: &'static str) -> Result<T, Failure>;

    /// Names the call and its object.
    ///
    /// # Errors
    ///
    /// Fails if the call has failed, with its errno.
    fn call_on(
        self,
        name: &'static str,
        subject: &'static CStr,
    ) -> Result<T, Failure>;
}

impl<T> Call<T> for nix::Result<T> {
    fn call(self, name: &'static str) -> Result<T, Failure> {
        self.map_err(|errno| Failure { call: name, subject: None, errno })
    }

    fn call_on(
        self,
        name: &'static str,
        subject: &'static CStr,
    ) -> Result<T, Failure> {
        let subject = Some(subject);
        self.map_err(|errno| Failure { call: name, subject, errno })
    }
}

impl Failure {
    /// The exit status for this failure.
    pub(crate) fn status(self) -> i32 {
        match (self.call, self.errno) {
            (EXECVP, Errno::ENOENT) => NOT_FOUND,
            (EXECVP, _) => CANNOT_EXECUTE,
            _ => FAILED,
        }
    }

    /// Ends the launcher: prints the error line, and exits with the status.
    pub fn exit(self) -> ! {
        print(&self.line(step()));
        exit(self.status())
    }

    /// The error line: `STEP: CALL: STRERROR`, or `STEP: CALL SUBJECT:
    /// STRERROR`.
    fn line(self, step: &[u8]) -> Vec<u8> {
        let mut line = [step, b": ", self.call.as_bytes()].concat();
        if let Some(subject) = self.subject {
            line.extend([b" ", subject.to_bytes()].concat());
        }
        line.extend([b": ", self.errno.desc().as_bytes(), b"\n"].concat());
        line
    }
}

/// Prints a whole line with one write(2), so that it is not mixed with another.
/// If stderr cannot be written, the exit status still reports the failure.
pub(crate) fn print(line: &[u8]) {
    let _ = stderr().write_all(line);
}

/// Makes a record that a forked child, which has a copy of all other memory,
/// shares with the launcher ([mmap(2)], MAP_SHARED).
///
/// [mmap(2)]: https://man7.org/linux/man-pages/man2/mmap.2.html
///
/// # Errors
///
/// Fails as mmap(2) does.
pub(crate) fn shared_record() -> Result<&'static Record, Failure> {
    const SIZE: NonZero<usize> =
        NonZero::new(size_of::<Record>()).expect("a record has a size");
    let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    // SAFETY: no address is asked for, so no mapping of ours is replaced.
    let mapped =
        unsafe { mmap_anonymous(None, SIZE, access, MapFlags::MAP_SHARED) };
    let record = mapped.call("mmap")?.cast::<Record>();
    // SAFETY: a mapping starts on a page, so it is aligned; it is writable
    // and larger than a record.
    unsafe { record.write(Cell::new(None)) };
    // SAFETY: written just above, never unmapped. The child writes it before
    // it ends, and the launcher reads it after it has waited for that.
    Ok(unsafe { record.as_ref() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(call: &'static str, errno: Errno) -> Failure {
        Failure { call, subject: None, errno }
    }

    #[test]
    fn a_line_names_step_call_and_reason() {
        assert_eq!(
            failure("umount", Errno::EBUSY).line(b"pid"),
            b"pid: umount: Device or resource busy\n"
        );
    }

    #[test]
    fn a_line_names_the_subject_where_there_is_one() {
        assert_eq!(
            Err::<(), _>(Errno::EEXIST)
                .call_on("mkdir", c"new/.old")
                .expect_err("it has failed")
                .line(b"pivot_root"),
            b"pivot_root: mkdir new/.old: File exists\n"
        );
    }

    #[test]
    fn the_status_is_that_of_env() {
        assert_eq!(failure(EXECVP, Errno::ENOENT).status(), 127);
        assert_eq!(failure(EXECVP, Errno::EACCES).status(), 126);
        assert_eq!(failure(EXECVP, Errno::ENOEXEC).status(), 126);
        assert_eq!(failure("mount", Errno::ENOENT).status(), 125);
    }

    #[test]
    fn a_named_call_keeps_its_value_or_its_error() {
        assert_eq!(Ok(3).call("read"), Ok(3));
        assert_eq!(
            Err::<(), _>(Errno::EPERM).call("clone"),
            Err(failure("clone", Errno::EPERM))
        );
    }

    #[test]
    fn a_shared_record_starts_empty_and_keeps_what_it_is_given() {
        let record = shared_record().expect("a page is to be had");
        assert_eq!(record.get(), None);
        record.set(Some(failure("mount", Errno::EPERM)));
        assert_eq!(record.get(), Some(failure("mount", Errno::EPERM)));
    }
}
