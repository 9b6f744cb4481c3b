//! time: clocks that count from a day earlier.
//!
//! Beyond the posts. Legacy clone takes CLONE_NEWTIME for a part of the signal
//! it is to send at exit, so this flag goes to unshare.
//!
//! - <https://man7.org/linux/man-pages/man2/unshare.2.html>
//! - <https://man7.org/linux/man-pages/man2/clone.2.html>
//! - <https://man7.org/linux/man-pages/man7/time_namespaces.7.html>

#![no_main]

use nix::sched::{CloneFlags, unshare};
use steps::{Call, Failure, clone_with_parent, require_command, write_file};

/// nix does not name it, but its unshare passes it to the kernel.
const FLAGS: CloneFlags = CloneFlags::from_bits_retain(libc::CLONE_NEWTIME);

/// Offsets in seconds and nanoseconds.
const OFFSETS: &[u8] = b"monotonic 86400 0\nboottime 86400 0\n";

/// The child: the first member of the new namespace, which its parent only
/// made. It becomes the payload and ends with it.
fn child() -> Result<(), Failure> {
    Ok(())
}

/// The parent: stays in the old time namespace, and sets the clocks while the
/// new one is empty, because the first member fixes them.
fn parent() -> Result<(), Failure> {
    unshare(FLAGS).call("unshare")?;
    write_file(b"/proc/self/timens_offsets", OFFSETS)
}

fn main() -> ! {
    require_command();
    parent().unwrap_or_else(|failure| failure.exit());
    // A fork, because older kernels do not let a child share its memory with a
    // launcher that has other clocks.
    clone_with_parent(CloneFlags::empty(), child, |_| Ok(()))
}

steps::start!(main);
