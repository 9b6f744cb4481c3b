//! `nsteps` as one file: in a root that has nothing else, and on a machine that
//! has no repository.

use crate::availability::unavailable;
use harness::found::NEEDS_ROOT;
use harness::host::layout::Layout;
use harness::scenario::Identity;
use libtest_mimic::{Completion, Failed, Trial};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use tempfile::TempDir;

/// One trial for each.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::ignorable_test("one_file::says_what_it_needs", || {
            says_what_it_needs()
        }),
        Trial::ignorable_test("one_file::checks_a_program", checks_a_program),
        Trial::ignorable_test("one_file::examines_the_machine", || {
            examines_the_machine()
        }),
    ]
}

/// A directory with a copy of nsteps in it, and of the step `uts` in Rust,
/// which is static.
fn copies() -> Result<TempDir, Failed> {
    let layout = Layout::find().map_err(|it| it.message)?;
    let dir = tempfile::tempdir_in("/tmp")?;
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755))?;
    for (program, name) in [("bin/nsteps", "nsteps"), ("rust/uts", "uts")] {
        fs::copy(layout.programs().join(program), dir.path().join(name))?;
    }
    fs::create_dir(dir.path().join("my"))?;
    fs::rename(dir.path().join("uts"), dir.path().join("my/uts"))?;
    for name in ["dev", "proc", "tmp"] {
        fs::create_dir(dir.path().join(name))?;
    }
    Ok(dir)
}

/// What nsteps prints, both streams, in that directory as the root, after a
/// script has prepared it; and its status.
fn in_an_empty_root(
    prepare: &str,
    words: &str,
) -> Result<(String, i32), Failed> {
    let dir = copies()?;
    let script = format!("cd \"$1\" && {prepare} && exec chroot . {words}");
    let output = Command::new("unshare")
        .args(["--mount", "--pid", "--fork", "sh", "-c", &script, "sh"])
        .arg(dir.path())
        .output()?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    Ok((text, output.status.code().ok_or("it was killed")?))
}

fn says_what_it_needs() -> Result<Completion, Failed> {
    if Identity::natural() == Identity::User {
        return unavailable(NEEDS_ROOT);
    }
    let proc = "mount -t proc proc proc";
    let dev = "mount --rbind /dev dev";
    let both = format!("{proc} && {dev}");
    let check = "/nsteps check uts -- /my/uts";
    let moved = format!("{both} && cp my/uts uts");
    let cases = [
        ("true", check, 2, "procfs: mount it on /proc"),
        (proc, check, 2, "open /dev/null"),
        (&both, check, 2, "start sh: No such file"),
        (&moved, "/nsteps check uts -- /uts", 2, "move the program to a"),
        (&both, "/nsteps check uts -- /no", 2, "there is no /no"),
        (&both, "/nsteps check --list", 0, "rootless"),
        (&both, "/nsteps claims", 2, "set NSTEPS_ROOT"),
    ];
    for (prepare, words, status, said) in cases {
        let (text, ended) = in_an_empty_root(prepare, words)?;
        if ended != status || !text.contains(said) {
            return Err(format!(
                "{prepare}: {words}: {ended}, not {status} with `{said}`: \
                 {text}"
            )
            .into());
        }
    }
    let (text, _) = in_an_empty_root(&both, check)?;
    let passes = text.lines().filter(|it| it.contains(" passes ")).count();
    match passes {
        9.. => Ok(Completion::Completed),
        _ => Err(text.into()),
    }
}

/// What nsteps prints, both streams, on this machine without the repository;
/// and its status.
fn without_a_repository(words: &[&str]) -> Result<(String, i32), Failed> {
    let layout = Layout::find().map_err(|it| it.message)?;
    let dir = copies()?;
    let script = "mount -t tmpfs hidden \"$1\" && cd \"$2\" && shift 2 && \
                  exec ./nsteps \"$@\"";
    let mut unshare = Command::new("unshare");
    if Identity::natural() == Identity::User {
        unshare.args(["--user", "--map-root-user"]);
    }
    let output = unshare
        .args(["--mount", "sh", "-c", script, "sh"])
        .args([layout.root(), dir.path()])
        .args(words)
        .env_remove("NSTEPS_ROOT")
        .output()?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    Ok((text, output.status.code().ok_or("it was killed")?))
}

fn checks_a_program() -> Result<Completion, Failed> {
    let (text, status) =
        without_a_repository(&["check", "uts", "--", "my/uts"])?;
    match (text.contains(" 14 passed"), status) {
        (true, 0) => Ok(Completion::Completed),
        (false, 2) if text.contains("not looked at") => unavailable(&text),
        _ => Err(format!("{status}: {text}").into()),
    }
}

fn examines_the_machine() -> Result<Completion, Failed> {
    let (text, _) = without_a_repository(&["doctor"])?;
    match text.contains("nsteps alone: ") && text.contains("sandbox ") {
        true => Ok(Completion::Completed),
        false => Err(text.into()),
    }
}
