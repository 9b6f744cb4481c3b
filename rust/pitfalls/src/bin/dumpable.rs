//! A child that changes its ids does not change its parent, because std makes
//! the child by fork(2) if it has to change an id.
//!
//! `dumpable nothing|uid` prints whether this process may be dumped and traced
//! (1) or not (0) after the child has ended.

use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sys::prctl::get_dumpable;
use pitfalls::{fail, must};

/// The id of an ordinary user.
const OTHER_ID: u32 = 1000;

fn main() {
    let mut command = Command::new("true");
    match std::env::args().nth(1).as_deref() {
        Some("uid") => command.uid(OTHER_ID).gid(OTHER_ID),
        _ => &mut command,
    };
    let ended = must("spawn", command.status());
    if !ended.success() {
        fail("true", ended);
    }
    println!("{}", u8::from(must("prctl", get_dumpable())));
}
