//! The conditions of a trial: the propagation of its mounts, and its user.

use serde::{Deserialize, Serialize};

/// The mounts of a sandbox before a step changes them.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize,
)]
pub enum Mounts {
    /// The mounts are private, as the kernel makes them.
    Private,
    /// `/` and everything below it are shared, as systemd makes them.
    Shared,
    /// The mounts are shared, and two are stacked below /proc, as on JD's host.
    ProcNested,
}

/// The user that is root in the sandbox.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize,
)]
pub enum Identity {
    /// The root of the machine.
    Root,
    /// The caller, mapped to root in a user namespace that owns the sandbox.
    User,
}

/// The conditions of a trial.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize,
)]
pub struct Scenario {
    /// The mounts of the sandbox.
    pub mounts: Mounts,
    /// The user that is root in the sandbox.
    pub identity: Identity,
}

const fn scenario(mounts: Mounts, identity: Identity) -> Scenario {
    Scenario { mounts, identity }
}

/// Every scenario, in the order tables list them.
pub const SCENARIOS: &[Scenario] = &[
    scenario(Mounts::Private, Identity::Root),
    scenario(Mounts::Private, Identity::User),
    scenario(Mounts::Shared, Identity::Root),
    scenario(Mounts::Shared, Identity::User),
    scenario(Mounts::ProcNested, Identity::Root),
    scenario(Mounts::ProcNested, Identity::User),
];

impl Mounts {
    /// The name on the command line and in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Mounts::Private => "private",
            Mounts::Shared => "shared",
            Mounts::ProcNested => "proc_nested",
        }
    }
}

impl Identity {
    /// The name on the command line and in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Identity::Root => "root",
            Identity::User => "user",
        }
    }

    /// The identity that this process may use without more privilege.
    pub fn natural() -> Identity {
        if nix::unistd::geteuid().is_root() {
            Identity::Root
        } else {
            Identity::User
        }
    }
}

impl Scenario {
    /// The scenario with [`Identity::natural`] and private mounts.
    pub fn natural() -> Scenario {
        Scenario { mounts: Mounts::Private, identity: Identity::natural() }
    }

    /// Finds the scenario with the name `MOUNTS/IDENTITY`.
    pub fn named(name: &str) -> Option<Scenario> {
        SCENARIOS.iter().copied().find(|it| it.to_string() == name)
    }
}

impl std::fmt::Display for Scenario {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&format!("{}/{}", self.mounts.name(), self.identity.name()))
    }
}
