//! `firejail:`, firejail: its options, and the probe behind them.
//!
//! Below a pid namespace, as in a sandbox, firejail takes itself for sandboxed
//! already: it warns, and runs the payload without any isolation. Its column
//! says that it is degraded.

use super::{Adapter, Prepared, find};
use harness::error::Result;
use harness::paths::PROBE;

pub const ADAPTER: Adapter = Adapter {
    name: "firejail",
    takes: "options of firejail",
    about: "firejail, which isolates nothing below a pid namespace",
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
        always: ALWAYS.iter().map(|it| (*it).to_owned()).collect(),
        ..Prepared::command(program, argv)
    })
}
