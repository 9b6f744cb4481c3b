//! Children that become a command in a user namespace whose id map their parent
//! writes. They wait for the map on a pipe, or do not wait.
//!
//! `id_map pipe|no_pipe CHILDREN`: a process that has no mapped id in the
//! namespace when it calls execve is not root there, and loses every
//! capability.

use std::ffi::CString;
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::exit;

use nix::fcntl::OFlag;
use nix::sched::CloneFlags;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, execv, getegid, geteuid, pipe2, read};
use pitfalls::{clone_child, close_in_child, fail, must};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match &words[..] {
        [_] => exit(i32::from(!has_capabilities())),
        [way, children] => try_some(way == "pipe", children),
        _ => fail("usage", "id_map pipe|no_pipe CHILDREN"),
    }
}

/// Whether the payload, which is this program again, has a capability.
fn has_capabilities() -> bool {
    let status = must("read", std::fs::read_to_string("/proc/self/status"));
    !status.contains("CapEff:\t0000000000000000")
}

fn try_some(waits: bool, children: &str) {
    for number in 1..=must("read a number", children.parse::<usize>()) {
        if loses(waits) {
            println!("child {number} lost its capabilities");
            return;
        }
    }
    println!("{children} children, none lost its capabilities");
}

/// Whether the child has lost its capabilities.
fn loses(waits: bool) -> bool {
    let (reading, writing) = must("pipe2", pipe2(OFlag::O_CLOEXEC));
    let command = [c"id_map".to_owned(), c"payload".to_owned()];
    let child = || {
        if waits {
            wait_for(&reading, &writing);
        }
        become_payload(&command)
    };
    let (flags, signal) = (CloneFlags::CLONE_NEWUSER, Signal::SIGCHLD as i32);
    let pid = must("clone", clone_child(flags, Some(signal), child));
    map(pid, "setgroups", "deny");
    map(pid, "uid_map", &format!("0 {} 1", geteuid()));
    map(pid, "gid_map", &format!("0 {} 1", getegid()));
    drop(writing);
    match must("waitpid", waitpid(pid, None)) {
        WaitStatus::Exited(_, 0) => false,
        WaitStatus::Exited(_, 1) => true,
        other => fail("waitpid", format_args!("{other:?}")),
    }
}

fn wait_for(reading: &OwnedFd, writing: &OwnedFd) {
    close_in_child(writing.as_raw_fd());
    let _ = read(reading, &mut [0]);
}

fn become_payload(command: &[CString]) -> isize {
    let _ = execv(c"/proc/self/exe", command);
    127
}

/// Writes a map of the child. The kernel refuses that with EACCES if the child
/// has called execve meanwhile. This is no failure here: such a child has lost
/// its capabilities as well.
fn map(pid: Pid, name: &str, text: &str) {
    let path = format!("/proc/{pid}/{name}");
    match std::fs::write(&path, text) {
        Err(error) if error.raw_os_error() == Some(libc::EACCES) => {}
        written => must(&path, written),
    }
}
