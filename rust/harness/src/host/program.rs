//! Finds a program by its name, as execvp(3) does.

use nix::unistd::{AccessFlags, access};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The directories of administrators' programs, which are in the PATH of root
/// alone on many machines.
pub const ADMINISTRATORS: &str = "/usr/local/sbin:/usr/sbin:/sbin";

/// Finds a program: a name with a slash is a path, any other is looked up in the
/// directories of the first text, then in those of the others.
///
/// A file that may not be executed is found if no other file of the name is
/// there, so that the caller can say what is wrong with it.
pub fn find_in<P: AsRef<OsStr>>(name: &str, paths: &[P]) -> Option<PathBuf> {
    if name.contains('/') {
        return Path::new(name).exists().then(|| name.into());
    }
    let files: Vec<PathBuf> = paths
        .iter()
        .flat_map(|it| std::env::split_paths(it))
        .map(|dir| dir.join(name))
        .filter(|file| file.is_file())
        .collect();
    let first = files.first().cloned();
    files.into_iter().find(|it| may_be_executed(it)).or(first)
}

/// Whether the caller may execute a file.
pub fn may_be_executed(file: &Path) -> bool {
    access(file, AccessFlags::X_OK).is_ok()
}

/// The PATH of the caller; empty if it has none.
pub fn path() -> String {
    let path = std::env::var_os("PATH").unwrap_or_default();
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_file_that_may_not_be_executed_is_found_last() {
        let dir = tempfile::tempdir().expect("a directory can be made");
        let file = |name: &str, mode| {
            let file = dir.path().join(name).join("x");
            fs::create_dir_all(file.parent().expect("it has one"))
                .and_then(|()| fs::write(&file, ""))
                .and_then(|()| {
                    fs::set_permissions(&file, fs::Permissions::from_mode(mode))
                })
                .expect("a file can be written");
            file
        };
        let (no, yes) = (file("a", 0o644), file("b", 0o755));
        let dirs = ["a", "b"].map(|it| dir.path().join(it));
        assert_eq!(find_in("x", &dirs).as_ref(), Some(&yes));
        assert_eq!(find_in("x", &dirs[..1]).as_ref(), Some(&no));
        assert_eq!(find_in("y", &dirs), None);
        let named = no.display().to_string();
        assert_eq!(find_in::<&str>(&named, &[]), Some(no));
    }
}
