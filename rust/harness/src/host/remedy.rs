//! The remedy for an errno: the sysctl, package or option that helps.
//!
//! A remedy depends on the call and its object, and on the process in which the
//! call failed: the same errno has another cause for root than for an ordinary
//! user, in a user namespace and in a chroot.

use crate::error::Error;
use crate::host::chroot;
use nix::errno::Errno;
use std::fs;

/// The remedy for a call that failed because of what this machine allows, or
/// `None` if it should not have failed.  `call` is the call and its object, as
/// in `mount proc on /proc`.
///
/// Call this in the process that made the call.
pub fn remedy(call: &str, errno: Errno) -> Option<String> {
    Here::now().remedy(call, errno)
}

/// The error of a call that the kernel refused, with its remedy if there is one.
/// Call this in the process that made the call.
pub fn refused(call: &str, errno: Errno) -> Error {
    let remedy = remedy(call, errno);
    let remedy = remedy.map_or(String::new(), |it| format!(": {it}"));
    Error::new(format!("{call}: {}{remedy}", errno.desc()))
}

/// The limit of this machine that made a launcher fail, and its remedy.
/// `error_message` is `CALL ERRNO`. `None` if the launcher failed for another
/// reason.
pub fn shortage(error_message: &str) -> Option<String> {
    let (call, name) = error_message.split_once(' ')?;
    let errno = [
        Errno::ENOSPC,
        Errno::EUSERS,
        Errno::EMFILE,
        Errno::ENFILE,
        Errno::EAGAIN,
        Errno::ENOMEM,
    ]
    .into_iter()
    .find(|errno| format!("{errno:?}") == name)?;
    if errno == Errno::ENOSPC && !makes_namespaces(call) {
        return None;
    }
    let advice = remedy(call, errno)
        .unwrap_or_else(|| "a limit of this machine is reached".to_owned());
    Some(format!("{call}: {}: {advice}", errno.desc()))
}

/// What Go's runtime says before `main` if it gets no memory.
const GO_LACKS_MEMORY: [&str; 2] = [
    "fatal error: failed to reserve page summary memory",
    "fatal error: runtime: cannot allocate memory",
];

/// The limit of memory that ended a program of Go, and its remedy. `None` if
/// `said` is about something else.
pub fn lack_of_memory(said: &str) -> Option<String> {
    let fatal = GO_LACKS_MEMORY.iter().find(|it| said.contains(**it))?;
    Some(format!(
        "Go's runtime got no memory ({fatal}): a limit of the address space \
         (ulimit -v) must leave it some hundred megabytes"
    ))
}

/// True in every user namespace but the initial one.
pub fn in_a_user_namespace() -> bool {
    // Only the initial one maps every id.
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    map.split_whitespace().nth(2) != Some("4294967295")
}

/// What decides on a remedy besides the call: the caller's identity, and where
/// it runs.
struct Here {
    is_root: bool,
    in_a_user_namespace: bool,
    in_a_chroot: bool,
    /// The value of a file below /proc/sys.
    sysctl: fn(&str) -> Option<String>,
}

/// The value that a remedy proposes for a sysctl whose limit is reached.
const ENOUGH: &str = "15000";

/// The limits on the number of namespaces, by kind.
const LIMITS: [&str; 8] =
    ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"];

/// The calls that an older kernel lacks, and the first Linux that has each; for
/// close_range, its flag CLOSE_RANGE_CLOEXEC.
const SINCE: [(&str, &str); 6] = [
    ("close_range", "5.11"),
    ("mount_setattr", "5.12"),
    ("open_tree", "5.2"),
    ("pidfd_open", "5.3"),
    ("statx", "4.11"),
    ("clone3", "5.3"),
];

impl Here {
    fn now() -> Here {
        Here {
            is_root: nix::unistd::geteuid().is_root(),
            in_a_user_namespace: in_a_user_namespace(),
            in_a_chroot: chroot::is_here(),
            sysctl: |name| {
                let path = format!("/proc/sys/{}", name.replace('.', "/"));
                let text = fs::read_to_string(path).ok()?;
                Some(text.trim().to_owned())
            },
        }
    }

    fn remedy(&self, call: &str, errno: Errno) -> Option<String> {
        let is = |word: &str| call.contains(word);
        let namespace = makes_namespaces(call);
        let words = match errno {
            // A mount that is attached nowhere is in a namespace of its own.
            Errno::ENOSPC | Errno::EUSERS if namespace || is("open_tree") => {
                return Some(self.limit_of_namespaces());
            }
            Errno::EPERM | Errno::EACCES if namespace || is("_map") => {
                return Some(self.why_no_namespace(call));
            }
            Errno::EINVAL if is("user namespace") => {
                "this kernel was built without CONFIG_USER_NS"
            }
            Errno::EINVAL if is("mount") && self.in_a_chroot => {
                "this is a chroot, whose / is no mount point: run as root, or \
                 enter it with systemd-nspawn or bubblewrap instead of chroot"
            }
            Errno::EINVAL if is("pivot_root") => {
                "the root of this mount namespace is the kernel's initial one \
                 (an initramfs), from which pivot_root(2) cannot lead away"
            }
            Errno::EPERM | Errno::EACCES if is("mount") => {
                return Some(self.why_no_mount(call));
            }
            // The sandbox owns its uts namespace, so that no capability lacks.
            Errno::EPERM if is("sethostname") => {
                "a seccomp filter forbids it (docker run --security-opt \
                 seccomp=unconfined)"
            }
            Errno::ENOENT if is("binfmt_misc") => {
                "this kernel has no /proc/sys/fs/binfmt_misc (modprobe \
                 binfmt_misc)"
            }
            Errno::EOPNOTSUPP if is("veth") => {
                "this kernel has no veth links (modprobe veth)"
            }
            Errno::EMFILE => "raise the limit of open files (ulimit -n)",
            Errno::ENFILE => {
                "raise the limit of open files (sysctl fs.file-max)"
            }
            Errno::EAGAIN if namespace || is("fork") => {
                "the limit of processes is reached (ulimit -u, or pids.max of \
                 the cgroup)"
            }
            Errno::ENOMEM => "there is not enough memory",
            // close_range of Linux 5.9 and 5.10 lacks CLOSE_RANGE_CLOEXEC.
            Errno::EINVAL if is("close_range") => {
                return Some(since(call));
            }
            Errno::ENOSYS => return Some(since(call)),
            _ => return None,
        };
        Some(words.to_owned())
    }

    /// Names the limit that is reached: the lowest one of this user namespace.
    /// If that is 1000 or more, a limit of a parent user namespace may be
    /// reached instead.
    fn limit_of_namespaces(&self) -> String {
        let lowest = LIMITS
            .iter()
            .filter_map(|kind| {
                let name = format!("user.max_{kind}_namespaces");
                let limit: u64 = (self.sysctl)(&name)?.parse().ok()?;
                Some((limit, name))
            })
            .min();
        match lowest {
            Some((limit, name)) if limit < 1000 => {
                format!("{name} is {limit}: raise it (sysctl {name}={ENOUGH})")
            }
            _ => {
                "a limit on the number of namespaces is reached, here or in a \
                  user namespace above: raise the sysctls \
                  user.max_*_namespaces"
                    .to_owned()
            }
        }
    }

    /// Which of the known settings forbids a namespace.
    fn why_no_namespace(&self, call: &str) -> String {
        let is = |name: &str, value: &str| {
            (self.sysctl)(name).is_some_and(|it| it == value)
        };
        let user_namespace =
            !self.is_root || call.contains("user") || call.contains("_map");
        let words = if user_namespace && self.in_a_chroot {
            "this is a chroot, in which the kernel allows no user namespace \
             (user_namespaces(7)): run as root, or enter it with \
             systemd-nspawn or bubblewrap instead of chroot"
        } else if user_namespace
            && is("kernel.apparmor_restrict_unprivileged_userns", "1")
        {
            "AppArmor restricts user namespaces (sysctl \
             kernel.apparmor_restrict_unprivileged_userns=0)"
        } else if user_namespace && is("kernel.unprivileged_userns_clone", "0")
        {
            "unprivileged user namespaces are off (sysctl \
             kernel.unprivileged_userns_clone=1)"
        } else if user_namespace {
            "user namespaces are forbidden here, by a seccomp filter or a \
             security module (docker run --security-opt seccomp=unconfined)"
        } else {
            "root may make no namespaces here: CAP_SYS_ADMIN is missing, or a \
             seccomp filter forbids it (docker run --privileged)"
        };
        words.to_owned()
    }

    /// Why a mount is forbidden. The reasons in a user namespace differ
    /// from those outside of one.
    fn why_no_mount(&self, call: &str) -> String {
        let words = if !self.in_a_user_namespace {
            "root may not mount here: CAP_SYS_ADMIN is missing, or a security \
             module forbids it (docker run --privileged, or --security-opt \
             apparmor=unconfined)"
        } else if call.contains("mount proc") {
            "something hides parts of /proc (a container's masked paths), so \
             no new procfs may be mounted; unmask it (docker run \
             --security-opt systempaths=unconfined)"
        } else {
            "a security module forbids mounts in user namespaces (Ubuntu: \
             sysctl kernel.apparmor_restrict_unprivileged_userns=0)"
        };
        words.to_owned()
    }
}

/// True if a call makes namespaces.
fn makes_namespaces(call: &str) -> bool {
    ["unshare", "clone", "fork"].iter().any(|it| call.contains(it))
}

/// The first Linux that has a call, in words.
fn since(call: &str) -> String {
    let young = SINCE.iter().find(|(name, _)| call.contains(name));
    match young {
        Some((name, version)) => format!(
            "{name} needs Linux {version}, or a seccomp filter forbids it"
        ),
        None => "this kernel is too old, or a seccomp filter forbids the call"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Root of the initial user namespace, outside of any chroot.
    const ROOT: Here = Here {
        is_root: true,
        in_a_user_namespace: false,
        in_a_chroot: false,
        sysctl: |_| None,
    };
    /// An ordinary user.
    const USER: Here = Here { is_root: false, ..ROOT };
    /// Root of a user namespace.
    const MAPPED: Here = Here { in_a_user_namespace: true, ..ROOT };

    fn says(here: &Here, call: &str, errno: Errno, words: &str) {
        let said = here.remedy(call, errno);
        let said = said.as_deref().unwrap_or("nothing");
        assert!(said.contains(words), "{call} {errno:?}: {said}");
    }

    #[test]
    fn root_gets_no_remedy_about_user_namespaces() {
        for call in ["mount tmpfs on /tmp", "mount proc on /proc"] {
            says(&ROOT, call, Errno::EPERM, "root may not mount here");
            let said = MAPPED.remedy(call, Errno::EPERM).expect("a remedy");
            assert!(!said.contains("root may not mount"), "{said}");
        }
        says(&MAPPED, "mount proc on /proc", Errno::EPERM, "unmask it");
        says(&ROOT, "unshare namespaces", Errno::EPERM, "CAP_SYS_ADMIN");
        says(&ROOT, "unshare a user namespace", Errno::EPERM, "seccomp");
    }

    #[test]
    fn a_host_name_is_refused_by_a_filter_alone() {
        says(&MAPPED, "sethostname", Errno::EPERM, "seccomp=unconfined");
        assert_eq!(MAPPED.remedy("sethostname", Errno::EINVAL), None);
    }

    #[test]
    fn a_copy_of_a_mount_counts_as_a_namespace() {
        let one = Here {
            sysctl: |name| {
                let is_mnt = name == "user.max_mnt_namespaces";
                Some(if is_mnt { "1" } else { "60000" }.to_owned())
            },
            ..ROOT
        };
        let words = "user.max_mnt_namespaces is 1: raise it";
        says(&one, "open_tree", Errno::ENOSPC, words);
    }

    #[test]
    fn a_chroot_is_called_one() {
        let chroot = |here: &Here| Here { in_a_chroot: true, ..*here };
        let (root, user) = (chroot(&ROOT), chroot(&USER));
        let words = "this is a chroot";
        says(&root, "mount / (propagation)", Errno::EINVAL, words);
        says(&root, "unshare a user namespace", Errno::EPERM, words);
        says(&user, "unshare namespaces", Errno::EPERM, words);
        says(&root, "unshare namespaces", Errno::EPERM, "CAP_SYS_ADMIN");
        assert_eq!(ROOT.remedy("mount /x", Errno::EINVAL), None);
    }

    #[test]
    fn the_limit_that_is_reached_is_named() {
        let net = Here {
            sysctl: |name| {
                let is_net = name == "user.max_net_namespaces";
                Some(if is_net { "2" } else { "60000" }.to_owned())
            },
            ..ROOT
        };
        let raise = "(sysctl user.max_net_namespaces=15000)";
        says(&net, "clone", Errno::ENOSPC, raise);
        let high = Here { sysctl: |_| Some("60000".to_owned()), ..ROOT };
        says(&high, "clone", Errno::ENOSPC, "user namespace above");
    }

    #[test]
    fn switches_are_read() {
        let off = Here {
            sysctl: |name| {
                let is_it = name == "kernel.unprivileged_userns_clone";
                is_it.then(|| "0".to_owned())
            },
            ..USER
        };
        let switch = "kernel.unprivileged_userns_clone=1";
        says(&off, "unshare a user namespace", Errno::EPERM, switch);
    }

    #[test]
    fn a_missing_call_is_named_with_its_kernel() {
        let words = "close_range needs Linux 5.11";
        says(&ROOT, "close_range", Errno::ENOSYS, words);
        says(&ROOT, "close_range", Errno::EINVAL, words);
        let words = "mount_setattr needs Linux 5.12";
        says(&ROOT, "mount_setattr /usr", Errno::ENOSYS, words);
        says(&ROOT, "keyctl", Errno::ENOSYS, "too old");
    }

    #[test]
    fn a_shortage_and_a_refusal_differ() {
        for error_message in ["clone ENOSPC", "fork EAGAIN", "open EMFILE"] {
            assert!(shortage(error_message).is_some(), "{error_message}");
        }
        for error_message in
            ["umount EBUSY", "write ENOSPC", "panic: exit status 3", "x", ""]
        {
            assert_eq!(shortage(error_message), None, "{error_message}");
        }
    }
}
