//! Identifies the program of a launcher: its path, version and digest.

use harness::error::{Context, Result};
use harness::host::Equipment;
use harness::sandbox::Sandbox;
use harness::sandbox::listen::read_to_end;
use harness::sandbox::plan::{Plan, Tree};
use harness::sandbox::protocol::Command;
use harness::scenario::Scenario;
use harness::timeout::grace;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::Instant;

/// A program on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// The path, after symbolic links have been followed.
    pub path: String,
    /// The first line that `PROGRAM --version` prints; `None` if it prints
    /// nothing.
    pub version: Option<String>,
    /// The SHA-256 digest of the file, in hexadecimal digits; empty if the file
    /// cannot be read.
    pub sha256: String,
}

impl Provenance {
    /// A program that does not exist, or about which nothing is known.
    pub fn unknown(path: String) -> Provenance {
        Provenance { path, version: None, sha256: String::new() }
    }
}

/// Reads a program, and asks it for its version. It is run in a sandbox,
/// because a program may do anything with an option that it does not know.
///
/// # Errors
///
/// Fails if the program cannot be read, or if the machine allows no sandbox.
pub fn of(
    program: &Path,
    scenario: Scenario,
    equipment: &Equipment,
) -> Result<Provenance> {
    let path = fs::canonicalize(program)
        .context(format_args!("find {}", program.display()))?;
    let bytes =
        fs::read(&path).context(format_args!("read {}", path.display()))?;
    let sha256 =
        Sha256::digest(&bytes).iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
    let version = version(program, scenario, equipment)?;
    Ok(Provenance { path: path.display().to_string(), version, sha256 })
}

/// The first line of `PROGRAM --version`, if it ends with status 0.
fn version(
    program: &Path,
    scenario: Scenario,
    equipment: &Equipment,
) -> Result<Option<String>> {
    let plan = Plan::of(scenario, Tree::Whole, equipment);
    let mut sandbox = Sandbox::enter(&plan, equipment)?;
    let argv = vec![program.display().to_string(), "--version".to_owned()];
    let command = Command { argv, ..Command::default() };
    let Ok(mut running) = sandbox.run(&command) else { return Ok(None) };
    drop(running.stdin.take());
    let until = Instant::now() + grace();
    let text = read_to_end(&mut running.stdout, until);
    let ended = sandbox.wait(running.pid, until)?;
    let text = String::from_utf8_lossy(&text);
    let first = text.lines().map(str::trim).find(|line| !line.is_empty());
    let well = ended.is_some_and(|it| it.status == 0);
    Ok(first.filter(|_| well).map(str::to_owned))
}
