//! An allocator that ends a child which allocates in the memory of its parent.

use std::alloc::{GlobalAlloc, Layout, System};
use std::process::id;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

/// The allocator of this test, in each of its processes.
struct Trap;

#[global_allocator]
static TRAP: Trap = Trap;

/// The pid of the process that may allocate; 0 until [`arm`] was called.
static OWNER: AtomicU32 = AtomicU32::new(0);

/// What a child ends with that has allocated.
pub const ALLOCATED: i32 = 99;

/// From now on only this process may allocate.
pub fn arm() {
    OWNER.store(id(), Relaxed);
}

fn look() {
    let owner = OWNER.load(Relaxed);
    // id is a system call in both C libraries.
    if owner != 0 && owner != id() {
        // SAFETY: _exit ends this process, and touches no memory of ours.
        unsafe { libc::_exit(ALLOCATED) }
    }
}

// SAFETY: it hands everything to the allocator of the system.
unsafe impl GlobalAlloc for Trap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        look();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        look();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Makes a child in the memory of this process, as a launch does, that
/// allocates; returns what it ended with.
pub fn allocate_in_a_child() -> Result<i32, nix::Error> {
    use nix::sched::CloneFlags;
    use nix::sys::wait::{WaitStatus, waitpid};
    let mut stack = vec![0u8; 256 << 10];
    let flags = CloneFlags::CLONE_VM | CloneFlags::CLONE_VFORK;
    let child = Box::new(|| {
        let allocated = std::hint::black_box(Box::new(7));
        isize::from(*allocated != 7)
    });
    // SAFETY: clone demands a stack that lasts as long as the child uses it,
    // and memory that its parent does not use meanwhile: CLONE_VFORK suspends
    // this thread, and the child ends in its allocator.
    let pid = unsafe {
        nix::sched::clone(child, &mut stack, flags, Some(libc::SIGCHLD))
    }?;
    match waitpid(pid, None)? {
        WaitStatus::Exited(_, status) => Ok(status),
        _ => Err(nix::Error::ECHILD),
    }
}
