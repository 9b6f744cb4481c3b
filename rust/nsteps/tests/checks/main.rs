//! One named trial for each claim and each difference, which must be as
//! expected, and one for each premise that is broken on purpose. A check that
//! has the same verdict with a broken premise does not test that premise.
//!
//! A premise is broken by replacing a program that is checked, in a copy of
//! `target/` that belongs to this test.

#[path = "../availability/mod.rs"]
mod availability;
mod broken;
mod claims;
mod differences;
#[path = "../scratch/mod.rs"]
mod scratch;

use availability::unavailable;
use harness::found::{Found, Refusal};
use harness::host::Equipment;
use libtest_mimic::{Arguments, Completion, Failed};
use nsteps::checks::report::{Report, Shown};
use nsteps::checks::session::Conditions;
use std::process::ExitCode;
use std::sync::LazyLock;

fn main() -> ExitCode {
    let trials = claims::trials().into_iter().chain(differences::trials());
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

static EQUIPMENT: LazyLock<Result<Equipment, String>> =
    LazyLock::new(|| Equipment::gather(None).map_err(|it| it.message));

/// Runs a check on this machine.
fn outcome<C: Shown>(check: C) -> Result<Found<C::Seen>, Failed> {
    Ok(check.check(&Conditions::new(EQUIPMENT.as_ref()?)))
}

/// The check has the expected verdict.
fn is_expected<C: Shown>(check: C) -> Result<Completion, Failed> {
    match outcome(check)? {
        Ok(seen) if check.is_expected(&seen) => Ok(Completion::Completed),
        Err(Refusal::Unavailable(reason)) => unavailable(&reason),
        found => {
            let outcomes = vec![(check, found)];
            let machine = String::new();
            let report = Report { outcomes, machine, seconds: 0.0 };
            let text = report.evidence();
            Err(anstream::adapter::strip_str(&text).to_string().into())
        }
    }
}
