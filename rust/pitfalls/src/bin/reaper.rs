//! An init that waits for every child, and also has `Command` make one:
//! `reaper BOUND` runs a command until the other thread has waited for it, or
//! so many times.

use std::process::Command;
use std::thread;

use nix::sys::wait::wait;
use pitfalls::must;

fn main() {
    let bound = std::env::args().nth(1).unwrap_or_default();
    let bound: usize = must("usage: reaper BOUND", bound.parse());
    thread::spawn(|| {
        loop {
            if wait().is_err() {
                thread::yield_now();
            }
        }
    });
    for child in 1..=bound {
        if let Err(error) = Command::new("sh").args(["-c", "exit 3"]).status() {
            println!("child {child}: {error}");
            return;
        }
    }
    println!("{bound} children, none lost");
}
