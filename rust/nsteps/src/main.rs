//! The command `nsteps`.

use clap::Parser;
use nsteps::cli::{Cli, Command};
use nsteps::error::{Error, Result};
use nsteps::{cgroup, command, interrupt, sandbox, sys};
use std::process::ExitCode;

fn main() -> ExitCode {
    match run(&Cli::parse().command) {
        Ok(status) => ExitCode::from(status),
        Err(Error { message, status }) => {
            eprintln!("nsteps: {message}");
            ExitCode::from(status)
        }
    }
}

fn run(command: &Command) -> Result<u8> {
    // The others become something else, or belong to a harness.
    if !matches!(
        command,
        Command::Run(_)
            | Command::Demonstrate { .. }
            | Command::Janitor { .. }
            | Command::Sandbox
            | Command::Tracer(_)
    ) {
        // Where the caller ignores SIGCHLD, the kernel keeps no status of any
        // child.
        sys::default_sigchld();
        interrupt::heed();
    }
    match command {
        Command::List => command::list::run(),
        Command::Run(options) => command::run::run(options),
        Command::Show(options) => command::show::run(options),
        Command::Compare(options) => command::compare::run(options),
        Command::Claims(options) => command::claims::run(options),
        Command::Differences(options) => command::differences::run(options),
        Command::Observe(options) => command::observe::run(options),
        Command::Doctor => command::doctor::run(),
        Command::Completions { shell } => command::manual::completions(*shell),
        Command::Man { dir } => command::manual::pages(dir),
        Command::Demonstrate { words } => nsteps::demonstrations::run(words),
        Command::Janitor { dirs } => cgroup::janitor(dirs).map(|()| 0),
        Command::Sandbox => sandbox::inside::warden().map(|()| 0),
        Command::Trace(options) => command::trace::run(options),
        Command::Tracer(options) => command::trace::tracer(options),
    }
}
