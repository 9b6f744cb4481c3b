//! The OCI runtimes at `launch/six`: the bundle that they run, and what they
//! need of a sandbox.
//!
//! Bundles and state are on the sandbox's own root, and are removed with it.
//! The runtimes are told not to use cgroups. They still look for the mount of
//! the cgroups before they do anything, so the sandbox has a read-only one.

use crate::measure::place::said;
use crate::measure::programs::installed;
use harness::error::{Context, Error, Result};
use harness::paths::{NEWROOT, PROBE_IN_NEWROOT};
use harness::sandbox::Sandbox;
use serde_json::json;
use std::fs::read_to_string;
use std::path::PathBuf;

/// An OCI runtime that is a contender of `launch/six`.
#[derive(Debug)]
pub struct Runtime {
    /// The name of the runtime, and of its program.
    pub name: &'static str,
    /// The options that tell it not to use cgroups.
    options: &'static [&'static str],
}

/// Every runtime that is measured, if it is installed.
pub const RUNTIMES: &[Runtime] = &[
    Runtime { name: "crun", options: &["--cgroup-manager=disabled"] },
    // With this option it continues without a cgroup if it may not make one.
    Runtime { name: "runc", options: &["--rootless=true"] },
];

/// The directory of the sandbox in which bundles and state are.
const HERE: &str = "/run/oci";

/// The namespaces of `launch/six`, as the OCI spec calls them (config-linux.md,
/// Namespaces).
const NAMESPACES: &[&str] =
    &["cgroup", "ipc", "mount", "network", "pid", "uts"];

/// The payloads: a bundle has one command line, so each payload needs its own.
pub const PAYLOADS: &[&[&str]] =
    &[&["/true"], &[PROBE_IN_NEWROOT, "--json", "--hold"]];

impl Runtime {
    /// The path of its program, if it is installed.
    pub fn program(&self) -> Option<PathBuf> {
        installed(self.name)
    }

    /// The command line that runs the bundle of a payload. The container has
    /// the same name each time: if one left its state behind, the runtime would
    /// refuse the next one.
    pub fn argv(&self, program: &str, payload: &[&str]) -> Vec<String> {
        let state = format!("{HERE}/{}", self.name);
        let bundle = bundle(payload);
        [program]
            .iter()
            .chain(self.options)
            .chain(&["--root", &state, "run", "--no-new-keyring"])
            .chain(&["--bundle", &bundle, "nsteps"])
            .map(ToString::to_string)
            .collect()
    }
}

/// The directory of the bundle for a payload.
fn bundle(payload: &[&str]) -> String {
    format!("{HERE}{}", payload.first().unwrap_or(&""))
}

/// The smallest configuration with the same namespaces, root, /proc and tmpfs
/// as that of every launcher at `launch/six`.
fn config(payload: &[&str]) -> String {
    let namespaces: Vec<_> =
        NAMESPACES.iter().map(|kind| json!({ "type": kind })).collect();
    let mount = |at: &str, kind: &str| json!({ "destination": at, "type": kind, "source": kind });
    json!({
        "ociVersion": "1.0.0",
        "process": {
            "args": payload,
            "cwd": "/",
            "user": { "uid": 0, "gid": 0 },
        },
        "root": { "path": NEWROOT },
        "mounts": [mount("/proc", "proc"), mount("/dev", "tmpfs")],
        "linux": { "namespaces": namespaces },
    })
    .to_string()
}

/// Puts the bundles and the mount of the cgroups into a sandbox. A second call
/// changes nothing.
///
/// # Errors
///
/// Fails if no runtime can work there, with the reason.
pub fn set_up(sandbox: &mut Sandbox) -> Result<()> {
    // The first mount of cgroup2 would change what /proc/PID/cgroup says on
    // the whole machine.
    let cgroups =
        read_to_string("/proc/self/cgroup").context("read own cgroups")?;
    if !cgroups.lines().any(|line| line.starts_with("0::")) {
        return Err(Error::new("this machine does not use cgroup2"));
    }
    // The cgroup namespace is new, so its root is the sandbox's own cgroup.
    // Only this mount is read-only: the superblock is shared with the machine.
    let mount = "cd /sys/fs/cgroup 2>/dev/null && exit
        mkdir -p /sys/fs/cgroup &&
        unshare --cgroup mount -t cgroup2 cgroup2 /sys/fs/cgroup &&
        mount -o remount,bind,ro /sys/fs/cgroup";
    said(sandbox, &["sh", "-c", mount]).context("mount cgroup2")?;
    for payload in PAYLOADS {
        let write = "mkdir -p $0 && printf %s \"$1\" >$0/config.json";
        let (at, config) = (bundle(payload), config(payload));
        said(sandbox, &["sh", "-c", write, &at, &config])
            .context("write a bundle")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_is_run_with_a_state_of_its_own() {
        let crun = &RUNTIMES[0];
        let argv = crun.argv("/usr/bin/crun", &["/true"]).join(" ");
        assert_eq!(
            argv,
            "/usr/bin/crun --cgroup-manager=disabled --root /run/oci/crun run \
             --no-new-keyring --bundle /run/oci/true nsteps"
        );
    }

    #[test]
    fn a_configuration_names_the_payload_and_six_namespaces() {
        let config: serde_json::Value =
            serde_json::from_str(&config(PAYLOADS[1])).expect("it is JSON");
        assert_eq!(config["process"]["args"][0], PROBE_IN_NEWROOT);
        let kinds = config["linux"]["namespaces"].as_array().map(Vec::len);
        assert_eq!(kinds, Some(6));
    }
}
