//! The paths that every sandbox has, and its host name.

/// The directory of the project's programs in a sandbox.
pub const PROGRAMS: &str = "/nsteps";

/// The probe, as a payload that keeps its root.
pub const PROBE: &str = "/nsteps/bin/nsteps-probe";

/// The probe in the root of a container, where a launcher binds or has a copy
/// of it. What is mounted there is the harness's, and no effect of a launcher.
pub const PROBE_IN_CONTAINER: &str = "/.nsteps-probe";

/// The socket on which the probe answers in a container that a daemon starts.
pub const SOCKET_IN_CONTAINER: &str = "/.nsteps-answer";

/// Where a container engine keeps its containers in a sandbox: a file system
/// over which it can mount overlays, as it does outside.
pub const STORAGE: &str = "/run/nsteps/storage";

/// The OCI bundle of a launcher that takes one.
pub const BUNDLE: &str = "/run/nsteps/bundle";

/// The root filesystem that a step takes as its NEWROOT.
pub const NEWROOT: &str = "/newroot";

/// The probe, as a payload that has pivoted into [`NEWROOT`].
pub const PROBE_IN_NEWROOT: &str = "/nsteps-probe";

/// The directory on which the mount steps mount a tmpfs.
pub const MYTMP: &str = "/mytmp";

/// The sandbox's second procfs mount, which no step touches. Init observes
/// through it. Because all of it is visible, the kernel lets a user namespace
/// mount another procfs.
pub const OBSERVED_PROC: &str = "/run/proc";

/// An executable script without a `#!` line.
pub const NO_SHEBANG: &str = "/run/no-shebang";

/// The file that is the standard output of a command whose state asks for a
/// file.
pub const STDOUT_FILE: &str = "/run/stdout";

/// The value of PATH in a sandbox.
pub const SEARCHED: &str =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The host name of every sandbox.
pub const HOSTNAME: &str = "sandbox";
