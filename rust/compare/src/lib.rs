//! Compares what several launchers did: which of them agree, what differs, and
//! whether that is explained.
//!
//! [`run`] runs the trials of a selection; [`comparison`] compares the outcomes
//! of one [`subject`] with each other, with what is [`expected`] of them and
//! with the [`known`] differences. [`refusal`] has the pages about what the kernel
//! refuses a step; [`requirement`] judges a program of the
//! user's own by what is expected of the step.

pub mod comparison;
pub mod expected;
pub mod known;
pub mod refusal;
pub mod requirement;
pub mod run;
pub mod subject;
