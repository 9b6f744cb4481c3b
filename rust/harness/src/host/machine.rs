//! Describes this machine, for the line below a report.

/// The version of the kernel, as `(6, 18)`; `(0, 0)` if it is not known.
pub fn kernel() -> (u32, u32) {
    let release = nix::sys::utsname::uname()
        .map(|it| it.release().to_string_lossy().into_owned());
    version(&release.unwrap_or_default())
}

/// Reads `6.18.44-cloud` as two numbers.
fn version(release: &str) -> (u32, u32) {
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
