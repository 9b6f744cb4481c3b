//! `docker:`, Docker: the options of docker, `run`, its options and an image.
//!
//! A daemon of the host's starts the payload, so that no sandbox holds it: the
//! container is one of the host's, made with `--rm`. The probe and a socket of
//! the harness's are bound into it.

use super::run::{Run, TAKES};
use super::{Adapter, Prepared, find};
use harness::error::Result;
use harness::paths::{PROBE_IN_CONTAINER, SOCKET_IN_CONTAINER};
use harness::trial::daemon::Bound;

pub const ADAPTER: Adapter = Adapter {
    name: "docker",
    takes: TAKES,
    about: "Docker; not in a sandbox: its daemon starts the payload",
    needs_words: true,
    prepare,
};

fn prepare(words: &[String]) -> Result<Prepared> {
    let mut run = Run::parse("docker", words)?;
    let program = find("docker")?;
    if !run.is_on("--rm", '\0') {
        run.options.push("--rm".to_owned());
    }
    let first = program.display().to_string();
    let on_host = move |bound: &Bound, arguments: &[String]| {
        let mut argv = vec![first.clone()];
        argv.extend(run.global.iter().cloned());
        argv.push("run".to_owned());
        argv.extend(run.with_payload(
            &[
                (bound.probe(), PROBE_IN_CONTAINER),
                (bound.socket(), SOCKET_IN_CONTAINER),
            ],
            arguments,
        ));
        argv
    };
    Ok(Prepared {
        always: vec!["ns.mnt".to_owned()],
        on_host: Some(Box::new(on_host)),
        ..Prepared::command(program, |_| Vec::new())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use harness::host::layout::Layout;

    #[test]
    fn the_probe_and_its_socket_are_bound_and_the_container_is_removed() {
        let words = ["run", "--network=none", "alpine"].map(str::to_owned);
        let Ok(prepared) = prepare(&words) else {
            // This machine has no docker.
            return;
        };
        let bound = Layout::find().and_then(|it| Bound::new(&it));
        let bound = bound.expect("the probe is built");
        let argv = prepared.on_host.expect("a daemon starts the payload");
        let line = argv(&bound, &["--json".to_owned()]).join(" ");
        let end = ":/.nsteps-probe:ro";
        assert!(line.contains(" run --network=none --rm "), "{line}");
        assert!(line.contains(end), "{line}");
        assert!(line.contains(":/.nsteps-answer:ro"), "{line}");
        assert!(line.ends_with("alpine --json"), "{line}");
    }
}
