//! grow: makes the peer large before anything is timed, and says how large it
//! has become: in memory, in threads, in mounts.

use std::hint::black_box;
use std::num::NonZero;
use std::{fs, io, thread};

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::mman::{
    MapFlags, MmapAdvise, ProtFlags, madvise, mmap_anonymous,
};
use steps::{Call, Failure, NONE, mytmp};

use crate::refuse;

const MIB: usize = 1 << 20;
/// The smallest size of a page. Where pages are larger, each is written several
/// times.
const PAGE: usize = 4096;

/// Grows, and returns the new size as a file of /proc states it.
pub fn grow(what: &str, count: usize) -> Result<String, Failure> {
    let (unit, now) = match what {
        "memory" => ("KiB", memory(count)?),
        "threads" => ("threads", threads(count)?),
        "mounts" => ("mounts", mounts(count)?),
        _ => refuse(&format!("nothing grows in {what}")),
    };
    Ok(format!("{unit}*{now}"))
}

/// Memory of its own, in pages of the smallest size whatever the machine
/// prefers. smaps_rollup counts; VmRSS would be an estimate.
fn memory(mib: usize) -> Result<usize, Failure> {
    if let Some(size) = NonZero::new(mib * MIB) {
        let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: no address is asked for, so no mapping of ours is replaced.
        let mapped = unsafe {
            mmap_anonymous(None, size, access, MapFlags::MAP_PRIVATE)
        };
        let memory = mapped.call("mmap")?;
        // A kernel without huge pages does not have this advice.
        // SAFETY: the range is the whole of our own mapping, and this advice
        // does not change its content.
        let _ =
            unsafe { madvise(memory, size.get(), MmapAdvise::MADV_NOHUGEPAGE) };
        let bytes = memory.cast::<u8>().as_ptr();
        // SAFETY: the mapping is that long, starts as zeros, is never unmapped,
        // and no other code has its address.
        let bytes =
            unsafe { std::slice::from_raw_parts_mut(bytes, size.get()) };
        for page in bytes.chunks_mut(PAGE) {
            page[0] = 1;
        }
        black_box(bytes);
    }
    number_in("/proc/self/smaps_rollup", "Rss:")
}

/// Threads that sleep as long as the peer lives. They hold no lock, and touch
/// nothing: a child may be cloned beside them.
fn threads(count: usize) -> Result<usize, Failure> {
    for _ in 0..count {
        let sleeper = || {
            loop {
                thread::park();
            }
        };
        must_io("clone", thread::Builder::new().spawn(sleeper))?;
    }
    number_in("/proc/self/status", "Threads:")
}

/// A mount namespace of its own, with a tmpfs and directories bound in it.
fn mounts(count: usize) -> Result<usize, Failure> {
    unshare(CloneFlags::CLONE_NEWNS).call("unshare")?;
    let target = mytmp();
    let target = target.to_string_lossy();
    if count > 0 {
        let (tmpfs, flags) = (Some("tmpfs"), MsFlags::empty());
        mount(Some("none"), &*target, tmpfs, flags, NONE).call("mount")?;
    }
    for i in 1..count {
        let path = format!("{target}/{i}");
        must_io("mkdir", fs::create_dir(&path))?;
        let (path, bind) = (path.as_str(), MsFlags::MS_BIND);
        mount(Some(path), path, NONE, bind, NONE).call("mount")?;
    }
    let table = fs::read("/proc/thread-self/mountinfo");
    let table = must_io("read", table)?;
    Ok(table.iter().filter(|letter| **letter == b'\n').count())
}

/// Returns the number behind a word in a file of /proc/self.
fn number_in(path: &str, word: &str) -> Result<usize, Failure> {
    let text = must_io("read", fs::read_to_string(path))?;
    let line = text.lines().find_map(|line| line.strip_prefix(word));
    let number = line.and_then(|rest| rest.split_whitespace().next());
    match number.and_then(|number| number.parse().ok()) {
        Some(number) => Ok(number),
        None => refuse(&format!("{path} has no {word}")),
    }
}

/// Turns an error of the standard library into the failure of a system call.
fn must_io<T>(call: &'static str, result: io::Result<T>) -> Result<T, Failure> {
    let errno =
        |error: io::Error| Errno::from_raw(error.raw_os_error().unwrap_or(0));
    result.map_err(errno).call(call)
}
