//! How the kernel answers if id maps are written in another order, or contain
//! too much: user_namespaces(7).

use super::{Attempt, Case, attempt, by_root, case, errno};
use harness::error::Result;
use nix::sched::{CloneFlags, unshare};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Uid, chroot, pipe, read, setuid, write};
use std::fs::OpenOptions;
use std::io::Write;

const ONE: &str = "0 0 1";
const DENY: (&str, &str) = ("setgroups", "deny");
const ALLOW: (&str, &str) = ("setgroups", "allow");
const UIDS: (&str, &str) = ("uid_map", ONE);
const GIDS: (&str, &str) = ("gid_map", ONE);

/// Every situation, in the order they are tried. Some need to be in a user
/// namespace in which setgroups is allowed, and so need root: for an ordinary
/// user it is denied, and stays denied in the namespaces below.
pub const CASES: &[Case] = &[
    by_root("gid_map from inside, without deny to setgroups", "EPERM", || {
        unshare(CloneFlags::CLONE_NEWUSER)?;
        Ok(put("self", GIDS))
    }),
    case("gid_map from inside, after deny", "ok", || {
        unshare(CloneFlags::CLONE_NEWUSER)?;
        put("self", DENY)?;
        Ok(put("self", GIDS))
    }),
    case("uid_map from inside, for more than one's own id", "EPERM", || {
        unshare(CloneFlags::CLONE_NEWUSER)?;
        Ok(put("self", ("uid_map", "0 0 2")))
    }),
    case("uid_map a second time", "EPERM", || from_outside(&[UIDS, UIDS])),
    by_root("allow to setgroups, without deny before", "ok", || {
        from_outside(&[GIDS, ALLOW])
    }),
    case("allow to setgroups, after deny", "EPERM", || {
        from_outside(&[DENY, ALLOW])
    }),
    by_root("deny to setgroups, after gid_map", "EPERM", || {
        from_outside(&[GIDS, DENY])
    }),
    case("setuid(0), before there is a map", "EINVAL", || {
        unshare(CloneFlags::CLONE_NEWUSER)?;
        Ok(setuid(Uid::from_raw(0)))
    }),
    case("a user namespace inside one without a map", "EPERM", || {
        unshare(CloneFlags::CLONE_NEWUSER)?;
        Ok(unshare(CloneFlags::CLONE_NEWUSER))
    }),
    case("a user namespace inside a chroot", "EPERM", || {
        chroot("/tmp")?;
        Ok(unshare(CloneFlags::CLONE_NEWUSER))
    }),
];

/// Tries every case and prints a line for each: result, tab, name.
///
/// # Errors
///
/// Returns no error: the result of a case may be one.
pub fn table(_: &[String]) -> Result<()> {
    for case in CASES {
        attempt(case.name, case.attempt);
    }
    Ok(())
}

/// Writes files of a child in a new user namespace, from its parent's
/// namespace. Returns the result of the last write.
fn from_outside(files: &[(&str, &str)]) -> Attempt {
    let (is_in, says_so) = pipe()?;
    let (go_on, lets_go) = pipe()?;
    match kernel::fork()? {
        ForkResult::Child => {
            drop((is_in, lets_go));
            if unshare(CloneFlags::CLONE_NEWUSER).is_ok() {
                let _ = write(&says_so, &[1]);
            }
            drop(says_so);
            // Waits until the parent closes its end.
            let _ = read(&go_on, &mut [0]);
            std::process::exit(0);
        }
        ForkResult::Parent { child } => {
            drop((says_so, go_on));
            let came = read(&is_in, &mut [0]);
            let pid = child.to_string();
            let results: Vec<_> =
                files.iter().map(|file| put(&pid, *file)).collect();
            drop(lets_go);
            waitpid(child, None)?;
            if came? == 0 {
                return Err(nix::errno::Errno::EPERM);
            }
            let Some((last, before)) = results.split_last() else {
                return Ok(Ok(()));
            };
            before.iter().copied().collect::<nix::Result<()>>()?;
            Ok(*last)
        }
    }
}

/// Writes a text to a file of a process in one call.
fn put(pid: &str, (file, text): (&str, &str)) -> nix::Result<()> {
    OpenOptions::new()
        .write(true)
        .open(format!("/proc/{pid}/{file}"))
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(errno)
}
