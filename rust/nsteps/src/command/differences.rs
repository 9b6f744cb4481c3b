//! `nsteps differences`: reproduces the differences between the languages on
//! this machine.

use super::checks::{self, Options, chosen};
use crate::checks::pitfalls::Difference;
use crate::cli::Differences;
use crate::terminal::output;
use crate::terminal::style::FAINT;
use crate::terminal::text::{self, Cell};
use harness::error::Result;
use harness::host::Equipment;
use harness::host::layout::Layout;

/// Reproduces, reports, and returns the status: see [`checks::run`].
///
/// # Errors
///
/// Fails after an interrupt, or if something that checks need is missing.
pub fn run(options: &Differences) -> Result<u8> {
    let differences =
        chosen(Difference::all(), &options.slugs, Difference::slug);
    if options.list {
        return list(&differences);
    }
    let equipment = Equipment::gather(None)?;
    let Differences { json, verbose, .. } = *options;
    let options = Options { json, verbose };
    let status = checks::run(&differences, options, &equipment)?;
    if !json {
        output::print(&pages(&differences, &equipment.layout))?;
    }
    Ok(status)
}

/// The pages about these differences: a few by name, many by their directories.
fn pages(differences: &[Difference], layout: &Layout) -> String {
    if differences.len() > 3 {
        let pages =
            layout.book().page("{differences,pitfalls,kernel}/<name>.md");
        return format!("pages: {pages}\n");
    }
    differences
        .iter()
        .filter_map(|it| layout.page_of(it.slug()))
        .map(|page| format!("page: {page}\n"))
        .collect()
}

/// Prints the name of each difference, the affected languages and a short
/// description.
fn list(differences: &[Difference]) -> Result<u8> {
    let rows: Vec<Vec<Cell>> = differences
        .iter()
        .map(|it| {
            let affects = Cell::new(FAINT, it.affects().join(" "));
            vec![it.slug().into(), affects, it.about().into()]
        })
        .collect();
    let mut out = String::new();
    text::table(&mut out, &["name", "in", "what"], &rows, text::width());
    output::print(&out).map(|()| 0)
}
