//! Which cgroups a launcher that is not a step sees in its sandbox, and whether
//! this machine can give them.

use super::cgroup::Made;
use super::layout::Layout;
use crate::error::Error;
use crate::found::{Found, Refusal};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Path, PathBuf};

/// Where cgroups are mounted in a sandbox, and on almost every host.
pub const CGROUPS: &str = "/sys/fs/cgroup";

/// The cgroups that a launcher sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cgroups {
    /// A cgroup of version 2 that is the trial's own, as the root of a cgroup
    /// namespace.
    V2,
    /// The host's hierarchies as they are, of either version, with the caller's
    /// cgroups.
    Host,
    /// No cgroup file system is mounted.
    None,
}

impl Cgroups {
    /// Every kind, in the order of the manual.
    pub const ALL: [Cgroups; 3] = [Cgroups::V2, Cgroups::Host, Cgroups::None];

    /// Its name on the command line and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Cgroups::V2 => "v2",
            Cgroups::Host => "host",
            Cgroups::None => "none",
        }
    }

    /// What it is, in one line without a full stop.
    pub const fn about(self) -> &'static str {
        match self {
            Cgroups::V2 => "a cgroup of version 2 of its own for each look",
            Cgroups::Host => "the host's cgroups as they are, read-only",
            Cgroups::None => "no cgroup file system is mounted",
        }
    }
}

/// The cgroups that sandboxes show, which has been decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// What they show.
    pub cgroups: Cgroups,
    /// Why it is not version 2, if the user did not choose.
    pub why: Option<String>,
    /// Whether what a launcher writes to the host's cgroups reaches the host.
    pub writable: bool,
}

impl Shown {
    /// Decides what sandboxes show. If the user wants nothing special, that is
    /// version 2, and the host's cgroups where version 2 is not possible.
    ///
    /// # Errors
    ///
    /// It is unavailable if the machine cannot give what the user wants, and
    /// broken if the user wants to write to cgroups that would not be the
    /// host's.
    pub fn decide(
        wanted: Option<Cgroups>,
        writable: &[PathBuf],
        layout: &Layout,
    ) -> Found<Shown> {
        let (cgroups, why) = match wanted {
            Some(Cgroups::None) => (Cgroups::None, None),
            Some(Cgroups::Host) => {
                has_any().map_err(unavailable)?;
                (Cgroups::Host, None)
            }
            Some(Cgroups::V2) => {
                Made::for_a_trial(layout).map_err(unavailable)?;
                (Cgroups::V2, None)
            }
            None => match Made::for_a_trial(layout) {
                Ok(_) => (Cgroups::V2, None),
                Err(error) => (Cgroups::Host, Some(error.message)),
            },
        };
        let written =
            writable.iter().find(|it| it.starts_with(Path::new(CGROUPS)));
        match (written, cgroups) {
            (Some(path), Cgroups::V2 | Cgroups::None) => {
                Err(Refusal::Broken(format!(
                    "--write {} reaches no cgroup of the host with --cgroups \
                     {cgroups}: choose --cgroups host",
                    path.display()
                )))
            }
            (written, _) => {
                Ok(Shown { cgroups, why, writable: written.is_some() })
            }
        }
    }

    /// What is not protected, in one sentence; nothing if all is.
    pub fn unprotected(&self) -> Option<&'static str> {
        match (self.cgroups, self.writable) {
            (Cgroups::V2 | Cgroups::None, _) => None,
            (Cgroups::Host, true) => Some(
                "what a launcher writes to the host's cgroups reaches the \
                 host; the cgroups that it leaves there are neither listed \
                 nor removed",
            ),
            (Cgroups::Host, false) => Some(
                "the mounts of the host's cgroups are read-only, but a \
                 launcher that mounts a cgroup file system itself can write \
                 to the host's cgroups",
            ),
        }
    }
}

impl fmt::Display for Cgroups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// As in `cgroups host`, with the reason if the user did not choose it.
impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cgroups {}", self.cgroups)?;
        match &self.why {
            Some(why) => write!(f, ", not v2: {why}"),
            None => Ok(()),
        }
    }
}

fn unavailable(error: Error) -> Refusal {
    Refusal::Unavailable(error.message)
}

/// Fails if the host has no cgroups to show.
fn has_any() -> Result<(), Error> {
    let seen = probe::observe(&probe::Proc::at("/proc"), &["mounts"]);
    let mounts = seen.mounts.map_err(|it| Error::new(it.to_string()))?;
    match mounts.iter().any(is_of_cgroups) {
        true => Ok(()),
        false => Err(Error::new(
            "no cgroup file system is mounted on this host: mount one (mount \
             -t cgroup2 none /sys/fs/cgroup)",
        )),
    }
}

/// Whether a mount shows cgroups, of either version.
pub fn is_of_cgroups(mount: &probe::Mount) -> bool {
    ["cgroup", "cgroup2"].contains(&mount.fs_type.as_str())
}
