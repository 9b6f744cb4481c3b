//! The comparison of launchers for a program.

use super::Report;
use launchers::look::InState;
use launchers::matrix::{Row, Value};
use schemars::JsonSchema;
use serde::Serialize;

/// The version of [`Form`]; it grows when a member changes its meaning.
pub const SCHEMA: &str = "nsteps.diff/1";

/// `nsteps diff --json`; the exit status is the member `status`.
#[derive(Serialize, JsonSchema)]
pub struct Form {
    /// `nsteps.diff/1`
    schema: &'static str,
    /// The kernel's name and release, and whether the caller is root.
    machine: String,
    /// How long all looks took, in seconds.
    seconds: f64,
    /// The scenario in which the launchers ran.
    scenario: String,
    /// The states in which the launchers were started.
    states: Vec<StateForm>,
    /// The launchers, in the order in which they were named.
    launchers: Vec<LauncherForm>,
    /// The launchers with the same values everywhere, as indices; those that
    /// did not run are in none.
    clusters: Vec<Vec<usize>>,
    /// The keys with different values, those that matter most first.
    differences: Vec<DifferenceForm>,
    /// The keys that were not compared: a value was not the same every time
    /// under one launcher, was not read, or was not observed.
    unknown: Vec<RowForm>,
    /// The keys that all launchers that ran changed in the same way.
    alike: Vec<RowForm>,
    /// 0: no difference that is denied; 1: there is one; 2: a launcher ran the
    /// probe in no state, or is degraded, or a state is unavailable.
    status: u8,
}

/// A state in which the launchers were started.
#[derive(Serialize, JsonSchema)]
struct StateForm {
    /// Its name, as after `--state`.
    name: &'static str,
    /// Why no launcher could be started in it here; null if they could be.
    unavailable: Option<String>,
}

/// One launcher.
#[derive(Serialize, JsonSchema)]
struct LauncherForm {
    /// The launcher, as it was named.
    name: String,
    /// The program, with symbolic links followed.
    path: String,
    /// The first line that the program prints of its version; null if it
    /// prints none.
    version: Option<String>,
    /// The SHA-256 digest of the program.
    sha256: String,
    /// What was seen of it in each state that is available, in the order of
    /// `states`.
    in_states: Vec<InStateForm>,
    /// What was seen of it in the first of these.
    #[serde(flatten)]
    first: Option<InStateForm>,
}

/// A launcher in one state.
#[derive(Clone, Serialize, JsonSchema)]
struct InStateForm {
    /// The name of the state.
    state: &'static str,
    /// Why there is no observation; null if the payload ran.
    did_not_run: Option<String>,
    /// How the launcher ended: its exit status, or 128 and the number of the
    /// signal; null if it was not started.
    exit: Option<String>,
    /// What the launcher wrote to standard error, with what differs from run
    /// to run masked; null if it wrote nothing.
    said: Option<String>,
    /// The keys that the launcher changes on other machines and does not change
    /// here: it isolates less here.
    degraded: Vec<String>,
    /// What the payload and the harness read differently.
    disagreements: Vec<String>,
}

/// A key with different values.
#[derive(Serialize, JsonSchema)]
struct DifferenceForm {
    /// `security`, `breaks`, `changes` or `cosmetic`.
    level: &'static str,
    /// What the difference does to a payload, in one sentence; null where that
    /// is not known.
    consequence: Option<&'static str>,
    /// The key and its values.
    row: RowForm,
}

/// A key and its values.
#[derive(Serialize, JsonSchema)]
struct RowForm {
    /// The key, see [observations](observation.md).
    key: String,
    /// The names of the states in which all of this is so, but for a launcher
    /// that did not run in one of them (see the key `ran`).
    state: Vec<&'static str>,
    /// Which launchers showed which value.
    values: Vec<ValueForm>,
}

/// A value, and the launchers that showed it.
#[derive(Serialize, JsonSchema)]
struct ValueForm {
    /// `unchanged`, `changed`, `not read`, `unstable` or `not observed`.
    kind: &'static str,
    /// The change, or why it was not read; null for the other kinds.
    value: Option<String>,
    /// The launchers, as indices.
    launchers: Vec<usize>,
}

/// The report as JSON.
pub fn form(report: &Report<'_>) -> Form {
    let verdict = report.verdict;
    let differences = verdict.differences.iter().map(|it| DifferenceForm {
        level: it.level.name(),
        consequence: it.consequence.map(|it| it.sentence),
        row: row(&it.row),
    });
    Form {
        schema: SCHEMA,
        machine: report.machine.clone(),
        seconds: report.seconds,
        scenario: report.scenario.to_string(),
        states: report.states.iter().map(state).collect(),
        launchers: (0..report.launchers.len())
            .map(|index| launcher(report, index))
            .collect(),
        clusters: verdict.clusters.clone(),
        differences: differences.collect(),
        unknown: verdict.unknown.iter().map(row).collect(),
        alike: verdict.alike.iter().map(row).collect(),
        status: verdict.status,
    }
}

fn state(it: &InState) -> StateForm {
    StateForm { name: it.state.name, unavailable: it.unavailable.clone() }
}

fn launcher(report: &Report<'_>, index: usize) -> LauncherForm {
    let program = &report.programs[index];
    let in_states: Vec<InStateForm> = report
        .columns_of(index)
        .map(|(state, column)| InStateForm {
            state,
            did_not_run: column.unheard.clone(),
            exit: changed(column.value("exit")),
            said: changed(column.value("said")),
            degraded: column.degraded.clone(),
            disagreements: column.disagreements.clone(),
        })
        .collect();
    LauncherForm {
        name: report.launchers[index].name.clone(),
        path: program.path.clone(),
        version: program.version.clone(),
        sha256: program.sha256.clone(),
        first: in_states.first().cloned(),
        in_states,
    }
}

/// The change, if there is one.
fn changed(value: Value) -> Option<String> {
    match value {
        Value::Changed(change) => Some(change),
        _ => None,
    }
}

fn row(row: &Row) -> RowForm {
    let values = row.values.iter().map(|(value, who)| {
        let (kind, shown) = match value {
            Value::Unchanged => ("unchanged", None),
            Value::Changed(change) => ("changed", Some(change.clone())),
            Value::NotRead(why) => ("not read", Some(why.clone())),
            Value::Unstable(..) => ("unstable", Some(value.to_string())),
            Value::NotObserved => ("not observed", None),
        };
        ValueForm { kind, value: shown, launchers: who.clone() }
    });
    RowForm {
        key: row.key.clone(),
        state: row.states.clone(),
        values: values.collect(),
    }
}
