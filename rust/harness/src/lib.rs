//! Runs the steps: their launchers, the sandbox in which a launcher is tried,
//! and the trial, which observes its payload from inside and outside.
//!
//! Data flows one way: a [`trial`] runs a [`launcher`] of a [`step`] in a
//! [`sandbox`], and returns an outcome. [`host`] has what the machine provides
//! for it. Other crates draw conclusions from outcomes.

pub mod descendants;
pub mod error;
pub mod found;
pub mod host;
pub mod interrupt;
pub mod launcher;
pub mod must_run;
pub mod paths;
pub mod sandbox;
pub mod scenario;
pub mod step;
pub mod timeout;
pub mod trial;
pub mod workers;
