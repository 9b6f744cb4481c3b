//! What a process can see of itself, as a model, and what a launcher changed
//! about it.
//!
//! A *reading* is one thing looked at: a namespace link, a signal mask, a
//! limit.
//! An [`Observation`] is all of them, taken by one process at one moment.
//! An [`Effect`] is the difference between two observations, in words that
//! are the same on every machine: no inode, no mount id, no pid of a machine
//! enters it.
//! What is looked at, and how a change of it is named, is the list
//! [`PROPERTIES`].
//!
//! The program `nsteps-probe` is this library with an entry point: it makes
//! an observation, prints it and ends.

mod attempt;
mod effect;
mod mount;
mod observation;
mod owner;
mod print;
mod proc;
mod property;
pub mod situation;
mod statmount;
mod sys;
mod text;

pub use effect::Effect;
pub use mount::{Mount, MountError, parse_table};
pub use observation::{Key, Observation, Reading, Unread};
pub use proc::Proc;
pub use property::can::SANDBOX_SOCKET;
pub use property::capabilities::text as capability_words;
pub use property::signals::words as signal_words;
pub use property::{
    DEEP, PROPERTIES, Property, effect, mount_keys, mount_lines, observe,
    observe_deep,
};
pub use sys::namespace_parent;
pub use text::utf8;
