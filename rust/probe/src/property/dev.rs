//! The names in /dev: kind, number, mode and owner of each, and whether the
//! devices can be opened that every program may open.

use std::collections::BTreeSet;
use std::ffi::{CStr, CString};
use std::path::Path;

use nix::errno::Errno;

use super::Property;
use crate::effect::Effect;
use crate::observation::{Observation, Unread};
use crate::owner;
use crate::proc::{self, Proc};
use crate::sys;
use crate::text::lossless;

pub(super) const PROPERTY: Property = Property {
    name: "dev",
    families: &["dev"],
    about: "the names in /dev: kind, number, mode, owner, whether it opens",
    observe,
    effect,
};

/// The devices that are opened, because opening them has no effect. A tape, a
/// watchdog and many others act when they are opened.
const OPENED: [&[u8]; 8] = [
    b"full", b"fuse", b"null", b"ptmx", b"random", b"tty", b"urandom", b"zero",
];

/// Reads `dev`, the names in /dev, and for each `dev.NAME`, as in `character
/// device 1,3 0666 0:0 opens`, with an errno if it cannot be opened.
fn observe(_: &Proc, observation: &mut Observation) {
    let mut names = match proc::names(Path::new("/dev")) {
        Ok(names) => names,
        Err(unread) => {
            observation.read("dev", Err::<String, _>(unread));
            return;
        }
    };
    names.sort_unstable();
    for name in &names {
        let key = format!("dev.{}", lossless(name));
        observation.read(key, describe(name));
    }
    let names: Vec<String> = names.iter().map(|it| lossless(it)).collect();
    let names = match names.is_empty() {
        true => NONE.to_owned(),
        false => names.join(" "),
    };
    observation.read("dev", Ok(names));
}

const NONE: &str = "none";

fn describe(name: &[u8]) -> Result<String, Unread> {
    let path = [b"/dev/", name].concat();
    let call = |call| format!("{call} /dev/{}", lossless(name));
    let path = CString::new(path)
        .map_err(|_| Unread::new(call("statx"), Errno::EINVAL))?;
    let file = sys::look(libc::AT_FDCWD, &path)
        .map_err(|errno| Unread::new(call("statx"), errno))?;
    let number = || {
        let (major, minor) = file.stands_for;
        format!(" {major},{minor}")
    };
    let kind = match file.mode & libc::S_IFMT {
        libc::S_IFLNK => {
            let to = nix::fcntl::readlink(path.as_c_str())
                .map_err(|errno| Unread::new(call("readlink"), errno))?;
            use std::os::unix::ffi::OsStrExt;
            return Ok(format!("link to {}", lossless(to.as_bytes())));
        }
        libc::S_IFCHR => "character device".to_owned() + &number(),
        libc::S_IFBLK => "block device".to_owned() + &number(),
        libc::S_IFDIR => "directory".to_owned(),
        libc::S_IFIFO => "pipe".to_owned(),
        libc::S_IFSOCK => "socket".to_owned(),
        _ => "file".to_owned(),
    };
    let words = owner::words(file.mode, file.uid, file.gid);
    let is_device = file.mode & libc::S_IFMT == libc::S_IFCHR;
    Ok(match is_device && OPENED.contains(&name) {
        true => format!("{kind} {words} {}", opens(&path)),
        false => format!("{kind} {words}"),
    })
}

/// `opens`, or the errno.
fn opens(path: &CStr) -> String {
    let flags = libc::O_RDONLY | libc::O_NONBLOCK | libc::O_NOCTTY;
    match sys::open_at(libc::AT_FDCWD, path, flags) {
        Ok(_) => "opens".to_owned(),
        Err(errno) => format!("{errno:?}"),
    }
}

fn effect(baseline: &Observation, seen: &Observation, effect: &mut Effect) {
    effect.compare("dev", baseline, seen, |_, after| {
        (after == NONE).then(|| NONE.to_owned())
    });
    let (Some(_), Some(names)) = (baseline.value("dev"), seen.value("dev"))
    else {
        return;
    };
    let keys = |of: &Observation| -> BTreeSet<String> {
        let keys = of.readings.keys();
        keys.filter(|key| key.starts_with("dev.")).cloned().collect()
    };
    let (before, after) = (keys(baseline), keys(seen));
    for key in before.difference(&after).filter(|_| names != NONE) {
        effect.change(key, "- gone");
    }
    for key in &after {
        if !before.contains(key) {
            let what = seen.value(key).unwrap_or("unread");
            effect.change(key, format!("+ {what}"));
            continue;
        }
        effect.compare(key, baseline, seen, |before, after| {
            let before = before.unwrap_or_default();
            let is_same = owner::is_same(baseline, seen, before, after);
            (!is_same).then(|| after.to_owned())
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::effect_of;
    use super::*;

    #[test]
    fn null_is_what_it_is_everywhere() {
        let null = describe(b"null").expect("/dev/null");
        let is_null = null.starts_with("character device 1,3 0");
        assert!(is_null && null.ends_with(" opens"), "{null}");
        let unread = describe(b"not there").map_err(|it| it.to_string());
        assert_eq!(unread, Err("statx /dev/not there: ENOENT".to_owned()));
    }

    #[test]
    fn a_device_that_does_not_open_is_seen() {
        let null = "character device 1,3 0666 0:0";
        let (opens, refused) =
            (format!("{null} opens"), format!("{null} EACCES"));
        let before = [
            ("dev", "null sda"),
            ("dev.null", opens.as_str()),
            ("dev.sda", "block device 8,0 0660 0:6"),
        ];
        let after = [
            ("dev", "fd null"),
            ("dev.fd", "link to /proc/self/fd"),
            ("dev.null", refused.as_str()),
        ];
        assert_eq!(
            effect_of(&PROPERTY, &before, &after),
            format!(
                "dev.fd    + link to /proc/self/fd\n\
                 dev.null  {refused}\n\
                 dev.sda   - gone\n"
            )
        );
        assert_eq!(
            effect_of(&PROPERTY, &before, &[("dev", "none")]),
            "dev  none\n"
        );
    }
}
