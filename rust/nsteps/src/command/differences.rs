//! `nsteps differences`: where the languages part, reproduced here.

use crate::checked::Found;
use crate::cli::Differences;
use crate::equipment::Equipment;
use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::pitfalls::report::{Report, Tally};
use crate::pitfalls::{Difference, Evidence};
use crate::{interrupt, machine, output, workers};
use std::time::Instant;

/// Reproduces, reports, and says with its status whether all could be.
///
/// # Errors
///
/// A slug nobody knows.
pub fn run(options: &Differences) -> Result<u8> {
    let differences = chosen(&options.slugs)?;
    let equipment = Equipment::gather(None)?;
    let begun = Instant::now();
    let outcomes = check(&differences, &equipment);
    interrupt::check()?;
    let report = Report {
        outcomes: &outcomes,
        machine: machine::in_a_few_words(),
        seconds: begun.elapsed().as_secs_f64(),
    };
    let text = if options.json { report.json() } else { report.text() };
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

/// Those that were named, or all.
///
/// # Errors
///
/// A name nobody knows.
pub fn chosen(slugs: &[String]) -> Result<Vec<Difference>> {
    let all = Difference::all();
    for slug in slugs {
        if !all.iter().any(|it| it.slug() == slug) {
            let known: Vec<_> = all.iter().map(Difference::slug).collect();
            return Err(Error::new(format!(
                "no difference is called {slug}: {}",
                known.join(", ")
            )));
        }
    }
    let wanted = |it: &Difference| {
        slugs.is_empty() || slugs.iter().any(|slug| slug == it.slug())
    };
    Ok(all.into_iter().filter(wanted).collect())
}

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
    fn differences_are_named_by_slug() {
        let count = |slugs: &[&str]| {
            let slugs: Vec<_> =
                slugs.iter().map(|it| (*it).to_owned()).collect();
            chosen(&slugs).map(|it| it.len())
        };
        assert_eq!(count(&["sigpipe"]), Ok(1));
        assert_eq!(count(&["sigpipe", "exit-status"]), Ok(2));
        assert_eq!(count(&[]), Ok(Difference::all().len()));
        assert!(count(&["no-such"]).is_err());
    }
}
