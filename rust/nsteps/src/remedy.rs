//! What to do about an errno: the sysctl, package or flag that helps.

use nix::errno::Errno;
use std::fs;

/// The remedy for a call that failed because of what this machine allows, or
/// `None` if it should not have failed.
pub fn remedy(call: &str, errno: Errno) -> Option<String> {
    let namespace = call.contains("unshare") || call.contains("clone");
    let advice = match errno {
        Errno::ENOSPC | Errno::EUSERS if namespace => {
            "a limit in /proc/sys/user/max_*_namespaces is reached; raise it \
             (sysctl user.max_user_namespaces=15000)"
        }
        Errno::EPERM | Errno::EACCES if namespace || call.contains("_map") => {
            return Some(why_no_user_namespace());
        }
        Errno::EINVAL if call.contains("user namespace") => {
            "this kernel was built without CONFIG_USER_NS"
        }
        Errno::EPERM if call.contains("mount proc") => {
            "something hides parts of /proc (a container's masked paths), so \
             no new procfs may be mounted; unmask it (docker run \
             --security-opt systempaths=unconfined)"
        }
        Errno::EPERM | Errno::EACCES if call.contains("mount") => {
            "a security module forbids mounts in user namespaces (Ubuntu: \
             sysctl kernel.apparmor_restrict_unprivileged_userns=0)"
        }
        Errno::ENOENT if call.contains("binfmt_misc") => {
            "this kernel has no /proc/sys/fs/binfmt_misc (modprobe \
             binfmt_misc)"
        }
        Errno::EOPNOTSUPP if call.contains("veth") => {
            "this kernel has no veth links (modprobe veth)"
        }
        Errno::ENOSYS => "this kernel is too old or filters the call",
        _ => return None,
    };
    Some(advice.to_owned())
}

/// Which of the known switches keeps an ordinary user out.
fn why_no_user_namespace() -> String {
    let is = |path: &str, value: &str| {
        fs::read_to_string(path).is_ok_and(|text| text.trim() == value)
    };
    let root = |path: &str| {
        nix::sys::stat::stat(path).map(|it| (it.st_dev, it.st_ino))
    };
    let chrooted = matches!(
        (root("/"), root("/proc/1/root/")),
        (Ok(here), Ok(init)) if here != init
    );
    let sysctl = if chrooted {
        "this is a chroot, in which nobody may make a user namespace \
             (user_namespaces(7))"
    } else if is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1")
    {
        "AppArmor restricts user namespaces (sysctl \
         kernel.apparmor_restrict_unprivileged_userns=0)"
    } else if is("/proc/sys/kernel/unprivileged_userns_clone", "0") {
        "unprivileged user namespaces are off (sysctl \
         kernel.unprivileged_userns_clone=1)"
    } else {
        "namespaces are forbidden here (a seccomp filter or a missing \
         CAP_SYS_ADMIN; docker run --privileged)"
    };
    sysctl.to_owned()
}
