//! What the peers in Rust share: the question and its answer, the kinds of
//! namespaces, and how a peer grows.

use std::os::fd::{AsRawFd, BorrowedFd};
use std::process::exit;

use nix::errno::Errno;
use nix::sched::CloneFlags;
use nix::sys::wait::WaitStatus;
use nix::unistd::Pid;
use steps::{Call, Failure};

pub mod attach;
pub mod block;
pub mod first;
pub mod grow;
pub mod kinds;

/// Ends the peer, because a question was wrong or an operation did not have its
/// effect.
pub fn refuse(why: &str) -> ! {
    eprintln!("bench: {why}");
    exit(125)
}

/// The flag of clone3 that libc does not name.
pub const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// clone3 without CLONE_VM returns twice, as fork does: `None` to the child.
/// With a cgroup the child is born in it.
pub fn clone3_into(
    flags: CloneFlags,
    cgroup: Option<BorrowedFd<'_>>,
) -> nix::Result<Option<Pid>> {
    // SAFETY: struct clone_args is made of integers; zero is a value of each.
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    args.flags = u64::from(flags.bits().cast_unsigned());
    args.exit_signal = libc::SIGCHLD as u64;
    if let Some(cgroup) = cgroup {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = cgroup.as_raw_fd() as u64;
    }
    // SAFETY: the kernel reads `args`, whose size it is told. A child beside
    // whose parent other threads ran must not want a lock that one of them
    // held: ours closes descriptors, compares its namespaces, sleeps, becomes
    // a program or ends, by system calls alone, and takes no lock.
    let pid = unsafe {
        libc::syscall(libc::SYS_clone3, &raw const args, size_of_val(&args))
    };
    let pid = Errno::result(pid)?;
    Ok((pid != 0).then(|| Pid::from_raw(pid as i32)))
}

/// Ends a forked child without running the parent's exit handlers.
pub fn leave(code: i32) -> ! {
    // SAFETY: _exit(2) ends the process and touches no memory of it.
    unsafe { libc::_exit(code) }
}

/// The exit status of a child; a child that a signal has killed ends the peer.
pub fn code(ended: WaitStatus) -> i32 {
    match ended {
        WaitStatus::Exited(_, code) => code,
        other => refuse(&format!("a child did not exit: {other:?}")),
    }
}

/// Reserves the descriptors under which children inherit a pipe, so that
/// nothing that is opened later gets their numbers.
pub fn reserve(numbers: [i32; 2]) -> Result<(), Failure> {
    for number in numbers {
        // SAFETY: dup3(2) closes what the number was; nothing is open there at
        // the start of this program, and what is put there has no owner.
        let done = unsafe { libc::dup3(2, number, libc::O_CLOEXEC) };
        Errno::result(done).call("dup3")?;
    }
    Ok(())
}
