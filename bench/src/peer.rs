//! The peers: programs that perform operations, one per language, and the
//! floor.

use harness::host::layout::Layout;
use harness::launcher::Launcher;
use std::path::PathBuf;

/// A program that performs operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Raw system calls without a C library: the least time that any language
    /// can take. It also starts the whole programs of all contenders.
    Floor,
    /// The peer of a language, in its own runtime.
    Of(Launcher),
    /// The peer that starts programs by libraries for Rust.
    Library(Parent),
}

/// How large the peer is that starts programs by libraries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parent {
    /// As it begins.
    Small,
    /// It has grown, as the peers of a curve do: in what, and by how much.
    Grown(&'static str, u32),
}

/// Every peer of a language, and the floor, in the order tables list them.
pub const PEERS: &[Peer] = &[
    Peer::Floor,
    Peer::Of(Launcher::C),
    Peer::Of(Launcher::Rust),
    Peer::Of(Launcher::Go),
];

impl Peer {
    /// The name of its column in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Peer::Floor => "floor",
            Peer::Of(launcher) => launcher.name(),
            Peer::Library(_) => "library",
        }
    }

    /// The path of its program, below the directory of the built programs.
    pub fn path(self) -> String {
        match self {
            Peer::Floor => "bench/floor".to_owned(),
            Peer::Of(_) | Peer::Library(_) => {
                format!("bench/peers/{}", self.name())
            }
        }
    }

    /// The absolute path of its program on this machine.
    pub fn program(self, layout: &Layout) -> PathBuf {
        layout.programs().join(self.path())
    }
}
