//! The code that all steps use: make the namespaces, let the child prepare
//! them, become the payload, wait for it and end as it ended.
//!
//! A step is a program in `src/bin`: its flags, the work of its child, and a
//! `main` that passes both to the skeleton, begun by [`start!`]. It takes `CMD
//! [ARG...]`, as env(1) does, and has the exit statuses of env(1): the
//! payload's own, 128+n after signal n, 127 for a command that does not exist,
//! 126 for one that cannot be executed, 125 for a step that failed before that.
//! Such a step prints one line, `STEP: CALL: STRERROR`.

mod arguments;
mod failure;
mod kernel;
pub mod mount_fd;
mod payload;
mod prepare;
mod skeleton;
mod start;
mod status;
mod text;

pub use arguments::{
    NewRoot, arguments_given, mytmp, new_root, pid, require_command,
};
pub use failure::{Call, Failure};
pub use kernel::pidfd_open;
#[doc(hidden)]
pub use kernel::remember;
pub use payload::Payload;
pub use prepare::{
    Gate, NONE, bring_lo_up, enter_new_root, fill_dev, map_root, rmdir,
    write_file,
};
pub use skeleton::{
    clone_and_exec, clone_with_parent, fork_and_reap, unshare_and_init,
};
pub use text::{Text, text};
