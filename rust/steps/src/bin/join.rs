//! join: into the namespaces of another process.
//!
//! Beyond the posts.
//!
//! - <https://man7.org/linux/man-pages/man2/pidfd_open.2.html>
//! - <https://man7.org/linux/man-pages/man2/setns.2.html>
//! - <https://man7.org/linux/man-pages/man2/clone.2.html>
//! - <https://man7.org/linux/man-pages/man7/namespaces.7.html>

use nix::errno::Errno;
use nix::sched::{CloneFlags, setns};
use nix::sys::stat::stat;
use nix::unistd::Pid;
use steps::{Failure, clone_and_exec, must, pid, pidfd_open};

/// Every type of namespace, by its name in /proc/PID/ns.
const FLAGS: [(&str, CloneFlags); 8] = [
    ("cgroup", CloneFlags::CLONE_NEWCGROUP),
    ("ipc", CloneFlags::CLONE_NEWIPC),
    ("mnt", CloneFlags::CLONE_NEWNS),
    ("net", CloneFlags::CLONE_NEWNET),
    ("pid", CloneFlags::CLONE_NEWPID),
    ("time", CloneFlags::from_bits_retain(libc::CLONE_NEWTIME)),
    ("user", CloneFlags::CLONE_NEWUSER),
    ("uts", CloneFlags::CLONE_NEWUTS),
];

/// Nothing to prepare: it is born where the launcher has gone.
fn child() -> Result<(), Failure> {
    Ok(())
}

/// One setns for all that differ: the kernel then takes the user namespace
/// first and the rest with its rights, or none at all. It refuses the user
/// namespace one is in already, hence the comparison.
fn join(pid: Pid) -> Result<(), Failure> {
    let target = must("pidfd_open", pidfd_open(pid))?;
    let mut differing = CloneFlags::empty();
    for (name, flag) in FLAGS {
        let own = match identity("self", name) {
            // The kernel was built without this type.
            Err(Errno::ENOENT) => continue,
            own => must("stat", own)?,
        };
        if own != must("stat", identity(&pid.to_string(), name))? {
            differing |= flag;
        }
    }
    if differing.is_empty() {
        return Ok(());
    }
    must("setns", setns(target, differing))
}

/// What tells two namespaces apart while both are alive.
fn identity(pid: &str, name: &str) -> nix::Result<(u64, u64)> {
    let namespace = stat(format!("/proc/{pid}/ns/{name}").as_str())?;
    Ok((namespace.st_dev, namespace.st_ino))
}

fn main() -> ! {
    join(pid()).unwrap_or_else(|failure| failure.exit());
    // setns moves the launcher everywhere but into the PID namespace: that
    // takes a child.
    clone_and_exec(CloneFlags::empty(), child)
}
