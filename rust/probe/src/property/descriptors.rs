//! The open descriptors: what a launcher passed on, and what it leaked.

use std::os::fd::RawFd;

use super::Property;
use crate::effect::Effect;
use crate::observation::{Observation, Unread};
use crate::proc::Proc;
use crate::sys;

pub(super) const PROPERTY: Property = Property {
    name: "descriptors",
    about: "open descriptors: kind, access, flags",
    observe,
    effect,
};

/// How many descriptor numbers are tried if `/proc` does not give the size of
/// the descriptor table.
const FAR: RawFd = 4096;

/// Reads `descriptors`, the open numbers, and for each `descriptors.N`: what
/// it is, how it was opened and its status flags. Of the standard streams it
/// reads `descriptors.N.inode` as well, which tells one pipe from another.
///
/// Each number is tried with fcntl(2). Reading `/proc/self/fd` instead would
/// open one more descriptor and would need a mounted `/proc`. The close-on-exec
/// flag is not read: exec has closed every descriptor that had it.
fn observe(proc: &Proc, observation: &mut Observation) {
    // This closes `/proc/self/status` again before the first number is tried.
    let table = proc.status("FDSize").ok().and_then(|size| size.parse().ok());
    let open: Vec<RawFd> =
        (0..table.unwrap_or(FAR)).filter(|fd| sys::is_open(*fd)).collect();
    for &fd in &open {
        observation.read(format!("descriptors.{fd}"), describe(proc, fd));
        if let (0..=2, Ok(stat)) = (fd, sys::file_at(fd)) {
            let inode = stat.st_ino.to_string();
            observation.read(format!("descriptors.{fd}.inode"), Ok(inode));
        }
    }
    let numbers: Vec<String> = open.iter().map(RawFd::to_string).collect();
    let numbers = match numbers.is_empty() {
        true => "none".to_owned(),
        false => numbers.join(" "),
    };
    observation.read("descriptors", Ok(numbers));
}

/// The kind, the access mode and the status flags of an open descriptor, as in
/// `pipe, write, nonblocking`.
fn describe(proc: &Proc, fd: RawFd) -> Result<String, Unread> {
    let stat = sys::file_at(fd)
        .map_err(|errno| Unread::new(format!("fstat {fd}"), errno))?;
    let flags = sys::status_flags(fd)
        .map_err(|errno| Unread::new(format!("fcntl F_GETFL {fd}"), errno))?;
    let kind = match stat.st_mode & libc::S_IFMT {
        libc::S_IFIFO => "pipe".to_owned(),
        libc::S_IFSOCK => "socket".to_owned(),
        libc::S_IFDIR => "directory".to_owned(),
        libc::S_IFLNK => "symbolic link".to_owned(),
        libc::S_IFBLK => "block device".to_owned(),
        libc::S_IFCHR => match libc::major(stat.st_rdev) {
            _ if sys::is_terminal(fd) => "tty".to_owned(),
            1 => match libc::minor(stat.st_rdev) {
                3 => "null".to_owned(),
                5 => "zero".to_owned(),
                8 | 9 => "random".to_owned(),
                _ => "character device".to_owned(),
            },
            _ => "character device".to_owned(),
        },
        // Files without a path have the same mode as regular files. The link in
        // `/proc` tells them apart; reading it opens no file.
        _ => proc
            .read_link(&format!("self/fd/{fd}"))
            .ok()
            .and_then(|link| special(&link))
            .unwrap_or_else(|| "file".to_owned()),
    };
    let mut words = vec![kind.as_str()];
    words.push(match flags & (libc::O_PATH | libc::O_ACCMODE) {
        path if path & libc::O_PATH != 0 => "path",
        libc::O_RDONLY => "read",
        libc::O_WRONLY => "write",
        _ => "read-write",
    });
    for (flag, word) in
        [(libc::O_APPEND, "append"), (libc::O_NONBLOCK, "nonblocking")]
    {
        if flags & flag != 0 {
            words.push(word);
        }
    }
    Ok(words.join(", "))
}

/// The kind of a file without a path, from the link of its descriptor:
/// `anon_inode:[eventpoll]`, `uts:[4026531838]`, `/memfd:name (deleted)`.
fn special(link: &str) -> Option<String> {
    if link.starts_with("/memfd:") {
        return Some("memfd".to_owned());
    }
    let (kind, name) = link.split_once(":")?;
    let name = name.trim_start_matches('[').trim_end_matches(']');
    match kind {
        _ if kind.starts_with('/') => None,
        "anon_inode" => Some(name.to_owned()),
        "pidfd" => Some("pidfd".to_owned()),
        _ => Some(format!("{kind} namespace")),
    }
}

fn effect(baseline: &Observation, seen: &Observation, effect: &mut Effect) {
    let of = |observation: &Observation| -> Vec<String> {
        let numbered = |key: &&String| {
            let number = key.strip_prefix("descriptors.");
            number.is_some_and(|it| it.parse::<RawFd>().is_ok())
        };
        observation.readings.keys().filter(numbered).cloned().collect()
    };
    if !baseline.readings.contains_key("descriptors")
        || !seen.readings.contains_key("descriptors")
    {
        return;
    }
    for key in of(baseline) {
        if !seen.readings.contains_key(&key) {
            effect.change(key, "closed");
        }
    }
    for key in of(seen) {
        if baseline.readings.contains_key(&key) {
            effect.compare_value(&key, baseline, seen);
        } else if let Some(reading) = seen.readings.get(&key) {
            let what = reading.value().unwrap_or("unread");
            effect.change(key, format!("+ {what}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::effect_of;
    use super::*;

    #[test]
    fn links_tell_what_is_no_file() {
        let kind = |link| special(link);
        assert_eq!(kind("anon_inode:[eventfd]").as_deref(), Some("eventfd"));
        assert_eq!(kind("net:[402]").as_deref(), Some("net namespace"));
        assert_eq!(kind("/memfd:a (deleted)").as_deref(), Some("memfd"));
        assert_eq!(kind("/tmp/a:[b]"), None);
    }

    #[test]
    fn a_leaked_descriptor_is_new() {
        let before = [
            ("descriptors", "0 1"),
            ("descriptors.0", "null, read"),
            ("descriptors.1", "pipe, write"),
        ];
        let after = [
            ("descriptors", "0 7"),
            ("descriptors.0", "pipe, read"),
            ("descriptors.7", "directory, read"),
        ];
        assert_eq!(
            effect_of(&PROPERTY, &before, &after),
            "descriptors.0  pipe, read\n\
             descriptors.1  closed\n\
             descriptors.7  + directory, read\n"
        );
    }

    #[test]
    fn a_pipe_is_a_pipe() {
        use std::os::fd::AsRawFd;
        let (reader, _writer) = std::io::pipe().expect("a pipe");
        let text = describe(&Proc::at("/proc"), reader.as_raw_fd());
        assert_eq!(text.as_deref(), Ok("pipe, read"));
        let file = std::fs::File::open("/dev/null").expect("/dev/null");
        let text = describe(&Proc::at("/proc"), file.as_raw_fd());
        assert_eq!(text.as_deref(), Ok("null, read"));
        let directory = std::fs::File::open("/").expect("/");
        let text = describe(&Proc::at("/proc"), directory.as_raw_fd());
        assert_eq!(text.as_deref(), Ok("directory, read"));
    }
}
