//! What a launch does, seen from outside and from inside; how it fails; and
//! that nothing is left of it, under an allocator that ends a child which
//! allocates.

mod allocator;
mod effects;
mod failures;
mod many;
mod observed;
mod parent;
mod reuse;
mod warm;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use observed::{NEEDS_ROOT, Outcome, Trouble};
use std::process::ExitCode;

/// What this program does as a process of a test.
type Role = fn(&[String]) -> Outcome;

/// The first argument of this program for each role.
const ROLES: &[(&str, Role)] = &[
    ("--echo", warm::echo),
    ("--look", warm::look),
    ("--many", many::role),
    ("--mother", parent::mother),
    ("--listen", reuse::listen),
    ("--without-clone3", parent::no_clone3),
    ("--reaper", parent::reaper),
    ("--tracer", parent::tracer),
    ("--two-threads", parent::two_threads),
];

fn main() -> ExitCode {
    allocator::arm();
    let words: Vec<String> = std::env::args().skip(1).collect();
    let role = words.first().and_then(|first| {
        ROLES.iter().find(|(name, _)| name == first).map(|(_, role)| role)
    });
    if let Some(role) = role {
        return match role(&words[1..]) {
            Ok(()) => ExitCode::SUCCESS,
            Err(trouble) => {
                eprintln!("{trouble:?}");
                ExitCode::FAILURE
            }
        };
    }
    let lists = [
        effects::ALL,
        failures::ALL,
        many::ALL,
        parent::ALL,
        reuse::ALL,
        warm::ALL,
    ];
    let mut trials: Vec<Trial> = lists
        .into_iter()
        .flatten()
        .map(|(name, test)| trial(*name, *test))
        .collect();
    trials.extend(failures::injected().into_iter().map(|injection| {
        let name = format!("injected::{}", injection.name());
        trial(name, move || injection.run())
    }));
    trials.extend(reuse::DIRT.iter().map(|dirt| {
        trial(format!("a_network_is_dropped_with::{}", dirt.name), || {
            dirt.run()
        })
    }));
    trials.push(trial(many::MILLION, many::million).with_ignored_flag(true));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// A test: its name, and what it does.
pub type Test = (&'static str, fn() -> Outcome);

fn trial(
    name: impl Into<String>,
    test: impl FnOnce() -> Outcome + Send + 'static,
) -> Trial {
    Trial::ignorable_test(name, move || judge(test()))
}

/// Under MUST_RUN=1 what this machine cannot do is a failure; what needs root
/// is none.
fn judge(outcome: Outcome) -> Result<Completion, Failed> {
    let must_run = std::env::var_os("MUST_RUN").is_some_and(|it| it == "1");
    match outcome {
        Ok(()) => Ok(Completion::Completed),
        Err(Trouble::Unavailable(why)) if !must_run || why == NEEDS_ROOT => {
            Ok(Completion::ignored_with(why))
        }
        Err(Trouble::Unavailable(why)) => {
            Err(format!("under MUST_RUN=1: {why}").into())
        }
        Err(Trouble::Failed(why)) => Err(why.into()),
    }
}
