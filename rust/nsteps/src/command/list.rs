//! `nsteps list`: the steps, what each makes, and which post it follows.

use crate::error::Result;
use crate::output;
use crate::step::{POSTS, STEPS};

/// Prints the list.
///
/// # Errors
///
/// Standard output cannot be written.
pub fn run() -> Result<u8> {
    let mut text = String::new();
    for step in STEPS {
        let posts: Vec<_> = step.posts.iter().map(|it| it.key).collect();
        let posts = if posts.is_empty() {
            "beyond the posts".to_owned()
        } else {
            posts.join(" ")
        };
        text.push_str(&format!(
            "{:<22} {:<20} {:<30} {}\n",
            step.name,
            step.namespace_names(),
            posts,
            step.title
        ));
    }
    text.push('\n');
    for post in POSTS {
        let year = post.year.map_or(String::new(), |it| format!(" ({it})"));
        text.push_str(&format!(
            "{:<7} {}, {}{year}\n",
            post.key, post.author, post.title
        ));
    }
    output::print(&text).map(|()| 0)
}
