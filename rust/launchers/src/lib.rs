//! Compares any launchers: how each is told to run the probe, what its payload
//! observes, and what the differences mean.
//!
//! A [`spec`] names a launcher; its [`adapter`] makes a command line around the
//! probe; [`look`] runs it in sandboxes, several times in each [`state`];
//! [`matrix`] puts the launchers side by side; [`consequence`] says what a
//! difference does to a payload, and [`policy`] what may differ; [`verdict`]
//! decides. [`suggest`] tries changes of a launcher that may close a
//! difference; [`record`] keeps a column for another day; [`redaction`] hides
//! secrets. No file here prints.

pub mod adapter;
pub mod consequence;
pub mod date;
pub mod keys;
pub mod look;
pub mod matrix;
pub mod policy;
pub mod provenance;
pub mod record;
pub mod redaction;
pub mod said;
pub mod spec;
pub mod state;
pub mod suggest;
pub mod verdict;
