//! A copy of the built programs, in which a test may replace a program.

use harness::host::layout::Layout;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A repository that has only built programs and expected files. It is removed
/// when it is dropped.
pub struct Scratch {
    root: TempDir,
    programs: PathBuf,
}

impl Scratch {
    /// Makes a copy by hard links, so it is on the file system of the programs.
    pub fn new(layout: &Layout) -> std::io::Result<Scratch> {
        let root = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        // Ordinary users of a sandbox read its files.
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755))?;
        let programs = root.path().join("target");
        let scratch = Scratch { root, programs };
        fs::create_dir_all(scratch.root.path().join("reference-c"))?;
        for dir in ["bin", "c", "go", "rust"] {
            let from = layout.programs().join(dir);
            if from.exists() {
                link_all(&from, &scratch.programs.join(dir))?;
            }
        }
        let expected = scratch.root.path().join("rust/nsteps/tests/expected");
        link_all(&layout.expected(), &expected)?;
        Ok(scratch)
    }

    /// The directory that is `target/` in a repository.
    #[allow(dead_code, reason = "not every test has a use for it")]
    pub fn programs(&self) -> &Path {
        &self.programs
    }

    /// Replaces a program by a shell script. The script finds the program
    /// beside itself, as `PROGRAM.real`.
    pub fn put_script(&self, program: &str, text: &str) -> std::io::Result<()> {
        let program = self.programs.join(program);
        if program.exists() {
            fs::rename(&program, program.with_extension("real"))?;
        }
        fs::write(&program, format!("#!/bin/sh\n{text}\n"))?;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))
    }

    /// Replaces a program by another program of these.
    #[allow(dead_code, reason = "not every test has a use for it")]
    pub fn put_program(
        &self,
        program: &str,
        other: &str,
    ) -> std::io::Result<()> {
        let program = self.programs.join(program);
        fs::remove_file(&program)?;
        fs::copy(self.programs.join(other), &program).map(drop)
    }

    /// The command `nsteps` for these programs; `program` is the real one.
    pub fn nsteps(&self, program: &Path, words: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(words).env("NSTEPS_ROOT", self.root.path());
        command.env_remove("MUST_RUN");
        command
    }
}

/// Makes a directory with the same files, as hard links if possible.
fn link_all(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            link_all(&entry.path(), &to)?;
        } else {
            fs::hard_link(entry.path(), &to)
                .or_else(|_| fs::copy(entry.path(), &to).map(drop))?;
        }
    }
    Ok(())
}
