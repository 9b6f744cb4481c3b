//! When pivot_root(2) works and when it fails: one row for each situation of
//! [pivot_root(2)](https://man7.org/linux/man-pages/man2/pivot_root.2.html).

use super::{Attempt, attempt, errno, in_a_child, own_mounts, tmpfs};
use harness::error::{Context, Result};
use harness::paths::MYTMP;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{chdir, chroot, pivot_root};

/// A situation, and the expected result.
pub struct Case {
    /// The situation, in a few words.
    pub name: &'static str,
    /// `ok`, or the name of the errno.
    expected: &'static str,
    /// The result if `/` is locked: in a user namespace whose mount table began
    /// as a copy of another's.
    where_locked: &'static str,
    /// True if put_old is new_root itself.
    pub stacks: bool,
    /// Makes the situation, then calls pivot_root(2).
    attempt: fn() -> Attempt,
}

const fn case(
    name: &'static str,
    expected: &'static str,
    attempt: fn() -> Attempt,
) -> Case {
    Case { name, expected, where_locked: expected, stacks: false, attempt }
}

/// A case in which the current root is new_root. The kernel checks first
/// whether that is locked.
const fn of_root(
    name: &'static str,
    expected: &'static str,
    attempt: fn() -> Attempt,
) -> Case {
    Case { where_locked: "EINVAL", ..case(name, expected, attempt) }
}

/// The directory where each case mounts a new tmpfs, with a few names in it.
const SITE: &str = "/tmp";
const NEW: &str = "/tmp/new";
const OLD: &str = "/tmp/new/old";
const FILE: &str = "/tmp/new/file";
const ELSEWHERE: &str = "/tmp/elsewhere";
/// A directory on the mount of `/`, and one below it.
const ON_ROOT: &str = MYTMP;
const BELOW_ON_ROOT: &str = "/mytmp/old";

/// Every situation, in the order they are tried.
pub const CASES: &[Case] = &[
    case("new_root bound on itself", "ok", || {
        bind(NEW)?;
        Ok(pivot_root(NEW, OLD))
    }),
    Case {
        stacks: true,
        ..case("pivot_root(\".\", \".\")", "ok", || {
            bind(NEW)?;
            chdir(NEW)?;
            Ok(pivot_root(".", ".")
                .and_then(|()| umount2(".", MntFlags::MNT_DETACH)))
        })
    },
    case("in a chroot to a mount", "ok", || {
        bind(NEW)?;
        chroot(NEW)?;
        chdir("/")?;
        bind("/old")?;
        Ok(pivot_root("/old", "/old/deeper"))
    }),
    case("in a chroot to a mere directory", "EINVAL", || {
        bind(OLD)?;
        chroot(NEW)?;
        chdir("/")?;
        Ok(pivot_root("/old", "/old/deeper"))
    }),
    of_root("new_root on the root's mount", "EBUSY", || {
        Ok(pivot_root(ON_ROOT, BELOW_ON_ROOT))
    }),
    case("put_old on the root's mount", "EBUSY", || {
        bind(NEW)?;
        Ok(pivot_root(NEW, ON_ROOT))
    }),
    of_root("both are /", "EBUSY", || Ok(pivot_root("/", "/"))),
    case("new_root is no mount, elsewhere", "EINVAL", || {
        Ok(pivot_root(NEW, OLD))
    }),
    case("put_old not below new_root, elsewhere", "EINVAL", || {
        bind(NEW)?;
        Ok(pivot_root(NEW, ELSEWHERE))
    }),
    case("all is shared", "EINVAL", || {
        propagate("/", MsFlags::MS_REC | MsFlags::MS_SHARED)?;
        bind(NEW)?;
        Ok(pivot_root(NEW, OLD))
    }),
    case("all is a slave", "ok", || {
        propagate("/", MsFlags::MS_REC | MsFlags::MS_SHARED)?;
        unshare(CloneFlags::CLONE_NEWNS)?;
        propagate("/", MsFlags::MS_REC | MsFlags::MS_SLAVE)?;
        bind(NEW)?;
        Ok(pivot_root(NEW, OLD))
    }),
    case("new_root's parent is shared", "EINVAL", || {
        propagate(SITE, MsFlags::MS_SHARED)?;
        bind(NEW)?;
        propagate(NEW, MsFlags::MS_PRIVATE)?;
        Ok(pivot_root(NEW, OLD))
    }),
    case("new_root bound before unshare(NEWUSER|NEWNS)", "EINVAL", || {
        bind(NEW)?;
        unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNS)?;
        Ok(pivot_root(NEW, OLD))
    }),
    case("new_root is a file", "ENOTDIR", || Ok(pivot_root(FILE, OLD))),
    case("put_old is a file", "ENOTDIR", || {
        bind(NEW)?;
        Ok(pivot_root(NEW, FILE))
    }),
    case("put_old is missing", "ENOENT", || {
        bind(NEW)?;
        Ok(pivot_root(NEW, "/tmp/new/missing"))
    }),
    case("no CAP_SYS_ADMIN over the mounts", "EPERM", || {
        bind(NEW)?;
        unshare(CloneFlags::CLONE_NEWUSER)?;
        Ok(pivot_root(NEW, OLD))
    }),
    case("umount2 of put_old without MNT_DETACH", "EBUSY", || {
        bind(NEW)?;
        pivot_root(NEW, OLD)?;
        Ok(umount2("/old", MntFlags::empty()))
    }),
    case("the same, with no mount below put_old", "ok", || {
        leave_all_mounts()?;
        // This process stays in the root that the other one unmounts: it is in
        // another mount namespace, where that is another mount.
        in_a_child("no mount below put_old", || {
            own_mounts()?;
            pivot_away()?;
            Ok(umount2("/deeper", MntFlags::empty()))
        })
    }),
    case("the same, and a working directory below put_old", "EBUSY", || {
        leave_all_mounts()?;
        chdir("/stay")?;
        pivot_away()?;
        Ok(umount2("/deeper", MntFlags::empty()))
    }),
];

/// Makes a root that has no mount except the root itself.
fn leave_all_mounts() -> nix::Result<()> {
    bind(NEW)?;
    chdir(NEW)?;
    pivot_root(".", ".")?;
    umount2(".", MntFlags::MNT_DETACH)?;
    chdir("/")
}

/// Pivots from there to a directory of it; then the old root is `/deeper`.
fn pivot_away() -> nix::Result<()> {
    bind("/old")?;
    pivot_root("/old", "/old/deeper")
}

/// Tries every case and prints a line for each: result, tab, name.
///
/// # Errors
///
/// Fails if the preparation of all cases fails.
pub fn table(_: &[String]) -> Result<()> {
    std::fs::create_dir_all(BELOW_ON_ROOT).context("make a directory")?;
    for case in CASES {
        attempt(case.name, || case.perform());
    }
    Ok(())
}

impl Case {
    /// The expected result, for root or in a user namespace.
    pub fn expected(&self, in_a_user_namespace: bool) -> &'static str {
        if in_a_user_namespace { self.where_locked } else { self.expected }
    }

    fn perform(&self) -> Attempt {
        own_mounts()?;
        tmpfs(SITE)?;
        for dir in [OLD, ELSEWHERE, "/tmp/new/old/deeper", "/tmp/new/stay"] {
            std::fs::create_dir_all(dir).map_err(errno)?;
        }
        std::fs::write(FILE, "").map_err(errno)?;
        (self.attempt)()
    }
}

/// Makes a directory a mount, by binding it on itself.
fn bind(dir: &str) -> nix::Result<()> {
    let none = None::<&str>;
    mount(Some(dir), dir, none, MsFlags::MS_BIND | MsFlags::MS_REC, none)
}

fn propagate(at: &str, flags: MsFlags) -> nix::Result<()> {
    let none = None::<&str>;
    mount(none, at, none, flags, none)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_case_has_a_name_of_its_own() {
        for case in CASES {
            let same = CASES.iter().filter(|it| it.name == case.name);
            assert_eq!(same.count(), 1, "{}", case.name);
            assert!(!case.name.contains('\t'), "{}", case.name);
        }
    }
}
