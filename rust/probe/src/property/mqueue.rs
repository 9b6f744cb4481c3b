//! The POSIX message queues of the IPC namespace: mq_overview(7).

use std::os::fd::OwnedFd;
use std::path::Path;

use nix::dir::Dir;
use nix::fcntl::OFlag;
use nix::sys::stat::Mode;

use super::Property;
use super::namespaces::is_new;
use crate::effect::{Effect, word_changes};
use crate::observation::{Observation, Reading, Unread};
use crate::proc::{Proc, names};
use crate::sys;
use crate::text;

pub(super) const PROPERTY: Property = Property {
    name: "mqueue",
    families: &["mqueue"],
    about: "POSIX message queues, and those that a mounted mqueue shows",
    observe,
    effect,
};

/// Reads `mqueue.queues`, the names of the queues of the IPC namespace, and
/// `mqueue.at.PATH`, the names in each mounted mqueue filesystem.
///
/// The two differ if the mount was made in another IPC namespace, whose queues
/// it continues to show. No system call lists queues. For the first reading the
/// probe therefore makes a mqueue filesystem of its own, which needs
/// CAP_SYS_ADMIN over the mount and the IPC namespace; without it the reading
/// is recorded as unread with EPERM.
fn observe(_: &Proc, observation: &mut Observation) {
    observation.read("mqueue.queues", sys::message_queues().and_then(queues));
    // The property `mounts` is read before this one and has set this.
    let mounted: Vec<String> = observation
        .mounts
        .iter()
        .flatten()
        .filter(|mount| mount.fs_type == "mqueue")
        .map(|mount| mount.at.clone())
        .collect();
    for at in mounted {
        use std::os::unix::ffi::OsStrExt;
        let path = text::bytes(&at);
        let path = Path::new(std::ffi::OsStr::from_bytes(&path));
        observation.read(format!("mqueue.at.{at}"), names(path).map(words));
    }
}

fn queues(root: OwnedFd) -> Result<String, Unread> {
    // fsmount returns an O_PATH descriptor, which cannot be read.
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let mut directory = Dir::openat(root, ".", flags, Mode::empty())
        .map_err(|errno| Unread::new("open mqueue", errno))?;
    let failed = |errno| Unread::new("getdents mqueue", errno);
    let mut names = Vec::new();
    for entry in directory.iter() {
        let name = entry.map_err(failed)?.file_name().to_bytes().to_vec();
        if name != b"." && name != b".." {
            names.push(name);
        }
    }
    Ok(words(names))
}

fn words(mut names: Vec<Vec<u8>>) -> String {
    names.sort_unstable();
    match names.is_empty() {
        true => "none".to_owned(),
        false => {
            let words: Vec<String> =
                names.iter().map(|name| text::lossless(name)).collect();
            words.join(" ")
        }
    }
}

fn effect(baseline: &Observation, seen: &Observation, effect: &mut Effect) {
    let keys = seen
        .readings
        .keys()
        .filter(|key| *key == "mqueue.queues" || key.starts_with("mqueue.at."));
    for key in keys {
        // A payload without the privilege cannot read the queues. If it is in
        // the IPC namespace of the baseline, its queues are those of the
        // baseline.
        if key == "mqueue.queues"
            && !is_new(baseline, seen, "ipc")
            && refused(seen)
        {
            continue;
        }
        effect.compare(key, baseline, seen, |before, after| {
            match (before.unwrap_or("none"), after) {
                (_, "none") => Some("none".to_owned()),
                ("none", after) => {
                    Some(word_changes([].into_iter(), after.split(' ')))
                }
                (before, after) => {
                    Some(word_changes(before.split(' '), after.split(' ')))
                }
            }
        });
    }
}

fn refused(seen: &Observation) -> bool {
    matches!(
        seen.readings.get("mqueue.queues"),
        Some(Reading::Unread { errno: libc::EPERM, .. })
    )
}

#[cfg(test)]
mod tests {
    use super::super::tests::effect_of;
    use super::*;

    #[test]
    fn names_are_sorted() {
        assert_eq!(words(vec![]), "none");
        assert_eq!(words(vec![b"b".to_vec(), b"a".to_vec()]), "a b");
    }

    #[test]
    fn an_old_mount_still_shows_the_old_queues() {
        let before =
            [("mqueue.queues", "nsteps"), ("mqueue.at./dev/mqueue", "nsteps")];
        let after =
            [("mqueue.queues", "none"), ("mqueue.at./dev/mqueue", "nsteps")];
        assert_eq!(
            effect_of(&PROPERTY, &before, &after),
            "mqueue.queues  none\n"
        );
    }
}
