//! The id map of a user namespace: root inside, the caller outside.

use nix::errno::Errno;
use nix::unistd::{Gid, Uid};

/// Makes the caller root of the user namespace it has just stepped into; `uid`
/// and `gid` are its ids from before.  Groups may be mapped only once
/// setgroups(2) is denied (user_namespaces(7)).
///
/// # Errors
///
/// Fails if a file cannot be written, and names the file and its errno.
pub fn map_root(uid: Uid, gid: Gid) -> Result<(), (String, Errno)> {
    for (file, text) in [
        ("setgroups", "deny".to_owned()),
        ("uid_map", format!("0 {uid} 1")),
        ("gid_map", format!("0 {gid} 1")),
    ] {
        let path = format!("/proc/self/{file}");
        std::fs::write(&path, text).map_err(|error| {
            let errno = error.raw_os_error().map(Errno::from_raw);
            (path, errno.unwrap_or(Errno::UnknownErrno))
        })?;
    }
    Ok(())
}
