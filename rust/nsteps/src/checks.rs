//! Checks sentences on this machine: the claims of the posts, and the pages of
//! the book about pitfalls and about the kernel.

pub mod check;
pub mod claims;
pub mod inside;
mod old_root;
pub mod pitfalls;
pub mod report;
pub mod session;
