//! What several launchers did, side by side: which agree, what differs, and
//! whether that is explained.
//!
//! [`run`] has a selection tried and compared; [`comparison`] compares the
//! outcomes of one [`subject`] with each other, with what is [`expected`] of
//! them and with the [`known`] differences.

pub mod comparison;
pub mod expected;
pub mod known;
pub mod run;
pub mod subject;
