//! How long each operation takes in each language, by criterion: clone,
//! unshare, setns and pivot_root, with criterion's plots.
//!
//! `cargo bench --bench absolute [-- FILTER]`. Criterion measures one operation
//! after the other, so its figures drift with the machine. The target `paired`
//! measures the ratios.

use bench::measure::asked;
use bench::measure::selection::Selection;
use std::process::ExitCode;

#[cfg(not(target_env = "musl"))]
mod by_criterion;

fn main() -> ExitCode {
    asked::run(Selection::of, |selection| measure(selection).map(|()| true))
}

#[cfg(not(target_env = "musl"))]
use by_criterion::measure;

/// Criterion has a part in C, and few machines have a C compiler for musl. The
/// peers are built for musl in either case.
#[cfg(target_env = "musl")]
fn measure(_: &Selection) -> harness::error::Result<()> {
    Err(harness::error::Error::new(
        "criterion is not built for musl: cargo bench without --target",
    ))
}
