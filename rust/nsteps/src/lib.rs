//! Linux namespaces, step by step, in Rust, C and Go, and the proof of where
//! the three do the same.
//!
//! Start with [`step`] (what there is), then [`trial`] (what is done with it),
//! [`compare`] (what is thought of it) and [`report`] (how it is told).

pub mod behaviour;
pub mod cgroup;
pub mod checked;
pub mod choice;
pub mod chroot;
pub mod claims;
pub mod cli;
pub mod columns;
pub mod command;
pub mod compare;
pub mod demonstrations;
pub mod equipment;
pub mod error;
pub mod expected;
pub mod highlight;
pub mod id_map;
pub mod interrupt;
pub mod join;
pub mod json;
pub mod known;
pub mod launcher;
pub mod layout;
pub mod machine;
pub mod must_run;
pub mod output;
pub mod outside;
pub mod pitfalls;
pub mod remedy;
pub mod report;
pub mod rootfs;
pub mod said;
pub mod sandbox;
pub mod stage;
pub mod step;
pub mod style;
pub mod sys;
pub mod text;
pub mod timeout;
pub mod trace;
pub mod trial;
pub mod witness;
pub mod workers;
