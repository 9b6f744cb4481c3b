//! What runs, and where: the steps, their launchers, the sandbox in which one
//! is tried, and the trial that observes its payload from both sides.
//!
//! Data flows one way: a [`step`] and a [`launcher`] are run in a [`sandbox`]
//! by a [`trial`], which returns an outcome. What the machine provides for it
//! is in [`host`]. What is concluded from outcomes is not decided here.

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
