//! The conditions of a trial: how the mounts are, and which user root is.

use serde::{Deserialize, Serialize};

/// How the sandbox's mounts are, before a step touches them.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize,
)]
pub enum Mounts {
    /// As the kernel leaves them.
    Private,
    /// `/` and everything below it shared, as systemd leaves them.
    Shared,
    /// Shared, and two mounts stacked below /proc: JD's host.
    ProcNested,
}

/// The user that root of the sandbox is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize,
)]
pub enum Identity {
    /// The machine's own root.
    Root,
    /// The caller, mapped to root in a user namespace around everything.
    User,
}

/// The conditions of a trial.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize,
)]
pub struct Scenario {
    /// How the mounts are.
    pub mounts: Mounts,
    /// The user that root is.
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
    /// Its name on the command line and in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Mounts::Private => "private",
            Mounts::Shared => "shared",
            Mounts::ProcNested => "proc_nested",
        }
    }
}

impl Identity {
    /// Its name on the command line and in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Identity::Root => "root",
            Identity::User => "user",
        }
    }

    /// The identity that needs no privilege: root for root, else the user.
    pub fn natural() -> Identity {
        if nix::unistd::geteuid().is_root() {
            Identity::Root
        } else {
            Identity::User
        }
    }
}

impl Scenario {
    /// The one that asks for nothing and in which nothing propagates.
    pub fn natural() -> Scenario {
        Scenario { mounts: Mounts::Private, identity: Identity::natural() }
    }

    /// The scenario called `MOUNTS/IDENTITY`.
    pub fn named(name: &str) -> Option<Scenario> {
        SCENARIOS.iter().copied().find(|it| it.to_string() == name)
    }
}

impl std::fmt::Display for Scenario {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&format!("{}/{}", self.mounts.name(), self.identity.name()))
    }
}
