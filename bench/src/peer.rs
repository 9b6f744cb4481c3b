//! The peers: one program per language, and the floor.

use harness::host::layout::Layout;
use harness::launcher::Launcher;
use std::path::PathBuf;

/// A program that performs operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Raw system calls without a C library: the least that any language can
    /// take. It also starts whole programs, for all alike.
    Floor,
    /// The peer of a language, in its own runtime.
    Of(Launcher),
}

/// Every peer, in the order tables list them.
pub const PEERS: &[Peer] = &[
    Peer::Floor,
    Peer::Of(Launcher::C),
    Peer::Of(Launcher::Rust),
    Peer::Of(Launcher::Go),
];

impl Peer {
    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Peer::Floor => "floor",
            Peer::Of(launcher) => launcher.name(),
        }
    }

    /// Its program, below the programs of the project.
    pub fn path(self) -> String {
        match self {
            Peer::Floor => "bench/floor".to_owned(),
            Peer::Of(launcher) => format!("bench/peers/{}", launcher.name()),
        }
    }

    /// Its program on this machine.
    pub fn program(self, layout: &Layout) -> PathBuf {
        layout.programs().join(self.path())
    }
}
