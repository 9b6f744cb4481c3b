//! The command lines of the launchers that are timed.

use crate::rows::CAREFUL;
use harness::launcher::Launcher;
use harness::paths::PROGRAMS;

/// The path of a program of this project in a sandbox.
pub fn program(name: &str) -> String {
    format!("{PROGRAMS}/{name}")
}

/// The path of a step in careful C, or of careful C for all six namespaces.
pub fn careful_program(name: &str) -> String {
    format!("bench/{CAREFUL}/{name}")
}

/// The reason why a launcher of this project is not there.
pub fn not_built(name: &str) -> &'static str {
    match name {
        CAREFUL => "not built: no C compiler for musl (Debian: musl-tools)",
        _ => "not built",
    }
}

/// Makes a command line, given what is pivoted into or joined, and the payload.
pub type CommandLine = dyn Fn(&str, &[&str]) -> Vec<String>;

/// A launcher of a step, and its command line.
pub struct Launch {
    /// The name of the column.
    pub name: &'static str,
    /// The launcher of the steps, if it is one of these.
    pub launcher: Option<Launcher>,
    /// Makes the command line, given what is pivoted into or joined, and the
    /// payload.
    pub argv: Box<CommandLine>,
}
