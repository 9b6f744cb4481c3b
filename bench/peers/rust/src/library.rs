//! library: starts programs from within a Rust program: by the crate
//! nsteps-spawn, by hand, and by what else there is.
//!
//! It is asked and answers as the peer in Rust. Its operations are `WAY/SET`:
//! the set says in which namespaces the program begins, and `box` is all six of
//! them with a host name, a root, a procfs and a tmpfs.

use std::ffi::{CStr, CString};
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus};
use std::ptr;
use std::time::Instant;

use nix::sched::{CloneFlags, unshare};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;
use nsteps_spawn::{
    Loopback, Mount, Namespace, Networks, Propagation, Template,
};
use peer::block::{Block, WITNESS, answer};
use peer::kinds::{Inodes, SIX, look};
use peer::{attach, code, first, grow, leave, refuse, reserve};
use steps::Failure;

const TRUE: &str = "/nsteps/bench/true";
const NEWROOT: &CStr = c"/newroot";

/// The set of namespaces that a process can enter without a fork.
const FIVE: CloneFlags = SIX.difference(CloneFlags::CLONE_NEWPID);

/// How many networks are made ahead: more than a block takes.
const STOCK: usize = 64;

/// The size of the stack of a child that is made by hand.
const STACK: usize = 1 << 16;

/// What is made around the program.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Set {
    namespaces: CloneFlags,
    /// A host name, a root, a procfs and a tmpfs too.
    is_box: bool,
    /// A time ends at the first instruction of the program.
    to_first: bool,
}

impl Set {
    fn named(name: &str) -> Set {
        let (namespaces, is_box, to_first) = match name {
            "none" => (CloneFlags::empty(), false, false),
            "first" => (CloneFlags::empty(), false, true),
            "five" => (FIVE, false, false),
            "six" => (SIX, false, false),
            "box" => (SIX, true, false),
            _ => refuse(&format!("no such set: {name}")),
        };
        Set { namespaces, is_box, to_first }
    }
}

/// What lasts from block to block.
struct Library {
    own: Inodes,
    template: Option<&'static Template>,
    new: Option<&'static Networks>,
    reused: Option<&'static Networks>,
}

/// Starts a program, waits for it, and returns its status.
type Launch = Box<dyn FnMut() -> i32>;

/// A failure of the crate or of the standard library ends the peer.
fn done<T, E: std::fmt::Display>(what: &str, result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| refuse(&format!("{what}: {error}")))
}

fn status(ended: ExitStatus) -> i32 {
    let Some(code) = ended.code() else {
        let signal = ended.signal().unwrap_or(0);
        refuse(&format!("a child was killed by signal {signal}"))
    };
    code
}

impl Library {
    /// A way, ready to be timed: everything that its interface can prepare is
    /// prepared.
    fn launch(&mut self, way: &str, set: Set, words: &[String]) -> Launch {
        match way {
            "hand" | "bare" => by_hand(set, words),
            "crate" | "template" | "warm" | "reused" => {
                let prepared = done("prepare", self.crates(way, set, words));
                Box::new(move || {
                    let mut child = done("spawn", prepared.spawn());
                    status(done("wait", child.wait()))
                })
            }
            "unprepared" => {
                let words = words.to_vec();
                Box::new(move || {
                    let command = nsteps_spawn::Command::new(&words[0]);
                    let command = command.args(&words[1..]);
                    let mut child = done("spawn", command.spawn());
                    status(done("wait", child.wait()))
                })
            }
            "command" => {
                let mut command = Command::new(&words[0]);
                command.args(&words[1..]);
                Box::new(move || first::ended(&mut command))
            }
            "pre_exec" => {
                let flags = set.namespaces;
                let mut command = Command::new(&words[0]);
                command.args(&words[1..]);
                // SAFETY: between fork and exec the closure may only make
                // async-signal-safe calls: it makes one system call.
                unsafe { command.pre_exec(move || Ok(unshare(flags)?)) };
                Box::new(move || first::ended(&mut command))
            }
            "nix" => by_nix(set, words),
            _ => refuse(&format!("no such way: {way}")),
        }
    }

    fn crates(
        &mut self,
        way: &str,
        set: Set,
        words: &[String],
    ) -> Result<nsteps_spawn::Prepared<'static>, nsteps_spawn::Error> {
        let mut kinds = Namespace::empty();
        for (flag, kind) in [
            (CloneFlags::CLONE_NEWCGROUP, Namespace::CGROUP),
            (CloneFlags::CLONE_NEWIPC, Namespace::IPC),
            (CloneFlags::CLONE_NEWNS, Namespace::MNT),
            (CloneFlags::CLONE_NEWNET, Namespace::NET),
            (CloneFlags::CLONE_NEWPID, Namespace::PID),
            (CloneFlags::CLONE_NEWUTS, Namespace::UTS),
        ] {
            if set.namespaces.contains(flag) {
                kinds |= kind;
            }
        }
        let command = nsteps_spawn::Command::new(&words[0]);
        let mut command = command.args(&words[1..]).namespaces(kinds);
        if !set.is_box {
            return command.propagation(Propagation::Unchanged).prepare();
        }
        command = command
            .hostname("box")
            .mount(Mount::proc("/proc"))
            .mount(Mount::tmpfs("/dev"));
        let root = NEWROOT.to_string_lossy();
        if way == "crate" {
            return command.root(&*root).prepare();
        }
        if self.template.is_none() {
            self.template = Some(Box::leak(Box::new(Template::new(&*root)?)));
        }
        if let Some(template) = self.template {
            command = command.template(template);
        }
        let networks = match way {
            "warm" => &mut self.new,
            "reused" => &mut self.reused,
            _ => return command.prepare(),
        };
        if networks.is_none() {
            let made = match way {
                "warm" => Networks::new(STOCK)?,
                _ => Networks::reusing(STOCK, Loopback::Down)?,
            };
            *networks = Some(Box::leak(Box::new(made)));
        }
        match networks {
            Some(networks) => command.networks(networks).prepare(),
            None => command.prepare(),
        }
    }

    fn perform(&mut self, line: &str, count: usize) -> Result<Block, Failure> {
        let Some((way, set)) = line.split_once('/') else {
            refuse(&format!("no such operation: {line}"))
        };
        if way == "grow" {
            let begun = Instant::now();
            let grown = grow::grow(set, count)?;
            let block = Block::of_growth(begun, grown);
            self.own = look();
            return Ok(block);
        }
        let mut block = Block::of(count);
        // A program without namespaces is in no root of its own.
        let set = match way {
            "bare" => Set::named("none"),
            _ => Set::named(set),
        };
        let told = set.to_first.then(first::Told::open).transpose()?;
        let payload = match (set.is_box, set.to_first) {
            (true, _) => "/true",
            (_, true) => first::PAYLOAD,
            _ => TRUE,
        };
        // In the new root there is a copy.
        let witness = if set.is_box { "/witness" } else { WITNESS };
        let mut seen = vec![witness.to_owned()];
        seen.extend(self.own.iter().map(u64::to_string));
        seen.extend(set.is_box.then(|| "box".to_owned()));
        let mut launch = self.launch(way, set, &[payload.to_owned()]);
        let mut see = self.launch(way, set, &seen);
        first::children(&mut block, count, told.as_ref(), |witness| {
            if witness { see() } else { launch() }
        });
        Ok(block)
    }
}

/// The words of a command line for execve(2).
struct Words {
    pointers: Vec<*const libc::c_char>,
    _texts: Vec<CString>,
}

impl Words {
    fn new(words: &[String]) -> Words {
        let texts = words.iter().map(|it| CString::new(it.as_str()));
        let texts: Vec<CString> = done("a word", texts.collect());
        let pointers = texts.iter().map(|it| it.as_ptr());
        let pointers = pointers.chain([ptr::null()]).collect();
        Words { pointers, _texts: texts }
    }

    /// Returns if the program cannot be executed. It allocates nothing: a child
    /// that borrows the memory calls it.
    fn execute(&self) {
        let Some(program) = self.pointers.first() else { return };
        // SAFETY: strings, in a vector that ends with a null.
        unsafe { libc::execv(*program, self.pointers.as_ptr()) };
    }
}

/// The floor: what the crate asks of the kernel for this set, and nothing
/// else.
fn by_hand(set: Set, words: &[String]) -> Launch {
    struct Child {
        words: Words,
        is_box: bool,
    }
    extern "C" fn child(argument: *mut libc::c_void) -> libc::c_int {
        // SAFETY: `launch` below passes a reference to what it owns, and is
        // suspended until this child has another memory.
        let child = unsafe { &*argument.cast::<Child>() };
        if child.is_box && !enter_box() {
            return 126;
        }
        child.words.execute();
        127
    }
    let start = Child { words: Words::new(words), is_box: set.is_box };
    let mut start = Box::new(start);
    let mut stack = vec![0_u128; STACK / size_of::<u128>()];
    let flags = set.namespaces.bits()
        | libc::CLONE_VM
        | libc::CLONE_VFORK
        | libc::SIGCHLD;
    Box::new(move || {
        let top = stack.as_mut_ptr_range().end.cast();
        let argument = ptr::from_mut(&mut *start).cast();
        // SAFETY: the stack is this child's alone, and CLONE_VFORK suspends
        // the thread while the child uses it.
        let pid = unsafe { libc::clone(child, top, flags, argument) };
        if pid < 0 {
            refuse(&format!("clone: {}", io::Error::last_os_error()));
        }
        code(done("waitpid", waitpid(Pid::from_raw(pid), None)))
    })
}

/// A child that gets a copy of the memory, by clone of the crate nix.
fn by_nix(set: Set, words: &[String]) -> Launch {
    let words = Words::new(words);
    let mut stack = vec![0_u8; STACK];
    Box::new(move || {
        let child = || {
            words.execute();
            leave(127)
        };
        // SAFETY: the child executes a program or ends, and allocates nothing:
        // it may have copied the memory beside other threads.
        let pid = unsafe {
            nix::sched::clone(
                Box::new(child),
                &mut stack,
                set.namespaces,
                Some(libc::SIGCHLD),
            )
        };
        code(done("waitpid", waitpid(done("clone", pid), None)))
    })
}

/// What a `box` is, in a child that borrows the memory: system calls alone.
fn enter_box() -> bool {
    let none = ptr::null();
    let mount = |source: &CStr, target: &CStr, kind: &CStr, flags| {
        let (source, target) = (source.as_ptr(), target.as_ptr());
        let kind = kind.as_ptr();
        // SAFETY: three strings, and no options.
        0 == unsafe { libc::mount(source, target, kind, flags, none) }
    };
    let private = libc::MS_REC | libc::MS_PRIVATE;
    let bind = libc::MS_REC | libc::MS_BIND;
    // SAFETY: a string of three bytes.
    0 == unsafe { libc::sethostname(c"box".as_ptr(), 3) }
        && mount(c"none", c"/", c"none", private)
        && mount(NEWROOT, NEWROOT, c"none", bind)
        // SAFETY: a string.
        && 0 == unsafe { libc::chdir(NEWROOT.as_ptr()) }
        // SAFETY: two strings.
        && 0 == unsafe {
            libc::syscall(libc::SYS_pivot_root, c".".as_ptr(), c".".as_ptr())
        }
        && mount(c"proc", c"/proc", c"proc", 0)
        && mount(c"tmpfs", c"/dev", c"tmpfs", 0)
        // SAFETY: a string.
        && 0 == unsafe { libc::umount2(c".".as_ptr(), libc::MNT_DETACH) }
        // SAFETY: a string.
        && 0 == unsafe { libc::chdir(c"/".as_ptr()) }
}

fn main() -> ! {
    reserve([attach::GATE, first::TOLD])
        .unwrap_or_else(|failure| failure.exit());
    let mut library =
        Library { own: look(), template: None, new: None, reused: None };
    answer(|operation, count| library.perform(operation, count))
}
