//! The mode of a queue that nix makes, with attributes or without.
//!
//! `queue_mode none|attributes`: prints the mode, or why there is no queue. The
//! queue is removed before it is looked at.

use nix::mqueue::{MQ_OFlag, MqAttr, mq_open, mq_unlink};
use nix::sys::stat::{Mode, fstat};
use pitfalls::must;

const NAME: &str = "/nsteps-queue-mode";

fn main() {
    let flags = MQ_OFlag::O_CREAT | MQ_OFlag::O_EXCL | MQ_OFlag::O_RDWR;
    let mode = Mode::S_IRUSR | Mode::S_IWUSR;
    let small = MqAttr::new(0, 4, 64, 0);
    let attributes = match std::env::args().nth(1).as_deref() {
        Some("attributes") => Some(&small),
        // This looks like the default attributes.
        _ => None,
    };
    let queue = match mq_open(NAME, flags, mode, attributes) {
        Ok(queue) => queue,
        Err(errno) => {
            println!("no queue: {errno:?}");
            return;
        }
    };
    must("mq_unlink", mq_unlink(NAME));
    let is = must("fstat", fstat(&queue)).st_mode & 0o7777;
    println!("mode {is:04o}");
}
