//! Builds the programs that are measured, so that `cargo bench` is the only
//! command on a new clone.

use harness::error::{Context, Error, Result};
use harness::host::layout::Layout;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Builds the steps, the peers, the floor and the payloads by `make build` and
/// the Makefile of this directory.
///
/// # Errors
///
/// Fails if make fails, with what it printed.
pub fn build(layout: &Layout) -> Result<()> {
    eprintln!("building what is measured (make build; make -C bench)");
    make(layout.root(), &["build"])?;
    build_own(layout)
}

/// Builds what only the benchmarks need: the floor, the careful C and the
/// payloads.
///
/// # Errors
///
/// Fails if make fails, with what it printed.
pub fn build_own(layout: &Layout) -> Result<()> {
    make(&layout.root().join("bench"), &["all"])
}

/// The directories of programs that a sandbox has from the host.
const INSTALLED_IN: &[&str] =
    &["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"];

/// The path of a program of the host, if it is installed where sandboxes see
/// it.
pub fn installed(name: &str) -> Option<PathBuf> {
    let paths = INSTALLED_IN.iter().map(|dir| Path::new(dir).join(name));
    paths.into_iter().find(|path| path.exists())
}

/// A command that may run cargo. Cargo sets variables about the package that it
/// builds for its children; another cargo must not have them.
pub fn foreign(program: &str) -> Command {
    let cargo = |name: &str| {
        name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
    };
    let mut command = Command::new(program);
    for (name, _) in std::env::vars().filter(|(name, _)| cargo(name)) {
        command.env_remove(name);
    }
    command
}

fn make(directory: &Path, targets: &[&str]) -> Result<()> {
    let output = foreign("make")
        .arg("--silent")
        .arg("-C")
        .arg(directory)
        .args(targets)
        .stdin(Stdio::null())
        .output()
        .context("run make")?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::new(format!(
        "make -C {} {}:\n{}{}",
        directory.display(),
        targets.join(" "),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )))
}
