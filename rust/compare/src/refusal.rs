//! The calls that steps make in vain, with the page about each:
//! [`REFUSALS`] is the only list.

use crate::known::fits;

/// A call that the kernel refuses a step, whichever language made it.
#[derive(Debug, PartialEq, Eq)]
pub struct RefusedCall {
    /// Call and errno, as in the key `refused` of an effect (`*` at either
    /// end).
    pub value: &'static str,
    /// Why the kernel refuses it, without a full stop.
    pub about: &'static str,
    /// The page that explains it, in the book.
    pub page: &'static str,
}

/// Every refusal that has a page.
pub const REFUSALS: &[RefusedCall] = &[
    RefusedCall {
        value: "umount EBUSY",
        about: "something is mounted below, or a process uses the mount",
        page: "steps/pid_detach.md",
    },
    RefusedCall {
        value: "umount EINVAL",
        about: "the mount is locked, because a user namespace inherited it, or \
                it is none",
        page: "kernel/locked-mounts.md",
    },
    RefusedCall {
        value: "pivot_root *",
        about: "of the two directories one is not what the kernel demands",
        page: "kernel/pivot-root-errors.md",
    },
];

/// The refusal of this call with this errno, if it has a page.
pub fn refusal(value: &str) -> Option<&'static RefusedCall> {
    REFUSALS.iter().find(|it| fits(it.value, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_found_by_call_and_errno() {
        let page = |value| refusal(value).map(|it| it.page);
        assert_eq!(page("umount EBUSY"), Some("steps/pid_detach.md"));
        let page_of_all = Some("kernel/pivot-root-errors.md");
        assert_eq!(page("pivot_root EINVAL"), page_of_all);
        assert_eq!(page("umount ENOENT"), None);
    }
}
