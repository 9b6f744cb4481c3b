//! Children whose end is announced by another signal than SIGCHLD, and what
//! wait returns for them before and after they exec.
//!
//! `exit_signal chld|none|newtime`: `newtime` asks for a time namespace,
//! whose flag lies within the eight bits that clone takes for the signal.

use std::os::fd::{AsRawFd, OwnedFd};

use nix::fcntl::OFlag;
use nix::sched::CloneFlags;
use nix::sys::signal::Signal;
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::{Pid, pipe2, read};
use pitfalls::{become_command, clone_child, close_in_child, must};

fn main() {
    let sigchld = Some(Signal::SIGCHLD as i32);
    let none = CloneFlags::empty();
    let (flags, signal) = match std::env::args().nth(1).as_deref() {
        // This choice looks harmless.
        Some("none") => (none, None),
        // nix has no name for the flag, and passes the bit to the kernel.
        Some("newtime") => (CloneFlags::from_bits_retain(0x80), sigchld),
        _ => (none, sigchld),
    };
    let command = [c"sh", c"-c", c"exit 3"].map(Into::into);
    let (reading, writing) = must("pipe2", pipe2(OFlag::O_CLOEXEC));
    let child = || wait_and_become(&reading, &writing, &command);
    let pid = must("clone", clone_child(flags, signal, child));
    let same = time_namespace(pid) == time_namespace(Pid::this());
    let which = if same { "the old one" } else { "a new one" };
    println!("time namespace: {which}");
    say("before exec", waitpid(pid, Some(WaitPidFlag::WNOHANG)));
    drop(writing);
    // __WALL: until it has ended, whatever signal announces its end.
    let ended =
        WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT | WaitPidFlag::__WALL;
    must("waitid", waitid(Id::Pid(pid), ended));
    say("after it", waitpid(pid, None));
}

fn wait_and_become(
    reading: &OwnedFd,
    writing: &OwnedFd,
    command: &[std::ffi::CString],
) -> isize {
    close_in_child(writing.as_raw_fd());
    let _ = read(reading, &mut [0]);
    become_command(command)
}

fn time_namespace(pid: Pid) -> Option<std::path::PathBuf> {
    std::fs::read_link(format!("/proc/{pid}/ns/time")).ok()
}

fn say(when: &str, answer: nix::Result<WaitStatus>) {
    match answer {
        Ok(WaitStatus::StillAlive) => println!("wait {when}: still running"),
        Ok(WaitStatus::Exited(_, status)) => {
            println!("wait {when}: exit {status}");
        }
        Ok(other) => println!("wait {when}: {other:?}"),
        Err(errno) => println!("wait {when}: {}", errno.desc()),
    }
}
