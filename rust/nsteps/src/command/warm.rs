//! `nsteps warm`: a launch whose namespaces were made before, and the daemon
//! that keeps them.

use crate::cli::{Sweeper, Warm};
use crate::warm::daemon::{self, Offer};
use crate::warm::launch::{self, OWN_FAILURE, Parts, Payload};
use crate::warm::meeting::Identity;
use crate::warm::privilege;
use harness::error::Result;
use harness::host::require_own_proc;

/// Serves, or launches and ends as the payload did.
///
/// # Errors
///
/// Fails with 125, or with 126 or 127 if the program cannot be executed or is
/// not there.
pub fn run(options: &Warm) -> Result<u8> {
    let done = require_own_proc().and_then(|()| serve_or_launch(options));
    done.map_err(|error| match error.status {
        harness::error::TROUBLE => error.with_status(OWN_FAILURE),
        _ => error,
    })
}

fn serve_or_launch(options: &Warm) -> Result<u8> {
    let (root, words) = (options.root.as_deref(), &options.payload[..]);
    if let Some(socket) = &options.serve {
        let offer = Offer { socket, root, stock: options.stock.into() };
        return match words {
            [] => daemon::serve(offer),
            _ => daemon::serve_for(offer, words),
        };
    }
    if let Some(socket) = &options.via {
        let (root, made) = daemon::visit(socket)?;
        let payload = Payload { root: root.as_deref(), words };
        return launch::run(payload, Parts::Warm(made));
    }
    privilege::become_root()?;
    let parts = match options.cold {
        true => Parts::Cold,
        false => Parts::Warm(launch::make(root)?),
    };
    launch::run(Payload { root, words }, parts)
}

/// Removes the socket of a daemon when it has ended.
pub fn sweeper(options: &Sweeper) {
    let Sweeper { socket, device, inode } = options;
    let identity = Identity { device: *device, inode: *inode };
    daemon::sweeper(socket, identity);
}
