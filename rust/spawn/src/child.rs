//! The child: it does its acts one after the other and says which of them
//! failed.

use std::ffi::c_int;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::atomic::{AtomicI32, AtomicU64};

use crate::act::{Act, Caller, Place, reset_handlers};
use crate::raw::birth::{Birth, Run};
use crate::raw::kernel;

/// What the child has to do, in memory of its caller.
#[derive(Debug)]
pub(crate) struct Work<'a> {
    pub(crate) acts: &'a [Act],
    pub(crate) slots: Vec<AtomicI32>,
    /// See [`Place`].
    pub(crate) caller: Caller,
    /// See [`Place`].
    pub(crate) maps: c_int,
    /// See [`Place`].
    pub(crate) network: c_int,
    pub(crate) report: Report,
}

/// How far the child has come, and what stopped it: the act in the upper half,
/// its errno in the lower one.
#[derive(Debug, Default)]
pub(crate) struct Report(AtomicU64);

/// What a report says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// The child has begun this act.
    Begun(usize),
    /// This act has failed, and the child has ended.
    Failed(usize, c_int),
}

impl Report {
    fn begin(&self, act: usize) {
        self.0.store((act as u64) << 32, Release);
    }

    fn fail(&self, act: usize, errno: c_int) {
        let errno = u64::from(errno.cast_unsigned());
        self.0.store((act as u64) << 32 | errno, Release);
    }

    /// Reads it; the child does not run, or not in this memory.
    pub(crate) fn read(&self) -> Progress {
        let report = self.0.load(Acquire);
        let act = (report >> 32) as usize;
        match (report as u32).cast_signed() {
            0 => Progress::Begun(act),
            errno => Progress::Failed(act, errno),
        }
    }
}

// SAFETY: `run` and what it calls, the functions of `act` and of
// `raw::kernel`, make system calls of their own, read what was prepared and
// write the atomics of `slots` and `report`. They allocate nothing, take no
// lock, have no thread-local variable, index no slice and overflow no number.
// The tests run every act under an allocator that ends such a child.
unsafe impl Run for Work<'_> {
    fn run(&self, birth: &Birth) -> ! {
        if birth.has_handlers {
            reset_handlers();
        }
        let place = Place {
            birth,
            slots: &self.slots,
            caller: self.caller,
            maps: self.maps,
            network: self.network,
        };
        for (number, act) in self.acts.iter().enumerate() {
            self.report.begin(number);
            if let Err(errno) = act.perform(&place) {
                self.report.fail(number, errno);
                break;
            }
        }
        kernel::exit(127)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_how_far_the_child_came() {
        let report = Report::default();
        assert_eq!(report.read(), Progress::Begun(0));
        report.begin(7);
        assert_eq!(report.read(), Progress::Begun(7));
        report.fail(7, libc::EPERM);
        assert_eq!(report.read(), Progress::Failed(7, libc::EPERM));
    }
}
