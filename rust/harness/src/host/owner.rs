//! Whose files root may run: its own, and those of its caller.
//!
//! A user that chooses what root runs has the rights of root.

use crate::error::{Context, Error, Result};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The environment variable that allows every owner if it is `1`: for a checkout
/// that is root's to use, whatever owners its files have, as in continuous
/// integration.
pub const ANY_OWNER: &str = "ANY_OWNER";

/// The variable in which sudo says which user called it.
const CALLER: &str = "SUDO_UID";

/// The permission to write for every user.
const OTHERS_WRITE: u32 = 0o002;

/// The bit of a directory in which users may change only their own entries.
const STICKY: u32 = 0o1000;

/// The users whose files this process may run; `None` if it may run those of
/// every user: it is not root, or the caller allows it.
fn trusted() -> Option<Vec<u32>> {
    let allows = std::env::var_os(ANY_OWNER).is_some_and(|it| it == "1");
    if allows || !nix::unistd::geteuid().is_root() {
        return None;
    }
    let caller = std::env::var(CALLER).ok();
    let caller = caller.and_then(|it| it.parse().ok());
    Some([Some(0), caller, unmapped()].into_iter().flatten().collect())
}

/// The sysctl kernel.overflowuid where it was never set.
const DEFAULT_OVERFLOW: u32 = 65534;

/// The user that the kernel shows for users outside of this user namespace, if
/// there are any. Root of a user namespace has no rights over their files, and
/// the machine's own root is one of them.
fn unmapped() -> Option<u32> {
    let map = fs::read_to_string("/proc/self/uid_map").ok()?;
    let ids = map.lines().filter_map(|it| it.split_whitespace().nth(2));
    let mapped: u64 = ids.filter_map(|it| it.parse::<u64>().ok()).sum();
    let has_all = mapped >= u64::from(u32::MAX);
    // The sysctls may be masked.
    let shown = fs::read_to_string("/proc/sys/kernel/overflowuid").ok();
    let shown = shown.and_then(|it| it.trim().parse().ok());
    (!has_all).then(|| shown.unwrap_or(DEFAULT_OVERFLOW))
}

/// Checks that root may run what is in a directory: that it and everything below
/// it belongs to a trusted user, and that no directory of it can be changed by
/// every user. For an ordinary user nothing is checked.
///
/// # Errors
///
/// Fails if something belongs to another user, and names it.
pub fn check(directory: &Path) -> Result<()> {
    match trusted() {
        None => Ok(()),
        Some(trusted) => check_all(directory, &trusted),
    }
}

/// The same for one directory or file, without what is below it.
///
/// # Errors
///
/// Fails as [`check`] does.
pub fn check_one(path: &Path) -> Result<()> {
    match trusted() {
        None => Ok(()),
        Some(trusted) => check_this(path, &trusted).map(drop),
    }
}

fn check_all(path: &Path, trusted: &[u32]) -> Result<()> {
    if !check_this(path, trusted)? {
        return Ok(());
    }
    let entries =
        fs::read_dir(path).context(format_args!("read {}", path.display()))?;
    for entry in entries {
        let entry = entry.context(format_args!("read {}", path.display()))?;
        check_all(&entry.path(), trusted)?;
    }
    Ok(())
}

/// Checks a path and, if it is a symbolic link, what it leads to. Returns
/// whether it is a directory; a link to one is none.
fn check_this(path: &Path, trusted: &[u32]) -> Result<bool> {
    let look = |it: std::io::Result<fs::Metadata>| {
        it.context(format_args!("look at {}", path.display()))
    };
    let own = look(fs::symlink_metadata(path))?;
    let mut found = vec![own.clone()];
    if own.is_symlink() {
        found.extend(fs::metadata(path));
    }
    for it in found {
        if !trusted.contains(&it.uid()) {
            return Err(Error::new(format!(
                "{} belongs to user {}: root runs only programs of root and \
                 of the user of sudo: make a copy that is root's, or set \
                 {ANY_OWNER}=1",
                path.display(),
                it.uid()
            )));
        }
        let open = it.mode() & OTHERS_WRITE != 0 && it.mode() & STICKY == 0;
        if open && !it.is_symlink() {
            return Err(Error::new(format!(
                "{} can be changed by every user: root runs no program of it: \
                 chmod o-w, or set {ANY_OWNER}=1",
                path.display()
            )));
        }
    }
    Ok(own.is_dir())
}
