//! `NSTEPS_WRITE=1`: a test writes its page instead of comparing it.

/// Whether `NSTEPS_WRITE` is `1` in the environment.
pub fn demanded() -> bool {
    std::env::var_os("NSTEPS_WRITE").is_some_and(|it| it == "1")
}
