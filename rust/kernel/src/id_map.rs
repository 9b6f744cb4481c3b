//! The id maps of a user namespace: root inside is the caller outside.

use nix::errno::Errno;
use nix::unistd::{Gid, Uid};

/// Maps root of the caller's user namespace to `uid` and `gid`, the ids that
/// the caller had before it made the namespace.
///
/// # Errors
///
/// Fails as [`map_ids`] does.
pub fn map_root(uid: Uid, gid: Gid) -> Result<(), (String, Errno)> {
    map_ids(0, uid, gid)
}

/// Maps the user and the group `inside` of the caller's user namespace to `uid`
/// and `gid`, the ids that the caller had before it made the namespace. An
/// unprivileged process may map a group only after it has denied setgroups(2):
/// user_namespaces(7).
///
/// # Errors
///
/// Fails if a file below `/proc/self` cannot be written; returns its path and
/// the errno.
pub fn map_ids(inside: u32, uid: Uid, gid: Gid) -> Result<(), (String, Errno)> {
    for (file, text) in [
        ("setgroups", "deny".to_owned()),
        ("uid_map", format!("{inside} {uid} 1")),
        ("gid_map", format!("{inside} {gid} 1")),
    ] {
        let path = format!("/proc/self/{file}");
        std::fs::write(&path, text).map_err(|error| {
            let errno = error.raw_os_error().map(Errno::from_raw);
            (path, errno.unwrap_or(Errno::UnknownErrno))
        })?;
    }
    Ok(())
}
