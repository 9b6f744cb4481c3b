//! The stack of a child: memory of its own with a page below it that cannot be
//! written, kept by each thread for its next child.

use std::cell::Cell;
use std::ffi::c_void;
use std::num::NonZero;
use std::ptr::NonNull;

use nix::errno::Errno;
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, mprotect, munmap};

/// What a child may use, in bytes. It runs no code of the user, has no
/// recursion, and the largest of its buffers has 256 bytes.
const ROOM: NonZero<usize> = NonZero::new(64 << 10).expect("not zero");
/// What lies below that, in bytes: a page of every processor.
const GUARD: NonZero<usize> = NonZero::new(64 << 10).expect("not zero");
const SIZE: NonZero<usize> =
    NonZero::new(ROOM.get() + GUARD.get()).expect("not zero");

thread_local! {
    /// The stack of this thread's last child, which uses it no more.
    static SPARE: Cell<Option<Stack>> = const { Cell::new(None) };
}

/// A stack for one child at a time.
#[derive(Debug)]
pub(crate) struct Stack {
    lowest: NonNull<c_void>,
}

impl Stack {
    /// The stack that this thread has kept, or a new one.
    ///
    /// # Errors
    ///
    /// Fails as mmap(2) does.
    pub(crate) fn take() -> nix::Result<Stack> {
        // While the thread ends its storage may be gone already.
        match SPARE.try_with(Cell::take).ok().flatten() {
            Some(stack) => Ok(stack),
            None => Stack::map(),
        }
    }

    fn map() -> nix::Result<Stack> {
        let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        let flags = MapFlags::MAP_PRIVATE | MapFlags::MAP_STACK;
        // SAFETY: no address is asked for, so no mapping is replaced.
        let mapped = unsafe { mmap_anonymous(None, SIZE, access, flags) };
        let stack = Stack { lowest: mapped? };
        // SAFETY: the range is the lower part of the mapping just made, which
        // nothing refers to yet. Should the call fail, the stack is unmapped.
        unsafe { mprotect(stack.lowest, GUARD.get(), ProtFlags::PROT_NONE) }?;
        Ok(stack)
    }

    /// Gives the stack back, to be used for the next child of this thread. The
    /// child that ran on it must use it no more.
    pub(crate) fn keep(self) {
        // Without storage the stack is dropped with the closure.
        let _ = SPARE.try_with(|spare| spare.set(Some(self)));
    }

    /// The lowest address that may be used.
    pub(crate) fn base(&self) -> usize {
        self.lowest.addr().get() + GUARD.get()
    }

    /// How many bytes may be used; a multiple of 16, as the base is.
    pub(crate) fn room(&self) -> usize {
        ROOM.get()
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: the mapping was made by `map`, is owned by this value alone,
        // and no child runs on it: a launch takes the stack out of its hands
        // only when the child's memory is its own or gone.
        let unmapped: Result<(), Errno> =
            unsafe { munmap(self.lowest, SIZE.get()) };
        // A mapping that was made can be unmapped; if it is not, it stays.
        let _ = unmapped;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_uses_its_stack_again() {
        let first = Stack::take().expect("a stack");
        let base = first.base();
        assert_eq!(base % 16, 0);
        assert_eq!(first.room() % 16, 0);
        let other = Stack::take().expect("another stack");
        assert_ne!(other.base(), base);
        first.keep();
        assert_eq!(Stack::take().expect("the first").base(), base);
    }
}
