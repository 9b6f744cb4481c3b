//! What machine this is, for the line beneath a report.

/// Kernel, and who is asking.
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
    let who = if nix::unistd::geteuid().is_root() {
        "root"
    } else {
        "an ordinary user"
    };
    format!("{kernel}, as {who}")
}
