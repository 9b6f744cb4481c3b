//! The root directory and the current directory: their paths, and which
//! directories they are.

use nix::sys::stat::stat;

use super::Property;
use crate::effect::Effect;
use crate::observation::{Observation, Unread};
use crate::proc::Proc;
use crate::sys;
use crate::text::lossless;

pub(super) const PROPERTY: Property = Property {
    name: "root_cwd",
    families: &["cwd", "root"],
    about: "the root directory and the current directory",
    observe,
    effect,
};

fn observe(_: &Proc, observation: &mut Observation) {
    observation.read("root.file", directory("/"));
    observation.read("cwd.file", directory("."));
    observation.read(
        "cwd",
        sys::current_directory()
            .map(|path| lossless(&path))
            .map_err(|errno| Unread::new("getcwd", errno)),
    );
}

/// The identity of a directory: the device and the inode.
fn directory(path: &str) -> Result<String, Unread> {
    let stat = stat(path)
        .map_err(|errno| Unread::new(format!("stat {path}"), errno))?;
    let (major, minor) = (libc::major(stat.st_dev), libc::minor(stat.st_dev));
    Ok(format!("{major}:{minor} inode {}", stat.st_ino))
}

fn effect(baseline: &Observation, seen: &Observation, effect: &mut Effect) {
    effect.compare("root.file", baseline, seen, |_, _| {
        Some("another directory".to_owned())
    });
    let moved = seen.value("cwd") != baseline.value("cwd");
    effect.compare("cwd", baseline, seen, |_, path| {
        // The path after `(unreachable)` depends on the machine.
        Some(match path.strip_prefix("(unreachable)") {
            Some(_) => "outside the root".to_owned(),
            None => path.to_owned(),
        })
    });
    effect.compare("cwd.file", baseline, seen, |_, _| {
        (!moved).then(|| "another directory at the same path".to_owned())
    });
}

#[cfg(test)]
mod tests {
    use super::super::tests::effect_of;
    use super::*;

    const BEFORE: [(&str, &str); 3] = [
        ("root.file", "8:1 inode 2"),
        ("cwd.file", "8:1 inode 9"),
        ("cwd", "/home"),
    ];

    #[test]
    fn a_new_root_is_another_directory() {
        let after = [
            ("root.file", "0:9 inode 1"),
            ("cwd.file", "0:9 inode 1"),
            ("cwd", "/"),
        ];
        assert_eq!(
            effect_of(&PROPERTY, &BEFORE, &after),
            "cwd        /\nroot.file  another directory\n"
        );
    }

    #[test]
    fn a_current_directory_left_outside() {
        let after = [
            ("root.file", "8:1 inode 2"),
            ("cwd.file", "8:1 inode 9"),
            ("cwd", "(unreachable)/home/user"),
        ];
        assert_eq!(
            effect_of(&PROPERTY, &BEFORE, &after),
            "cwd  outside the root\n"
        );
    }

    #[test]
    fn the_same_path_may_be_another_directory() {
        let after = [("cwd.file", "0:9 inode 1"), ("cwd", "/home")];
        assert_eq!(
            effect_of(&PROPERTY, &BEFORE, &after),
            "cwd.file  another directory at the same path\n"
        );
    }
}
