//! One launch from a template and a stock of networks, or the same launch cold:
//! a comparison of both shows that the payload has the same.
//!
//!     warm [--cold] NEWROOT CMD [ARG...]

use nsteps_spawn::{Command, Mount, Namespace, Networks, Template};
use std::error::Error;
use std::process::exit;

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args_os().skip(1).peekable();
    let is_cold = words.next_if(|word| word == "--cold").is_some();
    let (Some(root), Some(program)) = (words.next(), words.next()) else {
        return Err("usage: warm [--cold] NEWROOT CMD [ARG...]".into());
    };
    // ANCHOR: warm
    let template = Template::new(&root)?;
    let networks = Networks::new(1)?;
    let command = Command::new(program)
        .args(words)
        .namespaces(Namespace::all().without(Namespace::USER | Namespace::TIME))
        .hostname("box")
        .devices()
        .mount(Mount::proc("/proc"));
    let command = match is_cold {
        true => command.root(&root),
        false => command.template(&template).networks(&networks),
    };
    let status = command.spawn()?.wait()?;
    // ANCHOR_END: warm
    exit(status.code().unwrap_or(128))
}
