//! `nspawn:`, systemd-nspawn: its options, and the probe behind them.

use super::{Adapter, Prepared, find};
use harness::error::Result;
use harness::paths::PROBE;

pub const ADAPTER: Adapter = Adapter {
    name: "nspawn",
    takes: "options of systemd-nspawn, among them -D ROOT",
    about: "systemd-nspawn, with pipes as standard streams",
    needs_words: true,
    prepare,
};

/// The probe in the container.
const PAYLOAD: &str = "/.nsteps-probe";

/// What would be random otherwise.
const UUID: &str = "--uuid=6e737465707300000000000000000001";

fn prepare(words: &[String]) -> Result<Prepared> {
    let program = find("systemd-nspawn")?;
    let first = program.display().to_string();
    let options = words.to_vec();
    Ok(Prepared::command(program, move |arguments| {
        let mut argv = vec![first.clone(), "--pipe".to_owned()];
        argv.extend(["--quiet", UUID].map(str::to_owned));
        argv.extend(options.iter().cloned());
        argv.push(format!("--bind-ro={PROBE}:{PAYLOAD}"));
        argv.push(PAYLOAD.to_owned());
        argv.extend(arguments.iter().cloned());
        argv
    }))
}
