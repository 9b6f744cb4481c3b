//! Reads the mount table without `/proc`: by listmount(2) and statmount(2),
//! which Linux has since 6.8, and which report all that mountinfo has since
//! 6.13.

use nix::errno::Errno;

use crate::mount::Mount;
use crate::sys;
use crate::text;

/// The table in the form of mountinfo.
pub(crate) fn table() -> nix::Result<Vec<Mount>> {
    let mut table = Vec::new();
    for id in sys::list_mounts()? {
        match sys::stat_mount(id, WANTED) {
            Ok(bytes) => {
                table.push(mount(&bytes).ok_or(Errno::EOPNOTSUPP)?);
            }
            // The mount was unmounted after it was listed.
            Err(Errno::ENOENT) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(table)
}

// The values that can be asked for, and those that the kernel says it has
// returned: linux/mount.h.
const SB_BASIC: u64 = 0x001;
const MNT_BASIC: u64 = 0x002;
const PROPAGATE_FROM: u64 = 0x004;
const MNT_ROOT: u64 = 0x008;
const MNT_POINT: u64 = 0x010;
const FS_TYPE: u64 = 0x020;
const MNT_OPTS: u64 = 0x080;
const FS_SUBTYPE: u64 = 0x100;
const SB_SOURCE: u64 = 0x200;
/// Without these values the mount would be described wrongly.
const NEEDED: u64 = SB_BASIC | MNT_BASIC | MNT_ROOT | MNT_POINT | FS_TYPE;
const WANTED: u64 = NEEDED | PROPAGATE_FROM | MNT_OPTS | FS_SUBTYPE | SB_SOURCE;

/// Parses one mount from the bytes of a struct statmount.
fn mount(bytes: &[u8]) -> Option<Mount> {
    let long = |at: usize| -> Option<u64> {
        Some(u64::from_ne_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
    };
    let word = |at: usize| -> Option<u32> {
        Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
    };
    // A string is given by its offset from the end of the fixed part.
    let string = |at: usize| -> Option<&[u8]> {
        let start = 512 + usize::try_from(word(at)?).ok()?;
        bytes.get(start..)?.split(|&byte| byte == 0).next()
    };
    let told = long(8)?;
    if told & NEEDED != NEEDED {
        return None;
    }
    let optional = |mask: u64, at: usize| match told & mask {
        0 => Some(&[][..]),
        _ => string(at),
    };

    let mut fs_type = text::lossless(string(36)?);
    let subtype = optional(FS_SUBTYPE, 120)?;
    if !subtype.is_empty() {
        fs_type = format!("{fs_type}.{}", text::lossless(subtype));
    }
    let group = |at: usize| -> Option<Option<u64>> {
        Some(Some(long(at)?).filter(|group| *group != 0))
    };
    let (shared, master) = (group(80)?, group(88)?);
    let from = match told & PROPAGATE_FROM {
        0 => None,
        // mountinfo has it only if it is not the master.
        _ => group(96)?.filter(|from| Some(*from) != master),
    };
    Some(Mount {
        // mountinfo has the old, short ids.
        id: word(56)?.into(),
        parent: word(60)?.into(),
        device: (word(16)?, word(20)?),
        root: text::lossless(string(104)?),
        at: text::lossless(string(108)?),
        options: mount_options(long(64)?),
        shared,
        master,
        propagate_from: from,
        unbindable: long(72)? & libc::MS_UNBINDABLE != 0,
        other: Vec::new(),
        fs_type,
        source: text::lossless(optional(SB_SOURCE, 124)?),
        super_options: super_options(word(32)?, optional(MNT_OPTS, 4)?),
    })
}

/// The flags of mount_setattr(2) in the form of mountinfo.
fn mount_options(attributes: u64) -> String {
    const RDONLY: u64 = 0x1;
    const ATIME: u64 = 0x70;
    const RELATIME: u64 = 0x00;
    const NOATIME: u64 = 0x10;
    let has = |flag| attributes & flag != 0;
    let mut words = vec![if has(RDONLY) { "ro" } else { "rw" }];
    for (set, word) in [
        (has(0x2), "nosuid"),
        (has(0x4), "nodev"),
        (has(0x8), "noexec"),
        (attributes & ATIME == NOATIME, "noatime"),
        (has(0x80), "nodiratime"),
        (attributes & ATIME == RELATIME, "relatime"),
        (has(0x20_0000), "nosymfollow"),
        (has(0x10_0000), "idmapped"),
    ] {
        if set {
            words.push(word);
        }
    }
    words.join(",")
}

/// The flags of a superblock and the options of its filesystem, in the form of
/// mountinfo.
fn super_options(flags: u32, options: &[u8]) -> String {
    const RDONLY: u32 = 1;
    let has = |flag| flags & flag != 0;
    let mut words = vec![if has(RDONLY) { "ro" } else { "rw" }];
    for (set, word) in [
        (has(1 << 4), "sync"),
        (has(1 << 7), "dirsync"),
        (has(1 << 25), "lazytime"),
    ] {
        if set {
            words.push(word);
        }
    }
    let options = text::utf8(options);
    if !options.is_empty() {
        words.push(&options);
    }
    words.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mount::parse_table;

    #[test]
    fn flags_are_written_as_mountinfo_writes_them() {
        assert_eq!(mount_options(0), "rw,relatime");
        assert_eq!(mount_options(0x20), "rw");
        assert_eq!(
            mount_options(0x1 | 0x2 | 0x4 | 0x8 | 0x10),
            "ro,nosuid,nodev,noexec,noatime"
        );
        assert_eq!(super_options(0, b""), "rw");
        assert_eq!(super_options(1 << 4 | 1, b"mode=755"), "ro,sync,mode=755");
    }

    #[test]
    fn arbitrary_bytes_are_no_mount() {
        assert_eq!(mount(&[]), None);
        assert_eq!(mount(&[0; 600]), None);
        assert_eq!(mount(&[0xff; 600]), None);
    }

    /// The kernel has two ways to report the same, and we read both.
    #[test]
    fn it_is_the_table_of_mountinfo() {
        let Ok(told) = table() else {
            return; // Linux before 6.8, or it is not allowed here.
        };
        let file = std::fs::read("/proc/self/mountinfo").expect("mountinfo");
        let mut read = parse_table(&file).expect("mountinfo");
        // Security modules write their options only into mountinfo, and older
        // kernels do not report the source.
        if told.iter().all(|mount| mount.source.is_empty()) {
            read.iter_mut().for_each(|mount| mount.source.clear());
        }
        assert_eq!(told, read);
    }
}
