//! Who is in a new time namespace when: time_namespaces(7).

use super::{errno, say};
use crate::error::{Context, Result};
use crate::stage::NSTEPS;
use crate::sys;
use nix::sched::{CloneFlags, unshare};
use nix::sys::stat::stat;
use nix::sys::wait::waitpid;
use nix::unistd::ForkResult;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// The youngest flag, which nix does not name.
const CLONE_NEWTIME: CloneFlags =
    CloneFlags::from_bits_retain(libc::CLONE_NEWTIME);

/// Says of the caller, of its child and of what the caller becomes in which
/// time namespace it is, and when the clock can be set: result, tab, name.
/// Called again with a number, it is what the caller has become.
///
/// # Errors
///
/// It may not unshare, or not even look.
pub fn namespace(words: &[String]) -> Result<()> {
    if let Some(old) = words.first() {
        let old = old.parse().context("read a number")?;
        return look(old, "what the caller becomes by execve(2)");
    }
    let old = own()?;
    unshare(CLONE_NEWTIME).context("unshare")?;
    look(old, "the caller")?;
    set_clock("the offsets, before anyone is in it");
    match sys::fork().context("fork")? {
        ForkResult::Child => {
            let status = look(old, "its child").is_err();
            std::process::exit(i32::from(status));
        }
        ForkResult::Parent { child } => {
            waitpid(child, None).context("wait")?;
        }
    }
    set_clock("the offsets, after its child was");
    let again = ["demonstrate", "time_namespace", &old.to_string()];
    Err(Command::new(NSTEPS).args(again).exec()).context("execve")
}

/// The number of the time namespace the caller is in.
fn own() -> Result<u64> {
    Ok(stat("/proc/self/ns/time").context("stat /proc/self/ns/time")?.st_ino)
}

fn look(old: u64, who: &str) -> Result<()> {
    let which = if own()? == old { "the old one" } else { "the new one" };
    println!("{which}\t{who}");
    Ok(())
}

/// Moves the monotonic clock of the caller's children by a second.
fn set_clock(when: &str) {
    let written = std::fs::write("/proc/self/timens_offsets", "monotonic 1 0");
    say(when, Ok(written.map_err(errno)));
}
