//! The command line of a launcher that is timed.

use crate::rows::CAREFUL;
use harness::launcher::Launcher;
use harness::paths::PROGRAMS;

/// A program of ours in a sandbox.
pub fn program(name: &str) -> String {
    format!("{PROGRAMS}/{name}")
}

/// The careful C of a step, or of all six namespaces.
pub fn careful_program(name: &str) -> String {
    format!("bench/{CAREFUL}/{name}")
}

/// Why a launcher of ours is not there.
pub fn not_built(name: &str) -> &'static str {
    match name {
        CAREFUL => "not built: no C compiler for musl (Debian: musl-tools)",
        _ => "not built",
    }
}

/// A command line, given what is pivoted into or joined, and the payload.
pub type CommandLine = dyn Fn(&str, &[&str]) -> Vec<String>;

/// The launchers of a step, and their command lines.
pub struct Launch {
    /// The name of the column.
    pub name: &'static str,
    /// Which of the steps' launchers it is, if it is one.
    pub launcher: Option<Launcher>,
    /// Makes the command line, given what is pivoted into or joined, and the
    /// payload.
    pub argv: Box<CommandLine>,
}
