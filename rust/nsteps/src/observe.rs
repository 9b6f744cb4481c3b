//! What any launchers did, side by side.

pub mod columns;
pub mod said;
