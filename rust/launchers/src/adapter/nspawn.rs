//! `nspawn:`, systemd-nspawn: its options, and the probe behind them.

use super::{Adapter, Prepared, find};
use harness::error::Result;
use harness::paths::{PROBE, PROBE_IN_CONTAINER};
use harness::sandbox::protocol::{Content, PutFile};
use std::path::PathBuf;

pub const ADAPTER: Adapter = Adapter {
    name: "nspawn",
    takes: "options of systemd-nspawn, among them -D ROOT",
    about: "systemd-nspawn, with pipes as standard streams",
    needs_words: true,
    prepare,
};

/// What would be random otherwise.
const UUID: &str = "--uuid=6e737465707300000000000000000001";

fn prepare(words: &[String]) -> Result<Prepared> {
    let program = find("systemd-nspawn")?;
    let first = program.display().to_string();
    let options = words.to_vec();
    let argv = move |arguments: &[String]| {
        let mut argv = vec![first.clone(), "--pipe".to_owned()];
        // There is no systemd in a sandbox to register a machine with.
        let alone = ["--quiet", "--register=no", "--keep-unit", UUID];
        argv.extend(alone.map(str::to_owned));
        argv.extend(options.iter().cloned());
        argv.push(format!("--bind-ro={PROBE}:{PROBE_IN_CONTAINER}"));
        argv.push(PROBE_IN_CONTAINER.to_owned());
        argv.extend(arguments.iter().cloned());
        argv
    };
    let root = root_of(words);
    let lacks_usr = root.as_ref().is_some_and(|it| !it.join("usr").exists());
    let files = move |_: &[String]| match &root {
        Some(root) if lacks_usr => vec![PutFile {
            at: root.join("usr/lib/os-release"),
            content: Content::Text("ID=nsteps\n".to_owned()),
            mode: 0o644,
        }],
        _ => Vec::new(),
    };
    Ok(Prepared {
        files: Box::new(files),
        always: ["ns.mnt", "ns.pid"].map(str::to_owned).to_vec(),
        ..Prepared::command(program, argv)
    })
}

/// The root of the container, if it is a directory. systemd-nspawn refuses one
/// without /usr: the sandbox's copy gets an os-release.
fn root_of(words: &[String]) -> Option<PathBuf> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let dir = match word.as_str() {
            "-D" | "--directory" => words.next()?.as_str(),
            word => match word.strip_prefix("--directory=") {
                Some(dir) => dir,
                None => continue,
            },
        };
        return std::path::absolute(dir).ok();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_found_among_the_options() {
        let root = |words: &str| {
            let words: Vec<String> =
                words.split(' ').map(str::to_owned).collect();
            root_of(&words)
        };
        let found = Some(PathBuf::from("/r"));
        assert_eq!(root("--private-network -D /r"), found);
        assert_eq!(root("--directory=/r"), found);
        assert_eq!(root("--image=/i"), None);
    }
}
