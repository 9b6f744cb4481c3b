//! Lays out, colours and prints text.

pub mod highlight;
pub mod output;
pub mod style;
pub mod text;
