//! The common part of `nsteps claims` and `nsteps differences`: runs checks,
//! prints the report, and returns the status.

use crate::checks::check;
use crate::checks::report::{Report, Shown};
use crate::form;
use crate::terminal::{output, text};
use harness::error::Result;
use harness::host::{Equipment, machine};
use harness::interrupt;
use std::time::Instant;

/// The form in which a report is printed.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// True if it is printed as JSON.
    pub json: bool,
    /// True if the text has everything that the checks saw.
    pub verbose: bool,
}

/// Runs checks and prints the report. Returns the exit status: 0 if everything
/// is as expected, 1 if something is not, 2 if something could not be checked.
///
/// # Errors
///
/// Fails after an interrupt, or if standard output cannot be written.
pub fn run<C: Shown>(
    checks: &[C],
    options: Options,
    equipment: &Equipment,
) -> Result<u8> {
    let begun = Instant::now();
    let outcomes = check::run(checks, equipment);
    interrupt::check()?;
    let report = Report {
        outcomes,
        machine: machine::in_a_few_words(),
        seconds: begun.elapsed().as_secs_f64(),
    };
    let text = match options {
        Options { json: true, .. } => form::json(&C::form(&report)),
        Options { verbose: true, .. } => report.evidence(),
        Options { .. } => report.summary(text::width()),
    };
    output::print(&text)?;
    Ok(check::count(&report.outcomes).status())
}

/// The elements of `all` that are in `named`, each once and in the order of
/// `all`; all elements if `named` is empty.
pub fn chosen<C: Copy, K: PartialEq>(
    all: impl IntoIterator<Item = C>,
    named: &[C],
    key: impl Fn(&C) -> K,
) -> Vec<C> {
    all.into_iter()
        .filter(|one| {
            named.is_empty() || named.iter().any(|it| key(it) == key(one))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_named_twice_is_chosen_once() {
        let all = ["one", "two", "three"];
        let of = |named: &[&'static str]| chosen(all, named, |it| *it);
        assert_eq!(of(&["two", "one", "two"]), ["one", "two"]);
        assert_eq!(of(&[]), all);
    }
}
