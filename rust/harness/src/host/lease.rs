//! The directories that a run makes for itself and removes at its end: their
//! names, and which of them a run has left that was killed.
//!
//! A run holds a lock on each of its directories. The kernel takes the lock away
//! when the last process that holds it ends, however it ends. A pid in the name
//! would not tell: another process may have it by then, and a run in another
//! pid namespace has one that means nothing here.

use crate::error::{Context, Result};
use nix::fcntl::{Flock, FlockArg};
use std::fs::{self, DirBuilder, File};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

/// A directory that this process holds, until this is dropped.
#[derive(Debug)]
pub struct Lease {
    _lock: Flock<File>,
}

/// How a directory is removed, with all that is in it. If that fails, it is left
/// to the next run.
pub type Remove = fn(&Path) -> std::io::Result<()>;

/// A name that no other run has used or will use on this machine.
pub fn name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    static BEGUN: LazyLock<u128> = LazyLock::new(|| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        now.map_or(0, |it| it.as_nanos())
    });
    let (pid, count) =
        (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    format!("nsteps-{pid}-{:016x}-{count}", *BEGUN)
}

/// Whether [`name`] makes such names.
fn is_ours(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("nsteps-") else { return false };
    let parts: Vec<&str> = rest.split('-').collect();
    let digits =
        |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
    matches!(
        parts.as_slice(),
        [pid, begun, count] if digits(pid)
            && begun.len() == 16
            && begun.bytes().all(|it| it.is_ascii_hexdigit())
            && digits(count)
    )
}

/// Makes a directory and holds it. If it is there, and no run holds it, it is
/// removed first.
///
/// # Errors
///
/// Fails if it cannot be made, or if another run holds it.
pub fn make(directory: &Path, remove: Remove) -> Result<Lease> {
    loop {
        let made = DirBuilder::new().mode(0o755).create(directory);
        match made {
            Err(error)
                if error.kind() == ErrorKind::AlreadyExists
                    && remove_left(directory, remove) => {}
            Err(error) => {
                let what = format!("make {}", directory.display());
                return Err(error).context(what);
            }
            // Another run may have found it before it was held, and removed it.
            Ok(()) => match hold(directory) {
                Ok(None) => {}
                Ok(Some(lease)) => return Ok(lease),
                Err(error) => {
                    // What no run holds would be removed by another run.
                    let _ = fs::remove_dir(directory);
                    return Err(error);
                }
            },
        }
    }
}

/// Holds a directory that exists; `None` if it was removed meanwhile.
///
/// # Errors
///
/// Fails as flock(2) does.
pub fn hold(directory: &Path) -> Result<Option<Lease>> {
    let what = || format!("lock {}", directory.display());
    let file = match File::open(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.context(what())?,
    };
    let lock = Flock::lock(file, FlockArg::LockShared)
        .map_err(|(_, errno)| errno)
        .context(what())?;
    Ok(is_still(directory, &lock).then_some(Lease { _lock: lock }))
}

/// Whether the directory of that name is the open one.
fn is_still(directory: &Path, open: &File) -> bool {
    let id = |it: &fs::Metadata| (it.dev(), it.ino());
    let (named, open) = (fs::symlink_metadata(directory), open.metadata());
    matches!((named, open), (Ok(named), Ok(open)) if id(&named) == id(&open))
}

/// Removes a directory that no run holds; whether it is gone.
fn remove_left(directory: &Path, remove: Remove) -> bool {
    let own = nix::unistd::geteuid().as_raw();
    let is_left = fs::symlink_metadata(directory)
        .is_ok_and(|it| it.is_dir() && it.uid() == own);
    if !is_left {
        return false;
    }
    let Ok(file) = File::open(directory) else { return false };
    let Ok(lock) = Flock::lock(file, FlockArg::LockExclusiveNonblock) else {
        return false;
    };
    is_still(directory, &lock) && remove(directory).is_ok()
}

/// Removes below a directory what runs have left that were killed. What cannot
/// be removed stays for the next run.
pub fn sweep(below: &Path, remove: Remove) {
    for entry in fs::read_dir(below).into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_some_and(is_ours) {
            remove_left(&entry.path(), remove);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    /// A directory of this test's own.
    struct Own(PathBuf);

    impl Own {
        fn new(what: &str) -> Own {
            let name = format!("{}-{what}", name());
            let own = std::env::temp_dir().join(name);
            fs::create_dir(&own).expect("it is new");
            Own(own)
        }

        fn path(&self) -> &Path {
            &self.0
        }
    }

    impl Drop for Own {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn remove(directory: &Path) -> std::io::Result<()> {
        fs::remove_dir_all(directory)
    }

    #[test]
    fn only_names_that_this_makes_are_ours() {
        assert!(is_ours(&name()));
        assert_ne!(name(), name());
        for other in ["nsteps-12", "nsteps-12-0", "nsteps-test-1-2", "x"] {
            assert!(!is_ours(other), "{other}");
        }
    }

    #[test]
    fn a_sweep_removes_what_is_left_and_nothing_that_is_held() {
        let dir = Own::new("sweep");
        let held = dir.path().join(name());
        let lease = make(&held, remove).expect("it is new");
        let left = dir.path().join(name());
        fs::create_dir_all(left.join("more")).expect("it is new");
        let other = dir.path().join("nsteps-12-0");
        fs::create_dir(&other).expect("it is new");
        sweep(dir.path(), remove);
        assert!(held.exists() && other.exists() && !left.exists());
        drop(lease);
        sweep(dir.path(), remove);
        assert!(!held.exists() && other.exists());
    }

    #[test]
    fn a_name_that_is_taken_is_made_again_if_no_run_holds_it() {
        let dir = Own::new("taken");
        let at = dir.path().join(name());
        fs::create_dir_all(at.join("left")).expect("it is new");
        let lease = make(&at, remove).expect("no run holds it");
        assert!(at.exists() && !at.join("left").exists());
        let error = make(&at, remove).expect_err("this run holds it");
        assert!(error.message.contains("exists"), "{error}");
        drop(lease);
    }

    #[test]
    fn a_link_to_a_directory_is_not_followed() {
        let dir = Own::new("link");
        let kept = dir.path().join("kept");
        fs::create_dir(&kept).expect("it is new");
        let link = dir.path().join(name());
        std::os::unix::fs::symlink(&kept, &link).expect("it is new");
        sweep(dir.path(), remove);
        assert!(kept.exists() && fs::symlink_metadata(&link).is_ok());
    }
}
