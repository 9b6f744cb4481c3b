//! The table of the plain program lists exactly the system calls that the
//! skeleton saves.

#[path = "../../rust/nsteps/tests/availability/mod.rs"]
mod availability;

use availability::unavailable;
use bench::judge::replaced::{Calls, RUNTIME, WHOLE, difference, listed};
use bench::measure::launch::{exec, launch};
use bench::measure::paired::Places;
use bench::measure::place::{Place, Processors, sandbox};
use bench::measure::programs;
use harness::found::Refusal;
use harness::host::layout::Layout;
use harness::sandbox::Sandbox;
use harness::timeout::timeout;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use std::process::{Command, ExitCode};
use trace::{Request, trace};

fn main() -> ExitCode {
    let name = "the_step_saves_the_calls_that_the_table_lists";
    let trials = vec![Trial::ignorable_test(name, saved_calls)];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// The calls of Rust's runtime depend on the version of Rust: they are counted
/// here, and are not in the table.
fn saved_calls() -> Result<Completion, Failed> {
    if let Some(why) = other_musl()? {
        return unavailable(&why);
    }
    let layout = Layout::find()?;
    programs::build_own(&layout)?;
    let mut sandbox = match sandbox(&layout) {
        Ok(sandbox) => sandbox,
        Err(Refusal::Unavailable(why)) => return unavailable(&why),
        Err(Refusal::Broken(why)) => return Err(why.into()),
    };
    let processors = Processors::find()?;
    let one = Place::enter(&layout, &processors, &[processors.one])?;
    let mut places = Places { one, two: None };
    let (launches, _) = launch("launch/uts", &layout, &mut places)?;
    let empty = exec(&layout, false);
    let mut saved = |contest: &bench::measure::contest::Contest,
                     pair: [(_, &str); 2]| {
        let [plain, step] = pair.map(|(_, column)| {
            let all = &contest.contenders;
            let found = all.iter().find(|it| it.name == column);
            let argv = &found.ok_or(format!("no {column}"))?.arguments;
            calls(&mut sandbox, argv)
        });
        Ok::<_, Failed>(difference(&plain?, &step?))
    };
    let whole = saved(&launches, WHOLE)?;
    let runtime = saved(&empty, RUNTIME)?;
    let (found, listed) = (difference(&whole, &runtime), listed());
    if found == listed {
        return Ok(Completion::Completed);
    }
    Err(format!(
        "the step saves {found:?} beside the runtime's calls, and \
         bench/src/judge/replaced.rs lists {listed:?}"
    )
    .into())
}

/// The number of each system call, up to the payload.
fn calls(sandbox: &mut Sandbox, argv: &[String]) -> Result<Calls, Failed> {
    let request = Request {
        argv: argv.to_vec(),
        payload: argv.get(1).cloned(),
        every: true,
        bound: timeout(),
        directory: None,
    };
    let mut calls = Calls::new();
    for call in trace(sandbox, &request)?.recording.calls {
        *calls.entry(call.name).or_default() += 1;
    }
    Ok(calls)
}

/// The first minor version of Rust whose musl blocks signals around clone(2).
const RUST: u32 = 93;

/// The reason why the list is not about the C library that the programs are
/// linked with, if it is not.
fn other_musl() -> Result<Option<String>, Failed> {
    let root = Layout::find()?.root().to_owned();
    let said = |program: &str, word: &str| {
        let output =
            Command::new(program).arg(word).current_dir(&root).output();
        output.map(|it| String::from_utf8_lossy(&it.stdout).into_owned())
    };
    let target = said("./setup.sh", "target")?;
    if !target.contains("x86_64") || !target.contains("musl") {
        return Ok(Some(format!("the list is not of {}", target.trim())));
    }
    let version = said("rustc", "--version")?;
    let minor = version.split('.').nth(1).and_then(|it| it.parse().ok());
    Ok(minor.is_none_or(|it: u32| it < RUST).then(|| {
        format!("the list is of Rust 1.{RUST} or later: {}", version.trim())
    }))
}
