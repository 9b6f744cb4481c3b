//! Flags by name, as strace(1) writes them.
//!
//! The values are the kernel's; they are the same on every architecture.

use nix::errno::Errno;
use nix::sys::signal::Signal;

/// A flag and its name.
pub type Flag = (u64, &'static str);

/// `clone(2)`, `clone3`, `unshare(2)` and `setns(2)`, in the usual order: first
/// the flags about memory, then the namespaces.
const CLONE: &[Flag] = &[
    (0x0000_0100, "CLONE_VM"),
    (0x0000_0200, "CLONE_FS"),
    (0x0000_0400, "CLONE_FILES"),
    (0x0000_0800, "CLONE_SIGHAND"),
    (CLONE_PIDFD, "CLONE_PIDFD"),
    (0x0000_2000, "CLONE_PTRACE"),
    (0x0000_4000, "CLONE_VFORK"),
    (0x0000_8000, "CLONE_PARENT"),
    (CLONE_THREAD, "CLONE_THREAD"),
    (0x0004_0000, "CLONE_SYSVSEM"),
    (0x0008_0000, "CLONE_SETTLS"),
    (0x0010_0000, "CLONE_PARENT_SETTID"),
    (0x0020_0000, "CLONE_CHILD_CLEARTID"),
    (0x0040_0000, "CLONE_DETACHED"),
    (0x0080_0000, "CLONE_UNTRACED"),
    (0x0100_0000, "CLONE_CHILD_SETTID"),
    (0x0000_0080, "CLONE_NEWTIME"),
    (0x0002_0000, "CLONE_NEWNS"),
    (0x0200_0000, "CLONE_NEWCGROUP"),
    (0x0400_0000, "CLONE_NEWUTS"),
    (0x0800_0000, "CLONE_NEWIPC"),
    (0x1000_0000, "CLONE_NEWUSER"),
    (0x2000_0000, "CLONE_NEWPID"),
    (0x4000_0000, "CLONE_NEWNET"),
    (0x8000_0000, "CLONE_IO"),
    (0x1_0000_0000, "CLONE_CLEAR_SIGHAND"),
    (0x2_0000_0000, "CLONE_INTO_CGROUP"),
];

/// The flag that makes a thread, not a process.
pub const CLONE_THREAD: u64 = 0x0001_0000;

/// The flag that gives the caller a descriptor of the child.
pub const CLONE_PIDFD: u64 = 0x0000_1000;

/// The flags of mount(2), by the names that `sys/mount.h` gives them.
pub const MOUNT: &[Flag] = &[
    (1, "MS_RDONLY"),
    (2, "MS_NOSUID"),
    (4, "MS_NODEV"),
    (8, "MS_NOEXEC"),
    (16, "MS_SYNCHRONOUS"),
    (32, "MS_REMOUNT"),
    (64, "MS_MANDLOCK"),
    (128, "MS_DIRSYNC"),
    (256, "MS_NOSYMFOLLOW"),
    (1024, "MS_NOATIME"),
    (2048, "MS_NODIRATIME"),
    (4096, "MS_BIND"),
    (8192, "MS_MOVE"),
    (16384, "MS_REC"),
    (32768, "MS_SILENT"),
    (1 << 16, "MS_POSIXACL"),
    (1 << 17, "MS_UNBINDABLE"),
    (1 << 18, "MS_PRIVATE"),
    (1 << 19, "MS_SLAVE"),
    (1 << 20, "MS_SHARED"),
    (1 << 21, "MS_RELATIME"),
    (1 << 23, "MS_I_VERSION"),
    (1 << 24, "MS_STRICTATIME"),
    (1 << 25, "MS_LAZYTIME"),
];

/// The flags of umount2(2), by name.
pub const UMOUNT: &[Flag] = &[
    (1, "MNT_FORCE"),
    (2, "MNT_DETACH"),
    (4, "MNT_EXPIRE"),
    (8, "UMOUNT_NOFOLLOW"),
];

/// The flags of open_tree(2), by name.
pub const OPEN_TREE: &[Flag] = &[
    (1, "OPEN_TREE_CLONE"),
    (0x8_0000, "OPEN_TREE_CLOEXEC"),
    (0x100, "AT_SYMLINK_NOFOLLOW"),
    (0x800, "AT_NO_AUTOMOUNT"),
    (0x1000, "AT_EMPTY_PATH"),
    (0x8000, "AT_RECURSIVE"),
];

/// The flags of move_mount(2), by name.
pub const MOVE_MOUNT: &[Flag] = &[
    (0x01, "MOVE_MOUNT_F_SYMLINKS"),
    (0x02, "MOVE_MOUNT_F_AUTOMOUNTS"),
    (0x04, "MOVE_MOUNT_F_EMPTY_PATH"),
    (0x10, "MOVE_MOUNT_T_SYMLINKS"),
    (0x20, "MOVE_MOUNT_T_AUTOMOUNTS"),
    (0x40, "MOVE_MOUNT_T_EMPTY_PATH"),
    (0x100, "MOVE_MOUNT_SET_GROUP"),
    (0x200, "MOVE_MOUNT_BENEATH"),
];

/// The flags of the calls that take a directory and a path below it.
pub const AT: &[Flag] = &[
    (0x100, "AT_SYMLINK_NOFOLLOW"),
    (0x200, "AT_REMOVEDIR"),
    (0x800, "AT_NO_AUTOMOUNT"),
    (0x1000, "AT_EMPTY_PATH"),
    (0x8000, "AT_RECURSIVE"),
];

/// The flags of fsopen(2), by name.
pub const FSOPEN: &[Flag] = &[(1, "FSOPEN_CLOEXEC")];
/// The flags of fsmount(2), by name.
pub const FSMOUNT: &[Flag] = &[(1, "FSMOUNT_CLOEXEC")];
/// The attributes of `fsmount(2)` and `mount_setattr(2)`.
pub const ATTRIBUTES: &[Flag] = &[
    (0x01, "MOUNT_ATTR_RDONLY"),
    (0x02, "MOUNT_ATTR_NOSUID"),
    (0x04, "MOUNT_ATTR_NODEV"),
    (0x08, "MOUNT_ATTR_NOEXEC"),
    (0x10, "MOUNT_ATTR_NOATIME"),
    (0x20, "MOUNT_ATTR_STRICTATIME"),
    (0x80, "MOUNT_ATTR_NODIRATIME"),
    (0x10_0000, "MOUNT_ATTR_IDMAP"),
    (0x20_0000, "MOUNT_ATTR_NOSYMFOLLOW"),
];
/// The flags of pidfd_open(2), by name.
pub const PIDFD: &[Flag] = &[(0x80, "PIDFD_THREAD"), (0x800, "PIDFD_NONBLOCK")];

/// The options of wait4(2) and waitid(2).
pub const WAIT: &[Flag] = &[
    (1, "WNOHANG"),
    (2, "WUNTRACED"),
    (4, "WEXITED"),
    (8, "WCONTINUED"),
    (0x0100_0000, "WNOWAIT"),
    (0x2000_0000, "__WNOTHREAD"),
    (0x4000_0000, "__WALL"),
    (0x8000_0000, "__WCLONE"),
];

/// The flags of a network interface that steps set.
pub const INTERFACE: &[Flag] = &[
    (0x1, "IFF_UP"),
    (0x2, "IFF_BROADCAST"),
    (0x8, "IFF_LOOPBACK"),
    (0x10, "IFF_POINTOPOINT"),
    (0x40, "IFF_RUNNING"),
    (0x80, "IFF_NOARP"),
    (0x1000, "IFF_MULTICAST"),
];

/// The names of the set flags, and the remaining bits as a number.
pub fn names(value: u64, known: &[Flag]) -> String {
    let mut left = value;
    let mut names = Vec::new();
    for (flag, name) in known {
        if left & flag != 0 {
            left &= !flag;
            names.push((*name).to_owned());
        }
    }
    if left != 0 || names.is_empty() {
        names.push(if left == 0 { "0".into() } else { format!("{left:#x}") });
    }
    names.join("|")
}

/// The name of a value in a list, if it has one.
pub fn value_name(
    value: i64,
    known: &[(i64, &'static str)],
) -> Option<&'static str> {
    known.iter().find(|(it, _)| *it == value).map(|(_, name)| *name)
}

/// The name of a value in a list, or its number.
pub fn value(value: i64, known: &[(i64, &'static str)]) -> String {
    value_name(value, known).map_or(value.to_string(), str::to_owned)
}

/// The flags of `mount(2)`. The number that programs for Linux 2.2 put above
/// them has no meaning and is left out.
pub fn mount(value: u64) -> String {
    const MS_MGC_VAL: u64 = 0xc0ed_0000;
    if value & 0xffff_0000 == MS_MGC_VAL {
        format!("MS_MGC_VAL|{}", names(value & 0xffff, MOUNT))
    } else {
        names(value, MOUNT)
    }
}

/// The flags of `unshare(2)`, `setns(2)` and clone3.
pub fn namespaces(value: u64) -> String {
    names(value, CLONE)
}

/// The flags of `clone(2)`. The low byte is the signal that is sent at the end:
/// for this call, `CLONE_NEWTIME` is a part of the signal.
pub fn clone(value: u64) -> String {
    clone3(value & !0xff, value & 0xff)
}

/// The flags of clone3 and the signal sent at the end.
pub fn clone3(flags: u64, exit_signal: u64) -> String {
    match (flags, exit_signal) {
        (_, 0) => namespaces(flags),
        (0, signal) => self::signal(signal),
        _ => format!("{}|{}", namespaces(flags), signal(exit_signal)),
    }
}

/// The name of a signal.
pub fn signal(number: u64) -> String {
    let named = i32::try_from(number).ok();
    match named.and_then(|it| Signal::try_from(it).ok()) {
        Some(signal) => signal.as_str().to_owned(),
        None if (32..=64).contains(&number) => {
            format!("SIGRT_{}", number - 32)
        }
        None => format!("{number:#x}"),
    }
}

/// The name of an errno, also if only a tracer sees it.
pub fn errno(number: i32) -> String {
    match number {
        512 => "ERESTARTSYS".to_owned(),
        513 => "ERESTARTNOINTR".to_owned(),
        514 => "ERESTARTNOHAND".to_owned(),
        516 => "ERESTART_RESTARTBLOCK".to_owned(),
        _ => match Errno::from_raw(number) {
            Errno::UnknownErrno => number.to_string(),
            errno => format!("{errno:?}"),
        },
    }
}

/// True if a result means that the kernel will restart the call after it has
/// delivered a signal.
pub fn is_restarted(result: i64) -> bool {
    matches!(result, -514..=-512 | -516)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_legacy_clone_ends_in_its_signal() {
        assert_eq!(
            clone(0x2000_0000 | 0x0002_0000 | 17),
            "CLONE_NEWNS|CLONE_NEWPID|SIGCHLD"
        );
        assert_eq!(clone(17), "SIGCHLD");
        assert_eq!(clone(0x4100), "CLONE_VM|CLONE_VFORK");
    }

    #[test]
    fn a_legacy_clone_cannot_make_a_time_namespace() {
        assert_eq!(clone(0x80 | 17), "0x91");
        assert_eq!(clone3(0x80, 17), "CLONE_NEWTIME|SIGCHLD");
    }

    #[test]
    fn what_has_no_name_stays_a_number() {
        assert_eq!(mount(0x4000 | 1 << 18), "MS_REC|MS_PRIVATE");
        assert_eq!(names(0x8000_0001, MOUNT), "MS_RDONLY|0x80000000");
        assert_eq!(names(0, MOUNT), "0");
        assert_eq!(mount(0xc0ed_1000), "MS_MGC_VAL|MS_BIND");
    }

    #[test]
    fn errnos_have_their_names() {
        assert_eq!(errno(16), "EBUSY");
        assert_eq!(errno(514), "ERESTARTNOHAND");
        assert!(is_restarted(-512) && !is_restarted(-4));
    }
}
