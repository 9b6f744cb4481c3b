//! The names of the columns, and of the rows that are not operations.

use harness::step::STEPS;

/// The columns that the others are compared with, if they take part.
pub const BASES: &[&str] = &["floor", CAREFUL, PUBLISHED, "rust", CRATE];

/// The column of the crate nsteps-spawn, with a prepared command.
pub const CRATE: &str = "crate";

/// The column of careful C: linked statically with musl, with a child that
/// shares the memory, and with the calls of the step in Rust.
pub const CAREFUL: &str = "careful";

/// The column of the C of the posts, and that of the peer in C.
pub const PUBLISHED: &str = "c";

/// The column of Go on two processors.
pub const GO_ON_TWO: &str = "go2";

/// The column of the step `uts` in plain nix and std, built for musl.
pub const PLAIN: &str = "plain";

/// The row of all six namespaces.
pub const SIX: &str = "launch/six";

/// The launches that are also timed until the first instruction of their
/// payload: without a namespace, with each kind of work, and with a PID 1
/// between.
pub const FIRST: &[&str] = &[
    "first/skeleton",
    "first/uts",
    "first/network",
    "first/net_mount_uts_ipc_pid",
    "first/pivot_root",
    "first/container",
];

/// The row of whole processes that launch into all six namespaces: `nsteps warm`
/// beside the launchers that other people have.
pub const PROCESS: &str = "library/process";

/// The columns of that row beside [`WARM`].
pub const BESIDE_WARM: &[&str] = &["rust", "unshare", "bwrap", "crun", "runc"];

/// The column of `nsteps warm`, with a daemon, and of the crate with what was
/// made before.
pub const WARM: &str = "warm";

/// The row of programs that do nothing.
pub const EXEC: &str = "exec/empty";

/// The names of the rows of the group `launch`.
pub fn launches() -> impl Iterator<Item = String> {
    STEPS
        .iter()
        .map(|step| format!("launch/{}", step.name))
        .chain([SIX.to_owned()])
}
