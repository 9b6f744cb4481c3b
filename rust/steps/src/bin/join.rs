//! join: the namespaces of another process.
//!
//! Beyond the posts.
//!
//! - <https://man7.org/linux/man-pages/man2/pidfd_open.2.html>
//! - <https://man7.org/linux/man-pages/man2/stat.2.html>
//! - <https://man7.org/linux/man-pages/man2/setns.2.html>
//! - <https://man7.org/linux/man-pages/man2/clone.2.html>
//! - <https://man7.org/linux/man-pages/man7/namespaces.7.html>

#![no_main]

use std::fmt::Display;

use nix::errno::Errno;
use nix::sched::{CloneFlags, setns};
use nix::sys::stat::stat;
use nix::unistd::Pid;
use steps::{Call, Failure, clone_and_exec, pid, pidfd_open, text};

/// Every type of namespace, by its name in /proc/PID/ns.
const TYPES: [(&str, CloneFlags); 8] = [
    ("user", CloneFlags::CLONE_NEWUSER),
    ("mnt", CloneFlags::CLONE_NEWNS),
    ("pid", CloneFlags::CLONE_NEWPID),
    ("net", CloneFlags::CLONE_NEWNET),
    ("uts", CloneFlags::CLONE_NEWUTS),
    ("ipc", CloneFlags::CLONE_NEWIPC),
    ("time", CloneFlags::from_bits_retain(libc::CLONE_NEWTIME)),
    ("cgroup", CloneFlags::CLONE_NEWCGROUP),
];

/// The types of namespaces in which pid is elsewhere: setns refuses the user
/// namespace that the caller is in. Two files name the same namespace if device
/// and inode are equal, which is certain while both processes live.
fn differing(pid: Pid) -> Result<CloneFlags, Failure> {
    let mut flags = CloneFlags::empty();
    let namespace = |whose: &dyn Display, name| {
        stat(&*text(format_args!("/proc/{whose}/ns/{name}")))
    };
    for (name, flag) in TYPES {
        let own = match namespace(&"self", name) {
            // A kernel may have been built without this type.
            Err(Errno::ENOENT) => continue,
            own => own.call("stat")?,
        };
        let other = namespace(&pid, name).call("stat")?;
        if (own.st_dev, own.st_ino) != (other.st_dev, other.st_ino) {
            flags |= flag;
        }
    }
    Ok(flags)
}

/// The child: the process that is in there, because setns puts only later
/// children into another pid namespace. It becomes the payload and ends with
/// it.
fn child() -> Result<(), Failure> {
    Ok(())
}

/// The parent: joins all but the pid namespace, and ends with the child.
fn parent(pid: Pid) -> Result<(), Failure> {
    // From here on the number pid may be given to another process without harm.
    let pidfd = pidfd_open(pid).call("pidfd_open")?;
    let flags = differing(pid)?;
    // In one call, because the kernel then enters user first by itself.
    if !flags.is_empty() {
        setns(pidfd, flags).call("setns")?;
    }
    Ok(())
}

fn main() -> ! {
    parent(pid()).unwrap_or_else(|failure| failure.exit());
    clone_and_exec(CloneFlags::empty(), child)
}

steps::start!(main);
