//! Records: what a launcher did on another day, as a file.

use crate::matrix::{Column, Value};
use crate::provenance::Provenance;
use crate::redaction::Redaction;
use crate::state::PLAIN;
use harness::error::{Context, Error, Result};
use harness::sandbox::listen::Way;
use harness::trial::Place;
use probe::Observation;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The version of [`Form`]; it grows when a member changes its meaning.
pub const SCHEMA: &str = "nsteps.record/2";

/// `nsteps record`: what a launcher did, to be compared on another day.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// `nsteps.record/2`
    pub schema: String,
    /// The day on which it was recorded, as `2026-01-31`.
    pub day: String,
    /// The kernel's name and release, and whether the caller was root.
    pub machine: String,
    /// The scenario in which the launcher ran.
    pub scenario: String,
    /// The cgroups that the launcher saw: `v2`, `host` or `none`.
    pub cgroups: String,
    /// Whether secrets are replaced by their length and a digest.
    pub redacted: bool,
    /// The launcher, as it was named.
    pub name: String,
    /// The program, with symbolic links followed.
    pub path: String,
    /// The first line that the program prints of its version; null if it
    /// prints none.
    pub version: Option<String>,
    /// The SHA-256 digest of the program.
    pub sha256: String,
    /// The program that this one runs in turn to isolate the payload, as an OCI
    /// runtime is; null if it runs none.
    #[serde(default)]
    pub runtime: Option<KeptRuntime>,
    /// Whether the payload ran on the host, where a daemon started it.
    #[serde(default)]
    pub on_host: bool,
    /// What the payload and the harness read differently.
    pub disagreements: Vec<String>,
    /// The keys that the launcher changes on other machines and did not change
    /// there.
    pub degraded: Vec<String>,
    /// Every key that changed, and how.
    pub values: BTreeMap<String, KeptValue>,
    /// What the payload observed, as [the probe](observation.md) prints it.
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
    pub payload: Observation,
}

/// A program that a launcher runs to isolate the payload.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeptRuntime {
    /// The program, with symbolic links followed.
    pub path: String,
    /// The first line that it prints of its version; null if it prints none.
    pub version: Option<String>,
    /// The SHA-256 digest of the program.
    pub sha256: String,
}

/// What the launcher did with a key: one member.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeptValue {
    /// It changed, in the same way every time.
    Changed(String),
    /// The payload could not read it, for this reason.
    NotRead(String),
    /// It was not the same every time: the different values.
    Unstable(Vec<String>),
}

/// The day and the machine on which a column was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circumstances {
    /// The day of the recording, as `2026-01-31`.
    pub day: String,
    /// The kernel's name and release, and whether the caller was root.
    pub machine: String,
    /// The scenario in which the launcher ran.
    pub scenario: String,
    /// The name of the cgroups that the launcher saw.
    pub cgroups: String,
}

/// A column that was read from a file.
#[derive(Debug)]
pub struct Kept {
    /// What the launcher did when it was recorded.
    pub column: Column,
    /// The program that ran then.
    pub program: Provenance,
    /// The day and the machine of the recording.
    pub circumstances: Circumstances,
    /// True if secrets are replaced in it.
    pub redacted: bool,
}

/// Makes the form of a column.
///
/// # Errors
///
/// Fails if the launcher did not run the probe: then there is nothing to keep.
pub fn form(
    column: &Column,
    program: &Provenance,
    circumstances: Circumstances,
    show_values: bool,
) -> Result<Form> {
    let column = match show_values {
        true => column.clone(),
        false => {
            let columns = std::slice::from_ref(column);
            Redaction::of(columns).column(column)
        }
    };
    let (None, Some(payload)) = (&column.did_not_answer, column.payload) else {
        let said = match column.values.get("said") {
            Some(said) => format!("; it said: {said}"),
            None => String::new(),
        };
        let why = column.did_not_answer.unwrap_or_default() + &said;
        return Err(Error::new(format!("{} did not run: {why}", column.line)));
    };
    let kept = |(key, value)| {
        let value = match value {
            Value::Changed(change) => KeptValue::Changed(change),
            Value::NotRead(why) => KeptValue::NotRead(why),
            Value::Unstable(seen) => KeptValue::Unstable(seen),
            Value::Unchanged | Value::NotObserved => return None,
        };
        Some((key, value))
    };
    Ok(Form {
        schema: SCHEMA.to_owned(),
        day: circumstances.day,
        machine: circumstances.machine,
        scenario: circumstances.scenario,
        cgroups: circumstances.cgroups,
        redacted: !show_values,
        name: column.line,
        path: program.path.clone(),
        version: program.version.clone(),
        sha256: program.sha256.clone(),
        runtime: program.runtime.as_ref().map(|it| KeptRuntime {
            path: it.path.clone(),
            version: it.version.clone(),
            sha256: it.sha256.clone(),
        }),
        on_host: column.place == Place::Host,
        disagreements: column.disagreements,
        degraded: column.degraded,
        values: column.values.into_iter().filter_map(kept).collect(),
        payload,
    })
}

/// Reads a record, if `text` is the path of one. The content of the file
/// decides that, not its name.
///
/// # Errors
///
/// Fails if the file is JSON of this program but of another form, or if a
/// member of it is missing, unknown or of another type.
pub fn read(text: &str) -> Result<Option<Kept>> {
    let path = Path::new(text);
    if !path.is_file() {
        return Ok(None);
    }
    let bytes = fs::read(path).context(format_args!("read {text}"))?;
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Ok(None);
    }
    let value: serde_json::Value =
        serde_json::from_slice(&bytes).context(text)?;
    let schema = value["schema"].as_str().unwrap_or("no form");
    if schema != SCHEMA {
        return Err(Error::new(format!(
            "{text}: this is {schema}, and a record is {SCHEMA}: make one with \
             `nsteps record`"
        )));
    }
    let form: Form = serde_json::from_value(value).context(text)?;
    Ok(Some(kept(form)))
}

fn kept(form: Form) -> Kept {
    let value = |(key, value)| {
        let value = match value {
            KeptValue::Changed(change) => Value::Changed(change),
            KeptValue::NotRead(why) => Value::NotRead(why),
            KeptValue::Unstable(seen) => Value::Unstable(seen),
        };
        (key, value)
    };
    Kept {
        column: Column {
            line: form.name,
            values: form.values.into_iter().map(value).collect(),
            did_not_answer: None,
            missing: false,
            way: Way::default(),
            outside: BTreeMap::new(),
            place: if form.on_host { Place::Host } else { Place::Sandbox },
            disagreements: form.disagreements,
            degraded: form.degraded,
            payload: Some(form.payload),
            probe_ran: Value::Changed("yes".to_owned()),
            state: PLAIN.name,
            unavailable: false,
            untried: None,
            others: Vec::new(),
        },
        program: Provenance {
            path: form.path,
            version: form.version,
            sha256: form.sha256,
            runtime: form.runtime.map(|it| {
                Box::new(Provenance {
                    path: it.path,
                    version: it.version,
                    sha256: it.sha256,
                    runtime: None,
                })
            }),
        },
        circumstances: Circumstances {
            day: form.day,
            machine: form.machine,
            scenario: form.scenario,
            cgroups: form.cgroups,
        },
        redacted: form.redacted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use harness::trial::Observed;

    #[test]
    fn what_was_kept_is_read_back() {
        let mut look = [Observed::default(), Observed::default()];
        for (index, it) in look.iter_mut().enumerate() {
            it.payload = Some(Observation::default());
            it.effect.change("ns.net", "new");
            it.effect.change("env.A_TOKEN", "+ hunter22");
            it.effect.change("uts.hostname", format!("box{index}"));
            it.effect.change("mqueue.queues", "unread: open: EPERM");
        }
        let [first, second] = look;
        let column = Column::of("x".to_owned(), vec![first, second]);
        let program = Provenance {
            path: "/x".to_owned(),
            version: None,
            sha256: "00".to_owned(),
            runtime: None,
        };
        let circumstances = Circumstances {
            day: "2026-01-31".to_owned(),
            machine: "Linux".to_owned(),
            scenario: "private/root".to_owned(),
            cgroups: "v2".to_owned(),
        };
        for show_values in [true, false] {
            let form =
                form(&column, &program, circumstances.clone(), show_values)
                    .expect("it ran");
            let text = serde_json::to_string(&form).expect("it is JSON");
            assert_eq!(text.contains("hunter22"), show_values, "{text}");
            let back = kept(serde_json::from_str(&text).expect("a record"));
            let columns = [column.clone()];
            let expected = match show_values {
                true => column.clone(),
                false => Redaction::of(&columns).column(&column),
            };
            assert_eq!(back.column.values, expected.values);
            assert_eq!(back.circumstances, circumstances);
            assert_eq!(back.redacted, !show_values);
        }
    }
}
