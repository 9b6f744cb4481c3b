//! Launches whose parts are made before: in this process, or by a daemon that
//! keeps them for others.
//!
//! The daemon starts no payload. It hands out descriptors of a mount namespace
//! and of a network namespace, and the client launches: so its payload inherits
//! from the client what that of a cold launch does, its terminal, session,
//! cgroup, limits, directory and descriptors.

pub mod daemon;
pub mod launch;
pub mod meeting;
pub mod privilege;
pub mod wait;
