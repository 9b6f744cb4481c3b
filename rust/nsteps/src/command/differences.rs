//! `nsteps differences`: where the languages part, reproduced here.

use crate::checks::pitfalls::report::{Report, Tally};
use crate::checks::pitfalls::{Difference, Evidence};
use crate::cli::Differences;
use crate::terminal::output;
use crate::terminal::style::FAINT;
use crate::terminal::text::{self, Cell};
use harness::error::Result;
use harness::found::Found;
use harness::host::layout::Layout;
use harness::host::{Equipment, machine};
use harness::{interrupt, workers};
use std::time::Instant;

/// Reproduces, reports, and says with its status whether all could be.
///
/// # Errors
///
/// Fails if it was interrupted, or what checks need is not there.
pub fn run(options: &Differences) -> Result<u8> {
    let differences = chosen(&options.slugs);
    if options.list {
        return list(&differences);
    }
    let equipment = Equipment::gather(None)?;
    let begun = Instant::now();
    let outcomes = check(&differences, &equipment);
    interrupt::check()?;
    let report = Report {
        outcomes: &outcomes,
        machine: machine::in_a_few_words(),
        seconds: begun.elapsed().as_secs_f64(),
    };
    let text = match (options.json, options.verbose) {
        (true, _) => report.json(),
        (false, true) => report.evidence(),
        (false, false) => report.summary(text::width()),
    };
    output::print(&text)?;
    if !options.json {
        output::print(&pages(&differences, &equipment.layout))?;
    }
    Ok(Tally::of(&outcomes).checked.status())
}

/// Where to read on: a few pages by name, many by their directories.
fn pages(differences: &[Difference], layout: &Layout) -> String {
    if differences.len() > 3 {
        let pages = layout.pages("{differences,pitfalls,kernel}/<name>.md");
        return format!("pages: {pages}\n");
    }
    differences
        .iter()
        .filter_map(|it| layout.page_of(it.slug()))
        .map(|page| format!("page: {page}\n"))
        .collect()
}

/// Those that were named, or all, each once and in the order of the list.
fn chosen(named: &[Difference]) -> Vec<Difference> {
    let slugs: Vec<&str> = named.iter().map(Difference::slug).collect();
    Difference::all()
        .into_iter()
        .filter(|it| named.is_empty() || slugs.contains(&it.slug()))
        .collect()
}

/// What there is to be reproduced.
fn list(differences: &[Difference]) -> Result<u8> {
    let rows: Vec<Vec<Cell>> = differences
        .iter()
        .map(|it| {
            let bites = Cell::new(FAINT, it.bites().join(" "));
            vec![it.slug().into(), bites, it.about().into()]
        })
        .collect();
    let mut out = String::new();
    text::table(&mut out, HEAD, &rows, text::width());
    output::print(&out).map(|()| 0)
}

/// What stands above the list.
const HEAD: &[&str] = &["name", "in", "what"];

/// Checks some, as many at once as there are processors.
pub fn check(
    differences: &[Difference],
    equipment: &Equipment,
) -> Vec<(Difference, Found<Evidence>)> {
    let found = workers::in_order(
        differences,
        |difference| difference.check(equipment),
        |difference| difference.slug().to_owned(),
    );
    differences.iter().copied().zip(found).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_named_twice_is_reproduced_once() {
        let all = Difference::all();
        let named = [all[1], all[0], all[1]];
        let slugs: Vec<&str> =
            chosen(&named).iter().map(Difference::slug).collect();
        assert_eq!(slugs, [all[0].slug(), all[1].slug()]);
        assert_eq!(chosen(&[]).len(), all.len());
    }
}
