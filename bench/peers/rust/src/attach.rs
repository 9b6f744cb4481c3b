//! A child that becomes a program in another cgroup: it goes there itself, its
//! parent puts it there and lets it continue, or it is born there.
//!
//! - <https://man7.org/linux/man-pages/man7/cgroups.7.html>

use std::ffi::CStr;
use std::io::Write;
use std::os::fd::{AsFd, IntoRawFd, OwnedFd};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::fcntl::{OFlag, open};
use nix::sched::CloneFlags;
use nix::sys::stat::Mode;
use nix::sys::wait::waitpid;
use nix::unistd::{dup2_raw, pipe2, write};
use steps::{Call, Failure};

use crate::block::{Block, WITNESSES};
use crate::{clone3_into, code, leave};

const PAYLOAD: &CStr = c"/nsteps/bench/attach";
const CGROUP: &CStr = c"/newroot/attach";
const PROCS: &CStr = c"/newroot/attach/cgroup.procs";

/// The descriptor on which the payload waits.
pub const GATE: i32 = 8;

/// The pause between two spaced measurements.
const SPACE: Duration = Duration::from_millis(20);

/// What every measurement of a block needs.
struct Ways {
    gate: OwnedFd,
    cgroup: OwnedFd,
    procs: OwnedFd,
}

impl Ways {
    fn open() -> Result<Self, Failure> {
        let (reader, gate) = pipe2(OFlag::O_CLOEXEC).call("pipe2")?;
        // SAFETY: dup2(2) closes what the number was. That is what `reserve`
        // put there, or an earlier pipe of this function, and owned by nothing.
        let for_children = unsafe { dup2_raw(reader, GATE) };
        // It stays open, for every child that comes.
        let _ = for_children.call("dup2")?.into_raw_fd();
        let none = Mode::empty();
        let path = OFlag::O_PATH | OFlag::O_CLOEXEC;
        let writing = OFlag::O_WRONLY | OFlag::O_CLOEXEC;
        Ok(Self {
            gate,
            cgroup: open(CGROUP, path, none).call("open")?,
            procs: open(PROCS, writing, none).call("open")?,
        })
    }
}

/// Measures from before the child is made until it has been waited for.
pub fn attach(
    block: &mut Block,
    way: &str,
    spaced: bool,
    count: usize,
) -> Result<(), Failure> {
    let ways = Ways::open()?;
    let act = match way {
        "child" => Some(c"c"),
        "parent" => Some(c"p"),
        _ => None,
    };
    let cgroup = (way == "birth").then_some(ways.cgroup.as_fd());
    for i in 0..count + WITNESSES {
        let witness = i == 0 || i > count;
        let look = witness.then_some(c"w");
        let words = [Some(PAYLOAD), act, look].into_iter().flatten();
        let mut argv: Vec<_> = words.map(CStr::as_ptr).collect();
        argv.push(std::ptr::null());
        if spaced {
            sleep(SPACE);
        }
        let begun = Instant::now();
        let child = clone3_into(CloneFlags::empty(), cgroup).call("clone3")?;
        let Some(child) = child else { become_payload(&argv) };
        if way == "parent" {
            let mut pid = Vec::with_capacity(16);
            let _ = write!(pid, "{child}");
            write(&ways.procs, &pid).call("write")?;
            write(&ways.gate, &[0]).call("write")?;
        }
        let ended = waitpid(child, None).call("waitpid")?;
        block.took(begun);
        block.ended(code(ended), witness);
    }
    Ok(())
}

/// What the child does. It allocates nothing and takes no lock.
fn become_payload(argv: &[*const libc::c_char]) -> ! {
    // SAFETY: every word ends with a NUL, the last pointer is null, and all of
    // them live as long as this copy of the memory.
    unsafe { libc::execv(argv[0], argv.as_ptr()) };
    leave(127)
}
