//! The command `nsteps`.

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use harness::error::{Error, Result, TROUBLE};
use harness::host::cgroup;
use harness::workers::on_a_large_stack;
use harness::{interrupt, sandbox};
use nix::sys::signal::Signal;
use nsteps::cli::{Cli, Command, FIRST, Own, OwnCommand, Warm};
use nsteps::command;
use nsteps::command::run::OWN_FAILURE;
use nsteps::terminal::output::complain;
use std::process::ExitCode;

#[global_allocator]
static HEAP: kernel::Heap = kernel::Heap { status: TROUBLE as i32 };

fn main() -> ExitCode {
    let first = std::env::args_os().nth(1).unwrap_or_default();
    let first = first.to_string_lossy();
    // A limit of the size of files is then an error of write(2), as a full disk
    // is. `run` does it itself, because it becomes another program; a payload of
    // `warm` would inherit it; the sandbox starts every launcher with default
    // actions.
    if !["run", "warm"].contains(&&*first) {
        // The last words are written after `main`, so it stays ignored.
        let _ = kernel::ignore_signal(Signal::SIGXFSZ);
    }
    let client = Warm::of_client(std::env::args_os());
    let done = if let Some(options) = client {
        command::warm::run(&options)
    } else if OwnCommand::has_subcommand(&first) {
        own(&on_a_large_stack(|| Own::parse().command))
    } else {
        let parse = || {
            command::manual::complete();
            Cli::try_parse()
        };
        match on_a_large_stack(parse) {
            // It becomes another program, which installs its own handlers.
            Ok(Cli { command: Command::Run(options) }) => {
                command::run::run(&options)
            }
            // It passes signals on, and makes a user namespace, which a process
            // with several threads cannot.
            Ok(Cli { command: Command::Warm(options) }) => {
                command::warm::run(&options)
            }
            // Each attempt is made in a fork of a process with one thread.
            Ok(Cli { command: Command::Facts { json } }) => {
                command::facts::run(json)
            }
            Ok(cli) => {
                // If the caller ignores SIGCHLD, the kernel keeps no status of
                // any child.
                kernel::default_sigchld();
                interrupt::install();
                on_a_large_stack(|| run(&cli.command))
            }
            Err(error) => {
                return on_a_large_stack(|| misunderstood(&error, &first));
            }
        }
    };
    match done {
        Ok(status) => ExitCode::from(status),
        Err(Error { message, status }) => {
            complain(format_args!("nsteps: {message}"));
            ExitCode::from(status)
        }
    }
}

/// Prints what clap has to say: the help that was asked for, or the error.
fn misunderstood(error: &clap::Error, first: &str) -> ExitCode {
    if first.is_empty() {
        let about = Cli::command().get_about().map(ToString::to_string);
        let about = about.unwrap_or_default();
        complain(format_args!("{about}\n\n{FIRST}\n"));
        complain("`nsteps --help` says what else there is.");
        return ExitCode::from(TROUBLE);
    }
    // It is no error if the reader has closed the pipe.
    let _ = error.print();
    let status = match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => 0,
        // The other exit statuses belong to the program that `run` starts.
        _ if first == "run" || first == "warm" => OWN_FAILURE,
        _ => TROUBLE,
    };
    ExitCode::from(status)
}

fn run(command: &Command) -> Result<u8> {
    match command {
        Command::List => command::list::run(),
        Command::Run(options) => command::run::run(options),
        Command::Show(options) => command::show::run(options),
        Command::Compare(options) => command::compare::run(options),
        Command::Check(options) => command::check::run(options),
        Command::Claims(options) => command::claims::run(options),
        Command::Differences(options) => command::differences::run(options),
        Command::Diff(options) => command::diff::run(options),
        Command::Expect(options) => command::expect::run(options),
        Command::Record(options) => command::record::run(options),
        Command::Explain { key } => command::explain::run(key),
        Command::Observe(options) => command::observe::run(options),
        Command::Trace(options) => command::trace::run(options),
        Command::Warm(options) => command::warm::run(options),
        Command::Doctor => command::doctor::run(),
        Command::Facts { json } => command::facts::run(*json),
        Command::Completions { shell } => command::manual::completions(*shell),
        Command::Man { dir } => command::manual::pages(dir),
    }
}

/// The subcommands of the harness, which also ends them.
fn own(command: &OwnCommand) -> Result<u8> {
    match command {
        OwnCommand::Demonstrate { words } => nsteps::checks::inside::run(words),
        OwnCommand::TimeNamespace { old } => {
            Ok(nsteps::facts::compare_time_namespace(*old))
        }
        OwnCommand::Cleaner { dirs } => cgroup::cleaner(dirs).map(|()| 0),
        OwnCommand::Sandbox => sandbox::inside::monitor(),
        OwnCommand::Tracer(options) => command::trace::tracer(options),
        OwnCommand::Sweeper(options) => {
            command::warm::sweeper(options);
            Ok(0)
        }
    }
}
