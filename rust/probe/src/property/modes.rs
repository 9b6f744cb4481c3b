//! Mode and owner of the directories that every program uses, and of every
//! mount point.

use std::collections::BTreeSet;
use std::ffi::CString;

use nix::errno::Errno;

use super::Property;
use crate::effect::Effect;
use crate::observation::{Observation, Reading, Unread};
use crate::owner;
use crate::proc::Proc;
use crate::sys;
use crate::text;

pub(super) const PROPERTY: Property = Property {
    name: "modes",
    families: &["mode"],
    about: "mode and owner of /, /dev, /run, /tmp and every mount point",
    observe,
    effect,
};

/// The paths that are read whether something is mounted there or not.
const ALWAYS: [&str; 5] = ["/", "/dev", "/run", "/sys/fs/cgroup", "/tmp"];

const NONE: &str = "not there";

/// Reads `mode.PATH`. The mount points come from the mount table, which was
/// read before.
fn observe(_: &Proc, observation: &mut Observation) {
    let mut paths: BTreeSet<String> = ALWAYS.map(str::to_owned).into();
    if let Ok(table) = &observation.mounts {
        paths.extend(table.iter().map(|mount| mount.at.clone()));
    }
    for path in paths {
        observation.read(format!("mode.{path}"), mode(&path));
    }
}

fn mode(path: &str) -> Result<String, Unread> {
    let call = || format!("statx {path}");
    let name = CString::new(text::bytes(path))
        .map_err(|_| Unread::new(call(), Errno::EINVAL))?;
    match sys::look(libc::AT_FDCWD, &name) {
        // The files below /proc belong to root of the machine, which the user
        // namespace of an ordinary user does not map: the owner that is shown
        // depends on the caller.
        Ok(file) if path.starts_with("/proc/") => {
            Ok(format!("{:04o}", file.mode & 0o7777))
        }
        Ok(file) => Ok(owner::words(file.mode, file.uid, file.gid)),
        Err(Errno::ENOENT) => Ok(NONE.to_owned()),
        Err(errno) => Err(Unread::new(call(), errno)),
    }
}

fn effect(baseline: &Observation, seen: &Observation, effect: &mut Effect) {
    let modes = |it: &(&String, &Reading)| it.0.starts_with("mode.");
    if !baseline.readings.contains_key("mode./") {
        return;
    }
    for (key, reading) in seen.readings.iter().filter(modes) {
        if !baseline.readings.contains_key(key) {
            let mode = reading.why_unread();
            let mode = mode.as_deref().or(reading.value());
            effect.change(key, format!("+ {}", mode.unwrap_or_default()));
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
    fn a_path_has_a_mode_or_is_not_there() {
        let root = mode("/").expect("the root");
        assert!(root.starts_with("0"), "{root}");
        assert_eq!(mode("/not\\040there").as_deref(), Ok(NONE));
        let below = mode("/proc/self/stat/x").map_err(|it| it.errno);
        assert_eq!(below, Err(Errno::ENOTDIR as i32));
    }

    #[test]
    fn a_directory_that_every_user_may_write_to_is_seen() {
        let text = effect_of(
            &PROPERTY,
            &[("mode./", "0755 0:0"), ("mode./dev", "0755 0:0")],
            &[
                ("mode./", "0755 0:0"),
                ("mode./dev", "0777 0:0"),
                ("mode./mnt", "1777 0:0"),
            ],
        );
        assert_eq!(text, "mode./dev  0777 0:0\nmode./mnt  + 1777 0:0\n");
    }
}
