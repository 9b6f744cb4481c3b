//! empty: a program that does nothing, for what Rust costs to start.
fn main() {}
