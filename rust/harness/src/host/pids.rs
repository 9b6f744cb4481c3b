//! Whether a sandbox has a pid namespace of its own, and what it costs if it
//! has none.

use super::cgroup::Made;
use super::cgroups::{Cgroups, Shown};
use super::layout::Layout;
use crate::found::{Found, Refusal};
use serde::{Deserialize, Serialize};

/// The pid namespace of a sandbox.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize,
)]
pub enum PidNamespace {
    /// The sandbox has one of its own, with which its processes end.
    #[default]
    Own,
    /// It is that of the caller. The processes of the sandbox end with its
    /// cgroup.
    Callers,
}

impl PidNamespace {
    /// Both, in the order of the manual.
    pub const ALL: [PidNamespace; 2] =
        [PidNamespace::Own, PidNamespace::Callers];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            PidNamespace::Own => "yes",
            PidNamespace::Callers => "no",
        }
    }

    /// What it is, in one line without a full stop.
    pub const fn about(self) -> &'static str {
        match self {
            PidNamespace::Own => "the sandbox has a pid namespace of its own",
            PidNamespace::Callers => {
                "for launchers that need to be below none; protects less"
            }
        }
    }

    /// What is not protected, in one sentence; nothing if all is.
    pub const fn unprotected(self) -> Option<&'static str> {
        match self {
            PidNamespace::Own => None,
            PidNamespace::Callers => Some(
                "a launcher sees the processes of the host, can send signals \
                 to those of its user, and if it is root can reach files of \
                 the host through /proc/PID/root",
            ),
        }
    }

    /// Checks that this machine can give it together with these cgroups.
    ///
    /// # Errors
    ///
    /// It is unavailable if the processes of the sandbox could not be ended, and
    /// broken if the user has chosen cgroups that exclude it.
    pub fn check(self, cgroups: &Shown, layout: &Layout) -> Found<()> {
        if self == PidNamespace::Own {
            return Ok(());
        }
        match (cgroups.cgroups, &cgroups.why) {
            (Cgroups::Host, None) => Err(Refusal::Broken(
                "--pid-namespace no needs a cgroup of the sandbox's own, with \
                 which its processes end: --cgroups host excludes that, choose \
                 --cgroups v2"
                    .to_owned(),
            )),
            _ => Made::to_be_killed(layout).map(drop),
        }
    }
}
