//! The verdict on each requirement of a step, from trials of a program.

use super::embedded;
use super::list::REQUIREMENTS;
use super::mistake::{
    Mismatch, Mistake, Of, PAYLOAD, Requirement, TWO_SIDES, any,
};
use crate::expected::{Block, Expected};
use crate::known::{Cause, explanation};
use crate::subject::Subject;
use harness::error::Result;
use harness::launcher::{LANGUAGES, Launcher};
use harness::scenario::Scenario;
use harness::step::{Arguments, Step};
use harness::trial::situation::{SITUATIONS, Situation};
use harness::trial::{Observed, Outcome, says};
use std::collections::BTreeSet;

/// A trial of the program.
#[derive(Clone, Debug)]
pub struct Tried {
    /// The situation; none for the step alone.
    pub situation: Option<&'static Situation>,
    /// The mounts and the user of the sandbox.
    pub scenario: Scenario,
    /// What was seen.
    pub outcome: Outcome,
}

/// What became of a requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is met wherever it was looked at.
    Passes,
    /// It is not met: what is wrong, and each key that shows it.
    Fails(&'static Mistake, Vec<Mismatch>),
    /// It could not be looked at anywhere, for this reason.
    NotLookedAt(String),
}

/// Why something could not be looked at where the command did not run.
pub const DID_NOT_RUN: &str = "the command did not run";

/// Why something could not be looked at where other scenarios would show it.
const NOT_SHOWN: &str = "no scenario that was tried shows it";

/// A requirement, and what became of it.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The requirement.
    pub requirement: &'static Requirement,
    /// What became of it.
    pub verdict: Verdict,
}

/// The situations that a program is tried in, in the order of [`SITUATIONS`].
pub fn situations(step: &Step) -> Vec<&'static Situation> {
    let required = |it: &&Situation| {
        REQUIREMENTS.iter().any(|requirement| match requirement.of {
            Of::Situations(names) => names.contains(&it.name),
            _ => false,
        })
    };
    SITUATIONS.iter().filter(required).filter(|it| it.is_about(step)).collect()
}

/// What is required of a step, in the order of the list.
///
/// # Errors
///
/// Fails if what is expected of the step is not known.
pub fn of_step(step: &'static Step) -> Result<Vec<&'static Requirement>> {
    let expected = embedded::expected(&subject_of(step, None))?;
    let keys = keys(&expected, step);
    let is_of = |it: &&Requirement| match it.of {
        Of::Every => true,
        Of::Expecting(patterns) => keys.iter().any(|key| any(patterns, key)),
        Of::Those(is) => is(step),
        Of::Situations(names) => situations(step)
            .iter()
            .any(|situation| names.contains(&situation.name)),
    };
    Ok(REQUIREMENTS.iter().filter(is_of).collect())
}

/// Every key that is expected of a step in some scenario.
fn keys(expected: &Expected, step: &'static Step) -> BTreeSet<String> {
    let subject = subject_of(step, None);
    harness::scenario::SCENARIOS
        .iter()
        .filter_map(|scenario| expected.block(&subject, *scenario))
        .filter_map(|block| block.get(&Launcher::Rust))
        .flat_map(|changes| changes.keys().cloned())
        .collect()
}

/// The subject whose expected effect holds for a program of the user's own: one
/// that joins, joins the container of the steps in Rust.
fn subject_of(
    step: &'static Step,
    situation: Option<&'static Situation>,
) -> Subject {
    let situation = match (situation, step.arguments) {
        (Some(situation), _) => Some(situation.name.to_owned()),
        (None, Arguments::Pid) => {
            Some(format!("{}'s container", Launcher::Rust))
        }
        (None, _) => None,
    };
    Subject { step: step.name, situation }
}

/// The verdict on each requirement of a step.
///
/// # Errors
///
/// Fails if what is expected of the step is not known.
pub fn judge(step: &'static Step, tried: &[Tried]) -> Result<Vec<Judged>> {
    let required = of_step(step)?;
    let mut found: Vec<Vec<(&'static Mistake, Mismatch)>> =
        vec![Vec::new(); required.len()];
    let mut looked = vec![false; required.len()];
    let mut reasons: Vec<Option<String>> = vec![None; required.len()];
    for it in tried {
        let concerned =
            |requirement: &Requirement| match (&requirement.of, it.situation) {
                (Of::Situations(names), Some(own)) => names.contains(&own.name),
                (Of::Situations(_), None) | (_, Some(_)) => false,
                (_, None) => true,
            };
        let looks = looked_at(step, it)?;
        for (index, requirement) in required.iter().enumerate() {
            if !concerned(requirement) {
                continue;
            }
            match &looks {
                Looks::None(why) => {
                    reasons[index].get_or_insert_with(|| why.clone());
                }
                Looks::NoPayload(..) if !needs_no_payload(requirement) => {
                    reasons[index].get_or_insert(DID_NOT_RUN.to_owned());
                }
                Looks::NoPayload(expected, ..) | Looks::All(expected, _) => {
                    looked[index] |= match requirement.of {
                        Of::Expecting(patterns) => {
                            expected.iter().any(|key| any(patterns, key))
                        }
                        _ => true,
                    };
                }
            }
        }
        let (Looks::NoPayload(_, mismatches) | Looks::All(_, mismatches)) =
            looks
        else {
            continue;
        };
        for mismatch in mismatches {
            let mistake =
                required.iter().enumerate().find_map(|(index, it)| {
                    let mistake =
                        it.mistakes.iter().find(|it| it.is(&mismatch))?;
                    concerned(it).then_some((index, mistake))
                });
            if let Some((index, mistake)) = mistake {
                found[index].push((mistake, mismatch));
            }
        }
    }
    let verdict = |index: usize| {
        let mistakes = &found[index];
        let order = required[index].mistakes;
        let first = order
            .iter()
            .find(|mistake| mistakes.iter().any(|(other, _)| other == mistake));
        match (first, looked[index], &reasons[index]) {
            (Some(mistake), ..) => {
                let mut shown: Vec<Mismatch> = Vec::new();
                let (own, others): (Vec<_>, Vec<_>) = mistakes
                    .iter()
                    .cloned()
                    .partition(|(it, _)| *it == mistake);
                shown.extend(own.into_iter().map(|(_, it)| it));
                shown.extend(others.into_iter().map(|(_, it)| it));
                Verdict::Fails(mistake, shown)
            }
            (None, true, _) => Verdict::Passes,
            (None, false, Some(why)) => Verdict::NotLookedAt(why.clone()),
            // The trials end where the first one shows nothing: its reason
            // is that of the others, too.
            (None, false, None) => {
                let some = reasons.iter().flatten().next();
                let why = some.map_or(NOT_SHOWN, String::as_str);
                Verdict::NotLookedAt(why.to_owned())
            }
        }
    };
    Ok(required
        .iter()
        .enumerate()
        .map(|(index, requirement)| Judged {
            requirement,
            verdict: verdict(index),
        })
        .collect())
}

/// Whether a requirement can be judged though the command did not run.
fn needs_no_payload(requirement: &Requirement) -> bool {
    requirement.mistakes.iter().any(|it| it.keys.contains(&PAYLOAD))
        || matches!(requirement.of, Of::Situations(_))
}

/// What one trial shows.
enum Looks {
    /// Nothing, for this reason.
    None(String),
    /// The command did not run where it should have: the keys that are expected,
    /// and what is not as expected.
    NoPayload(BTreeSet<String>, Vec<Mismatch>),
    /// Everything.
    All(BTreeSet<String>, Vec<Mismatch>),
}

fn looked_at(step: &'static Step, tried: &Tried) -> Result<Looks> {
    let observed = match &tried.outcome {
        Ok(observed) => observed,
        Err(refusal) => return Ok(Looks::None(refusal.clone().into_reason())),
    };
    let subject = subject_of(step, tried.situation);
    let expected = embedded::expected(&subject)?;
    // How a launcher ends does not depend on the mounts.
    let Some(block) = expected.block(&subject, tried.scenario) else {
        let why = format!("nothing is expected in {}", tried.scenario);
        return Ok(Looks::None(why));
    };
    let wanted = Wanted { subject, scenario: tried.scenario, block };
    let mismatch =
        |key: &str, wanted: Option<&str>, seen: Option<&str>| Mismatch {
            situation: tried.situation.map(|it| it.name),
            scenario: tried.scenario,
            key: key.to_owned(),
            wanted: wanted.map(str::to_owned),
            seen: seen.map(str::to_owned),
        };
    let own = BTreeSet::new();
    let keys: BTreeSet<String> = wanted
        .block
        .get(&Launcher::Rust)
        .map_or(own, |it| it.keys().cloned().collect());
    if tried.situation.is_none() {
        let has_run = observed.did_not_answer.is_none()
            && (observed.payload.is_some()
                || !observed.effect.0.contains_key("refused"));
        let should_run = !keys.contains("refused");
        if should_run && !has_run {
            let why = why_not(observed);
            let one = mismatch(PAYLOAD, Some("runs"), Some(&why));
            return Ok(Looks::NoPayload(keys, vec![one]));
        }
        if !should_run && has_run {
            let call = wanted.accepted("refused");
            let one = mismatch("refused", call[0].as_deref(), None);
            return Ok(Looks::All(keys, vec![one]));
        }
    }
    let effect = comparable(observed, &keys);
    let all: BTreeSet<&String> = keys.iter().chain(effect.keys()).collect();
    let mut mismatches: Vec<Mismatch> = all
        .into_iter()
        .filter_map(|key| {
            let seen = effect.get(key).map(String::as_str);
            let accepted = wanted.accepted(key);
            let is_accepted = accepted
                .iter()
                .any(|it| is_like(key, it.as_deref(), seen, &observed.said));
            (!is_accepted).then(|| mismatch(key, accepted[0].as_deref(), seen))
        })
        .collect();
    drop_consequences(&mut mismatches);
    let sides = observed.disagreements.iter();
    mismatches.extend(
        sides.map(|it| mismatch(TWO_SIDES, Some("the same"), Some(it))),
    );
    Ok(Looks::All(keys, mismatches))
}

/// Drops what another mismatch has as a consequence: each mistake gives one hint.
fn drop_consequences(mismatches: &mut Vec<Mismatch>) {
    let all = mismatches.clone();
    mismatches.retain(|it| {
        // A mount that is wrong inside is wrong outside, where it has to arrive.
        let inner = ["host.", "residue."]
            .iter()
            .find_map(|prefix| it.key.strip_prefix(prefix));
        let is_copy = all.iter().any(|other| {
            Some(other.key.as_str()) == inner
                && it.wanted.is_some()
                && (&other.wanted, &other.seen) == (&it.wanted, &it.seen)
        });
        // In a namespace too many, what belongs to it is another.
        let is_in_another = all.iter().any(|other| {
            let extra = other.wanted.is_none();
            let namespace = other.key.strip_prefix("ns.");
            extra && namespace.is_some() && namespace == namespace_of(&it.key)
        });
        !is_copy && !is_in_another
    });
}

/// The namespace to which what a key is about belongs.
fn namespace_of(key: &str) -> Option<&'static str> {
    match key.split('.').next().unwrap_or_default() {
        "net" => Some("net"),
        "uts" => Some("uts"),
        "sysvipc" | "mqueue" => Some("ipc"),
        "processes" => Some("pid"),
        "id_maps" | "ids" | "capabilities" => Some("user"),
        "cgroup" => Some("cgroup"),
        "time_offsets" => Some("time"),
        _ => None,
    }
}

/// Why the command did not run: what the program said, or how it ended.
fn why_not(observed: &Observed) -> String {
    let waited = observed.did_not_answer.as_deref().unwrap_or_default();
    if waited.contains(LATE_ANSWER) {
        let seconds = waited.rsplit("within").next().unwrap_or_default();
        return format!("the command did not begin within{seconds}");
    }
    let said = observed.said.lines().find(|it| !it.trim().is_empty());
    let exit = observed.effect.0.get("exit");
    match (said, exit) {
        (Some(line), _) => format!("the program said: {}", line.trim()),
        (None, Some(status)) => {
            format!("the program ended with status {status} and said nothing")
        }
        (None, None) => waited.to_owned(),
    }
}

/// What the harness says of a payload that does not answer in time.
const LATE_ANSWER: &str = "within";

/// What is expected of a subject in a scenario.
struct Wanted<'a> {
    subject: Subject,
    scenario: Scenario,
    block: &'a Block,
}

impl Wanted<'_> {
    /// The values of a key that are accepted: that of the step in Rust first,
    /// then those of the others that are no mistake of their programs.
    fn accepted(&self, key: &str) -> Vec<Option<String>> {
        let of = |launcher: &Launcher| {
            self.block.get(launcher).and_then(|it| it.get(key)).cloned()
        };
        let mut accepted = vec![of(&Launcher::Rust)];
        for launcher in LANGUAGES {
            let value = of(launcher);
            let known = explanation(
                &self.subject,
                self.scenario,
                *launcher,
                key,
                value.as_deref(),
            );
            let is_right = known.is_none_or(|it| it.cause == Cause::Runtime);
            if is_right && !accepted.contains(&value) {
                accepted.push(value);
            }
        }
        accepted
    }
}

/// The effect as if the program had been started in the root directory, as the
/// steps are.
fn comparable(
    observed: &Observed,
    keys: &BTreeSet<String>,
) -> std::collections::BTreeMap<String, String> {
    let mut effect = observed.effect.0.clone();
    let moved = keys.iter().find(|it| it.as_str() == "cwd.file");
    let at = observed.payload.as_ref().and_then(|it| it.value("cwd"));
    if let (Some(key), Some("/")) = (moved, at) {
        effect.retain(|it, _| !it.starts_with("cwd"));
        effect.insert(key.clone(), "another directory at the same path".into());
    }
    effect
}

/// Whether what was seen is what is wanted. An error message may be in any words
/// that have those of the kernel for the errno.
fn is_like(
    key: &str,
    wanted: Option<&str>,
    seen: Option<&str>,
    said: &str,
) -> bool {
    if wanted == seen {
        return true;
    }
    if !["refused", "message"].contains(&key) {
        return false;
    }
    wanted.is_some_and(|it| says(said, it))
}

#[cfg(test)]
mod tests {
    use super::*;
    use harness::scenario::SCENARIOS;
    use harness::step::STEPS;

    /// A key of a step that does not change where it should.
    fn unchanged(
        key: &str,
        wanted: &str,
        scenario: Scenario,
        situation: Option<&'static Situation>,
    ) -> Mismatch {
        Mismatch {
            situation: situation.map(|it| it.name),
            scenario,
            key: key.to_owned(),
            wanted: Some(wanted.to_owned()),
            seen: None,
        }
    }

    #[test]
    fn what_is_expected_of_a_step_is_required_key_by_key() {
        let mut count = 0;
        for step in STEPS {
            let required = of_step(step).expect("the step is known");
            let alone = std::iter::once(None);
            let around = situations(step).into_iter().map(Some);
            for situation in alone.chain(around) {
                let subject = subject_of(step, situation);
                let expected = embedded::expected(&subject).expect("a file");
                for scenario in SCENARIOS {
                    let block = expected.block(&subject, *scenario);
                    let changes = block.and_then(|it| it.get(&Launcher::Rust));
                    for (key, wanted) in changes.into_iter().flatten() {
                        let it = unchanged(key, wanted, *scenario, situation);
                        let is_required = required.iter().any(|one| {
                            let own = match (&one.of, situation) {
                                (Of::Situations(names), Some(own)) => {
                                    names.contains(&own.name)
                                }
                                (Of::Situations(_), None) => false,
                                (_, situation) => situation.is_none(),
                            };
                            own && one.mistakes.iter().any(|m| m.is(&it))
                        });
                        assert!(is_required, "{subject}: {it:?}");
                        count += 1;
                    }
                }
            }
        }
        assert!(count > 1000, "{count}");
    }

    #[test]
    fn a_requirement_has_a_name_of_its_own_and_is_of_some_step() {
        let all: Vec<&str> = REQUIREMENTS.iter().map(|it| it.name).collect();
        let names: BTreeSet<&str> = all.iter().copied().collect();
        assert_eq!(names.len(), all.len());
        let required: BTreeSet<&str> = STEPS
            .iter()
            .flat_map(|step| of_step(step).expect("the step is known"))
            .map(|it| it.name)
            .collect();
        assert_eq!(required, names);
    }

    #[test]
    fn what_was_not_tried_has_not_passed() {
        for step in STEPS {
            for it in judge(step, &[]).expect("the step is known") {
                assert!(matches!(it.verdict, Verdict::NotLookedAt(_)));
            }
        }
    }
}
