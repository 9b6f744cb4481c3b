//! A process that changes its root, and then looks a user up:
//! `user_lookup ROOT NAME [EARLIER]` prints the user's id.

use nix::unistd::{User, chdir, chroot};
use pitfalls::{fail, must};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [root, name, earlier @ ..] = &words[..] else {
        fail("usage", "user_lookup ROOT NAME [EARLIER]")
    };
    if let Some(earlier) = earlier.first() {
        let _ = User::from_name(earlier);
    }
    must("chroot", chroot(root.as_str()));
    must("chdir", chdir("/"));
    match must("look the user up", User::from_name(name)) {
        Some(user) => println!("uid {}", user.uid),
        None => println!("no such user"),
    }
}
