//! How long each operation takes in each language, by criterion: clone,
//! unshare, setns and pivot_root, with the plots people know.
//!
//! `cargo bench --bench absolute [-- FILTER]`. Criterion measures one after
//! the other, so its figures drift with the machine. Who is faster is for
//! `paired` to say.

use std::process::ExitCode;

#[cfg(not(target_env = "musl"))]
mod by_criterion;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` only wants to know whether it starts.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    match measure(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(target_env = "musl"))]
use by_criterion::measure;

/// Criterion has a part in C, and few machines have a C compiler for musl.
/// The peers are built for musl whatever this program is built for.
#[cfg(target_env = "musl")]
fn measure(_: &[String]) -> nsteps::error::Result<()> {
    Err(nsteps::error::Error::new(
        "criterion is not built for musl: cargo bench without --target",
    ))
}
