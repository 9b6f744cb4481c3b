//! Lists the files in the directories of a sandbox in which launchers leave
//! files.

use super::whole::Cover;
use std::collections::BTreeSet;
use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// The directories of the sandbox's own that launchers write to; the last are
/// those in which an engine has a directory for each container.
const LITTERED: &[&str] = &[
    "/",
    "/run",
    "/tmp",
    "/newroot",
    "/run/nsteps/storage/overlay-containers",
    "/run/nsteps/storage/vfs-containers",
];

/// The names in these directories. Of a directory of the host's: everything
/// that was written below it, at any depth, with a `-` before what was
/// removed, and behind a file that was written its mode.
pub fn files(covers: &[Cover]) -> BTreeSet<String> {
    let mut files = BTreeSet::new();
    for dir in LITTERED {
        if !covers.iter().any(|cover| cover.at == Path::new(dir)) {
            let names = names(Path::new(dir));
            files.extend(names.map(|it| it.display().to_string()));
        }
    }
    for cover in covers {
        let upper = format!("/proc/self/fd/{}", cover.upper.as_raw_fd());
        collect(Path::new(&upper), &cover.at, &mut files);
    }
    files
}

/// Collects everything below a directory of an upper layer; `at` is its path in
/// the sandbox.
fn collect(upper: &Path, at: &Path, files: &mut BTreeSet<String>) {
    for path in names(upper) {
        let Some(name) = path.file_name() else { continue };
        let shown = at.join(name);
        let Ok(kind) = fs::symlink_metadata(&path) else { continue };
        // An overlay marks a removed file with a device 0:0.
        let removed = kind.file_type().is_char_device() && kind.rdev() == 0;
        let mark = if removed { "- " } else { "" };
        let mode = match kind.is_file() {
            true => format!(" {:04o}", kind.mode() & 0o7777),
            false => String::new(),
        };
        let before = files.len();
        if kind.is_dir() {
            collect(&path, &shown, files);
        }
        // The layer has a directory as soon as it has something below it.
        if files.len() == before {
            files.insert(format!("{mark}{}{mode}", shown.display()));
        }
    }
}

fn names(dir: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten();
    entries.flatten().map(|entry| entry.path())
}
