//! Linux namespaces, step by step, in Rust, C and Go, and the proof of where
//! the three do the same.
//!
//! This crate checks and shows. [`report`] prints a comparison, [`checks`] holds the sentences of the posts and of the book against this
//! kernel, [`calls`] shows system calls side by side, and [`command`] has one
//! file per subcommand. What runs, and where, is the crate `harness`; how outcomes
//! are compared is the crate `compare`; how calls are traced is the crate `trace`.

pub mod calls;
pub mod checked;
pub mod checks;
pub mod choice;
pub mod cli;
pub mod command;
pub mod course;
pub mod diff;
pub mod form;
pub mod json;
pub mod report;
pub mod terminal;
