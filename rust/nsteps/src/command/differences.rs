//! `nsteps differences`: where the languages part, reproduced here.

use crate::cli::Differences;
use crate::equipment::Equipment;
use crate::error::{DIFFERENT, Error, Result, TROUBLE};
use crate::pitfalls::report::{Report, Tally};
use crate::pitfalls::{Difference, Outcome};
use crate::{interrupt, machine, must_run, output, workers};
use std::io::IsTerminal;
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
    Ok(status(Tally::of(&outcomes)))
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
) -> Vec<(Difference, Outcome)> {
    let on = std::io::stderr().is_terminal();
    let outcomes = workers::in_order(
        differences,
        |difference| difference.check(equipment),
        |done, difference| {
            if on {
                let slug = difference.slug();
                let all = differences.len();
                eprint!("\r{done:>4} of {all} {slug:<40.40}");
            }
        },
    );
    if on {
        eprint!("\r{:60}\r", "");
    }
    differences.iter().copied().zip(outcomes).collect()
}

/// 0, 1 or 2, as for a comparison.
pub fn status(tally: Tally) -> u8 {
    let must_run = must_run::demanded();
    let not_checked = tally.unavailable > 0
        && (must_run || tally.unavailable == tally.differences);
    if tally.broken > 0 || not_checked {
        TROUBLE
    } else if tally.not_reproduced > 0 {
        DIFFERENT
    } else {
        0
    }
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

    #[test]
    fn what_was_not_looked_at_is_not_reproduced() {
        let none = Tally { differences: 2, unavailable: 2, ..Tally::default() };
        assert_eq!(status(none), TROUBLE);
        let one = Tally { differences: 2, reproduced: 2, ..Tally::default() };
        assert_eq!(status(one), 0);
        let other = Tally { not_reproduced: 1, ..one };
        assert_eq!(status(other), DIFFERENT);
        assert_eq!(status(Tally { broken: 1, ..other }), TROUBLE);
    }
}
