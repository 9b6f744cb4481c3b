//! The expected effects as they are in this program: an installed `nsteps` has
//! no repository to read them from.

use crate::expected::{self, Expected};
use crate::subject::Subject;
use harness::error::{Error, Result};

/// The name of each file and its text.
macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$((
            $name,
            include_str!(concat!("../../../nsteps/tests/expected/", $name)),
        )),*]
    };
}

const FILES: &[(&str, &str)] = files![
    "cgroup.txt",
    "container.txt",
    "ipc.txt",
    "join.txt",
    "mount.txt",
    "mount_fd.txt",
    "mount_private.txt",
    "mount_rprivate.txt",
    "net_mount.txt",
    "net_mount_uts.txt",
    "net_mount_uts_ipc.txt",
    "net_mount_uts_ipc_pid.txt",
    "network.txt",
    "pid.txt",
    "pid_detach.txt",
    "pid_oldproc.txt",
    "pivot_root.txt",
    "rootless.txt",
    "skeleton.txt",
    "time.txt",
    "unshare_init.txt",
    "user.txt",
    "user_mapped.txt",
    "uts.txt",
    "situations/broken_pipe.txt",
    "situations/exit_3.txt",
    "situations/found_nowhere.txt",
    "situations/killed.txt",
    "situations/missing.txt",
    "situations/much.txt",
    "situations/not_executable.txt",
    "situations/order.txt",
    "situations/terminated.txt",
];

/// What is expected of a subject.
///
/// # Errors
///
/// Fails if this program has no file about it, or has one that cannot be
/// understood.
pub fn expected(subject: &Subject) -> Result<Expected> {
    let name = expected::file_of(subject);
    let file = FILES.iter().find(|(known, _)| *known == name);
    let (_, text) = file.ok_or_else(|| {
        Error::new(format!("what is expected of {subject} is not known"))
    })?;
    Expected::parse(text)
}
