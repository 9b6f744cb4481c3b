//! `nsteps compare`: compares every step in every language in every scenario.

use crate::calls::excerpt;
use crate::checks::check;
use crate::checks::claims::CLAIMS;
use crate::checks::report::Shown;
use crate::cli::Compare;
use crate::json;
use crate::report::{Report, status};
use crate::terminal::output;
use compare::run::{Selection, bless, compare, groups, observe, stale};
use harness::error::Result;
use harness::host::{Equipment, machine};
use harness::interrupt;
use harness::launcher::LANGUAGES;
use harness::scenario::Scenario;
use std::time::Instant;

/// Compares, reports, and returns the status, which says whether all
/// differences are explained.
///
/// # Errors
///
/// Fails if the root filesystem cannot be used.
pub fn run(options: &Compare) -> Result<u8> {
    let selection = selection(options);
    if options.list {
        return list(&selection).map(|()| 0);
    }
    let equipment = Equipment::gather(options.rootfs.as_deref())?;
    let begun = Instant::now();
    let outcomes = observe(&selection, &equipment);
    interrupt::check()?;
    if options.bless {
        bless(&outcomes, &equipment.layout)?;
        bless_calls(&selection, &equipment)?;
    }
    let comparisons = compare(&outcomes, &equipment.layout)?;
    let stale = stale(&selection, &comparisons);
    // A comparison of everything also checks the claims of the posts.
    let claims = selection.everything.then(|| {
        let all: Vec<_> = CLAIMS.iter().collect();
        check::run(&all, &equipment)
    });
    interrupt::check()?;
    let report = Report {
        comparisons: &comparisons,
        stale: &stale,
        claims: claims.as_deref().map(Shown::tally),
        verbose: options.verbose,
        book: equipment.layout.book(),
        machine: machine::in_a_few_words(),
        seconds: begun.elapsed().as_secs_f64(),
    };
    let text =
        if options.json { json::compare(&report) } else { report.text() };
    output::print(&text)?;
    let claims = claims.map_or(0, |it| check::count(&it).status());
    Ok(status(&comparisons, &stale).max(claims))
}

/// The selection that the options describe.
pub fn selection(options: &Compare) -> Selection {
    let all = Selection::everything();
    let named: Vec<&str> = options
        .steps
        .iter()
        .chain(&options.only)
        .map(|step| step.name)
        .collect();
    let wanted: Vec<Scenario> =
        options.scenario.iter().flatten().copied().collect();
    let everything =
        named.is_empty() && options.lang.is_empty() && wanted.is_empty();
    Selection {
        steps: chosen(all.steps, &named, |step| step.name),
        launchers: chosen(all.launchers, &options.lang, |it| *it),
        scenarios: chosen(all.scenarios, &wanted, |it| *it),
        everything,
    }
}

/// The elements of `all` that were named, in the order of `all`; all of them if
/// none was named.
fn chosen<T, N: PartialEq>(
    all: Vec<T>,
    named: &[N],
    name: impl Fn(&T) -> N,
) -> Vec<T> {
    all.into_iter()
        .filter(|it| named.is_empty() || named.contains(&name(it)))
        .collect()
}

/// Makes the current calls of each step the expected ones, in all languages or
/// in none, because the book shows them side by side.
fn bless_calls(selection: &Selection, equipment: &Equipment) -> Result<()> {
    if LANGUAGES.iter().all(|it| selection.launchers.contains(it)) {
        for why in excerpt::bless(&selection.steps, equipment)? {
            output::complain(format_args!("nsteps: {why}"));
        }
    }
    Ok(())
}

fn list(selection: &Selection) -> Result<()> {
    let mut text = String::new();
    for group in groups(selection) {
        let names: Vec<_> =
            group.launchers.iter().map(|it| it.name()).collect();
        text.push_str(&format!(
            "{:<34} {:<18} {}\n",
            group.subject,
            group.scenario,
            names.join(" ")
        ));
    }
    output::print(&text)
}
