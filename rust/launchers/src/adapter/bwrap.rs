//! `bwrap:`, bubblewrap: its options, and the probe behind them.

use super::{Adapter, Prepared, find};
use harness::error::Result;
use harness::paths::{PROBE, PROBE_IN_CONTAINER};

pub const ADAPTER: Adapter = Adapter {
    name: "bwrap",
    takes: "options of bwrap",
    about: "bubblewrap; the probe is bound read-only where / is not the host's",
    needs_words: false,
    prepare,
};

fn prepare(words: &[String]) -> Result<Prepared> {
    let program = find("bwrap")?;
    let first = program.display().to_string();
    let options = words.to_vec();
    let argv = move |arguments: &[String]| {
        let mut argv = vec![first.clone()];
        argv.extend(options.iter().cloned());
        let payload = match shows_all(&options) {
            true => PROBE,
            false => {
                let bind = ["--ro-bind", PROBE, PROBE_IN_CONTAINER];
                argv.extend(bind.map(str::to_owned));
                PROBE_IN_CONTAINER
            }
        };
        argv.push("--".to_owned());
        argv.push(payload.to_owned());
        argv.extend(arguments.iter().cloned());
        argv
    };
    Ok(Prepared {
        always: vec!["ns.mnt".to_owned()],
        ..Prepared::command(program, argv)
    })
}

/// Whether the whole tree is bound, so that the probe is there already.
fn shows_all(options: &[String]) -> bool {
    let binds = ["--bind", "--ro-bind", "--dev-bind"];
    options.windows(3).any(|it| {
        binds.contains(&it[0].as_str()) && it[1] == "/" && it[2] == "/"
    })
}
