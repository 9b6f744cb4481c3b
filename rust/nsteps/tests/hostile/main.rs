//! The command in hostile settings: it harms nothing, it ends, and it says in
//! one line what it could not do.

#[path = "../availability/mod.rs"]
mod availability;
mod ended;
mod killed;
mod ours;
mod planted;
mod run;
mod table;

use harness::host::layout::Layout;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use std::path::PathBuf;
use std::process::{ExitCode, Output};

/// The result of a trial: passed, what is wrong, or why it could not look.
type Found = Result<Completion, Failed>;

/// A trial: its name, and its function.
type Tried = (&'static str, fn() -> Found);

fn main() -> ExitCode {
    let trials = [
        planted::TRIALS,
        ours::TRIALS,
        killed::TRIALS,
        run::TRIALS,
        ended::TRIALS,
    ]
    .into_iter()
    .flatten()
    .map(|(name, run)| Trial::ignorable_test(*name, *run))
    .chain(table::trials())
    .collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// The directory of the built programs.
fn programs() -> Result<PathBuf, Failed> {
    Ok(Layout::find().map_err(|it| it.message)?.programs())
}

/// The built program.
fn program() -> Result<PathBuf, Failed> {
    Ok(programs()?.join("bin/nsteps"))
}

/// What a command is expected to do: its exit status, and words in what it
/// writes to standard error.
type Expected<'a> = (i32, &'a str);

/// Compares what a command did with what is expected: the status, and one line
/// with these words on standard error, or none.
fn judge(output: &Output, (status, words): Expected<'_>) -> Result<(), String> {
    let said = String::from_utf8_lossy(&output.stderr);
    let right = match words {
        "" => said.is_empty(),
        words => said.contains(words) && said.lines().count() == 1,
    };
    match output.status.code() == Some(status) && right {
        true => Ok(()),
        false => Err(format!(
            "expected {status} and `{words}`, found {} and `{said}`",
            output.status
        )),
    }
}
