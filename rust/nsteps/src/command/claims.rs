//! `nsteps claims`: what the posts claim, checked live.

use crate::checks::claims::report::{Report, Tally, markdown};
use crate::checks::claims::{self, CLAIMS, Claim};
use crate::cli::Claims;
use crate::terminal::{output, text};
use harness::error::Result;
use harness::host::{Equipment, machine};
use harness::interrupt;
use std::time::Instant;

/// Checks, reports, and says with its status whether all was as expected.
///
/// # Errors
///
/// Fails if it was interrupted, or what checks need is not there.
pub fn run(options: &Claims) -> Result<u8> {
    let chosen = chosen(&options.which);
    if options.markdown {
        return output::print(&markdown(&chosen)).map(|()| 0);
    }
    let equipment = Equipment::gather(None)?;
    let begun = Instant::now();
    let outcomes = claims::check(&chosen, &equipment);
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
        let page = equipment.layout.pages("claims.md");
        output::print(&format!("page: {page}\n"))?;
    }
    Ok(Tally::of(&outcomes).checked.status())
}

/// The claims that were named, or all, each once and in the order of the list.
fn chosen(named: &[Vec<&'static Claim>]) -> Vec<&'static Claim> {
    let numbers: Vec<u8> =
        named.iter().flatten().map(|claim| claim.number).collect();
    CLAIMS
        .iter()
        .filter(|it| named.is_empty() || numbers.contains(&it.number))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_named_twice_is_checked_once() {
        let [first, second] = [&CLAIMS[0], &CLAIMS[1]];
        let named = [vec![second], vec![first, second]];
        let numbers: Vec<u8> =
            chosen(&named).iter().map(|it| it.number).collect();
        assert_eq!(numbers, [first.number, second.number]);
        assert_eq!(chosen(&[]).len(), CLAIMS.len());
    }
}
