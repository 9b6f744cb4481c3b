//! Looks a name up in PATH, for a child that gets a new root.
//!
//! `lookup clone|pre_exec ROOT NAME`: both ways search PATH in the child, below
//! its new root.

use std::ffi::CString;
use std::process::Command;

use nix::sched::CloneFlags;
use nix::sys::signal::Signal;
use nix::unistd::{chdir, chroot};
use pitfalls::{
    become_command, clone_child, command, end_like, end_with, fail, in_child,
    must,
};

fn main() {
    let words = command(1);
    let [way, root, name @ ..] = &words[..] else {
        fail("usage", "lookup clone|pre_exec ROOT NAME")
    };
    let enter = || chroot(root.as_c_str()).and_then(|()| chdir("/"));
    if way.as_c_str() == c"pre_exec" {
        let mut command = Command::new(text(&name[0]));
        let root = root.clone();
        let enter = move || chroot(root.as_c_str()).and_then(|()| chdir("/"));
        end_with(in_child(&mut command, enter).status())
    }
    let child = || match enter() {
        Ok(()) => become_command(name),
        Err(_) => 125,
    };
    let signal = Some(Signal::SIGCHLD as i32);
    end_like(must("clone", clone_child(CloneFlags::empty(), signal, child)))
}

fn text(word: &CString) -> String {
    word.to_string_lossy().into_owned()
}
