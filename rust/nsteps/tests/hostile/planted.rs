//! A directory in which another user has put programs under the names of ours:
//! root runs none of them.

use crate::availability::unavailable;
use crate::{Expected, Found, Tried, judge, program, programs};
use harness::found::NEEDS_ROOT;
use libtest_mimic::{Completion, Failed};
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

pub const TRIALS: &[Tried] = &[
    ("root_never_looks_in_the_working_directory", in_the_way),
    ("root_runs_no_program_of_another_user", of_another_user),
    ("root_runs_no_program_that_every_user_can_change", changeable),
    ("root_follows_no_link_to_a_program_of_another_user", linked),
    ("root_runs_the_programs_of_the_user_of_sudo", of_the_caller),
    ("any_owner_lets_root_run_the_programs_of_every_user", any_owner),
    ("an_ordinary_user_may_be_in_the_repository", ordinary),
    ("run_as_root_leaves_no_file_of_root_in_the_tree_of_a_user", owners),
    ("where_the_program_was_built_does_not_matter", built_elsewhere),
];

/// Two users that are neither root nor likely to run this test.
const OTHER: u32 = 4242;
const SUDO_USER: u32 = 4243;

/// A copy of nsteps, and a directory that looks like a repository of ours,
/// whose program for the step uts says that it ran.
struct Planted {
    dir: TempDir,
}

impl Planted {
    fn new() -> Result<Planted, Failed> {
        let dir = tempfile::tempdir()?;
        fs::set_permissions(dir.path(), Permissions::from_mode(0o755))?;
        let planted = Planted { dir };
        fs::create_dir(planted.at("elsewhere"))?;
        fs::create_dir_all(planted.at("tree/reference-c"))?;
        fs::create_dir_all(planted.at("tree/target/rust"))?;
        fs::create_dir_all(planted.at("tree/target/mnt/mytmp"))?;
        let uts = planted.at("tree/target/rust/uts");
        fs::write(&uts, "#!/bin/sh\necho the planted program ran\n")?;
        fs::set_permissions(&uts, Permissions::from_mode(0o755))?;
        for copy in ["elsewhere/nsteps", "tree/nsteps"] {
            fs::copy(program()?, planted.at(copy))?;
        }
        Ok(planted)
    }

    fn at(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    /// Gives the tree, or a part of it, to a user.
    fn give(&self, path: &str, user: u32) -> Result<(), Failed> {
        give(&self.at(path), user)
    }

    /// Runs a copy of nsteps in a directory, and compares. `ran` is whether the
    /// planted program is expected to have run.
    fn expect(
        &self,
        copy: &str,
        directory: &str,
        prepare: impl Fn(&mut Command),
        (expected, ran): (Expected<'_>, Ran),
    ) -> Result<(), Failed> {
        let mut command = Command::new(self.at(copy));
        command.args(["run", "uts", "--", "true"]).stdin(Stdio::null());
        command.current_dir(self.at(directory));
        for name in ["NSTEPS_ROOT", "CARGO_MANIFEST_DIR", "ANY_OWNER"] {
            command.env_remove(name);
        }
        prepare(command.env_remove("SUDO_UID"));
        let output = command.output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        let has_run = said.contains("the planted program ran");
        if has_run != (ran == Ran::Yes) {
            return Err(format!(
                "{command:?}: the planted program: expected {ran:?}: {output:?}"
            )
            .into());
        }
        judge(&output, expected)
            .map_err(|why| format!("{command:?}: {why}").into())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ran {
    Yes,
    No,
}

fn give(path: &Path, user: u32) -> Result<(), Failed> {
    std::os::unix::fs::lchown(path, Some(user), Some(user))?;
    if fs::symlink_metadata(path)?.is_dir() {
        for entry in fs::read_dir(path)? {
            give(&entry?.path(), user)?;
        }
    }
    Ok(())
}

const NOT_FOUND: Expected<'_> = (125, "cannot find the nsteps repository");
const REFUSED: Expected<'_> = (125, "tree belongs to user 4242: root runs");
const FINE: Expected<'_> = (0, "");

/// What only root can try, since it needs files of several users.
fn as_root(look: impl FnOnce(&Planted) -> Result<(), Failed>) -> Found {
    if !nix::unistd::geteuid().is_root() {
        return unavailable(NEEDS_ROOT);
    }
    look(&Planted::new()?)?;
    Ok(Completion::Completed)
}

fn in_the_way() -> Found {
    as_root(|planted| {
        let look = || {
            let expected = (NOT_FOUND, Ran::No);
            planted.expect("elsewhere/nsteps", "tree", |_| (), expected)
        };
        // Not even if it is root's own.
        look()?;
        planted.give("tree", OTHER)?;
        look()
    })
}

fn of_another_user() -> Found {
    as_root(|planted| {
        let look = |words| {
            let expected = ((125, words), Ran::No);
            planted.expect("tree/nsteps", "elsewhere", |_| (), expected)
        };
        planted.give("tree/target/rust/uts", OTHER)?;
        look("rust/uts belongs to user 4242")?;
        planted.give("tree/target/rust/uts", 0)?;
        planted.expect("tree/nsteps", "elsewhere", |_| (), (FINE, Ran::Yes))?;
        planted.give("tree", OTHER)?;
        look(REFUSED.1)?;
        // Naming the repository does not make its programs root's.
        let named = |command: &mut Command| {
            command.env("NSTEPS_ROOT", planted.at("tree"));
        };
        let expected = (REFUSED, Ran::No);
        planted.expect("elsewhere/nsteps", "elsewhere", named, expected)?;
        let named = |command: &mut Command| {
            command.env("CARGO_MANIFEST_DIR", planted.at("tree/target"));
        };
        planted.expect("elsewhere/nsteps", "elsewhere", named, expected)
    })
}

fn changeable() -> Found {
    as_root(|planted| {
        let rust = planted.at("tree/target/rust");
        fs::set_permissions(&rust, Permissions::from_mode(0o777))?;
        let expected = ((125, "rust can be changed by every user"), Ran::No);
        planted.expect("tree/nsteps", "elsewhere", |_| (), expected)?;
        fs::set_permissions(&rust, Permissions::from_mode(0o1777))?;
        let expected = (FINE, Ran::Yes);
        planted.expect("tree/nsteps", "elsewhere", |_| (), expected)
    })
}

fn linked() -> Found {
    as_root(|planted| {
        let program = planted.at("tree/target/rust/uts");
        let elsewhere = planted.at("elsewhere/uts");
        fs::rename(&program, &elsewhere)?;
        give(&elsewhere, OTHER)?;
        symlink(&elsewhere, &program)?;
        let expected = ((125, "rust/uts belongs to user 4242"), Ran::No);
        planted.expect("tree/nsteps", "elsewhere", |_| (), expected)
    })
}

fn of_the_caller() -> Found {
    as_root(|planted| {
        planted.give("tree", SUDO_USER)?;
        let sudo = |command: &mut Command| {
            command.env("SUDO_UID", SUDO_USER.to_string());
        };
        let expected = (FINE, Ran::Yes);
        planted.expect("tree/nsteps", "tree", sudo, expected)?;
        // The programs of a third user stay forbidden.
        planted.give("tree", OTHER)?;
        planted.expect("tree/nsteps", "tree", sudo, (REFUSED, Ran::No))
    })
}

fn owners() -> Found {
    as_root(|planted| {
        fs::remove_dir_all(planted.at("tree/target/mnt"))?;
        planted.give("tree", SUDO_USER)?;
        let sudo = |command: &mut Command| {
            command.env("SUDO_UID", SUDO_USER.to_string());
        };
        let expected = (FINE, Ran::Yes);
        planted.expect("tree/nsteps", "tree", sudo, expected)?;
        for made in ["tree/target/mnt", "tree/target/mnt/mytmp"] {
            let owner = fs::metadata(planted.at(made))?.uid();
            if owner != SUDO_USER {
                return Err(format!("{made} belongs to {owner}").into());
            }
        }
        Ok(())
    })
}

fn any_owner() -> Found {
    as_root(|planted| {
        planted.give("tree", OTHER)?;
        let allowed = |command: &mut Command| {
            command.env("ANY_OWNER", "1");
        };
        let expected = (FINE, Ran::Yes);
        planted.expect("tree/nsteps", "elsewhere", allowed, expected)
    })
}

fn ordinary() -> Found {
    as_root(|planted| {
        planted.give("tree", OTHER)?;
        let user = |command: &mut Command| {
            use std::os::unix::process::CommandExt;
            command.uid(OTHER).gid(OTHER);
        };
        let expected = (FINE, Ran::Yes);
        planted.expect("elsewhere/nsteps", "tree", user, expected)
    })
}

fn built_elsewhere() -> Found {
    let planted = Planted::new()?;
    let expected = (NOT_FOUND, Ran::No);
    planted.expect("elsewhere/nsteps", "elsewhere", |_| (), expected)?;
    assert!(programs()?.exists(), "this test finds them");
    Ok(Completion::Completed)
}
