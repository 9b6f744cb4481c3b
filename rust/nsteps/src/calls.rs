//! Shows the system calls of several launchers side by side, on a terminal and
//! in the book.

pub mod excerpt;
pub mod page;
pub mod print;
