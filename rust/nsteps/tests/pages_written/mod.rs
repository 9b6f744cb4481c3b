//! `NSTEPS_WRITE=1`: a test writes its page instead of comparing it.

/// Whether `NSTEPS_WRITE` is `1` in the environment.
pub fn demanded() -> bool {
    std::env::var_os("NSTEPS_WRITE").is_some_and(|it| it == "1")
}

/// The page at a path from the top of the repository has this text, or is
/// written; `test` writes it.
#[allow(dead_code, reason = "not every test writes a whole page")]
pub fn is_on_page(
    page: &str,
    text: &str,
    test: &str,
) -> Result<(), libtest_mimic::Failed> {
    let layout = harness::host::layout::Layout::find();
    let path = layout.map_err(|it| it.message)?.root().join(page);
    if demanded() {
        std::fs::write(&path, text)?;
    }
    match std::fs::read_to_string(&path).unwrap_or_default() == text {
        true => Ok(()),
        false => Err(format!(
            "{page} is not what it is written from: NSTEPS_WRITE=1 cargo test \
             -p nsteps --test {test}"
        )
        .into()),
    }
}
