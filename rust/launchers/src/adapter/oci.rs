//! `runc:`, `crun:`, `youki:` and `oci:`, runtimes of the OCI: they run the
//! process that the config.json of a bundle names.
//!
//! The sandbox shows the bundle below an overlay, so that the user's bundle is
//! not changed. In it, config.json is replaced by a copy that starts the probe,
//! and the probe is put in the root filesystem: no mount is added, so that none
//! has to be taken away from the effect.

use super::{Adapter, OfProbe, Prepared, find};
use harness::error::{Context, Error, Result};
use harness::paths::{BUNDLE, NEWROOT, PROBE, PROBE_IN_CONTAINER};
use harness::sandbox::protocol::{Content, PutFile};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

const TAKES: &str = "a bundle: a directory, a config.json, or nothing for the \
                     default configuration of the OCI; options of the runtime \
                     before it, options of its command `run` behind it";

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

/// The options around the bundle: those before it are the runtime's, those
/// behind it those of its command `run`. Each begins with `-`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Options {
    runtime: Vec<String>,
    run: Vec<String>,
}

/// The options and the bundle. Without a bundle all options are the runtime's.
fn split(words: &[String]) -> (Options, Option<&String>) {
    let at = words.iter().position(|it| !it.starts_with('-'));
    let (runtime, rest) = words.split_at(at.unwrap_or(words.len()));
    let options = Options {
        runtime: runtime.to_vec(),
        run: rest.iter().skip(1).cloned().collect(),
    };
    (options, rest.first())
}

fn prepare(
    program: PathBuf,
    options: Options,
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
        let mut argv = vec![first.clone()];
        argv.extend(options.runtime.iter().cloned());
        argv.push("run".to_owned());
        argv.extend(options.run.iter().cloned());
        argv.extend(["--bundle", BUNDLE, ID].map(str::to_owned));
        argv
    };
    let wants_terminal = config["process"]["terminal"] == json!(true);
    let files = move |arguments: &[String], terminal: bool| {
        let config = with_payload(config.clone(), arguments, terminal);
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
    let on_terminal = files.clone();
    Ok(Prepared {
        files: Box::new(move |arguments| files(arguments, false)),
        files_on_terminal: wants_terminal.then(|| {
            let files =
                move |arguments: &[String]| on_terminal(arguments, true);
            Box::new(files) as OfProbe<PutFile>
        }),
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

/// The configuration with the probe as its process, with a terminal or without:
/// runtimes make one only where they are started on one.
fn with_payload(
    mut config: Value,
    arguments: &[String],
    terminal: bool,
) -> Value {
    let argv = [&[PROBE_IN_CONTAINER.to_owned()], arguments].concat();
    config["process"]["args"] = json!(argv);
    config["process"]["terminal"] = json!(terminal);
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_those_of_the_runtime_or_those_of_run() {
        let words = ["--debug", "/b", "--no-pivot"].map(str::to_owned);
        let (options, bundle) = split(&words);
        assert_eq!(bundle.map(String::as_str), Some("/b"));
        assert_eq!(options.runtime, ["--debug"]);
        assert_eq!(options.run, ["--no-pivot"]);
        let (options, bundle) = split(&words[..1]);
        assert_eq!((options.runtime.len(), bundle), (1, None));
    }

    #[test]
    fn only_the_process_is_replaced() {
        let before = json!({
            "process": { "args": ["sh"], "terminal": true, "cwd": "/x" },
            "unknown": 1
        });
        let after = with_payload(before, &["--json".to_owned()], false);
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
