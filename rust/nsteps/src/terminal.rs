//! How text is laid out, coloured and printed.

pub mod highlight;
pub mod output;
pub mod style;
pub mod text;
