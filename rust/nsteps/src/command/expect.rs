//! `nsteps expect`: compares one launcher with what a file expects of it.

use super::diff;
use crate::cli::Expect;
use crate::diff::session;
use crate::diff::writers::{self, Shown};
use harness::error::{Error, Result};
use launchers::policy::Named;

/// Runs the launcher, and returns 0 if it meets all expectations, 1 if it does
/// not, 2 if it did not run.
///
/// # Errors
///
/// Fails as [`diff::run`] does, and if the file has no expectation.
pub fn run(options: &Expect) -> Result<u8> {
    let mut policy = diff::read(&options.policy)?;
    if policy.expectations.is_empty() {
        return Err(Error::new(format!(
            "{}: it expects nothing: add a table [expect]",
            options.policy.display()
        )));
    }
    // A waiver is about a difference from another launcher, and there is none.
    policy.waivers.clear();
    let run = match options.launcher.as_slice() {
        [one] => one.clone(),
        words => shell_words::join(words),
    };
    let launcher = Named { name: run.clone(), run, line: 0 };
    let request = diff::request(policy, vec![launcher], &options.looking);
    let report = session::run(request)?;
    let shown = match options.looking.json {
        true => Shown::Json,
        false => Shown::Short,
    };
    writers::write(&report, shown, &options.looking.report)?;
    Ok(report.verdict.status)
}
