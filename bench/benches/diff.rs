//! Measures how long `nsteps diff` takes, beside the launchers that it runs.
//!
//! `cargo bench --bench diff [-- PART...]` measures the rows whose names contain
//! a PART, and a plain `cargo bench` none of them. A row is the median of some
//! runs: of nsteps, of its launchers alone, as often as nsteps starts them, and
//! of what nsteps takes beyond these. A launcher that is not installed is left
//! out, and said.

use bench::measure::asked;
use bench::measure::programs::installed;
use bench::measure::selection::Selection;
use harness::error::{Context, Error, Result};
use harness::host::layout::Layout;
use harness::host::machine;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// What is compared.
struct Row {
    name: &'static str,
    /// The launchers, as arguments of `nsteps diff`, with a command line that
    /// runs the same launcher alone, where there is one.
    launchers: &'static [(&'static str, &'static [&'static str])],
    options: &'static [&'static str],
    /// How often nsteps starts each launcher; 0 where it is not run alone.
    looks: u32,
    /// The goal of what nsteps takes beyond the launchers.
    goal: Duration,
}

const ROWS: &[Row] = &[
    Row {
        name: "diff/two-launchers",
        launchers: &[
            ("unshare -m", &["unshare", "-m", "true"]),
            ("unshare -u", &["unshare", "-u", "true"]),
        ],
        options: &["--state", "plain"],
        looks: 2,
        goal: Duration::from_secs(1),
    },
    Row {
        name: "diff/four-runtimes",
        launchers: &[
            ("runc:", &[]),
            ("crun:", &[]),
            ("youki:", &[]),
            ("bwrap: --unshare-all --dev-bind / /", &[]),
        ],
        options: &["--states", "all"],
        looks: 0,
        goal: Duration::from_secs(60),
    },
];

fn main() -> ExitCode {
    let names: Vec<String> = ROWS.iter().map(|it| it.name.to_owned()).collect();
    asked::run(|arguments| Selection::among(&names, arguments), measure)
}

/// Measures the selected rows, and returns whether each keeps its goal.
fn measure(selection: &Selection) -> Result<bool> {
    let wanted = || ROWS.iter().filter(|it| selection.wants(it.name));
    if selection.list {
        asked::list(wanted().map(|it| it.name));
        return Ok(true);
    }
    let layout = Layout::find()?;
    let program = layout.programs().join("bin/nsteps");
    if !program.exists() {
        return Err(Error::new(format!(
            "{} is not there: make build",
            program.display()
        )));
    }
    println!("{}", machine::in_a_few_words());
    let times = if asked::is_short() { 1 } else { 9 };
    let mut all_kept = true;
    for row in wanted() {
        all_kept &= row.measure(&program, times)?;
    }
    Ok(all_kept)
}

impl Row {
    fn measure(&self, program: &Path, times: usize) -> Result<bool> {
        let is_here = |it: &&(&str, &[&str])| {
            let name = it.0.split([':', ' ']).next().unwrap_or_default();
            installed(name).is_some()
        };
        let here: Vec<_> = self.launchers.iter().filter(is_here).collect();
        for it in self.launchers.iter().filter(|it| !is_here(it)) {
            println!("{}: {} is not installed: left out", self.name, it.0);
        }
        let mut whole = Vec::new();
        let mut own = Vec::new();
        for _ in 0..times {
            let mut nsteps = Command::new(program);
            nsteps.arg("diff").args(self.options);
            nsteps.args(here.iter().map(|it| it.0));
            let (took, status) = run(nsteps)?;
            // 1 is a difference; with states in which a runtime does not start,
            // that is one, too.
            if !matches!(status, Some(0 | 1)) {
                return Err(Error::new(format!(
                    "{}: nsteps ended with {status:?}",
                    self.name
                )));
            }
            whole.push(took);
            let mut alone = Duration::ZERO;
            for (_, words) in &here {
                if let Some((first, rest)) = words.split_first() {
                    let mut command = Command::new(first);
                    command.args(rest);
                    alone += run(command)?.0 * self.looks;
                }
            }
            own.push(alone);
        }
        let (whole, own) = (median(whole), median(own));
        let beyond = whole.saturating_sub(own);
        println!(
            "{:24}{:>9.3} s{:>9.3} s of launchers{:>9.3} s beyond, goal {:.0} s",
            self.name,
            whole.as_secs_f64(),
            own.as_secs_f64(),
            beyond.as_secs_f64(),
            self.goal.as_secs_f64()
        );
        Ok(beyond < self.goal)
    }
}

/// How long a command takes, and its exit status.
fn run(mut command: Command) -> Result<(Duration, Option<i32>)> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let begun = Instant::now();
    let status = command.status().context("start what is measured")?;
    Ok((begun.elapsed(), status.code()))
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
