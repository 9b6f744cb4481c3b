//! Any launcher beside any other: how each is told to run the probe, what its
//! payload observes, and what the differences mean.
//!
//! A [`spec`] names a launcher; its [`adapter`] makes a command line around the
//! probe; [`look`] runs it in sandboxes, several times in each [`state`];
//! [`trying`] tries it in each [`situation`];
//! [`matrix`] puts the launchers side by side; [`consequence`] says what a difference does to a payload,
//! [`policy`] what may differ, and [`verdict`] decides. [`suggest`] runs a
//! launcher with what may close a difference; [`record`] keeps a column for
//! another day; [`redaction`] hides secrets. No file here prints.

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
pub mod situation;
pub mod spec;
pub mod state;
pub mod suggest;
pub mod trying;
pub mod verdict;
