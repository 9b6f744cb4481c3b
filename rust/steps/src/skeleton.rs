//! How a step makes its child: Crosby's clone, the clone with a parent that
//! works at the same time as its child, and Mitre's unshare with an init.

use std::cell::Cell;

use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{ForkResult, Pid, fork};

use crate::failure::{Call, Failure, Record, shared_record};
use crate::kernel::{Stack, clone, exit};
use crate::payload::{Payload, exec_payload};
use crate::status::{reap_all, wait_for};

/// Clones with `flags` ([clone(2)]); the child runs `child` and becomes the
/// payload. The launcher waits and ends as the payload ended.
///
/// CLONE_VM and CLONE_VFORK: until it execs, the child runs in the launcher's
/// own memory, on a stack of its own, while the kernel suspends the launcher.
/// No page table is copied, and the launcher can read what the child records.
/// So `child` must not allocate or take a lock: the launcher may be in the
/// middle of either. Everything it needs has to be there before.
///
/// [clone(2)]: https://man7.org/linux/man-pages/man2/clone.2.html
pub fn clone_and_exec(
    flags: CloneFlags,
    child: impl FnMut() -> Result<(), Failure>,
) -> ! {
    let record = Cell::new(None);
    let payload =
        Payload::prepare(&record).unwrap_or_else(|failure| failure.exit());
    let cloned = clone_child(flags | IN_OUR_MEMORY, child, &payload);
    end(cloned.call("clone").and_then(wait_for), &record)
}

/// Like [`clone_and_exec`], but the child has a copy of the memory, as by
/// fork(2): the launcher continues at once and runs `parent`. If `parent`
/// fails, the child, which may be waiting for it, is killed.
pub fn clone_with_parent(
    flags: CloneFlags,
    child: impl FnMut() -> Result<(), Failure>,
    parent: impl FnOnce(Pid) -> Result<(), Failure>,
) -> ! {
    let payload = prepare_copy().unwrap_or_else(|failure| failure.exit());
    let pid = clone_child(flags, child, &payload)
        .call("clone")
        .unwrap_or_else(|failure| failure.exit());
    if let Err(failure) = parent(pid) {
        // The launcher reports why it stops, not whether this call worked.
        let _ = kill(pid, Signal::SIGKILL);
        let _ = wait_for(pid);
        failure.exit()
    }
    end(wait_for(pid), payload.record)
}

/// Calls [unshare(2)] with `flags` in the launcher, which stays in its PID
/// namespace, and forks ([fork(2)]): with CLONE_NEWPID that first child is PID
/// 1. It runs `init` and exits with the status that `init` returns.
///
/// [unshare(2)]: https://man7.org/linux/man-pages/man2/unshare.2.html
/// [fork(2)]: https://man7.org/linux/man-pages/man2/fork.2.html
pub fn unshare_and_init(
    flags: CloneFlags,
    init: impl FnOnce(&Payload<'_>) -> Result<i32, Failure>,
) -> ! {
    let payload = prepare_copy().unwrap_or_else(|failure| failure.exit());
    unshare(flags).call("unshare").unwrap_or_else(|failure| failure.exit());
    // SAFETY: fork(2) demands that the child of a process with threads calls
    // only async-signal-safe functions. This process has one thread, so its
    // child's copy of the memory holds no lock that another thread had taken.
    let forked = unsafe { fork() };
    match forked.call("fork") {
        Ok(ForkResult::Child) => {
            exit(init(&payload).unwrap_or_else(|failure| {
                payload.record.set(Some(failure));
                failure.status()
            }))
        }
        Ok(ForkResult::Parent { child }) => {
            end(wait_for(child), payload.record)
        }
        Err(failure) => failure.exit(),
    }
}

/// The rest of the work of init: it forks the payload and waits until no child
/// is left, adopted ones included. Returns the payload's exit status.
///
/// # Errors
///
/// Fails if fork(2) or waitpid(2) fails.
pub fn fork_and_reap(payload: &Payload<'_>) -> Result<i32, Failure> {
    clone_child(IN_OUR_MEMORY, || Ok(()), payload)
        .call("fork")
        .and_then(reap_all)
}

/// As vfork(2): the child shares the memory, and the kernel suspends the
/// caller.
const IN_OUR_MEMORY: CloneFlags =
    CloneFlags::CLONE_VM.union(CloneFlags::CLONE_VFORK);

/// The payload of a launcher whose child has a copy of its memory: the record
/// of failures is in memory that both share.
fn prepare_copy() -> Result<Payload<'static>, Failure> {
    Payload::prepare(shared_record()?)
}

/// Makes a child that runs `child`, then becomes the payload; or records what
/// failed and exits. It prints nothing: the launcher does.
fn clone_child(
    flags: CloneFlags,
    mut child: impl FnMut() -> Result<(), Failure>,
    payload: &Payload<'_>,
) -> nix::Result<Pid> {
    let mut run = || {
        let Err(failure) = child().and_then(|()| exec_payload(payload));
        payload.record.set(Some(failure));
        failure.status()
    };
    let stack = Stack::claim(payload.room_for_execvp());
    // SAFETY: a launcher has one thread. With CLONE_VM there is CLONE_VFORK
    // too (IN_OUR_MEMORY): the kernel suspends the launcher for as long as the
    // child uses its memory, errno and the record included. Without CLONE_VM
    // the child has a copy.
    unsafe { clone(flags, &mut run, stack) }
}

/// Ends the launcher: with the recorded failure if there is one, else as its
/// child has ended.
fn end(ended: Result<i32, Failure>, record: &Record) -> ! {
    if let Some(failure) = record.get() {
        failure.exit()
    }
    exit(ended.unwrap_or_else(|failure| failure.exit()))
}
