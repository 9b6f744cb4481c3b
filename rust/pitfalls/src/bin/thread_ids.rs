//! A change that one of two threads makes, and which of them has it.
//!
//! `thread_ids setuid|raw_setuid|no_new_privs|chdir|own_chdir`: the same as in
//! C; nix calls the C library, which is where setuid(2) is made for all.

use std::sync::mpsc;
use std::thread;

use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::set_no_new_privs;
use nix::unistd::{Pid, Uid, chdir, gettid, setuid};
use pitfalls::{fail, must, raw_setuid};

const OTHER_ID: u32 = 1000;

fn main() {
    let way = std::env::args().nth(1).unwrap_or_default();
    let (sender, receiver) = mpsc::channel();
    let (_open, held) = mpsc::channel::<()>();
    thread::spawn(move || {
        must("send", sender.send(gettid()));
        held.recv()
    });
    let other = must("receive", receiver.recv());
    let before = look(&way, gettid());
    let changed = match way.as_str() {
        "setuid" => setuid(Uid::from_raw(OTHER_ID)),
        "raw_setuid" => raw_setuid(OTHER_ID),
        "no_new_privs" => set_no_new_privs(),
        "chdir" => chdir("/tmp"),
        "own_chdir" => {
            unshare(CloneFlags::CLONE_FS).and_then(|()| chdir("/tmp"))
        }
        other => fail("thread_ids", format_args!("no way is called {other}")),
    };
    must(&way, changed);
    let (here, there) = (look(&way, gettid()), look(&way, other));
    println!(
        "{}",
        if here == before {
            "no thread"
        } else if here == there {
            "every thread"
        } else {
            "this thread alone"
        }
    );
}

/// What of a thread is changed.
fn look(way: &str, thread: Pid) -> String {
    let task = format!("/proc/self/task/{thread}");
    if way.ends_with("chdir") {
        let cwd = must("readlink", std::fs::read_link(format!("{task}/cwd")));
        return cwd.display().to_string();
    }
    let name = if way.ends_with("setuid") { "Uid:" } else { "NoNewPrivs:" };
    let status = std::fs::read_to_string(format!("{task}/status"));
    let status = must("read status", status);
    let line = status.lines().find(|it| it.starts_with(name));
    line.unwrap_or_default().to_owned()
}
