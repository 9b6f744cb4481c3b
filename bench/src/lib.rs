//! What namespaces cost, per operation and per language, against the floor.
//!
//! Data flows one way. [`operation`] and [`rows`] list what is measured, and
//! [`peer`] the programs that do it; [`measure`] has them do it; what they find
//! becomes a [`record`]; [`judge`] says what it is worth, and [`chapter`] makes a
//! chapter of the book of it. `benches/` has the programs that `cargo bench` runs.

pub mod chapter;
pub mod judge;
pub mod measure;
pub mod operation;
pub mod peer;
pub mod record;
pub mod rows;
pub mod table;
