//! `nsteps observe`: shows the effect of any command line that runs the probe,
//! and the differences between several.
//!
//! Each launcher is observed twice, each time in a new sandbox: what is not the
//! same both times depends on more than the launcher.

use crate::cli::Observe;
use crate::diff::json::{CgroupsForm, PidNamespaceForm};
use crate::diff::letters::{letter, letters};
use crate::diff::session;
use crate::diff::unprotected;
use crate::form;
use crate::terminal::output;
use crate::terminal::style::{FAINT, NOTE, STRONG};
use crate::terminal::text::paragraph;
use harness::error::{DIFFERENT, Error, Result, TROUBLE};
use harness::host::Equipment;
use harness::sandbox::listen::Way;
use harness::scenario::Scenario;
use launchers::adapter::Prepared;
use launchers::look::{self, Conditions};
use launchers::matrix::{Column, Row, Standing, Value, rows};
use probe::{Key, Observation};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// The version of [`Form`]; it grows when a member changes its meaning.
pub const SCHEMA: &str = "nsteps.observe/3";

/// The output of `nsteps observe --json -- LAUNCHER... [-- LAUNCHER...]`
#[derive(Serialize, JsonSchema)]
pub struct Form {
    /// The form and its version: `nsteps.observe/3`
    schema: &'static str,
    /// The scenario in which the launchers ran.
    scenario: String,
    /// The cgroups that the launchers saw.
    cgroups: CgroupsForm,
    /// The pid namespace of the sandboxes.
    pid_namespace: PidNamespaceForm,
    /// One for each command line.
    launchers: Vec<LauncherForm>,
    /// The keys in which two launchers differ, each of them twice.
    differing: Vec<Key>,
}

/// The observation of one launcher.
#[derive(Serialize, JsonSchema)]
struct LauncherForm {
    /// The command line.
    launcher: String,
    /// For each key that changed in the same way both times, the change.
    effect: BTreeMap<Key, String>,
    /// For each key that was not the same both times, the change in the first
    /// and in the second observation.
    unstable: BTreeMap<Key, Vec<String>>,
    /// `socket`, or `stdout` if the launcher closes the descriptors that it
    /// inherits; null if there is no observation.
    answered_on: Option<&'static str>,
    /// The reason why there is no observation.
    did_not_answer: Option<String>,
    /// The values that the payload and the harness read differently.
    disagreements: Vec<String>,
    /// Everything that the payload observed the first time, in [the probe's own
    /// form](observation.md#json); null if it did not run.
    #[schemars(with = "Option<serde_json::Map<String, serde_json::Value>>")]
    observation: Option<Observation>,
}

/// Observes each command line twice, compares, and returns the exit status.
///
/// # Errors
///
/// Fails if a command line is empty, or if the machine does not allow a
/// sandbox.
pub fn run(options: &Observe) -> Result<u8> {
    let lines = lines(&options.launchers)?;
    let equipment = Equipment::for_launchers()?;
    let scenario = options.scenario.unwrap_or_else(Scenario::natural);
    let mut columns = Vec::new();
    let cgroups = session::shown(options.cgroups, &options.write, &equipment)?;
    session::possible(options.pid_namespace, &cgroups, &equipment)?;
    let conditions = Conditions {
        equipment: &equipment,
        scenario,
        writable: &options.write,
        cgroups: &cgroups,
        pids: options.pid_namespace,
    };
    for line in lines {
        let name = line.join(" ");
        let prepared = Prepared::of_words(line);
        columns.push(look::twice(name, &prepared, &conditions)?);
    }
    let rows = rows(&columns);
    let text = match options.json {
        true => json_of(&conditions, &columns, &rows),
        false => text(&conditions, &columns, &rows),
    };
    output::print(&text)?;
    let differ = rows.iter().any(|it| it.standing == Standing::Differs)
        || columns.iter().any(|it| !it.disagreements.is_empty());
    Ok(match differ {
        _ if columns.iter().any(|it| it.did_not_answer.is_some()) => TROUBLE,
        true => DIFFERENT,
        false => 0,
    })
}

/// Splits the words at each `--` into command lines.
fn lines(words: &[String]) -> Result<Vec<&[String]>> {
    let lines: Vec<&[String]> = words.split(|word| word == "--").collect();
    match lines.iter().position(|line| line.is_empty()) {
        None => Ok(lines),
        Some(index) => Err(Error::new(format!(
            "launcher {} is empty: there is no command line beside a `--`",
            letter(index)
        ))),
    }
}

/// Key by key; with several launchers, which of them shows what.
fn text(
    conditions: &Conditions<'_>,
    columns: &[Column],
    rows: &[Row],
) -> String {
    let mut out = String::new();
    let several = columns.len() > 1;
    for (index, column) in columns.iter().enumerate() {
        if several {
            let name = letter(index);
            let _ = writeln!(out, "{STRONG}{name}{STRONG:#}  {}", column.line);
        }
        if let Some(why) = &column.did_not_answer {
            let _ = writeln!(out, "   not observed: {why}");
        } else if column.way == Way::Stdout {
            out.push_str(
                "   answered on standard output: it closes what it inherits\n",
            );
        }
    }
    if !out.is_empty() {
        out.push('\n');
    }
    let width = rows.iter().map(|row| row.key.len()).max().unwrap_or(0);
    for row in rows {
        let mark = match row.standing {
            Standing::Agrees => ' ',
            Standing::Differs => '!',
            Standing::Unknown => '?',
        };
        let mut key = row.key.as_str();
        // The launchers that were not observed are listed above the table.
        let values = row.values.iter();
        for (value, launchers) in
            values.filter(|(value, _)| *value != Value::NotObserved)
        {
            let names = match several && row.standing != Standing::Agrees {
                true => format!("  {FAINT}{}{FAINT:#}", letters(launchers)),
                false => String::new(),
            };
            let _ = writeln!(
                out,
                "{STRONG}{mark}{STRONG:#} {key:<width$}  {value}{names}"
            );
            key = "";
        }
    }
    for column in columns {
        for why in &column.disagreements {
            let _ = writeln!(
                out,
                "inside and outside disagree ({}): {why}",
                column.line
            );
        }
    }
    if rows.iter().any(|row| row.standing == Standing::Unknown) {
        let _ = writeln!(
            out,
            "? not the same twice, or not observed: neither equal nor different"
        );
    }
    if rows.iter().any(|row| row.standing == Standing::Differs) {
        out.push_str("! different\n");
    }
    let Conditions { cgroups, pids, .. } = *conditions;
    paragraph(&mut out, &cgroups.to_string(), 0, 2, FAINT);
    for why in unprotected(cgroups, pids) {
        paragraph(&mut out, why, 2, 0, NOTE);
    }
    out
}

fn json_of(
    conditions: &Conditions<'_>,
    columns: &[Column],
    rows: &[Row],
) -> String {
    let differing = rows.iter().filter(|it| it.standing == Standing::Differs);
    form::json(&Form {
        schema: SCHEMA,
        scenario: conditions.scenario.to_string(),
        cgroups: conditions.cgroups.into(),
        pid_namespace: conditions.pids.into(),
        launchers: columns.iter().map(launcher).collect(),
        differing: differing.map(|it| it.key.clone()).collect(),
    })
}

fn launcher(column: &Column) -> LauncherForm {
    let (mut effect, mut unstable) = (BTreeMap::new(), BTreeMap::new());
    for (key, value) in &column.values {
        match value {
            Value::Changed(change) => {
                effect.insert(key.clone(), change.clone());
            }
            Value::NotRead(why) => {
                effect.insert(key.clone(), format!("unread: {why}"));
            }
            Value::Unstable(seen) => {
                unstable.insert(key.clone(), seen.clone());
            }
            Value::Unchanged | Value::NotObserved => {}
        }
    }
    LauncherForm {
        launcher: column.line.clone(),
        effect,
        unstable,
        answered_on: match (&column.did_not_answer, column.way) {
            (Some(_), _) => None,
            (None, Way::Socket) => Some("socket"),
            (None, Way::Stdout) => Some("stdout"),
        },
        did_not_answer: column.did_not_answer.clone(),
        disagreements: column.disagreements.clone(),
        observation: column.payload.clone(),
    }
}
