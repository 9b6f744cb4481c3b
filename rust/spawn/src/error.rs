//! What failed: the action, what it was about, what the kernel said, and what
//! helps.

use std::fmt;
use std::io;

use nix::errno::Errno;

/// Gives each action its name in words.
macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident: $words:literal,)*) => {
        /// What a launch consists of. [`Error::action`] says which of them
        /// failed. [`Command`](crate::Command) lists them in their order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Action {
            $($(#[$doc])* $name,)*
        }

        impl Action {
            /// The action in words, as they stand in an error message.
            pub fn words(self) -> &'static str {
                match self {
                    $(Action::$name => $words,)*
                }
            }
        }
    };
}

actions! {
    /// The caller: the command is checked and its memory prepared. Fails with
    /// `EINVAL` for a command that contradicts itself or has a NUL in a text.
    Prepare: "prepare the command",
    /// The caller: a descriptor of itself is opened,
    /// [pidfd_open(2)](https://man7.org/linux/man-pages/man2/pidfd_open.2.html).
    OpenSelf: "open a descriptor of the caller",
    /// The caller: a network namespace is taken from the stock, see
    /// [`Networks`](crate::Networks).
    TakeNetwork: "take a network namespace",
    /// The caller: its thread chooses the pid namespace of its children,
    /// [setns(2)](https://man7.org/linux/man-pages/man2/setns.2.html).
    JoinPid: "join a pid namespace",
    /// The caller: [clone3(2)](https://man7.org/linux/man-pages/man2/clone.2.html)
    /// or clone(2), with the new namespaces and the cgroup.
    Clone: "clone",
    /// The child moves itself into the cgroup, where clone3 is refused.
    EnterCgroup: "enter the cgroup",
    /// [setns(2)](https://man7.org/linux/man-pages/man2/setns.2.html).
    Join: "join namespaces",
    /// The id maps of the new user namespace are written,
    /// [user_namespaces(7)](https://man7.org/linux/man-pages/man7/user_namespaces.7.html).
    MapIds: "map ids",
    /// The child becomes id 0 of its user namespace.
    BecomeRoot: "become root of the user namespace",
    /// [unshare(2)](https://man7.org/linux/man-pages/man2/unshare.2.html) of
    /// a cgroup or time namespace.
    Unshare: "unshare a namespace",
    /// The offsets of the new time namespace are written,
    /// [time_namespaces(7)](https://man7.org/linux/man-pages/man7/time_namespaces.7.html).
    TimeOffsets: "set the clocks",
    /// [setsid(2)](https://man7.org/linux/man-pages/man2/setsid.2.html).
    Session: "start a session",
    /// [setpgid(2)](https://man7.org/linux/man-pages/man2/setpgid.2.html).
    ProcessGroup: "set the process group",
    /// `TIOCSCTTY` of
    /// [ioctl_tty(2)](https://man7.org/linux/man-pages/man2/ioctl_tty.2.html).
    Terminal: "take the controlling terminal",
    /// [sethostname(2)](https://man7.org/linux/man-pages/man2/sethostname.2.html).
    Hostname: "set the host name",
    /// [setdomainname(2)](https://man7.org/linux/man-pages/man2/setdomainname.2.html).
    Domainname: "set the domain name",
    /// `lo` is brought up,
    /// [netdevice(7)](https://man7.org/linux/man-pages/man7/netdevice.7.html).
    Loopback: "bring up lo",
    /// The propagation of all mounts is set,
    /// [mount_namespaces(7)](https://man7.org/linux/man-pages/man7/mount_namespaces.7.html).
    Propagation: "set the propagation of mounts",
    /// The source of a bind mount is opened,
    /// [open_tree(2)](https://man7.org/linux/man-pages/man2/open_tree.2.html).
    OpenSource: "open the source of a bind mount",
    /// The new root is bound on itself, so that it is a mount.
    BindRoot: "bind the new root",
    /// [pivot_root(2)](https://man7.org/linux/man-pages/man2/pivot_root.2.html).
    PivotRoot: "pivot_root",
    /// [mkdir(2)](https://man7.org/linux/man-pages/man2/mkdir.2.html).
    MakeDirectory: "make the directory",
    /// [mknod(2)](https://man7.org/linux/man-pages/man2/mknod.2.html) of an
    /// empty regular file.
    MakeFile: "make the file",
    /// [symlink(2)](https://man7.org/linux/man-pages/man2/symlink.2.html).
    MakeLink: "make the symbolic link",
    /// [mount(2)](https://man7.org/linux/man-pages/man2/mount.2.html), or
    /// [move_mount(2)](https://man7.org/linux/man-pages/man2/move_mount.2.html)
    /// for a bind mount.
    Mount: "mount",
    /// [mount_setattr(2)](https://man7.org/linux/man-pages/man2/mount_setattr.2.html).
    Attributes: "set the attributes of",
    /// The old root is unmounted with all below it,
    /// [umount2(2)](https://man7.org/linux/man-pages/man2/umount.2.html).
    DetachRoot: "detach the old root",
    /// [chdir(2)](https://man7.org/linux/man-pages/man2/chdir.2.html).
    CurrentDirectory: "change the directory to",
    /// A descriptor of the caller gets its number in the payload,
    /// [dup(2)](https://man7.org/linux/man-pages/man2/dup.2.html).
    PassDescriptor: "pass the descriptor",
    /// [close_range(2)](https://man7.org/linux/man-pages/man2/close_range.2.html).
    CloseDescriptors: "close the other descriptors",
    /// [prlimit(2)](https://man7.org/linux/man-pages/man2/getrlimit.2.html).
    Limit: "set the limit",
    /// `PR_SET_NO_NEW_PRIVS` of
    /// [prctl(2)](https://man7.org/linux/man-pages/man2/prctl.2.html).
    NoNewPrivileges: "set no_new_privs",
    /// `PR_CAPBSET_DROP` of
    /// [prctl(2)](https://man7.org/linux/man-pages/man2/prctl.2.html).
    BoundingSet: "reduce the bounding set",
    /// [setgroups(2)](https://man7.org/linux/man-pages/man2/setgroups.2.html).
    Groups: "set the supplementary groups",
    /// [setresgid(2)](https://man7.org/linux/man-pages/man2/setresuid.2.html).
    GroupId: "set the group id",
    /// [setresuid(2)](https://man7.org/linux/man-pages/man2/setresuid.2.html).
    UserId: "set the user id",
    /// [capset(2)](https://man7.org/linux/man-pages/man2/capset.2.html).
    Capabilities: "reduce the capabilities",
    /// `PR_SET_PDEATHSIG` of
    /// [prctl(2)](https://man7.org/linux/man-pages/man2/prctl.2.html).
    ParentDeath: "set the parent death signal",
    /// [sigaction(2)](https://man7.org/linux/man-pages/man2/sigaction.2.html).
    Disposition: "set the disposition of the signal",
    /// [sigprocmask(2)](https://man7.org/linux/man-pages/man2/sigprocmask.2.html).
    Mask: "set the signal mask",
    /// [execve(2)](https://man7.org/linux/man-pages/man2/execve.2.html).
    Execute: "execute",
}

/// Why an action failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// What the kernel said.
    Errno(i32),
    /// A signal ended the child in the middle of it.
    Signal(i32),
}

/// A launch that failed: which action, on what, and why. No process is left of
/// it.
///
/// The text is one line: what was done, on what, what the kernel said, and what
/// helps, where that is known.
///
/// ```
/// use nsteps_spawn::{Action, Command};
///
/// let error = Command::new("/no/such/program").spawn().unwrap_err();
/// assert_eq!(error.action(), Action::Execute);
/// assert_eq!(error.errno(), Some(libc::ENOENT));
/// assert_eq!(
///     error.to_string(),
///     "cannot execute /no/such/program: No such file or directory (ENOENT)"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    pub(crate) action: Action,
    pub(crate) subject: Option<String>,
    pub(crate) cause: Cause,
}

impl Error {
    pub(crate) fn new(action: Action, errno: i32) -> Self {
        Error { action, subject: None, cause: Cause::Errno(errno) }
    }

    pub(crate) fn on(self, subject: impl Into<String>) -> Self {
        Error { subject: Some(subject.into()), ..self }
    }

    /// The action that failed; what was asked for before it was done.
    pub fn action(&self) -> Action {
        self.action
    }

    /// What the action was about: a path, a name, a number. `None` if the
    /// action says it all.
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// The errno, as of
    /// [errno(3)](https://man7.org/linux/man-pages/man3/errno.3.html). `None`
    /// if a signal ended the child during the action.
    pub fn errno(&self) -> Option<i32> {
        match self.cause {
            Cause::Errno(errno) => Some(errno),
            Cause::Signal(_) => None,
        }
    }

    /// The signal that ended the child during the action: `SIGSYS` from a
    /// seccomp filter, `SIGKILL` from a user or for want of memory. `None` if
    /// the action failed with an errno.
    pub fn signal(&self) -> Option<i32> {
        match self.cause {
            Cause::Signal(signal) => Some(signal),
            Cause::Errno(_) => None,
        }
    }

    /// What helps, where that is known.
    pub fn remedy(&self) -> Option<&'static str> {
        remedy(self.action, self.cause)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}", self.action.words())?;
        if let Some(subject) = &self.subject {
            write!(f, " {subject}")?;
        }
        match self.cause {
            Cause::Errno(errno) => {
                let errno = Errno::from_raw(errno);
                write!(f, ": {} ({errno:?})", errno.desc())?;
            }
            Cause::Signal(signal) => {
                write!(f, ": the child was ended by signal {signal}")?;
            }
        }
        match self.remedy() {
            Some(remedy) => write!(f, ": {remedy}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

impl From<Error> for io::Error {
    /// The kind is that of the errno; the text stays.
    fn from(error: Error) -> Self {
        let kind = match error.cause {
            Cause::Errno(errno) => io::Error::from_raw_os_error(errno).kind(),
            Cause::Signal(_) => io::ErrorKind::Other,
        };
        io::Error::new(kind, error)
    }
}

/// What helps against a failure.
fn remedy(action: Action, cause: Cause) -> Option<&'static str> {
    use Action as A;
    let errno = match cause {
        Cause::Errno(errno) => errno,
        Cause::Signal(libc::SIGSYS) => {
            return Some("a seccomp filter forbids a call of this action");
        }
        Cause::Signal(_) => return None,
    };
    Some(match (action, errno) {
        (A::Clone, libc::EPERM | libc::EACCES) => {
            "new namespaces need CAP_SYS_ADMIN, or a user namespace with them \
             (Command::user); if there is one, user namespaces are forbidden \
             here, by a sysctl, a seccomp filter or a security module"
        }
        (A::TakeNetwork | A::Unshare, libc::EPERM) => {
            "new namespaces need CAP_SYS_ADMIN"
        }
        (
            A::Clone | A::Unshare | A::TakeNetwork,
            libc::ENOSPC | libc::EUSERS,
        ) => {
            "a limit on the number of namespaces is reached: raise the sysctls \
             user.max_*_namespaces"
        }
        (A::Clone, libc::EAGAIN) => {
            "the limit of processes is reached: raise RLIMIT_NPROC, or \
             pids.max of the cgroup"
        }
        (A::Clone, libc::EBUSY) => {
            "the cgroup has controllers enabled for its children, so it may \
             have no processes: give a cgroup without \
             cgroup.subtree_control"
        }
        (A::Clone, libc::EBADF) => {
            "the descriptor of the cgroup must be that of a directory of \
             cgroup version 2"
        }
        (A::Clone, libc::EMFILE) | (A::OpenSelf, libc::EMFILE) => {
            "raise the limit of open files, RLIMIT_NOFILE"
        }
        (A::Clone | A::Prepare, libc::ENOSYS) => {
            "this crate starts processes on x86-64 and aarch64"
        }
        (A::JoinPid, libc::EPERM) => {
            "joining a pid namespace needs CAP_SYS_ADMIN in the user namespace \
             of the caller as well"
        }
        (A::Join, libc::EINVAL) => {
            "the descriptor must be that of a namespace of the kind that was \
             named, or a pidfd (Linux 5.8)"
        }
        (A::Join, libc::EPERM) => {
            "joining needs CAP_SYS_ADMIN in the user namespace that owns the \
             namespace: join that one too"
        }
        (A::MapIds, libc::EPERM) => {
            "without CAP_SETUID and CAP_SETGID only one's own ids can be \
             mapped, with setgroups denied (IdMap::root_of_caller)"
        }
        (A::MapIds, libc::EACCES) => {
            "the caller must be dumpable (PR_SET_DUMPABLE), and a security \
             module must allow user namespaces (Ubuntu: sysctl \
             kernel.apparmor_restrict_unprivileged_userns=0)"
        }
        (A::MapIds | A::TimeOffsets, libc::ENOENT) => "mount a procfs on /proc",
        (A::MapIds | A::TimeOffsets, libc::EROFS) => {
            "/proc is read-only here: mount a writable procfs on it"
        }
        (A::TimeOffsets, libc::ERANGE) => {
            "with the offset the clock must be between 0 and 146 years"
        }
        (A::Unshare, libc::EINVAL) => {
            "the kernel was built without this kind of namespace"
        }
        (A::Loopback, libc::EPERM) => {
            "the network namespace must be a new one (Namespace::NET)"
        }
        (A::Hostname | A::Domainname, libc::EPERM) => {
            "the uts namespace must be a new one (Namespace::UTS)"
        }
        (A::CurrentDirectory, libc::ESTALE) => {
            "another directory has this path in the new root, which lacks a \
             mount or has one more"
        }
        (A::PivotRoot, libc::EINVAL) => {
            "the root of the mount namespace must be a mount that can be moved \
             from: not the kernel's first one (an initramfs), nor a chroot"
        }
        (A::Mount, libc::EPERM) => {
            "a user namespace may mount only some file systems; proc only in a \
             new pid namespace, and only where a procfs is seen whole; sysfs \
             only in a new network namespace"
        }
        (A::OpenSource, libc::EINVAL) => {
            "a mount below the source is locked: bind it with what is below it \
             (without Mount::alone)"
        }
        (A::OpenSource, libc::ENOSYS) => "open_tree needs Linux 5.2",
        (A::Attributes, libc::ENOSYS) => "mount_setattr needs Linux 5.12",
        (A::CloseDescriptors, libc::ENOSYS | libc::EINVAL) => {
            "close_range with CLOSE_RANGE_CLOEXEC needs Linux 5.11"
        }
        (A::PassDescriptor, libc::EBADF) => {
            "the number must be below RLIMIT_NOFILE"
        }
        (A::Groups, libc::EPERM) => {
            "in a user namespace setgroups must be allowed by the id map \
             (IdMap::allow_setgroups)"
        }
        (A::UserId | A::GroupId, libc::EINVAL) => {
            "the id must be mapped in the user namespace"
        }
        (A::Limit, libc::EPERM) => {
            "a hard limit can be raised with CAP_SYS_RESOURCE in the initial \
             user namespace only"
        }
        (A::BoundingSet, libc::EPERM) => {
            "reducing the bounding set needs CAP_SETPCAP"
        }
        (A::Terminal, libc::EPERM) => {
            "the child must lead a session (Command::session) and the terminal \
             must be that of no other session"
        }
        (A::Execute, libc::ENOEXEC) => {
            "the file is no program: a script needs a line with #! at its top"
        }
        (_, libc::ENOMEM) => "there is not enough memory",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_action_subject_errno_and_remedy() {
        let error = Error::new(Action::Mount, libc::EPERM).on("proc on /proc");
        let text = error.to_string();
        let start = "cannot mount proc on /proc: Operation not permitted \
                     (EPERM): a user namespace may mount only";
        assert!(text.starts_with(start), "{text}");
    }

    #[test]
    fn a_signal_is_named() {
        let cause = Cause::Signal(libc::SIGSYS);
        let error = Error { cause, ..Error::new(Action::Loopback, 0) };
        assert_eq!(error.errno(), None);
        assert_eq!(error.signal(), Some(libc::SIGSYS));
        assert_eq!(
            error.to_string(),
            "cannot bring up lo: the child was ended by signal 31: a seccomp \
             filter forbids a call of this action"
        );
    }

    #[test]
    fn an_error_becomes_one_of_io() {
        let error: io::Error = Error::new(Action::Execute, libc::ENOENT).into();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert_eq!(
            error.to_string(),
            "cannot execute: No such file or directory (ENOENT)"
        );
    }
}
