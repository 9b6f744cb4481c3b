//! What the payload of a situation and the harness have to know alike.

use std::ffi::CStr;

/// The status of a payload that SIGTERM has reached.
pub const TERMINATED: u8 = 43;

/// The name of the child that a payload leaves behind.
pub const CHILD: &CStr = c"nsteps-child";

/// How many lines are sent through a stream.
pub const LINES: u64 = 1 << 14;

/// How long each is in bytes, with its end.
pub const WIDTH: usize = 1 << 6;

/// The line of this number.
pub fn line(number: u64) -> String {
    let width = WIDTH - 1;
    format!("{number:0width$}\n")
}
