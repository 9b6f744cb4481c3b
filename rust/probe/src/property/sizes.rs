//! The size of each tmpfs, in bytes and in files.

use nix::sys::statfs::{TMPFS_MAGIC, statfs};
use nix::sys::statvfs::statvfs;

use super::Property;
use crate::effect::Effect;
use crate::mount::parse_table;
use crate::observation::{Observation, Unread};
use crate::proc::Proc;
use crate::text;

pub(super) const PROPERTY: Property = Property {
    name: "sizes",
    families: &["size", "sizes"],
    about: "how much each tmpfs may hold",
    observe,
    effect,
};

/// Reads `size.PATH` of every tmpfs of the mount table: `65536 KiB, 2048
/// files`, or `any number of files`; and `sizes`, how many there are.
fn observe(proc: &Proc, observation: &mut Observation) {
    let table = proc.read("self/mountinfo").and_then(|file| {
        parse_table(&file).map_err(|it| Unread::senseless(it.to_string()))
    });
    let count = table.as_ref().map_err(Clone::clone).map(|table| {
        table.iter().filter(|it| it.fs_type == "tmpfs").count().to_string()
    });
    observation.read("sizes", count);
    let Ok(table) = table else { return };
    let paths: Vec<String> = table
        .iter()
        // A mount of a part of a tmpfs is a bind of another mount.
        .filter(|mount| mount.fs_type == "tmpfs" && mount.root == "/")
        .map(|mount| mount.at.clone())
        .collect();
    for path in paths {
        if let Some(size) = size(&path) {
            observation.read(format!("size.{path}"), size);
        }
    }
}

/// The size of the tmpfs at a path; `None` if another filesystem covers it.
fn size(path: &str) -> Option<Result<String, Unread>> {
    let name = text::bytes(path);
    let unread = |call: &str, errno| {
        Some(Err(Unread::new(format!("{call} {path}"), errno)))
    };
    match statfs(name.as_slice()) {
        Ok(it) if it.filesystem_type() != TMPFS_MAGIC => return None,
        Ok(_) => {}
        Err(errno) => return unread("statfs", errno),
    }
    match statvfs(name.as_slice()) {
        Ok(it) => {
            let kibibytes = it.blocks() * it.fragment_size() / 1024;
            Some(Ok(words(kibibytes, it.files())))
        }
        Err(errno) => unread("statvfs", errno),
    }
}

fn words(kibibytes: u64, files: u64) -> String {
    let limit = |number, unit| match number {
        0 => format!("any number of {unit}"),
        number => format!("{number} {unit}"),
    };
    format!("{}, {}", limit(kibibytes, "KiB"), limit(files, "files"))
}

fn effect(baseline: &Observation, seen: &Observation, effect: &mut Effect) {
    effect.compare("sizes", baseline, seen, |_, _| None);
    let sizes = seen.readings.keys().filter(|key| key.starts_with("size."));
    for key in sizes {
        if baseline.readings.contains_key(key) {
            effect.compare_value(key, baseline, seen);
        } else if let Some(size) = seen.value(key) {
            effect.change(key, format!("+ {size}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::effect_of;
    use super::*;

    #[test]
    fn a_size_has_two_limits() {
        assert_eq!(words(64, 0), "64 KiB, any number of files");
        assert_eq!(size("/proc"), None);
    }

    #[test]
    fn another_size_is_seen() {
        let (small, large) = ("64 KiB, 10 files", "65536 KiB, 10 files");
        assert_eq!(
            effect_of(
                &PROPERTY,
                &[("size./dev/shm", large)],
                &[("size./dev/shm", small), ("size./tmp", large)],
            ),
            format!("size./dev/shm  {small}\nsize./tmp      + {large}\n")
        );
    }
}
