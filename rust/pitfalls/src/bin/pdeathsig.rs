//! A child with PR_SET_PDEATHSIG that a thread has started: the end of that
//! thread kills it, even if the process continues.
//!
//! `pdeathsig main|thread`: the argument is the thread that starts the child.
//! `thread` is a second one, which ends at once.

use std::io::Error;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command};
use std::thread;

use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use pitfalls::{fail, in_child, must};

fn main() {
    let child = match std::env::args().nth(1).as_deref() {
        Some("thread") => match thread::spawn(|| start("5")).join() {
            Ok(child) => child,
            Err(_) => fail("join", "the thread panicked"),
        },
        _ => start("0.3"),
    };
    let mut child = must("spawn", child);
    let ended = must("wait", child.wait());
    let how = if ended.signal().is_some() { "killed" } else { "lived" };
    println!("{how}");
}

/// Starts sleep(1) for so many seconds. A thread ends in less time.
fn start(seconds: &str) -> Result<Child, Error> {
    let mut command = Command::new("sleep");
    command.arg(seconds);
    in_child(&mut command, || set_pdeathsig(Signal::SIGKILL)).spawn()
}
