//! `nsteps list`: lists the steps, what each makes, and which post it follows.

use crate::terminal::output;
use crate::terminal::style::FAINT;
use crate::terminal::text::{self, Cell};
use harness::error::Result;
use harness::step::{POSTS, STEPS};

/// The headings of the table of steps.
const STEP_HEAD: &[&str] =
    &["step", "new namespaces", "posts", "what it shows"];
/// The headings of the table of posts.
const POST_HEAD: &[&str] = &["post", "author", "title"];

/// Prints the tables of steps and posts.
///
/// # Errors
///
/// Fails if standard output cannot be written.
pub fn run() -> Result<u8> {
    output::print(&text(text::width())).map(|()| 0)
}

fn text(width: Option<usize>) -> String {
    let steps: Vec<Vec<Cell>> = STEPS
        .iter()
        .map(|step| {
            let posts: Vec<_> = step.posts.iter().map(|it| it.key).collect();
            let posts =
                if posts.is_empty() { "-".to_owned() } else { posts.join(" ") };
            vec![
                step.name.into(),
                step.namespace_names().into(),
                Cell::new(FAINT, posts),
                step.title.into(),
            ]
        })
        .collect();
    let posts: Vec<Vec<Cell>> = POSTS
        .iter()
        .map(|post| {
            let year = post.year.map_or(String::new(), |it| format!(" ({it})"));
            let title = format!("{}{year}", post.title);
            vec![post.key.into(), post.author.into(), title.into()]
        })
        .collect();
    let mut out = String::new();
    text::table(&mut out, STEP_HEAD, &steps, width);
    out.push('\n');
    text::table(&mut out, POST_HEAD, &posts, width);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use anstream::adapter::strip_str;

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for width in [60, 80, 120, 200] {
            let text = strip_str(&text(Some(width))).to_string();
            for line in text.lines() {
                assert!(line.chars().count() <= width, "{width}: {line}");
            }
            assert!(text.starts_with("step "), "{text}");
            for step in STEPS {
                assert!(text.contains(step.name), "{width}: {}", step.name);
            }
        }
    }
}
