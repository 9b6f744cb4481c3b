//! Judges figures: how far runs agree, which law a curve follows, and whether a
//! target is reached.

pub mod agreement;
pub mod extra;
pub mod fit;
pub mod replaced;
pub mod target;
