//! Measures, for each way to make a child, how long the call takes in a parent
//! that uses MIB mebibytes of memory.
//!
//! `memory MIB` prints for each way the shortest time of a few attempts, in
//! microseconds.

use std::num::NonZeroUsize;
use std::process::Command;
use std::time::{Duration, Instant};

use nix::sched::CloneFlags;
use nix::sys::signal::Signal;
use nix::sys::wait::waitpid;
use nix::unistd::Pid;
use pitfalls::{
    become_command, clone_child, fork_child, hold_memory, in_child, must,
};

const ATTEMPTS: usize = 5;

fn main() {
    let mib = std::env::args().nth(1).unwrap_or_default();
    let mib: usize = must("read a number", mib.parse());
    if let Some(bytes) = NonZeroUsize::new(mib << 20) {
        must("mmap", hold_memory(bytes));
    }
    let command = [c"true".to_owned()];
    let child = || become_command(&command);
    let signal = Some(Signal::SIGCHLD as i32);
    let by = |flags| must("clone", clone_child(flags, signal, child));
    measure("clone", || by(CloneFlags::empty()));
    measure("clone_vm", || by(CloneFlags::CLONE_VM | CloneFlags::CLONE_VFORK));
    measure("fork", || must("fork", fork_child(child)));
    measure("command", || pid(&mut Command::new("true")));
    measure("pre_exec", || pid(in_child(&mut Command::new("true"), || Ok(()))));
}

/// Starts a command; the caller waits for it by its pid.
fn pid(command: &mut Command) -> Pid {
    Pid::from_raw(must("spawn", command.spawn()).id().cast_signed())
}

fn measure(way: &str, start: impl Fn() -> Pid) {
    let least = (0..ATTEMPTS).map(|_| {
        let before = Instant::now();
        let child = start();
        let took = before.elapsed();
        must("waitpid", waitpid(child, None));
        took
    });
    let least = least.min().unwrap_or(Duration::MAX);
    println!("{way} {}", least.as_micros());
}
