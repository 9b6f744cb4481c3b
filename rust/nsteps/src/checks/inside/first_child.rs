//! What `unshare(CLONE_NEWPID)` does to its caller and to its children.

use harness::error::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, getpid};

/// Prints the pid of the caller before and after unshare(2), the pid of its
/// first child, and the result for a second child.
///
/// # Errors
///
/// Fails if unshare(2) is not allowed, or if not even the first child could be
/// made.
pub fn pid_for_children(_: &[String]) -> Result<()> {
    println!("before unshare, getpid(): {}", getpid());
    unshare(CloneFlags::CLONE_NEWPID).context("unshare")?;
    println!("after it, getpid(): {}", getpid());
    match kernel::fork().context("fork")? {
        ForkResult::Child => {
            println!("first child, getpid(): {}", getpid());
            std::process::exit(0);
        }
        ForkResult::Parent { child } => {
            waitpid(child, None).context("wait")?;
        }
    }
    let second = match kernel::fork() {
        Ok(ForkResult::Child) => std::process::exit(0),
        Ok(ForkResult::Parent { .. }) => "ok".to_owned(),
        Err(errno) => format!("{errno:?}"),
    };
    println!("it has ended; the next fork: {second}");
    Ok(())
}
