//! Children that wait for a lock that another thread held when they were made.
//! The child has no thread that releases it.
//!
//! `locks malloc|stdout clone|fork CHILDREN`

use std::hint::black_box;
use std::io::Write;
use std::thread;
use std::time::Duration;

use nix::sched::CloneFlags;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, write};
use pitfalls::{
    allocate_under_one_lock, clone_child, comes_within, end_at_once, fail,
    fork_child, must,
};

const THREADS: usize = 3;
/// A child does almost nothing, and ends within a second on every machine.
const BOUND: Duration = Duration::from_secs(1);
/// A size that needs the lock: a C library may allocate a smaller one from a
/// cache, without it.
const BEYOND_CACHES: usize = 1 << 20;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [lock, way, children] = &words[..] else {
        fail("usage", "locks malloc|stdout clone|fork CHILDREN")
    };
    let children: usize = must("read a number", children.parse());
    let take: fn() = match lock.as_str() {
        "malloc" => || drop(black_box(Vec::<u8>::with_capacity(BEYOND_CACHES))),
        _ => || drop(std::io::stdout().lock()),
    };
    allocate_under_one_lock();
    // The wait for a child takes this signal, so it has to be blocked.
    let chld = SigSet::from(Signal::SIGCHLD);
    must("sigprocmask", chld.thread_block());
    for _ in 0..THREADS {
        thread::spawn(move || {
            loop {
                take();
            }
        });
    }
    let child = || {
        take();
        0
    };
    let signal = Some(Signal::SIGCHLD as i32);
    for number in 1..=children {
        let pid = match way.as_str() {
            "clone" => clone_child(CloneFlags::empty(), signal, child),
            _ => fork_child(child),
        };
        if !has_ended(must("clone", pid)) {
            end(&format!("child {number} hung\n"));
        }
    }
    end(&format!("{children} children, none hung\n"));
}

/// Whether the child has ended in time; kills it if not.
fn has_ended(pid: Pid) -> bool {
    let ended = comes_within(Signal::SIGCHLD, BOUND);
    if !ended {
        let _ = kill(pid, Signal::SIGKILL);
    }
    let _ = waitpid(pid, None);
    ended
}

/// Prints `words` without the lock of standard output, and ends the process at
/// once, so that no thread can delay the end.
fn end(words: &str) -> ! {
    if write(std::io::stdout(), words.as_bytes()).is_err() {
        let _ = std::io::stderr().write_all(b"write failed\n");
    }
    end_at_once(0)
}
