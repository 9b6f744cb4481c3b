//! Describes a mount in words without a number that depends on the machine.

use crate::mount::Mount;

/// How events propagate to and from this mount, in the words of the manual.
pub(super) fn kind(mount: &Mount) -> &'static str {
    match (mount.shared, mount.master, mount.unbindable) {
        (_, _, true) => "unbindable",
        (Some(_), Some(_), _) => "shared+slave",
        (Some(_), None, _) => "shared",
        (None, Some(_), _) => "slave",
        (None, None, _) => "private",
    }
}

/// The source of a mount; `blk` for a disk, whose name depends on the machine.
pub(super) fn source(mount: &Mount) -> &str {
    match (mount.device, mount.source.as_str()) {
        ((1.., _), _) => "blk",
        (_, "") => "\"\"",
        (_, source) => source,
    }
}

/// The options of the superblock that do not depend on the size of the machine,
/// on the configuration of its kernel or on the caller of the comparison.
pub(super) fn stable_options(
    mount: &Mount,
) -> impl Iterator<Item = &str> + Clone {
    const MACHINE: [&str; 11] = [
        "size",
        "nr_inodes",
        "nr_blocks",
        "inode32",
        "inode64",
        "uid",
        "gid",
        "resuid",
        "resgid",
        "seclabel",
        "stripe",
    ];
    mount.super_options.split(',').filter(|option| {
        let name = option.split('=').next().unwrap_or(option);
        !MACHINE.contains(&name)
    })
}
