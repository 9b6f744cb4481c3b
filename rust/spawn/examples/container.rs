//! The step `container` with this crate: a host name, a root directory, `lo`
//! up, no queues, and a payload that sees no process but its own.
//!
//!     container NEWROOT CMD [ARG...]

use nsteps_spawn::{Command, Mount, Namespace};
use std::error::Error;
use std::process::exit;

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args_os().skip(1);
    let (Some(root), Some(program)) = (words.next(), words.next()) else {
        return Err("usage: container NEWROOT CMD [ARG...]".into());
    };
    // ANCHOR: container
    let mut container = Command::new(program)
        .args(words)
        .namespaces(Namespace::PID | Namespace::IPC)
        .hostname("doqueru")
        .loopback_up()
        .root(root)
        .devices()
        .mount(Mount::proc("/proc"))
        .spawn()?;
    let status = container.wait()?;
    // ANCHOR_END: container
    exit(status.code().unwrap_or(128))
}
