//! `firejail:`, firejail: its options, and the probe behind them.
//!
//! Below a pid namespace, as in a sandbox, firejail takes itself for sandboxed
//! already: it warns, and runs the payload without any isolation. In a container
//! it isolates, and it takes a pid namespace for a container whose process 1 has
//! the variable `container`: here it has. Where firejail isolates less all the
//! same, its column says that it is degraded.

use super::{Adapter, Prepared, find};
use harness::error::Result;
use harness::paths::PROBE;

pub const ADAPTER: Adapter = Adapter {
    name: "firejail",
    takes: "options of firejail",
    about: "firejail, told that the sandbox is a container",
    needs_words: false,
    prepare,
};

/// What firejail makes for every payload, whatever its profile is.
pub const ALWAYS: &[&str] = &["ns.ipc", "ns.mnt", "ns.pid"];

fn prepare(words: &[String]) -> Result<Prepared> {
    let program = find("firejail")?;
    let first = program.display().to_string();
    let options = words.to_vec();
    let argv = move |arguments: &[String]| {
        let payload = [&[PROBE.to_owned()], arguments].concat();
        [std::slice::from_ref(&first), options.as_slice(), &payload].concat()
    };
    Ok(Prepared {
        of_init: vec![("container".to_owned(), "docker".to_owned())],
        always: ALWAYS.iter().map(|it| (*it).to_owned()).collect(),
        ..Prepared::command(program, argv)
    })
}
