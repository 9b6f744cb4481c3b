//! Starts a process in new namespaces without a fork: typed actions between
//! clone3(2) and execve(2).
//!
#![doc = include_str!("../README.md")]

mod act;
mod child;
mod command;
mod dumpable;
mod error;
mod id_map;
mod limits;
mod mount;
mod namespace;
mod networks;
mod options;
mod preparation;
mod prepared;
mod process;
mod raw;
mod template;

pub use command::Command;
pub use error::{Action, Error};
pub use id_map::IdMap;
pub use limits::{Capabilities, Resource};
pub use mount::{Mount, Propagation};
pub use namespace::{Clock, Namespace};
pub use networks::{Loopback, Networks, Reuse};
pub use prepared::Prepared;
pub use process::Child;
pub use template::Template;
