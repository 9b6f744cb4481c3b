//! The JSON form of a comparison.

use crate::checks::claims;
use crate::form;
use crate::report::{Report, Tally};
use compare::comparison::{self, Comparison, Verdict};
use compare::refusal::refusal;
use harness::launcher::Launcher;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// The version of [`Form`]; it grows when a member changes its meaning.
pub const SCHEMA: &str = "nsteps.compare/2";

/// The output of `nsteps compare --json`; its exit status is that of the
/// report: 0, 1 or 2.
#[derive(Serialize, JsonSchema)]
pub struct Form {
    /// The form and its version: `nsteps.compare/2`
    schema: &'static str,
    /// The kernel's name and release, and whether the caller is root.
    machine: String,
    /// How long the trials took, in seconds.
    seconds: f64,
    /// How many trials and comparisons had which outcome.
    tally: TallyForm,
    /// The outcomes of the posts' claims, as in `nsteps.claims/1`; null if not
    /// everything was compared.
    claims: Option<claims::report::Tally>,
    /// The slugs of explanations that no comparison needed.
    stale: Vec<&'static str>,
    /// The comparisons, one for each subject and scenario.
    comparisons: Vec<ComparisonForm>,
}

/// How many trials and comparisons had which outcome.
#[derive(Serialize, JsonSchema)]
struct TallyForm {
    /// The number of all trials.
    trials: usize,
    /// The number of comparisons in which all observed launchers, two or more,
    /// agree.
    same: usize,
    /// The number of comparisons in which fewer than two launchers were
    /// observed.
    not_compared: usize,
    /// The number of comparisons in which some differ, and the reason is known.
    explained: usize,
    /// The number of comparisons in which some differ, and the reason is not
    /// known.
    differs: usize,
    /// The number of trials that this machine does not allow.
    unavailable: usize,
    /// The number of trials that broke.
    broken: usize,
}

/// One subject in one scenario, by all launchers.
#[derive(Serialize, JsonSchema)]
struct ComparisonForm {
    /// The name of the step.
    step: &'static str,
    /// The situation around the step: `exit_3`, `c's container`; null for the
    /// step alone.
    situation: Option<String>,
    /// The scenario: `private/root` and others of that form.
    scenario: String,
    /// The launchers that were observed: `c`, `go`, `rust`, `unshare`.
    launchers: Vec<&'static str>,
    /// The rows, one for each key that a launcher changed.
    rows: Vec<RowForm>,
    /// For each launcher that this machine does not allow, the reason.
    unavailable: BTreeMap<&'static str, String>,
    /// For each launcher whose trial broke, what broke.
    broken: BTreeMap<&'static str, String>,
}

/// One key, and what each launcher did with it.
#[derive(Serialize, JsonSchema)]
struct RowForm {
    /// The key, see [observations](observation.md).
    key: String,
    /// The values, each with the launchers that showed it.
    groups: Vec<GroupForm>,
    /// `same`, `explained`, `differs`, or `not_compared` if fewer than two
    /// launchers were observed.
    verdict: &'static str,
    /// The slugs of the explanations, or the reason why there is none; null for
    /// the other verdicts.
    because: Option<Because>,
    /// The pages of the book, below `docs/src`, that explain why the values
    /// differ or why the call was refused.
    pages: Vec<String>,
}

/// Some launchers that showed the same value.
#[derive(Serialize, JsonSchema)]
struct GroupForm {
    /// The change; null if the key did not change.
    value: Option<String>,
    /// The launchers that showed it.
    launchers: Vec<&'static str>,
}

/// The reason why the values of a key differ.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum Because {
    /// The slugs of the explanations.
    Known(Vec<&'static str>),
    /// The reason why there is no explanation.
    Unknown(String),
}

/// The report of a comparison as JSON.
pub fn compare(report: &Report<'_>) -> String {
    let tally = Tally::of(report.comparisons);
    form::json(&Form {
        schema: SCHEMA,
        machine: report.machine.clone(),
        seconds: report.seconds,
        tally: TallyForm {
            trials: tally.checked.all,
            same: tally.same,
            not_compared: tally.not_compared,
            explained: tally.explained,
            differs: tally.checked.unexpected,
            unavailable: tally.checked.unavailable,
            broken: tally.checked.broken,
        },
        claims: report.claims,
        stale: report.stale.iter().map(|it| it.slug).collect(),
        comparisons: report.comparisons.iter().map(comparison).collect(),
    })
}

fn comparison(it: &Comparison) -> ComparisonForm {
    ComparisonForm {
        step: it.subject.step,
        situation: it.subject.situation.clone(),
        scenario: it.scenario.to_string(),
        launchers: names(&it.launchers),
        rows: it.rows.iter().map(row).collect(),
        unavailable: reasons(&it.unavailable),
        broken: reasons(&it.broken),
    }
}

fn row(row: &comparison::Row) -> RowForm {
    let groups = row.groups.iter().map(|group| GroupForm {
        value: group.value.clone(),
        launchers: names(&group.launchers),
    });
    let mut pages: Vec<String> = row
        .groups
        .iter()
        .filter(|_| row.key == "refused")
        .filter_map(|it| refusal(it.value.as_deref()?))
        .map(|it| it.page.to_owned())
        .collect();
    if let Verdict::Explained(reasons) = &row.verdict {
        pages.extend(reasons.iter().map(|it| it.page()));
    }
    pages.dedup();
    let (verdict, because) = match &row.verdict {
        Verdict::NotCompared => ("not_compared", None),
        Verdict::Same => ("same", None),
        Verdict::Explained(reasons) => {
            let slugs = reasons.iter().map(|it| it.slug).collect();
            ("explained", Some(Because::Known(slugs)))
        }
        Verdict::Differs(why) => {
            ("differs", Some(Because::Unknown(why.clone())))
        }
    };
    RowForm {
        key: row.key.clone(),
        groups: groups.collect(),
        verdict,
        because,
        pages,
    }
}

fn names(launchers: &[Launcher]) -> Vec<&'static str> {
    launchers.iter().map(|it| it.name()).collect()
}

fn reasons(list: &[(Launcher, String)]) -> BTreeMap<&'static str, String> {
    list.iter().map(|(it, why)| (it.name(), why.clone())).collect()
}
