//! The consequences, each proved by a pair of launchers: under these, exactly
//! these keys have exactly this record.

mod availability;

use availability::{is_of_the_machine, unavailable};
use harness::host::layout::Layout;
use launchers::consequence::CONSEQUENCES;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

/// A record, two launchers, and the keys that have this record under them.
///
/// A launcher that begins with `{` is a patch of a small config.json, as RFC
/// 7396 has it, and runs under runc.
type Case = (&'static str, [&'static str; 2], &'static [&'static str]);

const BARE: &str = "env";
const BWRAP: &str = "bwrap: --dev-bind / /";

const CASES: &[Case] = &[
//CASES
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = vec![Trial::test("each_record_has_a_case", each_record)];
    trials.extend(
        CASES
            .iter()
            .map(|case| Trial::ignorable_test(case.0, move || proof(case))),
    );
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A record without a case is not proved, and a case without a record proves
/// nothing.
fn each_record() -> Result<(), Failed> {
    let records: BTreeSet<&str> =
        CONSEQUENCES.iter().map(|it| it.name).collect();
    let cases: BTreeSet<&str> = CASES.iter().map(|it| it.0).collect();
    let missing: Vec<_> = records.difference(&cases).collect();
    let orphans: Vec<_> = cases.difference(&records).collect();
    if missing.is_empty() && orphans.is_empty() {
        return Ok(());
    }
    Err(format!("without a case: {missing:?}; of no record: {orphans:?}")
        .into())
}

fn proof((name, launchers, keys): &Case) -> Result<Completion, Failed> {
    let layout = Layout::find().map_err(|it| it.message)?;
    let program = layout.programs().join("bin/nsteps");
    if !program.exists() {
        return unavailable("nsteps is not built: make build");
    }
    let scratch = Scratch::new(name)?;
    let mut words = Vec::new();
    for (index, launcher) in launchers.iter().enumerate() {
        words.push(scratch.launcher(launcher, index)?);
    }
    let output = Command::new(program)
        .args(["diff", "--json"])
        .args(&words)
        .stdin(Stdio::null())
        .output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    if is_of_the_machine(&stderr) {
        return unavailable(stderr.trim());
    }
    let seen: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{error}: {stderr}"))?;
    for it in seen["launchers"].as_array().into_iter().flatten() {
        if let Some(why) = it["did_not_run"].as_str() {
            // What was never started is missing; what failed is a failure.
            return match it["path"].is_null() {
                true => unavailable(why),
                false => {
                    Err(format!("{} did not run: {why}", it["run"]).into())
                }
            };
        }
    }
    let differences = seen["differences"].as_array().into_iter().flatten();
    let found: BTreeSet<&str> = differences
        .filter(|it| it["record"] == *name)
        .filter_map(|it| it["row"]["key"].as_str())
        .collect();
    let expected: BTreeSet<&str> = keys.iter().copied().collect();
    if found == expected {
        return Ok(Completion::Completed);
    }
    let text = format!("expected {expected:?}, found {found:?}: {seen:#}");
    Err(text.into())
}

/// The bundles of a trial, removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Result<Scratch, Failed> {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("consequences-{}-{name}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Scratch(path))
    }

    fn launcher(&self, text: &str, index: usize) -> Result<String, Failed> {
        if !text.starts_with('{') {
            return Ok(text.to_owned());
        }
        let mut config = config();
        merge(&mut config, &serde_json::from_str(text)?);
        let bundle = self.0.join(index.to_string());
        fs::create_dir_all(bundle.join("rootfs"))?;
        fs::write(bundle.join("config.json"), format!("{config:#}"))?;
        Ok(format!("runc:{}", bundle.display()))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A container with its own root, /proc, /dev and namespaces.
fn config() -> Value {
    let mount = |at: &str, kind: &str| json!({ "destination": at, "type": kind, "source": kind });
    let space = |kind: &str| json!({ "type": kind });
    json!({
        "ociVersion": "1.0.2",
        "process": {
            "args": ["sh"],
            "cwd": "/",
            "env": ["PATH=/bin"],
            "user": { "uid": 0, "gid": 0 },
        },
        "root": { "path": "rootfs" },
        "mounts": [mount("/proc", "proc"), mount("/dev", "tmpfs")],
        "linux": { "namespaces": [space("mount"), space("pid"), space("uts")] },
    })
}

/// A patch as RFC 7396 has it.
fn merge(target: &mut Value, patch: &Value) {
    let Some(members) = patch.as_object() else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (name, value) in members {
        if value.is_null() {
            target.as_object_mut().map(|it| it.remove(name));
        } else {
            merge(&mut target[name], value);
        }
    }
}
