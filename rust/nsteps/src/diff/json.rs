//! Writes the report of a comparison of launchers as JSON.

use super::{Compared, Failure, Report};
use harness::host::cgroups::Shown;
use harness::trial::Place;
use launchers::matrix::{Column, Row, Value};
use launchers::provenance::Provenance;
use launchers::suggest::Suggestions;
use launchers::verdict::{Case, Judged, Outcome};
use schemars::JsonSchema;
use serde::Serialize;

/// The version of [`Form`]; it grows when a member changes its meaning.
pub const SCHEMA: &str = "nsteps.diff/1";

/// The output of `nsteps diff --json`; the exit status is the member `status`.
#[derive(Serialize, JsonSchema)]
pub struct Form {
    /// The form and its version: `nsteps.diff/1`
    schema: &'static str,
    /// The kernel's name and release, and whether the caller is root.
    machine: String,
    /// How long all observations took, in seconds.
    seconds: f64,
    /// The scenario in which the launchers ran.
    scenario: String,
    /// The cgroups that the launchers saw.
    cgroups: CgroupsForm,
    /// The launchers, in the order in which they were named.
    launchers: Vec<LauncherForm>,
    /// The groups of launchers, as indices, that have the same values for all
    /// keys; launchers that did not run are in none.
    clusters: Vec<Vec<usize>>,
    /// The keys with different values, those that matter most first.
    differences: Vec<DifferenceForm>,
    /// The keys that were not compared: under one launcher a value was not the
    /// same every time, could not be read, or was not observed.
    unknown: Vec<RowForm>,
    /// The keys that all launchers that ran changed in the same way.
    alike: Vec<RowForm>,
    /// Every failure: a difference of two launchers that is denied and not
    /// waived, an expectation that is not met, a waiver that matches nothing or
    /// has expired, a value that the payload and the harness read differently.
    failures: Vec<FailureForm>,
    /// The changes that make other launchers do as the first one; empty unless
    /// asked for.
    suggestions: Vec<SuggestionForm>,
    /// 0: nothing fails; 1: something fails; 2: a launcher ran the probe in no
    /// state, or is degraded, or a state is not possible.
    status: u8,
}

/// A program that a launcher runs to isolate the payload.
#[derive(Serialize, JsonSchema)]
struct RuntimeForm {
    /// The program, with symbolic links followed.
    path: String,
    /// The first line that it prints of its version; null if it prints none.
    version: Option<String>,
    /// The SHA-256 digest of the program.
    sha256: String,
}

/// The cgroups that launchers saw.
#[derive(Serialize, JsonSchema)]
pub struct CgroupsForm {
    /// `v2`, `host` or `none`.
    which: &'static str,
    /// Why it is not `v2`; null if it is, or if the user chose.
    why: Option<String>,
    /// What is not protected on the host, in one sentence; null if all is.
    unprotected: Option<&'static str>,
}

impl From<&Shown> for CgroupsForm {
    fn from(shown: &Shown) -> CgroupsForm {
        CgroupsForm {
            which: shown.cgroups.name(),
            why: shown.why.clone(),
            unprotected: shown.unprotected(),
        }
    }
}

/// One launcher.
#[derive(Serialize, JsonSchema)]
struct LauncherForm {
    /// Its name in the file of launchers, or its command line.
    name: String,
    /// The command line of the launcher, as it was started.
    run: String,
    /// The day on which it was recorded; null if it ran now.
    recorded: Option<String>,
    /// The program, with symbolic links followed; null if this machine lacks
    /// it.
    path: Option<String>,
    /// The first line that the program prints of its version; null if it
    /// prints none.
    version: Option<String>,
    /// The SHA-256 digest of the program; null if this machine lacks it.
    sha256: Option<String>,
    /// The program that this one runs in turn to isolate the payload, as an OCI
    /// runtime is; null if it runs none.
    runtime: Option<RuntimeForm>,
    /// Whether the payload ran on the host, where a daemon started it, and not
    /// in a sandbox.
    on_host: bool,
    /// Why there is no observation; null if the payload ran.
    did_not_run: Option<String>,
    /// How the launcher ended: its exit status, or 128 and the number of the
    /// signal; null if it was not started.
    exit: Option<String>,
    /// What the launcher wrote to standard error, with what differs from run
    /// to run masked; null if it wrote nothing.
    said: Option<String>,
    /// The keys that the launcher changes on other machines but not on this
    /// one: it isolates less here.
    degraded: Vec<String>,
    /// What the payload and the harness read differently.
    disagreements: Vec<String>,
    /// The results in each state, the first one included; the members above are
    /// about the first state.
    in_states: Vec<InStateForm>,
}

/// A launcher in one state.
#[derive(Serialize, JsonSchema)]
struct InStateForm {
    /// The name of the state, as after `--state`.
    state: &'static str,
    /// True if no launcher can be started in this state on this machine.
    unavailable: bool,
    /// Why there is no observation; null if the payload ran.
    did_not_run: Option<String>,
    /// How the launcher ended; null if it was not started.
    exit: Option<String>,
    /// What the launcher wrote to standard error, or to its terminal.
    said: Option<String>,
    /// The keys that the launcher changes on other machines but not on this
    /// one.
    degraded: Vec<String>,
    /// What the payload and the harness read differently.
    disagreements: Vec<String>,
}

/// A key with different values.
#[derive(Serialize, JsonSchema)]
struct DifferenceForm {
    /// `security`, `breaks`, `changes` or `cosmetic`.
    level: &'static str,
    /// What the difference does to a payload, in one sentence; null if that is
    /// not known.
    consequence: Option<&'static str>,
    /// The name of the record with that consequence; null if there is none.
    record: Option<&'static str>,
    /// The page of the book, below `docs/src`, that explains where the
    /// difference comes from; null if there is none.
    page: Option<&'static str>,
    /// The key and its values.
    row: RowForm,
    /// The conclusion for each launcher that differs from the first one.
    cases: Vec<CaseForm>,
}

/// A case: a launcher that differs from another one.
#[derive(Serialize, JsonSchema)]
struct CaseForm {
    /// The launcher, as an index.
    launcher: usize,
    /// The launcher from which it differs: the first one that shows a value.
    against: usize,
    /// `failed`, `waived` or `allowed`.
    outcome: &'static str,
    /// The reason why it is waived; null if it is not.
    why: Option<String>,
}

/// A failure of the comparison.
#[derive(Serialize, JsonSchema)]
struct FailureForm {
    /// The key, or the keys of a waiver.
    key: String,
    /// The launcher, as an index; null for a waiver.
    launcher: Option<usize>,
    /// The failure in words.
    text: String,
    /// The line of the file of launchers, from 1; null if there is no file.
    line: Option<usize>,
}

/// The changes that make a launcher do as the first one.
#[derive(Serialize, JsonSchema)]
struct SuggestionForm {
    /// The launcher, as an index.
    launcher: usize,
    /// The changes; each was tried together with those before it.
    changes: Vec<ChangeForm>,
    /// The command line of the launcher with all of them.
    run: String,
    /// The patch of config.json with all of them, in the form of RFC 6902; null
    /// if there is none.
    patch: Option<serde_json::Value>,
    /// How many keys differ without the changes.
    before: usize,
    /// The keys that differ with all of the changes.
    left: Vec<String>,
    /// True if known changes were left untried, because too many had been.
    stopped: bool,
}

/// One change of a launcher.
#[derive(Serialize, JsonSchema)]
struct ChangeForm {
    /// The change in one line.
    change: String,
    /// The keys that do not differ any more, and those that matter less, with
    /// both levels.
    closes: Vec<String>,
}

/// A key, with the values of the launchers.
#[derive(Serialize, JsonSchema)]
struct RowForm {
    /// The key, see [observations](observation.md).
    key: String,
    /// The names of the states in which the launchers show these values, except
    /// that a launcher may not have run in one of them (see the key `ran`).
    state: Vec<&'static str>,
    /// The values, each with the launchers that showed it.
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

/// The JSON form of the report.
pub fn form(report: &Report) -> Form {
    let verdict = &report.verdict;
    Form {
        schema: SCHEMA,
        machine: report.machine.clone(),
        seconds: report.seconds,
        scenario: report.scenario.to_string(),
        cgroups: (&report.cgroups).into(),
        launchers: report.launchers.iter().map(launcher).collect(),
        clusters: verdict.clusters.clone(),
        differences: verdict
            .differences
            .iter()
            .map(|it| difference(report, it))
            .collect(),
        unknown: verdict.unknown.iter().map(row).collect(),
        alike: verdict.alike.iter().map(row).collect(),
        failures: report.failures().into_iter().map(failure).collect(),
        suggestions: report.suggestions.iter().map(suggestion).collect(),
        status: verdict.status,
    }
}

fn launcher(subject: &Compared) -> LauncherForm {
    let (column, program) = (&subject.column, subject.program.as_ref());
    LauncherForm {
        name: subject.name.clone(),
        run: column.line.clone(),
        recorded: subject.recorded.as_ref().map(|it| it.day.clone()),
        path: program.map(|it| it.path.clone()),
        version: program.and_then(|it| it.version.clone()),
        sha256: program.map(|it| it.sha256.clone()),
        runtime: program.and_then(|it| it.runtime.as_deref()).map(runtime),
        on_host: column.place == Place::Host,
        did_not_run: column.did_not_answer.clone(),
        exit: changed(column.value("exit")),
        said: changed(column.value("said")),
        degraded: column.degraded.clone(),
        disagreements: column.disagreements.clone(),
        in_states: column.in_states().map(in_state).collect(),
    }
}

fn runtime(program: &Provenance) -> RuntimeForm {
    RuntimeForm {
        path: program.path.clone(),
        version: program.version.clone(),
        sha256: program.sha256.clone(),
    }
}

fn in_state(column: &Column) -> InStateForm {
    InStateForm {
        state: column.state,
        unavailable: column.unavailable,
        did_not_run: column.did_not_answer.clone(),
        exit: changed(column.value("exit")),
        said: changed(column.value("said")),
        degraded: column.degraded.clone(),
        disagreements: column.disagreements.clone(),
    }
}

fn difference(report: &Report, judged: &Judged) -> DifferenceForm {
    let case = |it: &Case| {
        let (outcome, why) = match it.outcome {
            Outcome::Failed => ("failed", None),
            Outcome::Waived(index) => {
                ("waived", Some(report.reasons[index].clone()))
            }
            Outcome::Allowed => ("allowed", None),
        };
        let (launcher, against) = (it.launcher, it.against);
        CaseForm { launcher, against, outcome, why }
    };
    DifferenceForm {
        level: judged.level.name(),
        consequence: judged.consequence.map(|it| it.sentence),
        record: judged.consequence.map(|it| it.name),
        page: judged.consequence.and_then(|it| it.page),
        row: row(&judged.row),
        cases: judged.cases.iter().map(case).collect(),
    }
}

fn failure(failure: Failure) -> FailureForm {
    let Failure { key, launcher, text, line, .. } = failure;
    FailureForm { key, launcher, text, line }
}

fn suggestion((launcher, it): &(usize, Suggestions)) -> SuggestionForm {
    let change = |it: &launchers::suggest::Suggestion| ChangeForm {
        change: it.change.clone(),
        closes: it.closes.clone(),
    };
    SuggestionForm {
        launcher: *launcher,
        changes: it.found.iter().map(change).collect(),
        run: it.line.clone(),
        patch: it.patch.as_ref().and_then(|it| serde_json::from_str(it).ok()),
        before: it.before,
        left: it.left.clone(),
        stopped: it.stopped,
    }
}

/// The change; `None` if the value is not a change.
fn changed(value: Value) -> Option<String> {
    match value {
        Value::Changed(change) => Some(change),
        _ => None,
    }
}

fn row(row: &Row) -> RowForm {
    let values = row.values.iter().map(|(value, launchers)| {
        let (kind, shown) = match value {
            Value::Unchanged => ("unchanged", None),
            Value::Changed(change) => ("changed", Some(change.clone())),
            Value::NotRead(why) => ("not read", Some(why.clone())),
            Value::Unstable(..) => ("unstable", Some(value.to_string())),
            Value::NotObserved => ("not observed", None),
        };
        ValueForm { kind, value: shown, launchers: launchers.clone() }
    });
    RowForm {
        key: row.key.clone(),
        state: row.states.clone(),
        values: values.collect(),
    }
}
