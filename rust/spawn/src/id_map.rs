//! The id maps of a new user namespace.

use std::fmt::Write;

/// Which ids of the caller's user namespace the ids of a new one are
/// ([user_namespaces(7)](https://man7.org/linux/man-pages/man7/user_namespaces.7.html)).
///
/// One user and one group, namely the effective ones of the caller, can be
/// mapped without a privilege: [`root_of_caller`](IdMap::root_of_caller) and
/// [`caller`](IdMap::caller). The child writes such a map itself. Every other
/// one needs `CAP_SETUID` and `CAP_SETGID` in the caller's user namespace, and
/// the caller writes it while the child waits.
///
/// ```
/// use nsteps_spawn::IdMap;
///
/// // 0 is the caller, and 1 to 65536 are ids that /etc/subuid has for it.
/// let map = IdMap::root_of_caller()
///     .users(1, 100_000, 65_536)
///     .groups(1, 100_000, 65_536)
///     .allow_setgroups();
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdMap {
    users: Vec<Range>,
    groups: Vec<Range>,
    setgroups: bool,
}

/// `count` ids from `inside` on are those from `outside` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    inside: u32,
    outside: u32,
    count: u32,
}

impl IdMap {
    /// An empty map: the payload has the overflow ids, 65534. setgroups(2) is
    /// denied.
    pub fn new() -> Self {
        Self::default()
    }

    /// The payload has the ids 0, which are the effective ids of the caller.
    /// setgroups(2) is denied.
    pub fn root_of_caller() -> Self {
        let (user, group) = effective();
        Self::new().users(0, user, 1).groups(0, group, 1)
    }

    /// The payload has the ids of the caller, and no other ids exist.
    /// setgroups(2) is denied.
    pub fn caller() -> Self {
        let (user, group) = effective();
        Self::new().users(user, user, 1).groups(group, group, 1)
    }

    /// `count` user ids from `inside` on are those of the caller's user
    /// namespace from `outside` on.
    #[must_use]
    pub fn users(mut self, inside: u32, outside: u32, count: u32) -> Self {
        self.users.push(Range { inside, outside, count });
        self
    }

    /// `count` group ids from `inside` on are those of the caller's user
    /// namespace from `outside` on.
    #[must_use]
    pub fn groups(mut self, inside: u32, outside: u32, count: u32) -> Self {
        self.groups.push(Range { inside, outside, count });
        self
    }

    /// setgroups(2) is allowed in the user namespace. The group map then needs
    /// `CAP_SETGID` in the caller's user namespace.
    #[must_use]
    pub fn allow_setgroups(mut self) -> Self {
        self.setgroups = true;
        self
    }

    /// Whether the child may write the map itself, from inside.
    pub(crate) fn is_the_caller_alone(&self) -> bool {
        let (user, group) = effective();
        let alone = |ranges: &[Range], id| match ranges {
            [] => true,
            [only] => only.count == 1 && only.outside == id,
            _ => false,
        };
        !self.setgroups
            && alone(&self.users, user)
            && alone(&self.groups, group)
    }

    /// Whether the namespace has a user 0.
    pub(crate) fn has_root(&self) -> bool {
        self.users.iter().any(|it| it.inside == 0 && it.count > 0)
    }

    /// Whether the namespace has a group 0.
    pub(crate) fn has_root_group(&self) -> bool {
        self.groups.iter().any(|it| it.inside == 0 && it.count > 0)
    }

    /// The files below `/proc/PID`, and what is written to each, in the order
    /// that the kernel demands. An empty map is not written.
    pub(crate) fn files(&self) -> Vec<(&'static str, String)> {
        let mut files = Vec::new();
        if !self.setgroups {
            files.push(("setgroups", "deny".to_owned()));
        }
        let maps = [("uid_map", &self.users), ("gid_map", &self.groups)];
        for (name, ranges) in maps {
            if !ranges.is_empty() {
                files.push((name, lines(ranges)));
            }
        }
        files
    }
}

fn effective() -> (u32, u32) {
    (nix::unistd::geteuid().as_raw(), nix::unistd::getegid().as_raw())
}

fn lines(ranges: &[Range]) -> String {
    let mut lines = String::new();
    for Range { inside, outside, count } in ranges {
        // Writing to a string does not fail.
        let _ = writeln!(lines, "{inside} {outside} {count}");
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caller_alone_needs_no_privilege() {
        assert!(IdMap::new().is_the_caller_alone());
        assert!(IdMap::root_of_caller().is_the_caller_alone());
        assert!(IdMap::caller().is_the_caller_alone());
        let more = IdMap::root_of_caller().users(1, 100_000, 10);
        assert!(!more.is_the_caller_alone());
        assert!(!IdMap::caller().allow_setgroups().is_the_caller_alone());
        let (user, _) = effective();
        let other = IdMap::new().users(0, user.wrapping_add(1), 1);
        assert!(!other.is_the_caller_alone());
    }

    #[test]
    fn setgroups_is_written_before_the_group_map() {
        let map = IdMap::new().users(0, 5, 1).groups(0, 6, 1).groups(1, 9, 2);
        let expected = [
            ("setgroups", "deny"),
            ("uid_map", "0 5 1\n"),
            ("gid_map", "0 6 1\n1 9 2\n"),
        ];
        let files = map.files();
        let files: Vec<_> =
            files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        assert_eq!(files, expected);
        assert!(map.has_root());
        assert_eq!(map.allow_setgroups().files().len(), 2);
    }
}
