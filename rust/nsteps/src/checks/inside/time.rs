//! When a process enters a new time namespace: time_namespaces(7).

use super::{errno, say};
use crate::checks::session::NSTEPS;
use harness::error::{Context, Error, Result};
use nix::sched::{CloneFlags, unshare};
use nix::sys::stat::stat;
use nix::sys::wait::waitpid;
use nix::unistd::ForkResult;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// The newest flag, which nix does not name.
const CLONE_NEWTIME: CloneFlags =
    CloneFlags::from_bits_retain(nix::libc::CLONE_NEWTIME);

/// Prints for the caller, its children and the programs that they execute in
/// which time namespace each is, and when the clock can be set: result, tab,
/// name. If it is called with a number and a name, it is one of these programs.
///
/// # Errors
///
/// Fails if unshare(2) is not allowed, or if a namespace cannot be read.
pub fn namespace(words: &[String]) -> Result<()> {
    if let [old, process] = words {
        let old = old.parse().context("read a number")?;
        return look(old, process);
    }
    let old = own()?;
    unshare(CLONE_NEWTIME).context("unshare")?;
    look(old, "the caller")?;
    set_clock("the offsets, before a process is in it");
    borrower(old)?;
    set_clock("the offsets, after a process was in it");
    match kernel::fork().context("fork")? {
        ForkResult::Child => {
            let status = look(old, COPY).is_err();
            std::process::exit(i32::from(status));
        }
        ForkResult::Parent { child } => {
            waitpid(child, None).context("wait")?;
        }
    }
    Err(execute(old, "what the caller becomes by execve(2)"))
}

const COPY: &str = "a child that has a copy of the memory";
/// The child that an older kernel does not make.
pub const BORROWER: &str =
    "a child that borrows the memory (CLONE_VM|CLONE_VFORK)";

/// Makes a child that shares our memory, which older kernels (5.19) refuse.
fn borrower(old: u64) -> Result<()> {
    let child = kernel::with_our_memory(Box::new(|| {
        // If the namespace cannot be read, the line is missing.
        let _ = look(old, BORROWER);
        set_clock("the offsets, by that child");
        execute(old, "what that child becomes by execve(2)");
        1
    }));
    match child {
        Ok(child) => waitpid(child, None).map(drop).context("wait"),
        Err(errno) => {
            say(BORROWER, Ok(Err(errno)));
            Ok(())
        }
    }
}

/// Executes this program again, to read its namespace; returns why it could
/// not.
fn execute(old: u64, process: &str) -> Error {
    let again = ["demonstrate", "time_namespace", &old.to_string(), process];
    Error::new(format!("execve: {}", Command::new(NSTEPS).args(again).exec()))
}

/// The number of the time namespace the caller is in.
fn own() -> Result<u64> {
    Ok(stat("/proc/self/ns/time").context("stat /proc/self/ns/time")?.st_ino)
}

fn look(old: u64, process: &str) -> Result<()> {
    let which = if own()? == old { "the old one" } else { "the new one" };
    println!("{which}\t{process}");
    Ok(())
}

/// Moves the monotonic clock of the caller's children by a second.
fn set_clock(when: &str) {
    let written = std::fs::write("/proc/self/timens_offsets", "monotonic 1 0");
    say(when, Ok(written.map_err(errno)));
}
