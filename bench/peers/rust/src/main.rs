//! bench: performs one operation many times and says how long each took.
//!
//! Reads lines `OPERATION COUNT`, answers each with a line
//! `OPERATION COUNT TOTAL MIN MEDIAN P99 PROOF`: nanoseconds, and what was
//! really made, checked outside of the timed part. See bench/README.md.
//!
//! With arguments it is one more step, which no post has: all six namespaces.
//!
//! - <https://man7.org/linux/man-pages/man7/namespaces.7.html>

#![no_main]

use std::ffi::CStr;
use std::fs::File;
use std::hint::black_box;
use std::num::NonZero;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64};
use std::time::Instant;

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, clone, setns, unshare};
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::sys::stat::stat;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, chdir, close, fork, pause, pivot_root};
use peer::block::{Block, WITNESS, WITNESSES, answer, nanoseconds};
use peer::kinds::{ALL, Inodes, KINDS, SIX, flags_of, look, set};
use peer::{attach, clone3_into, code, first, grow, leave, refuse, reserve};
use steps::{
    Call, Failure, NONE, arguments_given, clone_and_exec, enter_new_root,
    new_root, pidfd_open,
};

const TRUE: &str = "/nsteps/bench/true";
const NEWROOT: &CStr = c"/newroot";
const PUT_OLD: &CStr = c"/newroot/old";

/// The child's stack in bytes.
const STACK: usize = 1 << 20;

/// A process that waits, as long as this one lives, so that its namespaces can
/// be joined.
struct Stay {
    pid: Pid,
    pidfd: OwnedFd,
}

impl Stay {
    fn begin(flags: CloneFlags) -> Result<Self, Failure> {
        let pid = clone3(flags).call("clone3")?.unwrap_or_else(|| {
            let _ = set_pdeathsig(Signal::SIGKILL);
            // The reader of this process's output must not wait for this one.
            for fd in 0..=2 {
                let _ = close(fd);
            }
            loop {
                pause();
            }
        });
        let pidfd = pidfd_open(pid).call("pidfd_open")?;
        Ok(Self { pid, pidfd })
    }

    fn path(&self, file: &str) -> String {
        format!("/proc/{}/ns/{file}", self.pid)
    }

    fn inodes(&self) -> Result<Inodes, Failure> {
        let mut inodes = [0; KINDS.len()];
        for (inode, kind) in inodes.iter_mut().zip(KINDS) {
            let path = kind.path.to_string_lossy();
            let file = path.rsplit('/').next().unwrap_or_default();
            *inode = stat(&*self.path(file)).call("stat")?.st_ino;
        }
        Ok(inodes)
    }
}

fn clone3(flags: CloneFlags) -> nix::Result<Option<Pid>> {
    clone3_into(flags, None)
}

/// What exists as long as the peer.
struct Bench {
    own: Inodes,
    /// A process in the namespaces of this one, for the way back.
    here: Option<Stay>,
    /// A process in eight other namespaces.
    away: Option<Away>,
    stack: Vec<u8>,
    /// Shared with a forked child.
    report: &'static Report,
}

/// Namespaces to join.
struct Away {
    stay: Stay,
    inodes: Inodes,
    files: Vec<File>,
}

/// What a child reports in shared memory.
#[derive(Default)]
struct Report {
    passed: AtomicU64,
    set: AtomicU32,
    errno: AtomicI32,
}

impl Report {
    fn shared() -> Result<&'static Self, Failure> {
        const SIZE: NonZero<usize> =
            NonZero::new(size_of::<Report>()).expect("a report has a size");
        let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: no address is asked for, so no mapping of ours is replaced.
        let mapped =
            unsafe { mmap_anonymous(None, SIZE, access, MapFlags::MAP_SHARED) };
        let report = mapped.call("mmap")?.cast::<Report>();
        // SAFETY: a mapping starts on a page, is as large as was asked for,
        // is never unmapped, and its zeros are what atomics may be made of.
        Ok(unsafe { report.as_ref() })
    }
}

/// The calls that change the namespaces of their caller.
#[derive(Clone, Copy)]
enum Change {
    Unshare,
    Setns,
}

impl Bench {
    fn new() -> Result<Self, Failure> {
        Ok(Self {
            own: look(),
            here: None,
            away: None,
            stack: vec![0; STACK],
            report: Report::shared()?,
        })
    }

    fn perform(
        &mut self,
        operation: &str,
        count: usize,
    ) -> Result<Block, Failure> {
        if let Some(("grow", what)) = operation.split_once('/') {
            return self.grow(what, count);
        }
        let mut block = Block::of(count);
        match operation.split_once('/') {
            Some(("clone", rest)) if rest.contains('/') => {
                let (style, set) = rest.split_once('/').unwrap_or_default();
                self.clone(&mut block, style, flags_of(set), count)?;
            }
            Some(("unshare", set)) => {
                let flags = flags_of(set);
                self.change(&mut block, Change::Unshare, flags, count)?;
            }
            Some(("setns", set)) => {
                let flags = flags_of(set);
                self.change(&mut block, Change::Setns, flags, count)?;
            }
            Some(("pivot_root", what)) => {
                self.pivot_root(&mut block, what, count)?;
            }
            Some(("spawn", what)) => {
                let set = what.strip_prefix("first/");
                let flags = flags_of(set.unwrap_or(what));
                self.spawn(&mut block, set.is_some(), flags, count)?;
            }
            Some(("attach", what)) => {
                let way = what.strip_prefix("spaced/");
                let spaced = way.is_some();
                let way = way.unwrap_or(what);
                attach::attach(&mut block, way, spaced, count)?;
            }
            _ => refuse(&format!("no such operation: {operation}")),
        }
        Ok(block)
    }

    /// Grows. Later operations are compared with the namespaces in which this
    /// process is then.
    fn grow(&mut self, what: &str, count: usize) -> Result<Block, Failure> {
        let begun = Instant::now();
        let grown = grow::grow(what, count)?;
        let block = Block::of_growth(begun, grown);
        self.own = look();
        Ok(block)
    }

    /// clone: from the call until the child has been waited for. The child
    /// ends at once; a witness first compares its namespaces, and its status is
    /// the result.
    fn clone(
        &mut self,
        block: &mut Block,
        style: &str,
        mut flags: CloneFlags,
        count: usize,
    ) -> Result<(), Failure> {
        if style == "vfork" {
            flags |= CloneFlags::CLONE_VM | CloneFlags::CLONE_VFORK;
        }
        let own = self.own;
        for i in 0..count + WITNESSES {
            let witness = i == 0 || i > count;
            let child = || {
                let made = if witness { set(&own, &look(), false) } else { 0 };
                made as isize
            };
            let begun = Instant::now();
            let pid = if style == "clone3" {
                match clone3(flags).call("clone")? {
                    Some(pid) => pid,
                    None => leave(child() as i32),
                }
            } else {
                let signal = Some(Signal::SIGCHLD as i32);
                let stack = &mut self.stack;
                // SAFETY: the stack is a megabyte and its child's alone, for
                // no two of them live at once. The child makes system calls,
                // allocates nothing, takes no lock and ends, so that it may
                // have copied other threads' memory. With CLONE_VM the
                // calling thread is stopped by CLONE_VFORK until then, and
                // the others, if it has grown any, do nothing but sleep.
                let cloned =
                    unsafe { clone(Box::new(child), stack, flags, signal) };
                cloned.call("clone")?
            };
            let ended = waitpid(pid, None).call("waitpid")?;
            block.took(begun);
            block.ended(code(ended), witness);
        }
        Ok(())
    }

    /// unshare and setns: the call alone.
    fn change(
        &mut self,
        block: &mut Block,
        change: Change,
        flags: CloneFlags,
        count: usize,
    ) -> Result<(), Failure> {
        self.go_home(CloneFlags::empty())?;
        if let Change::Setns = change {
            self.begin_away()?;
        }
        for _ in 0..count {
            // There is no way back from a user namespace.
            if flags.contains(CloneFlags::CLONE_NEWUSER) {
                self.change_in_child(block, change, flags)?;
                continue;
            }
            let to = self.target(change, flags);
            let begun = Instant::now();
            let changed = call(to, flags);
            block.took(begun);
            changed.call(change.name())?;
            block.see(self.looked(change));
            self.go_home(flags)?;
        }
        Ok(())
    }

    fn change_in_child(
        &self,
        block: &mut Block,
        change: Change,
        flags: CloneFlags,
    ) -> Result<(), Failure> {
        let report = self.report;
        // SAFETY: where there are other threads, the child may only make
        // async-signal-safe calls: it changes namespaces, reads the clock,
        // compares its namespaces and ends, by system calls, and neither
        // allocates nor takes a lock.
        match unsafe { fork() }.call("fork")? {
            ForkResult::Child => {
                let to = self.target(change, flags);
                self.warm_up(to, flags);
                let (passed, changed) = timed(to, flags);
                report.passed.store(passed, Relaxed);
                let errno = changed.err().unwrap_or(Errno::UnknownErrno);
                report.errno.store(errno as i32, Relaxed);
                report.set.store(self.looked(change), Relaxed);
                leave(0)
            }
            ForkResult::Parent { child } => {
                waitpid(child, None).call("waitpid")?;
            }
        }
        match report.errno.load(Relaxed) {
            0 => {}
            errno => Err(Errno::from_raw(errno)).call(change.name())?,
        }
        block.taken.push(report.passed.load(Relaxed));
        block.see(report.set.load(Relaxed));
        Ok(())
    }

    /// The first calls of a forked child are slow: it lacks pages, and has to
    /// copy others. So it makes nearly the same calls once before, without an
    /// effect: a call without a flag, or with that of another kind than the
    /// file's, and a setns to its own namespace, because no process can join the
    /// user namespace it is in.
    fn warm_up(&self, to: Option<BorrowedFd<'_>>, flags: CloneFlags) {
        black_box([0_u8; 4 * 4096]);
        let in_vain = match flags {
            CloneFlags::CLONE_NEWUSER if to.is_some() => {
                CloneFlags::CLONE_NEWUTS
            }
            _ => CloneFlags::empty(),
        };
        let (passed, _) = timed(to, in_vain);
        self.report.passed.store(passed, Relaxed);
        if let Some(here) = &self.here {
            let _ = setns(&here.pidfd, flags);
        }
    }

    /// The namespace to join; `None` for unshare.
    fn target(
        &self,
        change: Change,
        flags: CloneFlags,
    ) -> Option<BorrowedFd<'_>> {
        let away = match change {
            Change::Unshare => return None,
            Change::Setns => self.away.as_ref()?,
        };
        let kind = KINDS.iter().position(|kind| kind.flag == flags);
        Some(match kind {
            Some(kind) => away.files[kind].as_fd(),
            None => away.stay.pidfd.as_fd(),
        })
    }

    fn looked(&self, change: Change) -> u32 {
        match (change, &self.away) {
            (Change::Setns, Some(away)) => set(&away.inodes, &look(), true),
            _ => set(&self.own, &look(), false),
        }
    }

    /// Returns to the namespaces in which this process began, of the kinds in
    /// `flags`.
    fn go_home(&mut self, flags: CloneFlags) -> Result<(), Failure> {
        if self.here.is_none() {
            self.here = Some(Stay::begin(CloneFlags::empty())?);
        }
        match &self.here {
            Some(here) if !flags.is_empty() => {
                setns(here.pidfd.as_fd(), flags).call("setns")
            }
            _ => Ok(()),
        }
    }

    fn begin_away(&mut self) -> Result<(), Failure> {
        if self.away.is_some() {
            return Ok(());
        }
        let stay = Stay::begin(ALL)?;
        let files = KINDS.map(|kind| File::open(stay.path(kind.name)));
        let files: Result<_, _> = files.into_iter().collect();
        let files = files.map_err(|error| {
            Errno::from_raw(error.raw_os_error().unwrap_or(0))
        });
        let (files, inodes) = (files.call("open")?, stay.inodes()?);
        self.away = Some(Away { stay, inodes, files });
        Ok(())
    }

    fn pivot_root(
        &mut self,
        block: &mut Block,
        what: &str,
        count: usize,
    ) -> Result<(), Failure> {
        chdir(c"/").call("chdir")?;
        let (root, old) = (identity(NEWROOT)?, identity(PUT_OLD)?);
        if what == "pivot" {
            self.unshare_mounts()?;
            bind_new_root()?;
        }
        for _ in 0..count {
            if what == "pivot" {
                let begun = Instant::now();
                pivot()?;
                block.took(begun);
                let switched = identity(c"/")? == root;
                let kept = identity(c"/old")? != old;
                block.see((switched && kept).into());
                // Changes back: the same call with exchanged arguments.
                let back = pivot_root(c"/old", c"/old/newroot");
                back.call("pivot_root")?;
                continue;
            }
            self.unshare_mounts()?;
            let begun;
            match what {
                "detach" => {
                    bind_new_root()?;
                    pivot()?;
                    begun = Instant::now();
                    detach()?;
                }
                "switch" => {
                    begun = Instant::now();
                    switch_root()?;
                }
                "switch_by_fd" => {
                    begun = Instant::now();
                    switch_root_by_fd()?;
                }
                _ => refuse(&format!("no such part of pivot_root: {what}")),
            }
            block.took(begun);
            let switched = identity(c"/")? == root;
            let detached = identity(c"/old")? == old;
            block.see((switched && detached).into());
        }
        self.go_home(CloneFlags::CLONE_NEWNS)
    }

    /// A mount namespace of its own each time: a detached root does not
    /// return.
    fn unshare_mounts(&mut self) -> Result<(), Failure> {
        self.go_home(CloneFlags::CLONE_NEWNS)?;
        unshare(CloneFlags::CLONE_NEWNS).call("unshare")
    }

    /// spawn: from the call until the program has been waited for, as Rust
    /// programs do it: Command; with namespaces Command and pre_exec. The
    /// command is built before, as C's arguments are. With `to_first` a time
    /// ends at the first instruction of the payload.
    fn spawn(
        &mut self,
        block: &mut Block,
        to_first: bool,
        flags: CloneFlags,
        count: usize,
    ) -> Result<(), Failure> {
        let own = self.own.map(|inode| inode.to_string());
        let told = to_first.then(first::Told::open).transpose()?;
        let mut payload = Command::new(match told {
            Some(_) => first::PAYLOAD,
            None => TRUE,
        });
        let mut witness_of = Command::new(WITNESS);
        witness_of.args(own);
        if !flags.is_empty() {
            for command in [&mut payload, &mut witness_of] {
                let unshare = move || Ok(unshare(flags)?);
                // SAFETY: between fork and exec the closure may only make
                // async-signal-safe calls: it makes one system call.
                unsafe { command.pre_exec(unshare) };
            }
        }
        first::children(block, count, told.as_ref(), |witness| {
            let command = if witness { &mut witness_of } else { &mut payload };
            first::ended(command)
        });
        Ok(())
    }
}

/// Not inlined, so that the warm-up loads every page of the timed code.
#[inline(never)]
fn timed(
    to: Option<BorrowedFd<'_>>,
    flags: CloneFlags,
) -> (u64, nix::Result<()>) {
    let begun = Instant::now();
    let changed = call(to, flags);
    (nanoseconds(begun), changed)
}

fn call(to: Option<BorrowedFd<'_>>, flags: CloneFlags) -> nix::Result<()> {
    match to {
        Some(to) => setns(to, flags),
        None => unshare(flags),
    }
}

impl Change {
    const fn name(self) -> &'static str {
        match self {
            Self::Unshare => "unshare",
            Self::Setns => "setns",
        }
    }
}

/// Returns the identity of the file that a path names.
fn identity(path: &CStr) -> Result<(u64, u64), Failure> {
    let seen = stat(path).call("stat")?;
    Ok((seen.st_dev, seen.st_ino))
}

fn bind_new_root() -> Result<(), Failure> {
    let rbind = MsFlags::MS_BIND | MsFlags::MS_REC;
    mount(Some(NEWROOT), NEWROOT, NONE, rbind, NONE).call("mount")
}

fn make_private() -> Result<(), Failure> {
    let rprivate = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(Some(c"none"), c"/", NONE, rprivate, NONE).call("mount")
}

fn pivot() -> Result<(), Failure> {
    pivot_root(NEWROOT, PUT_OLD).call("pivot_root")
}

fn detach() -> Result<(), Failure> {
    umount2(c"/old", MntFlags::MNT_DETACH).call("umount2")
}

/// The whole change of root with the calls of the posts.
fn switch_root() -> Result<(), Failure> {
    make_private()?;
    bind_new_root()?;
    pivot()?;
    chdir(c"/").call("chdir")?;
    detach()
}

/// The same, with the bind made by the calls of Linux 5.2.
fn switch_root_by_fd() -> Result<(), Failure> {
    make_private()?;
    let tree = open_tree().call("open_tree")?;
    move_mount(&tree).call("move_mount")?;
    drop(tree);
    pivot()?;
    chdir(c"/").call("chdir")?;
    detach()
}

/// open_tree(2), which nix does not have: a copy of the mounts at NEWROOT,
/// attached nowhere.
fn open_tree() -> nix::Result<OwnedFd> {
    let flags = libc::OPEN_TREE_CLONE
        | libc::OPEN_TREE_CLOEXEC
        | libc::AT_RECURSIVE as libc::c_uint;
    // SAFETY: the call reads a path that ends with a NUL and lives for ever.
    let tree = unsafe {
        libc::syscall(
            libc::SYS_open_tree,
            libc::AT_FDCWD,
            NEWROOT.as_ptr(),
            flags,
        )
    };
    let tree = Errno::result(tree)?;
    // SAFETY: the kernel has just made this descriptor, so that nothing else
    // owns it; and a descriptor is an int, so the cast loses nothing.
    Ok(unsafe { OwnedFd::from_raw_fd(tree as i32) })
}

/// move_mount(2), which nix does not have either: attaches it at NEWROOT.
fn move_mount(tree: &OwnedFd) -> nix::Result<()> {
    // SAFETY: the call reads two paths that end with a NUL and live for ever.
    let moved = unsafe {
        libc::syscall(
            libc::SYS_move_mount,
            tree.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_FDCWD,
            NEWROOT.as_ptr(),
            libc::MOVE_MOUNT_F_EMPTY_PATH,
        )
    };
    Errno::result(moved).map(drop)
}

fn main() -> ! {
    if arguments_given() {
        let new_root = new_root();
        clone_and_exec(SIX, || enter_new_root(new_root, || Ok(())));
    }
    reserve([attach::GATE, first::TOLD])
        .unwrap_or_else(|failure| failure.exit());
    let mut bench = Bench::new().unwrap_or_else(|failure| failure.exit());
    answer(|operation, count| bench.perform(operation, count))
}

steps::start!(main);
