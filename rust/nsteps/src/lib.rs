//! Linux namespaces, step by step, in Rust, C and Go, with a proof of where the
//! three do the same.
//!
//! This crate checks and prints. [`report`] prints a comparison, [`checks`]
//! checks the sentences of the posts and of the book on this kernel, [`facts`]
//! says what this kernel answers where versions differ, [`calls`] shows system
//! calls side by side, [`warm`] launches what was made before, and [`command`]
//! has one file per subcommand. The crate `harness` runs the trials; the crate
//! `compare` compares outcomes; the crate `trace` traces calls.

pub mod calls;
pub mod checked;
pub mod checks;
pub mod choice;
pub mod cli;
pub mod command;
pub mod course;
pub mod diff;
pub mod facts;
pub mod form;
pub mod json;
pub mod report;
pub mod terminal;
pub mod warm;
