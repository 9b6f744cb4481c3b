//! `runc:`, `crun:`, `youki:` and `oci:`, runtimes of the OCI: they run the
//! process that the config.json of a bundle names.
//!
//! The sandbox shows the bundle below an overlay, so that the user's bundle is
//! not changed. In it, config.json is replaced by a copy that starts the probe,
//! and the probe is put in the root filesystem: no mount is added, so that none
//! has to be taken away from the effect.

use super::{Adapter, Prepared, find};
use harness::error::{Context, Error, Result};
use harness::paths::{BUNDLE, NEWROOT, PROBE, PROBE_IN_CONTAINER};
use harness::sandbox::protocol::{Content, PutFile};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

const TAKES: &str = "a bundle: a directory, a config.json, or nothing for the \
                     default configuration of the OCI";

const fn runtime(name: &'static str, prepare: Prepare) -> Adapter {
    let about = "a container runtime of the OCI";
    Adapter { name, takes: TAKES, about, needs_words: false, prepare }
}

type Prepare = fn(&[String]) -> Result<Prepared>;

pub const RUNC: Adapter = runtime("runc", |words| named("runc", words));
pub const CRUN: Adapter = runtime("crun", |words| named("crun", words));
pub const YOUKI: Adapter = runtime("youki", |words| named("youki", words));
pub const OCI: Adapter = Adapter {
    name: "oci",
    takes: "the path of a runtime, a colon and a bundle",
    about: "any other runtime of the OCI",
    needs_words: true,
    prepare: by_path,
};

/// The container's id, which the caller of a runtime chooses.
const ID: &str = "nsteps-container";

fn named(runtime: &str, words: &[String]) -> Result<Prepared> {
    let (options, bundle) = split(words);
    prepare(find(runtime)?, options, bundle.map(String::as_str))
}

fn by_path(words: &[String]) -> Result<Prepared> {
    let (options, last) = split(words);
    let text = last.map_or("", String::as_str);
    let (program, bundle) = text.split_once(':').unwrap_or((text, ""));
    prepare(find(program)?, options, Some(bundle).filter(|it| !it.is_empty()))
}

/// The options of the runtime, which begin with `-`, and the bundle.
fn split(words: &[String]) -> (Vec<String>, Option<&String>) {
    let options = words.iter().filter(|it| it.starts_with('-')).cloned();
    (options.collect(), words.iter().find(|it| !it.starts_with('-')))
}

fn prepare(
    program: PathBuf,
    options: Vec<String>,
    bundle: Option<&str>,
) -> Result<Prepared> {
    let (dir, config) = match bundle {
        None => (None, default_config()?),
        Some(path) => {
            let (dir, config) = read(Path::new(path))?;
            (Some(dir), config)
        }
    };
    let root = root_of(&config, dir.as_deref())?;
    let always = namespaces(&config);
    let first = program.display().to_string();
    let argv = move |_: &[String]| {
        let run = ["run", "--bundle", BUNDLE, ID].map(str::to_owned);
        [vec![first.clone()], options.clone(), run.to_vec()].concat()
    };
    let files = move |arguments: &[String]| {
        let config = with_payload(config.clone(), arguments);
        vec![
            PutFile {
                at: Path::new(BUNDLE).join("config.json"),
                content: Content::Text(format!("{config:#}\n")),
                mode: 0o644,
            },
            PutFile {
                at: root.join(PROBE_IN_CONTAINER.trim_start_matches('/')),
                content: Content::CopyOf(PROBE.into()),
                mode: 0o755,
            },
        ]
    };
    Ok(Prepared {
        files: Box::new(files),
        needs_rootfs: dir.is_none(),
        always,
        bundle: dir,
        masks: vec![(ID.to_owned(), "CID"), (BUNDLE.to_owned(), "BUNDLE")],
        ..Prepared::command(program, argv)
    })
}

/// The directory of a bundle and its configuration.
fn read(bundle: &Path) -> Result<(PathBuf, Value)> {
    let absolute = std::path::absolute(bundle)
        .context(format_args!("find {}", bundle.display()))?;
    let is_file = absolute.is_file();
    let (dir, file) = match absolute.parent() {
        Some(parent) if is_file => (parent.to_owned(), absolute.clone()),
        _ => (absolute.clone(), absolute.join("config.json")),
    };
    let text = fs::read_to_string(&file)
        .context(format_args!("read {}", file.display()))?;
    let config: Value = serde_json::from_str(&text)
        .map_err(|error| Error::new(format!("{}: {error}", file.display())))?;
    // The types only check: what they do not know is kept.
    serde_json::from_str::<oci_spec::runtime::Spec>(&text)
        .map_err(|error| Error::new(format!("{}: {error}", file.display())))?;
    if !config["process"].is_object() {
        return Err(Error::new(format!(
            "{}: there is no member `process`",
            file.display()
        )));
    }
    Ok((dir, config))
}

/// Where the root filesystem is in the sandbox.
fn root_of(config: &Value, dir: Option<&Path>) -> Result<PathBuf> {
    let root = config["root"]["path"].as_str().ok_or_else(|| {
        Error::new("config.json: there is no member `root.path`")
    })?;
    if let Some(dir) = dir
        && !dir.join(root).is_dir()
    {
        return Err(Error::new(format!(
            "config.json: `root.path` is {root}, and {} is not a directory",
            dir.join(root).display()
        )));
    }
    Ok(Path::new(BUNDLE).join(root))
}

/// The namespaces that a configuration asks for, as keys of an effect; those
/// with a path are joined, and may be the caller's.
fn namespaces(config: &Value) -> Vec<String> {
    let types = config["linux"]["namespaces"].as_array();
    types
        .into_iter()
        .flatten()
        .filter(|it| it["path"].is_null())
        .filter_map(|it| match it["type"].as_str()? {
            "mount" => Some("ns.mnt".to_owned()),
            "network" => Some("ns.net".to_owned()),
            name => Some(format!("ns.{name}")),
        })
        .collect()
}

/// The default configuration of the OCI, with the sandbox's busybox as root
/// filesystem.
fn default_config() -> Result<Value> {
    let spec = oci_spec::runtime::Spec::default();
    let mut config = serde_json::to_value(spec)
        .map_err(|error| Error::new(format!("the default spec: {error}")))?;
    config["root"] = json!({ "path": NEWROOT, "readonly": true });
    Ok(config)
}

/// The configuration with the probe as its process, without a terminal.
fn with_payload(mut config: Value, arguments: &[String]) -> Value {
    let argv = [&[PROBE_IN_CONTAINER.to_owned()], arguments].concat();
    config["process"]["args"] = json!(argv);
    config["process"]["terminal"] = json!(false);
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_process_is_replaced() {
        let before = json!({
            "process": { "args": ["sh"], "terminal": true, "cwd": "/x" },
            "unknown": 1
        });
        let after = with_payload(before, &["--json".to_owned()]);
        let expected = json!({
            "process": {
                "args": ["/.nsteps-probe", "--json"],
                "terminal": false,
                "cwd": "/x"
            },
            "unknown": 1
        });
        assert_eq!(after, expected);
    }

    #[test]
    fn the_default_configuration_has_what_a_runtime_needs() {
        let config = default_config().expect("it can be made");
        assert!(config["process"]["args"].is_array(), "{config:#}");
        assert!(config["linux"]["namespaces"].is_array(), "{config:#}");
        assert_eq!(config["root"]["path"], NEWROOT);
    }
}
