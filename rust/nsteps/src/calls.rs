//! The system calls of several launchers as a person reads them, and what of
//! them the book shows.

pub mod excerpt;
pub mod page;
pub mod print;
