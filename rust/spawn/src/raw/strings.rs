//! A vector of strings as execve(2) takes it: pointers, then a null.

use std::ffi::{CString, c_char};
use std::ptr;

/// Strings, and the pointers to them.
#[derive(Debug)]
pub(crate) struct Strings {
    /// What the pointers lead to. It is never changed.
    _strings: Vec<CString>,
    pointers: Vec<*const c_char>,
}

// SAFETY: the pointers lead into the heap memory of the strings, which moves with
// this value and is never changed: a thread that has it may read both.
unsafe impl Send for Strings {}
// SAFETY: as above; there is no way to change anything through a reference.
unsafe impl Sync for Strings {}

impl Strings {
    /// Takes the strings.
    pub(crate) fn new(strings: Vec<CString>) -> Self {
        let pointers = strings.iter().map(|it| it.as_ptr());
        let pointers = pointers.chain([ptr::null()]).collect();
        Strings { _strings: strings, pointers }
    }

    /// The first of the pointers: after the last one there is a null.
    pub(crate) fn as_ptr(&self) -> *const *const c_char {
        self.pointers.as_ptr()
    }
}
