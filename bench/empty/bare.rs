//! bare: a program that does nothing, without Rust's runtime, as the steps.

#![no_main]

/// The entry point that the C library calls.
#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    0
}
