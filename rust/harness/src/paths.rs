//! What is at which path in every sandbox, and how it is called.

/// Where the project's programs are in a sandbox.
pub const PROGRAMS: &str = "/nsteps";

/// The probe, as a payload that keeps its root.
pub const PROBE: &str = "/nsteps/bin/nsteps-probe";

/// The root filesystem a step may pivot into.
pub const NEWROOT: &str = "/newroot";

/// The probe, as a payload that has pivoted into [`NEWROOT`].
pub const PROBE_IN_NEWROOT: &str = "/nsteps-probe";

/// The directory the mount steps cover.
pub const MYTMP: &str = "/mytmp";

/// The sandbox's second procfs mount, which no step touches: init observes
/// through it, and its visibility lets a user namespace mount another.
pub const OBSERVED_PROC: &str = "/run/proc";

/// An executable script without a `#!` line.
pub const NO_SHEBANG: &str = "/run/no-shebang";

/// Where programs are looked for in a sandbox: PATH.
pub const SEARCHED: &str =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The host name of every sandbox.
pub const HOSTNAME: &str = "sandbox";
