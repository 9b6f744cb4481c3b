//! Describes this machine: its kernel, for the line below a report and for
//! what differs by version.

/// The version of a kernel, as `(6, 18)`.
pub type Version = (u32, u32);

/// The oldest version on which a sandbox can be made: mount_setattr(2) changes
/// all mounts of a tree.
pub const OLDEST: Version = (5, 12);

/// From this version on execve(2) enters the time namespace that unshare(2) has
/// made, and a caller of that may make a child that borrows its memory.
pub const EXECVE_ENTERS_TIME: Version = (6, 2);

/// From this version on clone(2) and clone3(2) refuse an exit signal above 64,
/// and so clone(2) refuses CLONE_NEWTIME, whose bit is one of that signal.
pub const EXIT_SIGNALS_CHECKED: Version = (7, 1);

/// From this version on a procfs with the option subset=pid can be mounted
/// beside one with a hidden file.
pub const SUBSET_BESIDE_HIDDEN: Version = (7, 2);

/// The version of the kernel; `(0, 0)` if it is not known.
pub fn kernel() -> Version {
    let release = nix::sys::utsname::uname()
        .map(|it| it.release().to_string_lossy().into_owned());
    version(&release.unwrap_or_default())
}

/// Reads `6.18.44-cloud` as two numbers.
fn version(release: &str) -> Version {
    let mut numbers = release
        .split(|it: char| !it.is_ascii_digit())
        .map(|it| it.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// The kernel's name and release, and whether the caller is root.
pub fn in_a_few_words() -> String {
    let kernel = nix::sys::utsname::uname().map_or_else(
        |_| "Linux".to_owned(),
        |it| {
            format!(
                "{} {} {}",
                it.sysname().to_string_lossy(),
                it.release().to_string_lossy(),
                it.machine().to_string_lossy()
            )
        },
    );
    let user = if nix::unistd::geteuid().is_root() {
        "root"
    } else {
        "an ordinary user"
    };
    format!("{kernel}, as {user}")
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn a_release_is_read_as_a_version() {
        assert_eq!(version("6.18.44-cloud-amd64"), (6, 18));
        assert_eq!(version("7.0-rc1"), (7, 0));
        assert_eq!(version("what"), (0, 0));
        assert!(version("6.2.0") < (6, 18));
    }
}
