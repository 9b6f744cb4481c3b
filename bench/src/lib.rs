//! Measures what namespaces cost, per operation and per language, against the
//! floor.
//!
//! Data flows one way. [`operation`], [`library`] and [`rows`] list what is
//! measured, and [`peer`] lists the programs that do it. [`measure`] runs them and makes a
//! [`record`] of the results; [`judge`] compares that with the targets, and
//! [`chapter`] writes the book's chapter from it. `benches/` has the programs
//! that `cargo bench` runs.

pub mod chapter;
pub mod judge;
pub mod library;
pub mod measure;
pub mod operation;
pub mod peer;
pub mod record;
pub mod rows;
pub mod table;
