//! What a program of the user's own has to do to be a step: the requirements,
//! and the verdict on each. It starts no process and reads no file.
//!
//! A requirement is about keys of the expected effect. What the step in Rust
//! shows is required; what another language shows is accepted as well, unless a
//! known difference says that its program or a library is the reason.

pub mod embedded;
pub mod judge;
pub mod list;
pub mod mistake;
