//! `nsteps completions` and `nsteps man`: prints what clap can generate.

use crate::cli::Cli;
use crate::terminal::output;
use clap::CommandFactory;
use clap_complete::env::Shells;
use clap_complete::{CompleteEnv, Shell};
use harness::error::{Context, Error, Result};
use std::path::Path;

/// The variable by which a shell asks for the completions of a word.
const ASKED: &str = "NSTEPS_COMPLETE";

/// If a shell asks for completions, answers it and ends the program.
pub fn complete() {
    CompleteEnv::with_factory(Cli::command).var(ASKED).complete();
}

/// Prints a script by which a shell asks [`complete`] for every word, so that
/// it knows steps, scenarios, slugs and claims.
///
/// # Errors
///
/// Fails if standard output cannot be written.
pub fn completions(shell: Shell) -> Result<u8> {
    let name = shell.to_string();
    let shells = Shells::builtins();
    let writer = shells
        .completer(&name)
        .ok_or_else(|| Error::new(format!("{name} cannot be completed")))?;
    let mut script = Vec::new();
    writer
        .write_registration(ASKED, NAME, NAME, NAME, &mut script)
        .context("write a completion script")?;
    let mut script = String::from_utf8_lossy(&script).into_owned();
    if shell == Shell::Zsh {
        script.push_str(ZSH_FIRST_TIME);
    }
    output::print(&script).map(|()| 0)
}

/// The command whose words are completed.
const NAME: &str = "nsteps";

/// zsh loads the script from a directory of functions when it is first needed,
/// and then needs an answer at once.
const ZSH_FIRST_TIME: &str = "
if [ \"$funcstack[1]\" = \"_nsteps\" ]; then
    _clap_dynamic_completer_nsteps \"$@\"
fi
";

/// Writes one manual page per subcommand into `dir`.
///
/// # Errors
///
/// Fails if the directory cannot be made or a page cannot be written.
pub fn pages(dir: &Path) -> Result<u8> {
    std::fs::create_dir_all(dir)
        .context(format_args!("make {}", dir.display()))?;
    clap_mangen::generate_to(Cli::command(), dir)
        .context(format_args!("write manual pages to {}", dir.display()))?;
    Ok(0)
}
