//! The results of measurements, from one answer of a peer to a record in the
//! repository. This module starts no process.

pub mod absolute;
pub mod answer;
pub mod counted;
pub mod curve;
pub mod file;
pub mod machine;
pub mod outcome;
pub mod series;
pub mod statistics;
pub mod stored;
pub mod used;
