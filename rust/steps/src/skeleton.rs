//! The three ways a step makes its child: crosby's clone, the fork that lets
//! the launcher work beside its child, and mitre's unshare with a PID 1.

use std::cell::Cell;

use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{ForkResult, Pid, fork};

use crate::failure::{Failure, Record, must, shared_record};
use crate::kernel::{Stack, clone, exit};
use crate::payload::{Payload, exec_payload};
use crate::status::{reap_all, wait_for};

/// Clones with `flags` ([clone(2)]); the child runs `child` and becomes the
/// payload. The launcher waits and ends as the payload ended.
///
/// CLONE_VM and CLONE_VFORK: until it execs, the child runs in the launcher's
/// own memory, on a stack of its own, while the launcher stands still. No
/// page table is copied, and what the child records the launcher can read.
/// So `child` must not allocate or take a lock: it would do so in the name of
/// a process that is still in the middle of something. Everything it needs
/// has to be there before.
///
/// [clone(2)]: https://man7.org/linux/man-pages/man2/clone.2.html
pub fn clone_and_exec(
    flags: CloneFlags,
    child: impl FnMut() -> Result<(), Failure>,
) -> ! {
    let payload = Payload::prepare().unwrap_or_else(|failure| failure.exit());
    let record = Cell::new(None);
    let cloned = clone_child(flags | IN_OUR_MEMORY, child, &payload, &record);
    end(must("clone", cloned).and_then(wait_for), &record)
}

/// As [`clone_and_exec`], but the child gets a copy of the memory, as by
/// fork(2): the launcher goes on at once and runs `parent` beside it. Where
/// `parent` fails, the child, which may wait for it, is killed.
pub fn fork_and_exec(
    flags: CloneFlags,
    child: impl FnMut() -> Result<(), Failure>,
    parent: impl FnOnce(Pid) -> Result<(), Failure>,
) -> ! {
    let (payload, record) =
        prepare_fork().unwrap_or_else(|failure| failure.exit());
    let pid = must("clone", clone_child(flags, child, &payload, record))
        .unwrap_or_else(|failure| failure.exit());
    if let Err(failure) = parent(pid) {
        // Best effort: the launcher reports why it stops, not how.
        let _ = kill(pid, Signal::SIGKILL);
        let _ = wait_for(pid);
        failure.exit()
    }
    end(wait_for(pid), record)
}

/// Unshares `flags` ([unshare(2)]) in the launcher, which stays in its PID
/// namespace, and forks ([fork(2)]): with CLONE_NEWPID that first child is
/// PID 1. It runs `init`, starts the payload, reaps every child until none is
/// left, and exits with the payload's status.
///
/// [unshare(2)]: https://man7.org/linux/man-pages/man2/unshare.2.html
/// [fork(2)]: https://man7.org/linux/man-pages/man2/fork.2.html
pub fn unshare_and_init(
    flags: CloneFlags,
    init: impl FnMut() -> Result<(), Failure>,
) -> ! {
    let (payload, record) =
        prepare_fork().unwrap_or_else(|failure| failure.exit());
    must("unshare", unshare(flags)).unwrap_or_else(|failure| failure.exit());
    // SAFETY: this process has one thread, so the child's copy of its memory
    // holds no lock that nobody is left to open.
    match must("fork", unsafe { fork() }) {
        Ok(ForkResult::Child) => exit(be_init(init, &payload, record)),
        Ok(ForkResult::Parent { child }) => end(wait_for(child), record),
        Err(failure) => failure.exit(),
    }
}

/// PID 1: prepares, starts the payload, reaps. Gives the status to exit with.
fn be_init(
    mut init: impl FnMut() -> Result<(), Failure>,
    payload: &Payload,
    record: &Record,
) -> i32 {
    let child = || Ok(());
    init()
        .and_then(|()| {
            must("fork", clone_child(IN_OUR_MEMORY, child, payload, record))
        })
        .and_then(reap_all)
        .unwrap_or_else(|failure| {
            record.set(Some(failure));
            failure.status()
        })
}

/// As vfork(2): the child borrows the memory, the caller stands still.
const IN_OUR_MEMORY: CloneFlags =
    CloneFlags::CLONE_VM.union(CloneFlags::CLONE_VFORK);

/// What a launcher needs whose child has a copy of its memory.
fn prepare_fork() -> Result<(Payload, &'static Record), Failure> {
    Ok((Payload::prepare()?, shared_record()?))
}

/// Makes a child that runs `child`, then becomes the payload; or records what
/// failed, which it does on its way out and without a word.
fn clone_child(
    flags: CloneFlags,
    mut child: impl FnMut() -> Result<(), Failure>,
    payload: &Payload,
    record: &Record,
) -> nix::Result<Pid> {
    let mut run = || {
        let Err(failure) = child().and_then(|()| exec_payload(payload));
        record.set(Some(failure));
        failure.status()
    };
    let stack = Stack::claim(payload.room_for_execvp());
    // SAFETY: a launcher has one thread. With CLONE_VM there is CLONE_VFORK
    // too (IN_OUR_MEMORY), and it stands still for as long as the child uses
    // its memory, errno and the record included; else the child has a copy.
    unsafe { clone(flags, &mut run, stack) }
}

/// Ends the launcher: with what was recorded, else as its child has ended.
fn end(ended: Result<i32, Failure>, record: &Record) -> ! {
    if let Some(failure) = record.get() {
        failure.exit()
    }
    exit(ended.unwrap_or_else(|failure| failure.exit()))
}
