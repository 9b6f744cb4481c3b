//! The report as JSON.

use super::{Result, Stage};
use compare::requirement::judge::{Judged, Verdict};
use compare::requirement::mistake::Mismatch;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// The version of [`Form`]; it grows when a member changes its meaning.
pub const SCHEMA: &str = "nsteps.check/1";

/// `nsteps check --json`; its exit status is that of the report: 0, 1 or 2.
#[derive(Serialize, JsonSchema)]
pub struct Form {
    /// `nsteps.check/1`
    schema: &'static str,
    /// The kernel's name and release, and whether the caller is root.
    machine: String,
    /// How long the trials took, in seconds.
    seconds: f64,
    /// The first step that is not done; null where all that were asked for are.
    next: Option<&'static str>,
    /// One for each program that was asked for.
    programs: Vec<ProgramForm>,
}

/// One program, and what became of each requirement.
#[derive(Serialize, JsonSchema)]
struct ProgramForm {
    /// The name of the step.
    step: &'static str,
    /// The command line; null where there is no program.
    program: Option<Vec<String>>,
    /// `done`, `fails`, `not looked at` or `no program`.
    verdict: &'static str,
    /// Why the program could not be checked at all; null if it could.
    reason: Option<String>,
    /// One for each requirement of the step, in order.
    requirements: Vec<RequirementForm>,
    /// For each scenario in which nothing could be looked at, why.
    not_looked_at: BTreeMap<String, String>,
}

/// One requirement, and what became of it.
#[derive(Serialize, JsonSchema)]
struct RequirementForm {
    /// Its name.
    name: &'static str,
    /// What has to be so.
    about: &'static str,
    /// `passes`, `fails` or `not looked at`.
    verdict: &'static str,
    /// Why it was not looked at; null if it was.
    reason: Option<String>,
    /// What is wrong; null if nothing is.
    hint: Option<String>,
    /// How to do it; null without `--explain`.
    answer: Option<String>,
    /// The page of the book that explains it, below `docs/src`; null if nothing
    /// is wrong.
    page: Option<String>,
    /// The keys that are not as expected.
    mismatches: Vec<MismatchForm>,
}

/// A key that is not as expected.
#[derive(Serialize, JsonSchema)]
struct MismatchForm {
    /// The situation in which it was seen; null for the step alone.
    situation: Option<&'static str>,
    /// The scenario in which it was seen.
    scenario: String,
    /// The key.
    key: String,
    /// What is expected; null where the key may not change.
    expected: Option<String>,
    /// What was seen; null where the key did not change.
    seen: Option<String>,
}

/// The report about these programs.
pub fn form(
    stages: &[Stage],
    explained: bool,
    machine: String,
    seconds: f64,
) -> Form {
    let next = stages.iter().find(|it| !it.is_done());
    Form {
        schema: SCHEMA,
        machine,
        seconds,
        next: next.map(|it| it.step.name),
        programs: stages.iter().map(|it| program(it, explained)).collect(),
    }
}

fn program(stage: &Stage, explained: bool) -> ProgramForm {
    let step = stage.step.name;
    let Some(result) = &stage.result else {
        return ProgramForm {
            step,
            program: None,
            verdict: "no program",
            reason: None,
            requirements: Vec::new(),
            not_looked_at: BTreeMap::new(),
        };
    };
    let (reason, judged) = match &result.judged {
        Ok(judged) => (None, judged.as_slice()),
        Err(why) => (Some(why.clone()), [].as_slice()),
    };
    ProgramForm {
        step,
        program: Some(result.words.clone()),
        verdict: match result.status() {
            0 => "done",
            1 => "fails",
            _ => "not looked at",
        },
        reason,
        requirements: judged
            .iter()
            .map(|it| requirement(it, result, explained))
            .collect(),
        not_looked_at: result
            .not_looked_at
            .iter()
            .map(|(scenario, why)| (scenario.to_string(), why.clone()))
            .collect(),
    }
}

fn requirement(
    judged: &Judged,
    result: &Result,
    explained: bool,
) -> RequirementForm {
    let plain = RequirementForm {
        name: judged.requirement.name,
        about: judged.requirement.about,
        verdict: "passes",
        reason: None,
        hint: None,
        answer: None,
        page: None,
        mismatches: Vec::new(),
    };
    match &judged.verdict {
        Verdict::Passes => plain,
        Verdict::NotLookedAt(why) => RequirementForm {
            verdict: "not looked at",
            reason: Some(why.clone()),
            ..plain
        },
        Verdict::Fails(mistake, mismatches) => RequirementForm {
            verdict: "fails",
            hint: Some(mistake.hint(mismatches)),
            answer: explained.then(|| mistake.answer(result.step, mismatches)),
            page: Some(mistake.page(result.step)),
            mismatches: mismatches.iter().map(mismatch).collect(),
            ..plain
        },
    }
}

fn mismatch(it: &Mismatch) -> MismatchForm {
    MismatchForm {
        situation: it.situation,
        scenario: it.scenario.to_string(),
        key: it.key.clone(),
        expected: it.wanted.clone(),
        seen: it.seen.clone(),
    }
}
