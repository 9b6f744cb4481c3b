//! `nsteps claims`: checks the claims of the posts on this machine.

use super::checks::{self, Options, chosen};
use crate::checks::claims::CLAIMS;
use crate::checks::claims::report::markdown;
use crate::cli::Claims;
use crate::terminal::output;
use harness::error::Result;
use harness::host::Equipment;

/// Checks, reports, and returns the status: see [`checks::run`].
///
/// # Errors
///
/// Fails after an interrupt, or if something that checks need is missing.
pub fn run(options: &Claims) -> Result<u8> {
    let claims = chosen(CLAIMS, &options.which.concat(), |it| it.number);
    if options.markdown {
        return output::print(&markdown(&claims)).map(|()| 0);
    }
    let equipment = Equipment::gather(None)?;
    let Claims { json, verbose, .. } = *options;
    let status = checks::run(&claims, Options { json, verbose }, &equipment)?;
    if !json {
        let page = equipment.layout.book().page("claims.md");
        output::print(&format!("page: {page}\n"))?;
    }
    Ok(status)
}
