//! A mount that a payload is to have.

use std::ffi::{OsStr, OsString};

/// A mount to be made in the mount namespace of the payload
/// ([mount(2)](https://man7.org/linux/man-pages/man2/mount.2.html)).
///
/// Paths of targets are looked up in the new root, if there is one: a symbolic
/// link in it does not lead out of it.
///
/// ```
/// use nsteps_spawn::Mount;
///
/// let tmp = Mount::tmpfs("/tmp").options("size=16m,mode=1777").no_suid();
/// let usr = Mount::bind("/usr", "/usr").read_only();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    pub(crate) what: What,
    pub(crate) target: OsString,
    pub(crate) attributes: Attributes,
    pub(crate) options: Option<OsString>,
}

/// What is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Filesystem { kind: OsString, source: OsString },
    Bind { source: OsString, recursive: bool },
}

/// What may not be done by way of a mount.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attributes {
    read_only: bool,
    no_suid: bool,
    no_devices: bool,
    no_exec: bool,
}

impl Attributes {
    pub(crate) const READ_ONLY: Self = Self {
        read_only: true,
        no_suid: false,
        no_devices: false,
        no_exec: false,
    };

    /// The flags of mount(2).
    pub(crate) fn flags(self) -> libc::c_ulong {
        let flag = |is: bool, flag| if is { flag } else { 0 };
        flag(self.read_only, libc::MS_RDONLY)
            | flag(self.no_suid, libc::MS_NOSUID)
            | flag(self.no_devices, libc::MS_NODEV)
            | flag(self.no_exec, libc::MS_NOEXEC)
    }

    /// The attributes of mount_setattr(2).
    pub(crate) fn attributes(self) -> u64 {
        let flag = |is: bool, flag| if is { flag } else { 0 };
        flag(self.read_only, libc::MOUNT_ATTR_RDONLY)
            | flag(self.no_suid, libc::MOUNT_ATTR_NOSUID)
            | flag(self.no_devices, libc::MOUNT_ATTR_NODEV)
            | flag(self.no_exec, libc::MOUNT_ATTR_NOEXEC)
    }
}

impl Mount {
    /// The file system `kind`, as of
    /// [filesystems(5)](https://man7.org/linux/man-pages/man5/filesystems.5.html).
    /// `source` is a device, or for most of the kernel's own file systems any
    /// word.
    pub fn filesystem(
        kind: impl AsRef<OsStr>,
        source: impl AsRef<OsStr>,
        target: impl AsRef<OsStr>,
    ) -> Self {
        let kind = kind.as_ref().to_owned();
        let source = source.as_ref().to_owned();
        Self::new(What::Filesystem { kind, source }, target)
    }

    /// A procfs of the payload's pid namespace
    /// ([proc(5)](https://man7.org/linux/man-pages/man5/proc.5.html)).
    ///
    /// In a new user namespace the kernel demands a new pid namespace, and
    /// that a procfs can be seen whole, else it answers `EPERM`. The old root
    /// counts: it is detached after all mounts.
    pub fn proc(target: impl AsRef<OsStr>) -> Self {
        Self::filesystem("proc", "proc", target)
    }

    /// An empty directory in memory
    /// ([tmpfs(5)](https://man7.org/linux/man-pages/man5/tmpfs.5.html)).
    pub fn tmpfs(target: impl AsRef<OsStr>) -> Self {
        Self::filesystem("tmpfs", "tmpfs", target)
    }

    /// The file or directory `source` of the caller, with the mounts below it.
    ///
    /// `source` is looked up in the root of the caller, before any mount of
    /// the payload is made; so it cannot be a path in one of those.
    pub fn bind(source: impl AsRef<OsStr>, target: impl AsRef<OsStr>) -> Self {
        let source = source.as_ref().to_owned();
        Self::new(What::Bind { source, recursive: true }, target)
    }

    fn new(what: What, target: impl AsRef<OsStr>) -> Self {
        let target = target.as_ref().to_owned();
        let attributes = Attributes::default();
        Mount { what, target, attributes, options: None }
    }

    /// A bind mount without the mounts below its source. In a new user
    /// namespace the kernel answers `EINVAL` if there are any.
    #[must_use]
    pub fn alone(mut self) -> Self {
        if let What::Bind { recursive, .. } = &mut self.what {
            *recursive = false;
        }
        self
    }

    /// Nothing can be written by way of this mount. For a bind mount this
    /// includes the mounts below it, and takes Linux 5.12.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.attributes.read_only = true;
        self
    }

    /// Programs have no set-user-id or set-group-id bit and no file
    /// capabilities. Bind mounts: see [`read_only`](Mount::read_only).
    #[must_use]
    pub fn no_suid(mut self) -> Self {
        self.attributes.no_suid = true;
        self
    }

    /// Device files cannot be opened. Bind mounts: see
    /// [`read_only`](Mount::read_only).
    #[must_use]
    pub fn no_devices(mut self) -> Self {
        self.attributes.no_devices = true;
        self
    }

    /// No program can be executed. Bind mounts: see
    /// [`read_only`](Mount::read_only).
    #[must_use]
    pub fn no_exec(mut self) -> Self {
        self.attributes.no_exec = true;
        self
    }

    /// The options of the file system, as `mount -o` takes them, with commas
    /// between them. A bind mount has none of its own.
    #[must_use]
    pub fn options(mut self, options: impl AsRef<OsStr>) -> Self {
        self.options = Some(options.as_ref().to_owned());
        self
    }
}

/// What becomes of the propagation of all mounts in a new mount namespace
/// ([mount_namespaces(7)](https://man7.org/linux/man-pages/man7/mount_namespaces.7.html)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Propagation {
    /// No mount propagates, in neither direction. This is the default.
    #[default]
    Private,
    /// What the caller mounts later appears in the payload, too, not the other
    /// way round.
    Slave,
    /// Mounts propagate in both directions, below mounts that did so before.
    Unchanged,
}

impl Propagation {
    /// The flags of mount(2); `None` if there is nothing to do.
    pub(crate) fn flags(self) -> Option<libc::c_ulong> {
        match self {
            Propagation::Private => Some(libc::MS_REC | libc::MS_PRIVATE),
            Propagation::Slave => Some(libc::MS_REC | libc::MS_SLAVE),
            Propagation::Unchanged => None,
        }
    }
}
