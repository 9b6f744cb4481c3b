//! Launchers that remove and change what is ours in their sandbox: the programs,
//! the program of a learner, a device of the host. None of it reaches the host.

use crate::availability::{is_of_the_machine, unavailable};
use crate::{Found, Tried, program, programs};
use harness::found::NEEDS_ROOT;
use libtest_mimic::{Completion, Failed};
use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

pub const TRIALS: &[Tried] = &[
    ("an_observed_launcher_cannot_change_our_programs", observed),
    ("a_traced_launcher_cannot_change_our_programs", traced),
    ("a_traced_step_cannot_change_our_programs", traced_step),
    ("a_checked_program_cannot_change_what_it_is_shown", checked),
    ("a_traced_step_cannot_change_a_device_of_the_host", device),
];

/// What a launcher does to our programs, at every path that it may know.
const SPOIL: &str = "rm -rf /nsteps /nsteps/bin /nsteps/rust; \
                     echo x >/nsteps/bin/nsteps-probe; \
                     chmod 0 /nsteps/bin/* /nsteps/rust/*; \
                     touch /nsteps/new /nsteps/bin/new";

/// Copies of our programs: no trial of this file may see the real ones.
struct Copies {
    root: TempDir,
}

impl Copies {
    fn new() -> Result<Copies, Failed> {
        let root = tempfile::tempdir()?;
        fs::set_permissions(root.path(), Permissions::from_mode(0o755))?;
        let copies = Copies { root };
        fs::create_dir_all(copies.at("reference-c"))?;
        for name in ["bin/nsteps", "bin/nsteps-probe", "rust/uts", "c/uts"] {
            let to = copies.at("target").join(name);
            let above = to.parent().ok_or("a name has a directory")?;
            fs::create_dir_all(above)?;
            fs::copy(programs()?.join(name), &to)?;
        }
        Ok(copies)
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    /// Runs nsteps with these programs. They have to be the same afterwards, and
    /// the launcher has to have run.
    fn expect_kept(&self, words: &[&str]) -> Found {
        let before = content(self.root.path())?;
        let output = self.run(words)?;
        let after = content(self.root.path())?;
        if before != after {
            return Err(format!("{words:?}: {before:#?}\n{after:#?}").into());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        if is_of_the_machine(&said) {
            return unavailable(said.trim());
        }
        match output.status.code() {
            Some(0 | 1) => Ok(Completion::Completed),
            _ => Err(format!("{words:?}: {output:?}").into()),
        }
    }

    fn run(&self, words: &[&str]) -> std::io::Result<Output> {
        let mut command = Command::new(self.at("target/bin/nsteps"));
        command.args(words).env("NSTEPS_ROOT", self.root.path());
        command.stdin(Stdio::null()).output()
    }
}

/// Each file below a directory: its mode, its size and its last change.
fn content(
    directory: &Path,
) -> Result<BTreeMap<PathBuf, (u32, u64, i64)>, Failed> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let it = fs::symlink_metadata(&path)?;
        if it.is_dir() {
            all.extend(content(&path)?);
        }
        all.insert(path, (it.mode(), it.size(), it.mtime_nsec()));
    }
    Ok(all)
}

/// Both identities, or the one that an ordinary user can have.
fn scenarios() -> &'static [&'static str] {
    match nix::unistd::geteuid().is_root() {
        true => &["private/root", "shared/user"],
        false => &["shared/user"],
    }
}

fn in_each(look: impl Fn(&Copies, &str) -> Found) -> Found {
    let copies = Copies::new()?;
    for scenario in scenarios() {
        let found = look(&copies, scenario)?;
        if !matches!(found, Completion::Completed) {
            return Ok(found);
        }
    }
    Ok(Completion::Completed)
}

fn observed() -> Found {
    let script = format!("{SPOIL}; exec \"$@\"");
    in_each(|copies, scenario| {
        let launcher = ["--", "sh", "-c", &script, "sh"];
        let options = ["observe", "--scenario", scenario];
        copies.expect_kept(&[&options[..], &launcher[..]].concat())
    })
}

fn traced() -> Found {
    Copies::new()?.expect_kept(&["trace", "--", "sh", "-c", SPOIL])
}

fn traced_step() -> Found {
    in_each(|copies, scenario| {
        let step = ["trace", "uts", "--lang", "rust", "--scenario", scenario];
        let payload = ["--", "sh", "-c", SPOIL];
        copies.expect_kept(&[&step[..], &payload[..]].concat())
    })
}

fn checked() -> Found {
    let copies = Copies::new()?;
    let mine = tempfile::tempdir()?;
    fs::set_permissions(mine.path(), Permissions::from_mode(0o755))?;
    let path = mine.path().join("mine");
    let here = mine.path().display();
    let text = format!(
        "#!/bin/sh\n{SPOIL}; rm -rf {here}; echo x >{here}/mine; \
         touch {here}/new\nexec unshare --uts \"$@\"\n"
    );
    fs::write(&path, text)?;
    fs::set_permissions(&path, Permissions::from_mode(0o755))?;
    let before = content(mine.path())?;
    let shown = path.display().to_string();
    let found = copies.expect_kept(&["check", "uts", "--", &shown])?;
    match before == content(mine.path())? {
        true => Ok(found),
        false => Err(format!("{here} is not as it was").into()),
    }
}

/// The real device stays out of this: in a mount namespace of the test, another
/// one is at its path.
fn device() -> Found {
    if !nix::unistd::geteuid().is_root() {
        return unavailable(NEEDS_ROOT);
    }
    let own = tempfile::tempdir()?;
    let script = "mount -t tmpfs none \"$1\" && mknod -m 666 \"$1/null\" c 1 3 \
                  && mount --bind \"$1/null\" /dev/null || exit 77; \
                  \"$2\" trace uts --lang rust -- \
                  sh -c 'chmod 600 /dev/null; chown 1:1 /dev/null' >&2; \
                  stat -c %a:%u /dev/null";
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", script, "sh"])
        .args([own.path(), &program()?])
        .stdin(Stdio::null())
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(77) || is_of_the_machine(&said) {
        return unavailable(said.trim());
    }
    let mode = String::from_utf8_lossy(&output.stdout);
    match mode.trim() == "666:0" && said.contains("payload") {
        true => Ok(Completion::Completed),
        false => Err(format!("/dev/null is {mode}: {said}").into()),
    }
}
