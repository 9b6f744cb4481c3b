//! `nsteps diff`: compares launchers by what their payload observes.

use crate::cli::{Diff, Looking};
use crate::diff::session::{self, Request};
use crate::diff::writers::{self, Shown};
use harness::error::{Context, Error, Result};
use harness::scenario::Scenario;
use launchers::consequence::Level;
use launchers::look::TWICE;
use launchers::policy::{Named, Policy};
use launchers::situation::{Incident, SITUATIONS};
use launchers::state::{PLAIN, STATES, State};
use std::fs;
use std::path::{Path, PathBuf};

/// Runs each launcher, compares, reports, and returns the status of the
/// verdict: 0, 1 or 2.
///
/// # Errors
///
/// Fails if an adapter does not accept a launcher, if the content of a file is
/// not of its form, if the machine allows no sandbox, if a report cannot be
/// written, or after an interrupt. If the input is wrong, no launcher has been
/// started.
pub fn run(options: &Diff) -> Result<u8> {
    let reports = absolute(&options.looking.report)?;
    let write = absolute(&options.looking.write)?;
    let (policy, launchers) = input(&options.launchers)?;
    let deny = options.deny.or(policy.deny).unwrap_or(Level::Cosmetic);
    let states = states(options);
    if !states.contains(&PLAIN) && !situations(&options.looking).is_empty() {
        return Err(Error::new(
            "a launcher is tried in a situation in the plain state: add \
             --state plain",
        ));
    }
    let request = Request {
        deny,
        suggest: options.suggest,
        states,
        repeat: usize::from(options.repeat),
        write,
        ..request(policy, launchers, &options.looking)
    };
    let report = session::run(request)?;
    let shown = match (options.looking.json, options.verbose) {
        (true, _) => Shown::Json,
        (_, true) => Shown::Whole,
        _ => Shown::Short,
    };
    writers::write(&report, shown, &reports)?;
    Ok(report.verdict.status)
}

/// The situations that the command line names.
fn situations(options: &Looking) -> Vec<&'static Incident> {
    let is_named = |it: &&Incident| {
        options.situations.is_some() || options.situation.contains(it)
    };
    SITUATIONS.iter().filter(is_named).collect()
}

/// The states that the command line names.
fn states(options: &Diff) -> Vec<&'static State> {
    if options.states.is_some() {
        return STATES.iter().collect();
    }
    if options.state.is_empty() {
        return vec![PLAIN];
    }
    let is_named = |it: &&State| options.state.contains(it);
    STATES.iter().filter(is_named).collect()
}

/// The launchers that the command line names, or those of the file that it
/// names.
fn input(words: &[String]) -> Result<(Policy, Vec<Named>)> {
    if let [path] = words
        && path.ends_with(".toml")
    {
        let policy = read(Path::new(path))?;
        if policy.launchers.is_empty() {
            return Err(Error::new(format!(
                "{path}: it has no launchers: add from and to, or a table \
                 [[launcher]] for each"
            )));
        }
        enter_directory_of(Path::new(path))?;
        let launchers = policy.launchers.clone();
        return Ok((policy, launchers));
    }
    let named =
        |it: &String| Named { name: it.clone(), run: it.clone(), line: 0 };
    Ok((Policy::none(), words.iter().map(named).collect()))
}

/// Makes the directory of a file of launchers the working directory, because
/// paths in the file are relative to it.
fn enter_directory_of(path: &Path) -> Result<()> {
    let Some(dir) = path.parent().filter(|it| !it.as_os_str().is_empty())
    else {
        return Ok(());
    };
    std::env::set_current_dir(dir)
        .context(format_args!("enter the directory {}", dir.display()))
}

/// Makes the paths of the command line absolute, before the working directory
/// changes.
fn absolute(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let absolute = |path: &PathBuf| {
        std::path::absolute(path)
            .context(format_args!("find {}", path.display()))
    };
    paths.iter().map(absolute).collect()
}

/// Reads a file of launchers, waivers and expectations.
///
/// # Errors
///
/// Fails if it cannot be read, or if its text does not have that form.
pub fn read(path: &Path) -> Result<Policy> {
    let name = path.display().to_string();
    let text = fs::read_to_string(path).context(format_args!("read {name}"))?;
    Policy::parse(&name, &text)
}

/// A request with the options that all commands share, in the plain state;
/// nothing is denied that
/// the policy does not deny, and nothing is suggested.
pub fn request(
    policy: Policy,
    launchers: Vec<Named>,
    options: &Looking,
) -> Request {
    Request {
        deny: policy.deny.unwrap_or(Level::Cosmetic),
        launchers,
        policy,
        scenario: options.scenario.unwrap_or_else(Scenario::natural),
        write: options.write.clone(),
        cgroups: options.cgroups,
        pids: options.pid_namespace,
        allow_unavailable: options.allow_unavailable,
        show_values: options.show_values,
        suggest: false,
        states: vec![PLAIN],
        situations: situations(options),
        repeat: TWICE,
    }
}
