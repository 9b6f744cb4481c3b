//! The open descriptors: those that a launcher passed on, and those that it
//! leaked.

use std::ffi::CStr;
use std::os::fd::{AsRawFd, RawFd};

use nix::errno::Errno;

use super::Property;
use crate::effect::Effect;
use crate::observation::{Observation, Unread};
use crate::owner;
use crate::proc::Proc;
use crate::sys;

pub(super) const PROPERTY: Property = Property {
    name: "descriptors",
    families: &["descriptors"],
    about: "open descriptors: kind, access, flags, owner, where they lead",
    observe,
    effect,
};

/// How many descriptor numbers are tried if `/proc` does not give the size of
/// the descriptor table.
const FAR: RawFd = 4096;

/// Reads `descriptors`, the open numbers, and for each `descriptors.N`: what it
/// is, how it was opened and its status flags; of a directory
/// `descriptors.N.leads`, whether one can leave the root directory through it;
/// of a directory, file or device `descriptors.N.mount`, the id of the mount
/// that it was opened on. Of the standard streams it also reads
/// `descriptors.N.inode`, which distinguishes pipes; `descriptors.N.mode`, mode
/// and owner; `descriptors.N.reopen`, whether it can be opened again by its
/// name in `/dev`; and of a pipe `descriptors.N.size`, how many bytes it holds.
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
        let key = format!("descriptors.{fd}");
        let what = describe(proc, fd);
        let kind = what.as_deref().unwrap_or_default();
        place(proc, fd, kind, observation);
        observation.read(key.as_str(), what);
        if let (0..=2, Ok(stat)) = (fd, sys::file_at(fd)) {
            let inode = stat.st_ino.to_string();
            observation.read(format!("{key}.inode"), Ok(inode));
            let words = owner::words(stat.st_mode, stat.st_uid, stat.st_gid);
            observation.read(format!("{key}.mode"), Ok(words));
            if stat.st_mode & libc::S_IFMT == libc::S_IFIFO {
                let size = sys::pipe_size(fd).map(|it| it.to_string());
                let size = size.map_err(|errno| {
                    Unread::new(format!("fcntl F_GETPIPE_SZ {fd}"), errno)
                });
                observation.read(format!("{key}.size"), size);
            }
        }
    }
    for (fd, name) in (0..).zip(NAMES).filter(|(fd, _)| open.contains(fd)) {
        let reopened = sys::status_flags(fd).and_then(|flags| {
            let access = flags & libc::O_ACCMODE;
            let quiet = libc::O_NONBLOCK | libc::O_NOCTTY;
            sys::open_at(libc::AT_FDCWD, name, access | quiet)
        });
        let answer = match reopened {
            Ok(_) => "yes".to_owned(),
            Err(errno) => format!("{errno:?}"),
        };
        observation.read(format!("descriptors.{fd}.reopen"), Ok(answer));
    }
    let numbers: Vec<String> = open.iter().map(RawFd::to_string).collect();
    let numbers = match numbers.is_empty() {
        true => "none".to_owned(),
        false => numbers.join(" "),
    };
    observation.read("descriptors", Ok(numbers));
}

/// The names of the standard streams.
const NAMES: [&CStr; 3] = [c"/dev/stdin", c"/dev/stdout", c"/dev/stderr"];

/// Reads where a descriptor leads that was opened by a path.
fn place(proc: &Proc, fd: RawFd, what: &str, observation: &mut Observation) {
    let key = format!("descriptors.{fd}");
    let kind = what.split(',').next().unwrap_or_default();
    if kind == "directory" {
        let leads = is_below_the_root(fd).map(|is_below| match is_below {
            true => "inside the root",
            false => OUTSIDE,
        });
        let call = || format!("look from descriptor {fd} upwards");
        let leads = leads.map_err(|errno| Unread::new(call(), errno));
        observation.read(format!("{key}.leads"), leads);
    }
    // If its link cannot be read, a file without a path is taken for one with a
    // path.
    let has_path = kind != "file" || link(proc, fd).is_ok();
    if PLACED.contains(&kind)
        && has_path
        && let Ok(sys::File { mount: Some(mount), .. }) = sys::look(fd, c"")
    {
        observation.read(format!("{key}.mount"), Ok(mount.to_string()));
    }
}

const OUTSIDE: &str = "outside the root";

/// The kinds that are on a mount that a process can see. All others are on
/// internal mounts of the kernel.
const PLACED: [&str; 8] = [
    "directory",
    "file",
    "block device",
    "character device",
    "null",
    "zero",
    "random",
    "tty",
];

/// True if the way up from a directory ends at the root directory of this
/// process. If the directory is outside of it, the way passes the root.
fn is_below_the_root(fd: RawFd) -> nix::Result<bool> {
    let root = sys::look(libc::AT_FDCWD, c"/")?;
    let flags = libc::O_PATH | libc::O_DIRECTORY;
    let mut at = sys::open_at(fd, c".", flags)?;
    // No path is longer than 4096 bytes, but a tree may be deeper.
    for _ in 0..100_000 {
        let here = sys::look(at.as_raw_fd(), c"")?;
        let above = sys::open_at(at.as_raw_fd(), c"..", flags)?;
        let is_top = {
            let above = sys::look(above.as_raw_fd(), c"")?;
            is_same(&here, &above)
        };
        if is_top {
            return Ok(is_same(&here, &root));
        }
        at = above;
    }
    Err(Errno::ELOOP)
}

/// True if both are the same directory, reached through the same mount.
fn is_same(one: &sys::File, other: &sys::File) -> bool {
    (one.device, one.inode, one.mount)
        == (other.device, other.inode, other.mount)
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
        _ => link(proc, fd)
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
    for (flag, word) in [
        (libc::O_APPEND, "append"),
        (libc::O_DIRECT, "direct"),
        (libc::O_NONBLOCK, "nonblocking"),
    ] {
        if flags & flag != 0 {
            words.push(word);
        }
    }
    Ok(words.join(", "))
}

/// The target of a descriptor's link.
fn link(proc: &Proc, fd: RawFd) -> Result<String, Unread> {
    proc.read_link(&format!("self/fd/{fd}"))
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
            effect.change(&key, format!("+ {what}"));
        }
        leads(&key, baseline, seen, effect);
    }
    for fd in 0..=2 {
        let key = format!("descriptors.{fd}.mode");
        effect.compare(&key, baseline, seen, |before, after| {
            let before = before.unwrap_or_default();
            let is_same = owner::is_same(baseline, seen, before, after);
            (!is_same).then(|| after.to_owned())
        });
        for part in ["reopen", "size"] {
            let key = format!("descriptors.{fd}.{part}");
            effect.compare_value(&key, baseline, seen);
        }
    }
}

/// Adds that a descriptor leads out of the root, if that of the baseline with
/// the same number does not.
fn leads(
    key: &str,
    baseline: &Observation,
    seen: &Observation,
    effect: &mut Effect,
) {
    let place = |of: &Observation| {
        let up = of.value(&format!("{key}.leads"));
        let mount = of.value(&format!("{key}.mount"));
        let is_shown = mount.is_none_or(|mount| has_mount(of, mount));
        match up {
            Some(OUTSIDE) => Some(OUTSIDE),
            _ if !is_shown => Some("on a mount outside the mount table"),
            _ => None,
        }
    };
    let now = place(seen);
    if now != place(baseline)
        && let Some(now) = now
    {
        effect.change(format!("{key}.leads"), now);
    }
}

/// True if the mount table has a mount; also if there is no table, because then
/// that is not known.
fn has_mount(of: &Observation, id: &str) -> bool {
    of.mounts.as_ref().map_or(true, |table| {
        table.iter().any(|mount| mount.id.to_string() == id)
    })
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
    fn a_way_out_of_the_root_is_seen() {
        let before = [("descriptors", "0"), ("descriptors.0", "null, read")];
        let after = [
            ("descriptors", "0 7"),
            ("descriptors.0", "null, read"),
            ("descriptors.7", "directory, path"),
            ("descriptors.7.leads", OUTSIDE),
        ];
        assert_eq!(
            effect_of(&PROPERTY, &before, &after),
            "descriptors.7        + directory, path\n\
             descriptors.7.leads  outside the root\n"
        );
        let directory = std::fs::File::open("/proc/self").expect("a directory");
        assert_eq!(is_below_the_root(directory.as_raw_fd()), Ok(true));
        let file = std::fs::File::open("/proc/self/stat").expect("a file");
        let not = is_below_the_root(file.as_raw_fd());
        assert_eq!(not, Err(Errno::ENOTDIR));
    }

    #[test]
    fn a_file_on_a_mount_that_is_not_shown_lies_outside() {
        let observed = |mount| {
            let mut seen = super::super::tests::observation(&[
                ("descriptors", "0"),
                ("descriptors.0", "file, read"),
                ("descriptors.0.mount", mount),
            ]);
            let line = "2 1 0:2 / / rw - tmpfs none rw";
            seen.mounts = Ok(vec![line.parse().expect("a mount")]);
            seen
        };
        let change = |before, after| {
            let mut changes = Effect::default();
            effect(&observed(before), &observed(after), &mut changes);
            changes.to_string()
        };
        assert_eq!(
            change("2", "3"),
            "descriptors.0.leads  on a mount outside the mount table\n"
        );
        assert_eq!(change("2", "2"), "");
        assert_eq!(change("3", "3"), "");
    }

    #[test]
    fn another_owner_of_a_stream_is_a_change() {
        let stream = |mode, reopen| {
            [
                ("descriptors", "2"),
                ("descriptors.2", "pipe, write"),
                ("descriptors.2.mode", mode),
                ("descriptors.2.reopen", reopen),
            ]
        };
        assert_eq!(
            effect_of(
                &PROPERTY,
                &stream("0600 0:0", "yes"),
                &stream("0600 1000:0", "EACCES"),
            ),
            "descriptors.2.mode    0600 1000:0\n\
             descriptors.2.reopen  EACCES\n"
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
