//! All unsafe code of this crate: the system calls of the child, and the clone
//! that makes it.
//!
//! What the other files do in the child they do through these functions. None
//! of them allocates, takes a lock or touches thread-local storage.

pub(crate) mod birth;
pub(crate) mod call;
pub(crate) mod kernel;
pub(crate) mod stack;
pub(crate) mod strings;

pub(crate) use call::Result;
