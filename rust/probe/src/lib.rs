//! The model of what a process can observe of itself, and of what a launcher
//! changed about it.
//!
//! A *reading* is one observed thing: a namespace link, a signal mask, a limit.
//! An [`Observation`] has all readings of one process at one moment. An
//! [`Effect`] is the difference between two observations, in words that are the
//! same on every machine: it contains no inode, no mount id, no pid of a
//! machine. The list [`PROPERTIES`] says what is read, and how a change of it
//! is named.
//!
//! The program `nsteps-probe` is this library with an entry point: it makes an
//! observation, prints it and ends.

mod attempt;
mod effect;
mod mount;
mod netlink;
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
