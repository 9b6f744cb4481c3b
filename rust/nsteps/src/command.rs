//! The subcommands, one file for each.

pub mod check;
pub mod checks;
pub mod claims;
pub mod compare;
pub mod diff;
pub mod differences;
pub mod doctor;
pub mod expect;
pub mod explain;
pub mod facts;
pub mod list;
pub mod manual;
pub mod observe;
pub mod record;
pub mod run;
pub mod show;
pub mod trace;
pub mod warm;
