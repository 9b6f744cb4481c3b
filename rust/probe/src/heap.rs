//! The allocator of the probe, which runs for a millisecond: it takes memory
//! from the kernel and returns almost none.
//!
//! musl's allocator asks the kernel for each new size of object and returns the
//! pages when the last one is freed, which took a quarter of the probe's run
//! time.
//! run time.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::ptr;

/// Allocates objects one after the other.
pub(crate) struct Heap {
    /// The address at which the next object may begin.
    next: Cell<*mut u8>,
    /// The number of bytes that are left there.
    left: Cell<usize>,
}

// SAFETY: Sync wants shared use by several threads to be sound; this program
// has one thread, and starts none.
unsafe impl Sync for Heap {}

impl Heap {
    pub(crate) const fn new() -> Heap {
        Heap { next: Cell::new(ptr::null_mut()), left: Cell::new(0) }
    }

    /// Takes `size` bytes at an address that is a multiple of `align`; `None`
    /// if not enough are left.
    fn take(&self, size: usize, align: usize) -> Option<*mut u8> {
        let next = self.next.get();
        let padding = next.align_offset(align);
        let left = self.left.get().checked_sub(padding.checked_add(size)?)?;
        self.left.set(left);
        let object = next.wrapping_add(padding);
        self.next.set(object.wrapping_add(size));
        Some(object)
    }

    /// Makes room for `size` bytes. The bytes that were left are not used any
    /// more.
    fn grow(&self, size: usize) {
        // An ordinary observation needs less than the first piece.
        const PIECE: usize = 512 << 10;
        let size = size.checked_next_multiple_of(PIECE).unwrap_or(size);
        // SAFETY: an anonymous mapping at an address of the kernel's choice
        // touches no memory that is in use.
        let piece = unsafe {
            libc::mmap(
                ptr::null_mut(),
                size,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if piece != libc::MAP_FAILED {
            self.next.set(piece.cast());
            self.left.set(size);
        }
    }

    /// True if the object is the last one that was taken.
    fn is_last(&self, object: *mut u8, size: usize) -> bool {
        object.wrapping_add(size) == self.next.get()
    }
}

// SAFETY: alloc must give memory that fits the layout and that nothing else
// uses: `take` moves past everything it gives. The methods do not unwind.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let (size, align) = (layout.size(), layout.align());
        let object = self.take(size, align).or_else(|| {
            self.grow(size.checked_add(align)?);
            self.take(size, align)
        });
        object.unwrap_or(ptr::null_mut())
    }

    unsafe fn dealloc(&self, object: *mut u8, layout: Layout) {
        // Without a list of free objects only the last one can be freed. A
        // string that was formatted and copied is often the last one.
        if self.is_last(object, layout.size()) {
            self.next.set(object);
            self.left.set(self.left.get() + layout.size());
        }
    }

    unsafe fn realloc(
        &self,
        object: *mut u8,
        layout: Layout,
        size: usize,
    ) -> *mut u8 {
        // The last object can grow in place, and most objects that grow are the
        // last.
        if self.is_last(object, layout.size())
            && let Some(more) = size.checked_sub(layout.size())
            && self.take(more, 1).is_some()
        {
            return object;
        }
        // SAFETY: our caller promises that `size`, rounded up to the
        // alignment, is a valid size.
        let layout_new =
            unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        // SAFETY: alloc wants a size that is not zero; our caller promises it.
        let new = unsafe { self.alloc(layout_new) };
        if !new.is_null() {
            let both = layout.size().min(size);
            // SAFETY: both objects are at least so long, and the new one
            // begins where nothing was taken yet.
            unsafe { ptr::copy_nonoverlapping(object, new, both) };
        }
        new
    }
}
