//! The plan of a sandbox: what it has at which path.

use crate::found::Refusal;
use crate::host::Equipment;
use crate::host::cgroups::Cgroups;
use crate::host::remedy::remedy;
use crate::host::rootfs::Rootfs;
use crate::scenario::Scenario;
use nix::errno::Errno;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// How much of the host's tree is mounted in the sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tree {
    /// /usr, /etc, a few devices and this project's programs, read-only: the
    /// same mount table on every machine.
    Small,
    /// Every directory of the host's root, for launchers that live anywhere.
    Whole,
}

/// The description of a sandbox, which the harness sends to the monitor.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// The conditions of the trial.
    pub scenario: Scenario,
    /// How much of the host is visible.
    pub tree: Tree,
    /// The directory of the project's programs on the host; it is `/nsteps` in
    /// the sandbox. If it is empty, `/nsteps` has only the embedded probe.
    pub programs: String,
    /// The root filesystem at `/newroot`, if there is one.
    pub rootfs: Option<Rootfs>,
    /// The directory of the host that is also visible at
    /// [`BUNDLE`](crate::paths::BUNDLE): an OCI bundle.
    pub bundle: Option<PathBuf>,
    /// The paths of the host that a launcher may write to. What it writes
    /// elsewhere stays in the sandbox.
    pub writable: Vec<PathBuf>,
    /// Directories of the host that the small tree shows as well, read-only.
    pub shown: Vec<PathBuf>,
    /// How many processes there may be in it: when there are more, all of it is
    /// killed.
    pub most_processes: Option<u32>,
    /// Whether it starts in a cgroup that is not a root.
    pub in_a_cgroup: bool,
    /// Which cgroups a launcher that is not a step sees. Without it that is
    /// version 2 where it is possible, else the host's.
    pub cgroups: Option<Cgroups>,
    /// Whether it has a cgroup of its own, which is the root of a cgroup
    /// namespace. [`Sandbox::enter`](crate::sandbox::Sandbox::enter) decides.
    pub own_cgroup: bool,
    /// Variables of the sandbox's init, which a launcher reads in
    /// /proc/1/environ; no launcher inherits them.
    pub of_init: Vec<(String, String)>,
}

impl Plan {
    /// A plan with nothing beyond the scenario and the tree.
    pub fn of(scenario: Scenario, tree: Tree, equipment: &Equipment) -> Plan {
        let programs = equipment.layout.programs().display().to_string();
        Plan {
            scenario,
            tree,
            programs,
            rootfs: None,
            bundle: None,
            writable: Vec::new(),
            shown: Vec::new(),
            most_processes: None,
            in_a_cgroup: false,
            cgroups: None,
            own_cgroup: false,
            of_init: Vec::new(),
        }
    }
}

impl Plan {
    /// Whether the sandbox's own cgroup is mounted in it.
    pub fn shows_own_cgroup(&self) -> bool {
        self.own_cgroup && self.cgroups != Some(Cgroups::None)
    }

    /// Whether the sandbox is to have no cgroup file system.
    pub fn hides_cgroups(&self) -> bool {
        self.cgroups == Some(Cgroups::None)
    }
}

/// The refusal of a trial for which no thread can be started.
pub fn no_thread(error: &std::io::Error) -> Refusal {
    let errno = Errno::from_raw(error.raw_os_error().unwrap_or_default());
    unavailable("start a thread", errno)
}

/// A refusal that blames the machine if it knows the remedy, else us.
pub fn unavailable(call: &str, errno: Errno) -> Refusal {
    match remedy(call, errno) {
        Some(remedy) => {
            Refusal::Unavailable(format!("{call}: {}: {remedy}", errno.desc()))
        }
        None => Refusal::Broken(format!("{call}: {}", errno.desc())),
    }
}
