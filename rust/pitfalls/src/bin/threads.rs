//! What a process with one thread, and one with two, may do with its
//! namespaces, and in which namespace a thread begins whose creator has changed
//! its own.
//!
//! `threads alone|beside`

use std::fs::File;
use std::path::PathBuf;
use std::thread;

use nix::sched::{CloneFlags, setns, unshare};
use pitfalls::must;

fn main() {
    if std::env::args().nth(1).as_deref() == Some("beside") {
        thread::spawn(thread::park);
    }
    let mounts = must("open", File::open("/proc/self/ns/mnt"));
    say("setns mnt", setns(mounts, CloneFlags::CLONE_NEWNS));
    say("unshare user", unshare(CloneFlags::CLONE_NEWUSER));
    say("unshare uts", unshare(CloneFlags::CLONE_NEWUTS));
    let maker = uts_of_this_thread();
    let made = thread::spawn(uts_of_this_thread).join().ok();
    let which = if made == Some(maker) { "new" } else { "old" };
    println!("a thread made after unshare uts: in the {which} one");
}

fn say(what: &str, result: nix::Result<()>) {
    match result {
        Ok(()) => println!("{what}: ok"),
        Err(errno) => println!("{what}: {}", errno.desc()),
    }
}

fn uts_of_this_thread() -> PathBuf {
    must("readlink", std::fs::read_link("/proc/thread-self/ns/uts"))
}
