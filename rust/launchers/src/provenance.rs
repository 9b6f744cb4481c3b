//! Identifies the program of a launcher: its path, version and digest.

use crate::adapter::Prepared;
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
    /// The program that this one runs in turn to isolate the payload, as an OCI
    /// runtime is; nothing if it runs none.
    pub runtime: Option<Box<Provenance>>,
}

impl Provenance {
    /// A program that does not exist, or about which nothing is known.
    pub fn unknown(path: String) -> Provenance {
        Provenance { path, version: None, sha256: String::new(), runtime: None }
    }

    /// In one line, with so many digits of each digest.
    pub fn in_words(&self, digits: usize) -> String {
        let version = self.version.as_deref().unwrap_or("no version");
        let digest = self.sha256.get(..digits).unwrap_or(&self.sha256);
        let own = format!("{}, {version}, sha256 {digest}", self.path);
        match &self.runtime {
            Some(it) => format!("{own}; it runs {}", it.in_words(digits)),
            None => own,
        }
    }
}

/// Reads the program of a launcher and the runtime that it names, and asks both
/// for their versions. They are asked in a sandbox: what a program does with an
/// option that it does not know is not known.
///
/// # Errors
///
/// Fails if a program cannot be read, or if the machine allows no sandbox.
pub fn of(
    launcher: &Prepared,
    scenario: Scenario,
    equipment: &Equipment,
) -> Result<Provenance> {
    let program = of_program(&launcher.program, scenario, equipment)?;
    let named = match &launcher.names_runtime {
        Some(argv) => first_line(argv.clone(), scenario, equipment)?,
        None => None,
    };
    let runtime = match named {
        Some(path) => {
            Some(Box::new(of_program(Path::new(&path), scenario, equipment)?))
        }
        None => None,
    };
    Ok(Provenance { runtime, ..program })
}

/// Reads a program, and asks it for its version.
fn of_program(
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
    let argv = vec![program.display().to_string(), "--version".to_owned()];
    let version = first_line(argv, scenario, equipment)?;
    let path = path.display().to_string();
    Ok(Provenance { path, version, sha256, runtime: None })
}

/// The first line that a command prints, where it ends with status 0.
fn first_line(
    argv: Vec<String>,
    scenario: Scenario,
    equipment: &Equipment,
) -> Result<Option<String>> {
    let plan = Plan::of(scenario, Tree::Whole, equipment);
    let mut sandbox = Sandbox::enter(&plan, equipment)?;
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
