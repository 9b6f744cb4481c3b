//! What namespaces cost, per operation and per language, against the floor.
//!
//! Start with [`operation`] (what is measured), then [`peer`] (the program that
//! does it and how they are talked to), [`place`] (where) and [`paired`] (how
//! ratios come about); [`growth`] has what becomes dearer with size. `benches/`
//! has the programs that `cargo bench` runs. What they find becomes a
//! [`record`], and that a [`chapter`] of the book.

pub mod absolute;
pub mod agreement;
pub mod asked;
pub mod attach;
pub mod chapter;
pub mod contest;
pub mod counters;
pub mod curve;
pub mod extra;
pub mod fit;
pub mod growth;
pub mod launch;
pub mod lineage;
pub mod load;
pub mod machine;
pub mod oci;
pub mod operation;
pub mod paired;
pub mod peer;
pub mod place;
pub mod plot;
pub mod programs;
pub mod record;
pub mod report;
pub mod rounds;
pub mod selection;
pub mod six;
pub mod statistics;
pub mod svg;
pub mod table;
pub mod target;
