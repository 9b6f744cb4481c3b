//! Runs peers and launchers, and measures how long they take.

pub mod asked;
pub mod attach;
pub mod command_line;
pub mod contest;
pub mod counters;
pub mod dialogue;
pub mod growth;
pub mod launch;
pub mod lineage;
pub mod load;
pub mod machine;
pub mod memory;
pub mod oci;
pub mod paired;
pub mod place;
pub mod programs;
pub mod report;
pub mod rounds;
pub mod selection;
pub mod six;
