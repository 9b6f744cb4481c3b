//! Wrong launchers, each with one fault, and what `nsteps diff` says of them
//! beside the bare probe.
//!
//! The table is `wrong/launchers.toml`. Each fault is named by a key, or is
//! declared to be no difference, with the reason, or is known to be missed. The
//! page `docs/src/internals/wrong-launchers.md` is written from the table.

mod availability;
#[path = "wrong/matrix.rs"]
mod matrix;
mod pages_written;
mod reported;

use availability::{not_set_up, unavailable};
use harness::found::NEEDS_ROOT;
use harness::host::layout::Layout;
use harness::paths::SEARCHED;
use harness::scenario::Identity;
use launchers::adapter::find;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use reported::reported;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::process::{Command, ExitCode, Stdio};

/// The launcher that the wrong ones stand beside: it changes nothing.
const BARE: &str = "env";

/// Launchers that change nothing: of none may there be a word.
const GOOD: &[&str] = &[
    "env --unset=NSTEPS_NO_SUCH_VARIABLE",
    r#"sh -c 'exec "$@"' sh {}"#,
    r#"bash -c 'exec "$@"' bash {}"#,
    "nice -n 0",
    "ionice --class 0",
    "setpriv",
    "unshare",
    "timeout --foreground 1000",
    "chrt --other 0",
    "perl -e 'exec @ARGV' {}",
];

/// What the shell or the interpreter changes by which a fault is made.
const OF_THE_TOOL: &[&str] = &[
    "env.LC_CTYPE",
    "env.PWD",
    "environment.order",
    "host.launcher",
    "host.parent",
    "signals.ignored",
];

/// The page, from the top of the repository.
const PAGE: &str = "docs/src/internals/wrong-launchers.md";

/// The table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    wrong: Vec<Wrong>,
}

/// A wrong launcher.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wrong {
    /// What it does, as the end of a sentence, with underscores.
    name: String,
    /// Its command line.
    run: String,
    /// The launcher beside it, if that is not the bare probe.
    #[serde(default)]
    beside: Option<String>,
    /// The key that names it.
    #[serde(default)]
    key: Option<String>,
    /// Why it is no difference.
    #[serde(default)]
    none: Option<String>,
    /// Why `nsteps diff` does not see it yet.
    #[serde(default)]
    missed: Option<String>,
    /// A situation of `nsteps diff` in which it shows.
    #[serde(default)]
    situation: Option<String>,
    /// A program that not every machine has, and the package that has it.
    #[serde(default)]
    needs: Option<[String; 2]>,
    /// What the kernel has to have: a file.
    #[serde(default)]
    file: Option<String>,
}

fn main() -> ExitCode {
    let table = table();
    let mut trials = vec![Trial::test("the_page_is_the_table", || {
        pages_written::is_on_page(PAGE, &page(&self::table()), "wrong")
    })];
    trials.push(Trial::test("each_has_one_answer", || {
        let mut names = BTreeSet::new();
        for it in self::table() {
            let answers = [&it.key, &it.none, &it.missed];
            if answers.into_iter().flatten().count() != 1 {
                let why = "give one of key, none and missed";
                return Err(format!("{}: {why}", it.name).into());
            }
            if !names.insert(it.name.clone()) {
                return Err(format!("{} is there twice", it.name).into());
            }
        }
        Ok(())
    }));
    trials.extend(GOOD.iter().map(|run| {
        let name = format!("nothing_is_said_of::{run}");
        Trial::ignorable_test(name, || is_silent(run))
    }));
    trials.push(
        Trial::test("what_other_tools_show", || {
            let page = matrix::page()?;
            println!("{page}");
            pages_written::is_on_page(matrix::PAGE, &page, "wrong")
        })
        .with_ignored_flag(true),
    );
    trials.extend(table.into_iter().map(|it| {
        Trial::ignorable_test(it.name.clone(), move || it.is_named())
    }));
    let mut arguments = Arguments::from_args();
    // They wait half of their time.
    arguments.test_threads.get_or_insert(4);
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn table() -> Vec<Wrong> {
    let text = include_str!("wrong/launchers.toml");
    let table: Table = toml::from_str(text).expect("the table is right");
    table.wrong
}

impl Wrong {
    /// `nsteps diff` shows a difference under its key; or none at all.
    fn is_named(&self) -> Result<Completion, Failed> {
        if Identity::natural() == Identity::User {
            return unavailable(NEEDS_ROOT);
        }
        if let Some([program, package]) = &self.needs
            && find(program).is_err()
        {
            return not_set_up(&format!("no {program}: install {package}"));
        }
        if self.run.starts_with("python3 ") && find("python3").is_err() {
            return not_set_up("no python3 for this launcher");
        }
        if let Some(file) = &self.file
            && !fs::exists(file).unwrap_or(false)
        {
            return Ok(Completion::ignored_with(format!("no {file}")));
        }
        let beside = self.beside.as_deref().unwrap_or(BARE);
        let situation = self.situation.as_deref();
        let keys = match differences(beside, &self.run, situation)? {
            Ok(keys) => keys,
            Err(why) => return unavailable(&why),
        };
        let is_right = match &self.key {
            Some(key) => keys.contains(key),
            None => keys.iter().all(|it| OF_THE_TOOL.contains(&&**it)),
        };
        match is_right {
            true => Ok(Completion::Completed),
            false => Err(format!(
                "expected {}, found {keys:?}",
                self.key.as_deref().unwrap_or("no difference")
            )
            .into()),
        }
    }
}

/// There is no difference to the bare probe.
fn is_silent(run: &str) -> Result<Completion, Failed> {
    let program = run.split(' ').next().unwrap_or(run);
    if find(program).is_err() {
        return not_set_up(&format!("no {program}"));
    }
    let keys = match differences(BARE, run, None)? {
        Ok(keys) => keys,
        Err(why) => return unavailable(&why),
    };
    match keys.iter().all(|it| OF_THE_TOOL.contains(&&**it)) {
        true => Ok(Completion::Completed),
        false => Err(format!("found {keys:?}").into()),
    }
}

/// The keys in which two launchers differ; or why this machine allows no
/// comparison.
fn differences(
    beside: &str,
    run: &str,
    situation: Option<&str>,
) -> Result<Result<BTreeSet<String>, String>, Failed> {
    let layout = Layout::find().map_err(|it| it.message)?;
    let mut command = Command::new(layout.programs().join("bin/nsteps"));
    // A second look would only find what is not the same twice.
    command.args(["diff", "--json", "--repeat=1"]);
    if let Some(it) = situation {
        command.args(["--situation", it]);
    }
    command.args([beside, run]);
    // A program in another directory may be a script that sets variables.
    command.env("PATH", SEARCHED).stdin(Stdio::null());
    let output = command.output()?;
    let report = match reported(&output)? {
        Ok(report) => report,
        Err(why) => return Ok(Err(why)),
    };
    let launchers = report["launchers"].as_array().into_iter().flatten();
    for it in launchers {
        if let Some(why) = it["did_not_run"].as_str() {
            let (run, said) = (&it["run"], &it["said"]);
            return Err(
                format!("{run} did not run: {why}; said: {said}").into()
            );
        }
    }
    let differences = report["differences"].as_array();
    let keys = differences
        .into_iter()
        .flatten()
        .filter_map(|it| it["row"]["key"].as_str())
        .map(str::to_owned);
    Ok(Ok(keys.collect()))
}

fn page(table: &[Wrong]) -> String {
    let rows = |of: fn(&Wrong) -> Option<&String>, quote: &str| {
        let mut text = String::new();
        for it in table {
            if let Some(what) = of(it) {
                let name = it.name.replace('_', " ");
                let _ = writeln!(text, "| {name} | {quote}{what}{quote} |");
            }
        }
        text
    };
    format!(
        "\
<!-- Written by `NSTEPS_WRITE=1 cargo test -p nsteps --test wrong`; do not edit. -->

# Wrong launchers

Each of these launchers has one fault; [the table](../../../rust/nsteps/tests/wrong/launchers.toml) has their command lines.
A [test](../../../rust/nsteps/tests/wrong.rs) runs `nsteps diff env LAUNCHER` for each.
The wrong steps, in C, are in [the zoo](../../../rust/nsteps/tests/zoo).

## Named

The test demands a difference under the key.

| it | key |
|---|---|
{}
## No difference

The payload cannot observe these, and the test demands that there is no difference.

| it | why |
|---|---|
{}
## Not seen

A payload or its neighbours could observe these, and `nsteps diff` does not look: the test fails when it begins to.

| it | why |
|---|---|
{}",
        rows(|it| it.key.as_ref(), "`"),
        rows(|it| it.none.as_ref(), ""),
        rows(|it| it.missed.as_ref(), ""),
    )
}
