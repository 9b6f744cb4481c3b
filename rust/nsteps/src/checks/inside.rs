//! What a shell cannot do: `nsteps demonstrate NAME`, which checks of claims
//! and of the kernel's surprises run in their sandboxes.

mod first_child;
mod flags;
pub mod handles;
pub mod id_maps;
mod locked;
pub mod pivot_root;
mod procfs;
pub mod revealing;
mod time;
mod ways_out;

use harness::error::{Context, Error, Result};
use harness::found::{Found, Refusal};
use harness::paths::PROBE;
use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::ForkResult;
use std::ffi::CString;

/// Shows one thing, on standard output, with the words that follow its name.
type Demonstration = fn(&[String]) -> Result<()>;

/// Everything that can be demonstrated.
const DEMONSTRATIONS: &[(&str, Demonstration)] = &[
    ("domain", domain),
    ("handles", handles::table),
    ("id_maps", id_maps::table),
    ("locked_mounts", locked::mounts),
    ("mount_flags", flags::table),
    ("open_directory", ways_out::open_directory),
    ("pid_for_children", first_child::pid_for_children),
    ("pivot_root", pivot_root::table),
    ("procfs", procfs::table),
    ("queue", queue),
    ("revealing_mounts", revealing::table),
    ("second_chroot", ways_out::second_chroot),
    ("time_namespace", time::namespace),
];

/// Runs a demonstration; they change what they run in, and so run in a
/// sandbox or not at all.
///
/// # Errors
///
/// Fails if there is no such demonstration, if this is no sandbox, or if its
/// preparation fails.
pub fn run(words: &[String]) -> Result<u8> {
    let (name, words) = words
        .split_first()
        .ok_or_else(|| Error::new("there is nothing to demonstrate"))?;
    let (_, demonstration) =
        DEMONSTRATIONS.iter().find(|(known, _)| known == name).ok_or_else(
            || Error::new(format!("there is no demonstration {name}")),
        )?;
    let is_new_root = std::path::Path::new("/nsteps-probe").exists();
    if !is_new_root && !std::path::Path::new(PROBE).exists() {
        return Err(Error::new(
            "demonstrations are for the sandboxes of nsteps claims and nsteps \
             differences",
        ));
    }
    demonstration(words).map(|()| 0)
}

/// What comes of an attempt; the outer result is that of its preparations.
type Attempt = nix::Result<nix::Result<()>>;

/// One attempt of a demonstration, and its expected result.
pub struct Case {
    /// What is attempted, in a few words.
    pub name: &'static str,
    /// `ok`, or the name of the errno.
    pub expected: &'static str,
    /// Whether only root can make the attempt; the list says why.
    pub needs_root: bool,
    attempt: fn() -> Attempt,
}

const fn case(
    name: &'static str,
    expected: &'static str,
    attempt: fn() -> Attempt,
) -> Case {
    Case { name, expected, needs_root: false, attempt }
}

const fn by_root(
    name: &'static str,
    expected: &'static str,
    attempt: fn() -> Attempt,
) -> Case {
    Case { needs_root: true, ..case(name, expected, attempt) }
}

/// The exit status of a child whose setup failed.
const UNPREPARED: i32 = 255;

/// Has a child make an attempt.
fn in_a_child(case: &str, make: impl FnOnce() -> Attempt) -> Attempt {
    match kernel::fork()? {
        ForkResult::Child => std::process::exit(match make() {
            Ok(Ok(())) => 0,
            // An errno is a small number, and so fits in a status.
            Ok(Err(errno)) => errno as i32,
            Err(errno) => {
                eprintln!("{case}: prepare: {}", errno.desc());
                UNPREPARED
            }
        }),
        ForkResult::Parent { child } => match waitpid(child, None)? {
            WaitStatus::Exited(_, 0) => Ok(Ok(())),
            WaitStatus::Exited(_, raw) if raw != UNPREPARED => {
                Ok(Err(Errno::from_raw(raw)))
            }
            _ => Err(Errno::UnknownErrno),
        },
    }
}

/// Has a child make an attempt, and prints what came of it.
fn attempt(case: &str, make: impl FnOnce() -> Attempt) {
    say(case, in_a_child(case, make));
}

/// Goes into a mount namespace from which nothing gets out.
fn own_mounts() -> nix::Result<()> {
    unshare(CloneFlags::CLONE_NEWNS)?;
    make_private()
}

fn make_private() -> nix::Result<()> {
    let none = None::<&str>;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)
}

fn tmpfs(at: &str) -> nix::Result<()> {
    let none = None::<&str>;
    mount(Some("none"), at, Some("tmpfs"), MsFlags::empty(), none)
}

/// Prints what came of an attempt, for [`result`]: result, tab, case.
fn say(case: &str, attempt: Attempt) {
    let result = match attempt {
        Ok(Ok(())) => "ok".to_owned(),
        Ok(Err(errno)) => format!("{errno:?}"),
        Err(_) => "unprepared".to_owned(),
    };
    println!("{result}\t{case}");
}

fn errno(error: std::io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::UnknownErrno, Errno::from_raw)
}

/// What a demonstration that prints a table, `RESULT tab CASE`, said of a case.
///
/// # Errors
///
/// Fails if it did not try this case: a check that looks for it is wrong.
pub fn result<'t>(said: &'t str, case: &str) -> Found<&'t str> {
    said.lines()
        .find_map(|line| line.strip_suffix(case)?.strip_suffix('\t'))
        .ok_or_else(|| {
            Refusal::Broken(format!("no demonstration tried `{case}`"))
        })
}

/// Sets the domain name of the uts namespace.
fn domain(words: &[String]) -> Result<()> {
    let name = words.first().map_or("", String::as_str);
    let name = CString::new(name).context("pass the name on")?;
    kernel::set_domain_name(&name).context("setdomainname")
}

/// Makes a System V queue with a key given in hexadecimal.
fn queue(words: &[String]) -> Result<()> {
    let key = words.first().map_or("", String::as_str);
    let key = i32::from_str_radix(key.trim_start_matches("0x"), 16)
        .context("read the key")?;
    kernel::message_queue(key).map(drop).context("msgget")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_that_was_not_tried_is_an_error() {
        let said = "ok\tone case\nEPERM\tanother\n";
        assert_eq!(result(said, "another"), Ok("EPERM"));
        let error = result(said, "anothr").expect_err("it is misspelt");
        assert_eq!(
            error,
            Refusal::Broken("no demonstration tried `anothr`".to_owned())
        );
        assert!(result(said, "case").is_err(), "it is a part of one");
    }
}
