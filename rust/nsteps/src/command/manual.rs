//! `nsteps completions` and `nsteps man`: what clap can write for us.

use crate::cli::Cli;
use crate::error::{Context, Result};
use crate::output;
use clap::CommandFactory;
use clap_complete::Shell;
use std::path::Path;

/// Prints a completion script.
///
/// # Errors
///
/// Standard output cannot be written.
pub fn completions(shell: Shell) -> Result<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "nsteps", &mut script);
    output::print(&String::from_utf8_lossy(&script)).map(|()| 0)
}

/// Writes one manual page per subcommand.
///
/// # Errors
///
/// The directory cannot be written.
pub fn pages(dir: &Path) -> Result<u8> {
    std::fs::create_dir_all(dir)
        .context(format_args!("make {}", dir.display()))?;
    clap_mangen::generate_to(Cli::command(), dir)
        .context(format_args!("write manual pages to {}", dir.display()))?;
    Ok(0)
}
