//! Demonstrations: `nsteps demonstrate NAME` does what a shell cannot do, for
//! checks in their sandboxes.

mod first_child;
mod flags;
pub mod handles;
pub mod id_maps;
mod locked;
pub mod pivot_root;
mod procfs;
pub mod revealing;
pub mod time;
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

/// Prints a result on standard output; the words are its arguments.
type Demonstration = fn(&[String]) -> Result<()>;

/// Every demonstration, by its name.
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

/// Runs a demonstration. It changes namespaces and mounts of its process, so it
/// refuses to run outside of a sandbox.
///
/// # Errors
///
/// Fails if there is no such demonstration, if this is not a sandbox, or if its
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

/// The result of an attempt; the outer result is that of its preparation.
pub(crate) type Attempt = nix::Result<nix::Result<()>>;

/// One attempt of a demonstration, and its expected result.
pub struct Case {
    /// What is attempted, in a few words.
    pub name: &'static str,
    /// `ok`, or the name of the errno.
    pub expected: &'static str,
    /// True if only root can make the attempt; the list of cases says why.
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
pub(crate) const UNPREPARED: i32 = 255;

/// Makes an attempt in a child.
pub(crate) fn in_a_child(
    case: &str,
    make: impl FnOnce() -> Attempt,
) -> Attempt {
    match status_of(case, make)? {
        0 => Ok(Ok(())),
        UNPREPARED => Err(Errno::UnknownErrno),
        raw => Ok(Err(Errno::from_raw(raw))),
    }
}

/// Makes an attempt in a child, and returns its exit status: 0, an errno, or
/// [`UNPREPARED`]; or that of the program which the attempt has executed.
pub(crate) fn status_of(
    case: &str,
    make: impl FnOnce() -> Attempt,
) -> nix::Result<i32> {
    match kernel::fork()? {
        ForkResult::Child => std::process::exit(match make() {
            Ok(Ok(())) => 0,
            // An errno is a small number, so it can be an exit status.
            Ok(Err(errno)) => errno as i32,
            Err(errno) => {
                eprintln!("{case}: prepare: {}", errno.desc());
                UNPREPARED
            }
        }),
        ForkResult::Parent { child } => match waitpid(child, None)? {
            WaitStatus::Exited(_, status) => Ok(status),
            _ => Err(Errno::UnknownErrno),
        },
    }
}

/// Makes an attempt in a child, and prints the result.
fn attempt(case: &str, make: impl FnOnce() -> Attempt) {
    say(case, in_a_child(case, make));
}

/// Enters a new mount namespace from which nothing propagates out.
pub(crate) fn own_mounts() -> nix::Result<()> {
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

/// Prints the result of an attempt, for [`result`]: result, tab, case.
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

/// The result of a case in the output of a demonstration, which has lines of
/// the form `RESULT tab CASE`.
///
/// # Errors
///
/// Fails if the demonstration did not try this case: then the check is wrong.
pub fn result<'t>(said: &'t str, case: &str) -> Found<&'t str> {
    said.lines()
        .find_map(|line| line.strip_suffix(case)?.strip_suffix('\t'))
        .ok_or_else(|| {
            Refusal::Broken(format!("the demonstrations have no case `{case}`"))
        })
}

/// Sets the domain name of the uts namespace.
fn domain(words: &[String]) -> Result<()> {
    let name = words.first().map_or("", String::as_str);
    let name = CString::new(name).context("convert the name")?;
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
            Refusal::Broken(
                "the demonstrations have no case `anothr`".to_owned()
            )
        );
        assert!(result(said, "case").is_err(), "it is a part of one");
    }
}
