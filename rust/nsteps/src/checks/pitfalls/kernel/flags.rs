//! What a remount does to the flags of a mount and to the mounts below it.

use super::demonstrated;
use crate::checks::pitfalls::pitfall::Evidence;
use crate::checks::session::Conditions;
use harness::found::Found;
use harness::scenario::Mounts;

/// By bind, remount, mount_setattr and open_tree, then in a user namespace.
pub fn mounts(conditions: &Conditions<'_>) -> Found<Evidence> {
    let cases = [
        ("MS_BIND and MS_RDONLY: the new mount", "rw nosuid nodev"),
        ("remount, the flags repeated: the mount", "ro nosuid nodev"),
        ("remount, the flags repeated: the mount below", "rw"),
        ("remount with MS_REC: the mount below", "rw"),
        ("remount, the flags left out: the mount", "ro"),
        ("mount_setattr with AT_RECURSIVE: the mount", "ro nosuid nodev"),
        ("mount_setattr with AT_RECURSIVE: the mount below", "ro"),
        ("a copy by open_tree, made read-only: the copy", "ro nosuid nodev"),
        ("a copy by open_tree, made read-only: the mount", "rw nosuid nodev"),
        ("a copy by open_tree, not attached: its file", "ok"),
        ("a copy by open_tree, not attached: the mount table", "unchanged"),
        ("user namespace, the flags left out", "EPERM"),
        ("user namespace, the flags repeated", "ok"),
        ("user namespace, the flags repeated, and noatime", "EPERM"),
        ("user namespace, the flags repeated, without MS_BIND", "EPERM"),
        ("user namespace, a read-only mount made writable", "EPERM"),
        ("user namespace, mount_setattr", "ok"),
        ("user namespace, a bind without MS_REC", "EINVAL"),
        ("user namespace, a bind with MS_REC", "ok"),
        ("user namespace, a mount of its own, the flags left out", "ok"),
    ];
    demonstrated(conditions, Mounts::Private, "mount_flags", cases)
}
