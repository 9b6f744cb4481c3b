//! A child that becomes another user, and then a command:
//! `another_user WAY ID CMD [ARG...]` ends as the command ends.

use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::unistd::{Gid, Uid, setgid, setgroups, setuid};
use pitfalls::{end_with, fail, in_child, must};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [way, id, name, arguments @ ..] = &words[..] else {
        fail("usage", "another_user WAY ID CMD [ARG...]")
    };
    let id: u32 = must("read the id", id.parse());
    let mut command = Command::new(name);
    command.args(arguments);
    match way.as_str() {
        "uid" => command.uid(id),
        "gid" => command.gid(id),
        "ids" => command.uid(id).gid(id),
        // What C has to do, in the same order.
        "groups" => in_child(&mut command, move || {
            setgroups(&[])?;
            setgid(Gid::from_raw(id))?;
            setuid(Uid::from_raw(id))
        }),
        other => fail("another_user", format_args!("no way is called {other}")),
    };
    end_with(command.status())
}
