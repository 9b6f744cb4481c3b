//! Which processes a procfs shows depends on the process that mounts it:
//! [proc(5)](https://man7.org/linux/man-pages/man5/proc.5.html).

use harness::error::{Context, Result};
use harness::paths::MYTMP;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::sys::stat::stat;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, pipe, read};

const BY_LAUNCHER: &str = "the launcher, with pidns= of the new namespace";
const BY_MEMBER: &str =
    "a process of the new namespace, with pidns= of the old";

/// Mounts a procfs in each way, and prints which processes it shows: result,
/// tab, name.
///
/// # Errors
///
/// Fails if the preparation fails.
pub fn table(_: &[String]) -> Result<()> {
    super::own_mounts().context("unshare mounts")?;
    unshare(CloneFlags::CLONE_NEWPID).context("unshare")?;
    println!("{}\tthe launcher, after unshare(CLONE_NEWPID)", mounted(None));
    // The first child is PID 1; the namespace exists as long as it lives.
    let (held, release) = pipe().context("pipe")?;
    match kernel::fork().context("fork")? {
        ForkResult::Child => {
            drop(release);
            // Waits until the launcher closes its end.
            let _ = read(held, &mut [0]);
            std::process::exit(0);
        }
        ForkResult::Parent { child } => {
            drop(held);
            by_a_member()?;
            let pidns = format!("pidns=/proc/{child}/ns/pid");
            println!("{}\t{BY_LAUNCHER}", mounted(Some(&pidns)));
            drop(release);
            waitpid(child, None).context("wait")?;
        }
    }
    Ok(())
}

/// Lets a member of the new namespace mount one.
fn by_a_member() -> Result<()> {
    match kernel::fork().context("fork")? {
        ForkResult::Child => {
            println!("{}\ta process of the new namespace", mounted(None));
            // The old procfs is still on /proc, and has a link to its own
            // namespace.
            let pidns = "pidns=/proc/1/ns/pid";
            println!("{}\t{BY_MEMBER}", mounted(Some(pidns)));
            std::process::exit(0);
        }
        ForkResult::Parent { child } => {
            waitpid(child, None).context("wait").map(drop)
        }
    }
}

/// Mounts a procfs, reads which processes it shows, and unmounts it.
fn mounted(options: Option<&str>) -> String {
    let proc = Some("proc");
    let shown = mount(proc, MYTMP, proc, MsFlags::empty(), options)
        .and_then(|()| whose());
    let _ = umount2(MYTMP, MntFlags::MNT_DETACH);
    match shown {
        Ok(whose) => whose.to_owned(),
        Err(errno) => format!("{errno:?}"),
    }
}

/// The pid namespace of the process that the procfs calls 1; /proc belongs to
/// the old one.
fn whose() -> nix::Result<&'static str> {
    let shown = stat(format!("{MYTMP}/1/ns/pid").as_str())?.st_ino;
    let old = stat("/proc/1/ns/pid")?.st_ino;
    Ok(if shown == old { "the old namespace's" } else { "the new namespace's" })
}
