//! The ten namespaces of namespaces(7): each is identified by the inode of its
//! link and by its id, and the user namespace that owns it is read.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::sys::stat::fstat;

use super::Property;
use crate::effect::Effect;
use crate::observation::{Observation, Reading, Unread};
use crate::proc::Proc;
use crate::sys;

pub(super) const PROPERTY: Property = Property {
    name: "namespaces",
    families: &["ns"],
    about: "the ten namespaces, and the user namespaces that own them",
    observe,
    effect,
};

/// The links of /proc/PID/ns, the word before the inode in their targets,
/// and the request that asks a pidfd for the same namespace.
const LINKS: [(&str, &str, u8); 10] = [
    ("cgroup", "cgroup", 1),
    ("ipc", "ipc", 2),
    ("mnt", "mnt", 3),
    ("net", "net", 4),
    ("pid", "pid", 5),
    ("pid_for_children", "pid", 6),
    ("time", "time", 7),
    ("time_for_children", "time", 8),
    ("user", "user", 9),
    ("uts", "uts", 10),
];

/// Reads `ns.TYPE`, the text of the link, `ns.TYPE.id`, the number that is
/// never used again, `ns.TYPE.owner`, the link of the owning user namespace,
/// and `ns.TYPE.parent` if there is a hierarchy.
///
/// The kernel refuses owner and parent (EPERM) if they are above the reader's
/// own namespace. The parent of one's own namespace always is, so for that this
/// is the ordinary reading.
fn observe(proc: &Proc, observation: &mut Observation) {
    let pidfd = sys::own_pidfd().ok();
    let pidfd = pidfd.as_ref().map(AsFd::as_fd);
    observe_by(pidfd, proc, observation);
}

fn observe_by(
    pidfd: Option<BorrowedFd<'_>>,
    proc: &Proc,
    observation: &mut Observation,
) {
    for (link, kind, request) in LINKS {
        let key = format!("ns.{link}");
        let namespace = match open(pidfd, proc, link, request) {
            Ok(namespace) => namespace,
            Err(unread) => {
                observation.read(key, Err::<String, _>(unread));
                continue;
            }
        };
        let failed = |call: &str, errno| {
            Unread::new(format!("{call} on ns/{link}"), errno)
        };
        let namespace = namespace.as_fd();
        observation.read(&key, name(kind, namespace));
        observation.read(
            format!("{key}.id"),
            sys::namespace_id(namespace)
                .map(|id| id.to_string())
                .map_err(|errno| failed("ioctl NS_GET_ID", errno)),
        );
        observation.read(
            format!("{key}.owner"),
            sys::namespace_owner(namespace)
                .map_err(|errno| failed("ioctl NS_GET_USERNS", errno))
                .and_then(|owner| name("user", owner.as_fd())),
        );
        if matches!(kind, "user" | "pid") {
            observation.read(
                format!("{key}.parent"),
                sys::namespace_parent(namespace)
                    .map_err(|errno| failed("ioctl NS_GET_PARENT", errno))
                    .and_then(|parent| name(kind, parent.as_fd())),
            );
        }
    }
}

/// Opens a namespace of this process: through its pidfd (Linux 6.11), which
/// needs no `/proc`, or else through the link.
fn open(
    pidfd: Option<BorrowedFd<'_>>,
    proc: &Proc,
    link: &str,
    request: u8,
) -> Result<OwnedFd, Unread> {
    match pidfd.map(|pidfd| sys::namespace_of(pidfd, request)) {
        Some(Ok(namespace)) => Ok(namespace),
        _ => proc.open(&format!("self/ns/{link}")).map(OwnedFd::from),
    }
}

/// The name `uts:[4026531838]`, as readlink(2) would return it.
fn name(kind: &str, namespace: BorrowedFd<'_>) -> Result<String, Unread> {
    fstat(namespace)
        .map(|stat| format!("{kind}:[{}]", stat.st_ino))
        .map_err(|errno| Unread::new("fstat of a namespace", errno))
}

fn effect(baseline: &Observation, seen: &Observation, effect: &mut Effect) {
    for (link, kind, _) in LINKS {
        let key = format!("ns.{link}");
        // The namespace of the children is reported only if it is not that of
        // the process itself.
        let implied = link != kind
            && seen.value(&key) == seen.value(&format!("ns.{kind}"))
            && seen.value(&key).is_some();
        if implied {
            continue;
        }
        // `is_new` decides and not the text of the link, because a new
        // namespace can have a used inode number again.
        if is_new(baseline, seen, link) {
            effect.change(&key, "new");
            if let Some(owner) = owner(seen, link) {
                effect.change(format!("{key}.owner"), owner);
            }
        } else {
            effect.compare(&key, baseline, seen, |_, _| None);
        }
    }
}

/// True if the payload is in another namespace than the baseline; `false` if
/// that is not known.
pub(super) fn is_new(
    baseline: &Observation,
    seen: &Observation,
    link: &str,
) -> bool {
    let differs = |key: &str| Some(baseline.value(key)? != seen.value(key)?);
    differs(&format!("ns.{link}.id"))
        .or_else(|| differs(&format!("ns.{link}")))
        .unwrap_or(false)
}

/// The owner of a new namespace, unless it is the user namespace that the
/// process is in.
///
/// One call with all flags makes the process's own user namespace the owner. If
/// the owner is another one, the namespace was made before the new user
/// namespace, and the process has no power over it.
/// the new user namespace was.
fn owner(seen: &Observation, link: &str) -> Option<&'static str> {
    // The owner of a user namespace is its parent, which is always above.
    if link == "user" {
        return None;
    }
    match seen.readings.get(&format!("ns.{link}.owner"))? {
        Reading::Value(owner) if Some(&**owner) != seen.value("ns.user") => {
            Some("a user namespace below")
        }
        Reading::Unread { errno: libc::EPERM, .. } => {
            Some("a user namespace above")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{effect_of, observation};
    use super::*;
    use nix::errno::Errno;

    #[test]
    fn another_inode_is_a_new_namespace() {
        let text = effect_of(
            &PROPERTY,
            &[("ns.uts", "uts:[1]"), ("ns.net", "net:[2]")],
            &[("ns.uts", "uts:[3]"), ("ns.net", "net:[2]")],
        );
        assert_eq!(text, "ns.uts  new\n");
    }

    #[test]
    fn a_recycled_inode_does_not_hide_a_new_namespace() {
        let text = effect_of(
            &PROPERTY,
            &[("ns.uts", "uts:[1]"), ("ns.uts.id", "10")],
            &[("ns.uts", "uts:[1]"), ("ns.uts.id", "11")],
        );
        assert_eq!(text, "ns.uts  new\n");
    }

    #[test]
    fn the_namespace_for_children_is_named_where_it_is_another() {
        let before =
            [("ns.pid", "pid:[1]"), ("ns.pid_for_children", "pid:[1]")];
        let entered =
            [("ns.pid", "pid:[2]"), ("ns.pid_for_children", "pid:[2]")];
        let unshared =
            [("ns.pid", "pid:[1]"), ("ns.pid_for_children", "pid:[2]")];
        assert_eq!(effect_of(&PROPERTY, &before, &entered), "ns.pid  new\n");
        assert_eq!(
            effect_of(&PROPERTY, &before, &unshared),
            "ns.pid_for_children  new\n"
        );
    }

    #[test]
    fn an_owner_other_than_the_own_user_namespace_is_reported() {
        let before = [("ns.user", "user:[1]"), ("ns.uts", "uts:[2]")];
        let together = [
            ("ns.user", "user:[5]"),
            ("ns.uts", "uts:[6]"),
            ("ns.uts.owner", "user:[5]"),
        ];
        assert_eq!(
            effect_of(&PROPERTY, &before, &together),
            "ns.user  new\nns.uts   new\n"
        );
        let mut one_by_one =
            observation(&[("ns.user", "user:[5]"), ("ns.uts", "uts:[6]")]);
        one_by_one.read(
            "ns.uts.owner",
            Err::<String, _>(Unread::new("ioctl", Errno::EPERM)),
        );
        let mut changes = Effect::default();
        effect(&observation(&before), &one_by_one, &mut changes);
        assert_eq!(
            changes.0.get("ns.uts.owner").map(String::as_str),
            Some("a user namespace above")
        );
    }

    /// The kernel has two ways to report the same, and we read both.
    #[test]
    fn a_pidfd_gives_the_namespaces_of_the_links() {
        let proc = Proc::at("/proc");
        let mut links = Observation::default();
        observe_by(None, &proc, &mut links);
        for (link, _, _) in LINKS {
            let target = proc.read_link(&format!("self/ns/{link}"));
            assert_eq!(
                links.value(&format!("ns.{link}")),
                target.as_deref().ok()
            );
        }
        let mut both = Observation::default();
        observe(&proc, &mut both);
        assert_eq!(both, links);
    }
}
