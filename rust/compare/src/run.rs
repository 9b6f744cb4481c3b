//! Runs a selection of steps, launchers and scenarios, and compares the outcomes.

use crate::comparison::Comparison;
use crate::expected::{self, Expected};
use crate::known::{KNOWN_DIFFERENCES, KnownDifference, Seen};
use crate::subject::Subject;
use harness::error::{Context, Result};
use harness::found::Refusal;
use harness::host::Equipment;
use harness::host::layout::Layout;
use harness::host::machine;
use harness::host::remedy::{lack_of_memory, shortage};
use harness::launcher::{LANGUAGES, LAUNCHERS, Launcher};
use harness::sandbox::plan::no_thread;
use harness::scenario::{SCENARIOS, Scenario};
use harness::step::{Arguments, STEPS, Step};
use harness::trial::situation::{self, SITUATIONS};
use harness::trial::{Outcome, Trial, error_message, join};
use harness::workers;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Barrier, OnceLock};
use std::thread::Builder;

/// The steps, launchers and scenarios to compare.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The steps, in the order of [`STEPS`].
    pub steps: Vec<&'static Step>,
    /// The launchers, in the order of [`LAUNCHERS`].
    pub launchers: Vec<Launcher>,
    /// The scenarios, in the order of [`SCENARIOS`].
    pub scenarios: Vec<Scenario>,
    /// True if nothing was left out, so that an explanation that was not
    /// needed is stale.
    pub everything: bool,
}

impl Selection {
    /// Every step, launcher and scenario.
    pub fn everything() -> Selection {
        Selection {
            steps: STEPS.iter().collect(),
            launchers: LAUNCHERS.to_vec(),
            scenarios: SCENARIOS.to_vec(),
            everything: true,
        }
    }
}

/// One group of trials that run at the same time.
#[derive(Clone, Debug)]
pub struct Group {
    /// The step, or the situation around it.
    pub subject: Subject,
    /// The mounts and the user of the sandbox.
    pub scenario: Scenario,
    work: Work,
    /// The launchers that take part.
    pub launchers: Vec<Launcher>,
}

#[derive(Clone, Copy, Debug)]
enum Work {
    Step(&'static Step),
    Join(Launcher),
    Situation(&'static harness::trial::situation::Situation, &'static Step),
}

/// Every group of the selection, in the order in which it is reported.
pub fn groups(selection: &Selection) -> Vec<Group> {
    let mut groups = Vec::new();
    let languages: Vec<Launcher> = LANGUAGES
        .iter()
        .copied()
        .filter(|it| selection.launchers.contains(it))
        .collect();
    for step in &selection.steps {
        for scenario in &selection.scenarios {
            if step.arguments == Arguments::Pid {
                for maker in &languages {
                    groups.push(Group {
                        subject: Subject {
                            step: step.name,
                            situation: Some(format!("{maker}'s container")),
                        },
                        scenario: *scenario,
                        work: Work::Join(*maker),
                        launchers: languages.clone(),
                    });
                }
                continue;
            }
            groups.push(Group {
                subject: Subject { step: step.name, situation: None },
                scenario: *scenario,
                work: Work::Step(step),
                launchers: selection
                    .launchers
                    .iter()
                    .copied()
                    .filter(|it| it.performs(step))
                    .collect(),
            });
        }
    }
    for step in &selection.steps {
        for scenario in &selection.scenarios {
            for situation in SITUATIONS
                .iter()
                .filter(|it| it.is_about(step) && it.mounts == scenario.mounts)
            {
                groups.push(Group {
                    subject: Subject {
                        step: step.name,
                        situation: Some(situation.name.to_owned()),
                    },
                    scenario: *scenario,
                    work: Work::Situation(situation, step),
                    launchers: languages.clone(),
                });
            }
        }
    }
    groups.retain(|group| !group.launchers.is_empty());
    groups
}

/// The outcomes of all groups: subject, scenario and outcomes, in order.
pub type Outcomes = Vec<(Subject, Scenario, Vec<(Launcher, Outcome)>)>;

/// Runs every group, as many at once as there are processors.
pub fn observe(selection: &Selection, equipment: &Equipment) -> Outcomes {
    let groups = groups(selection);
    let jobs: Vec<&[Group]> =
        groups.chunk_by(|one, next| one.shares_a_sandbox(next)).collect();
    let done = workers::in_order(
        &jobs,
        |job| carry_out(job, equipment),
        |job| job[0].subject.to_string(),
    );
    let done: Vec<_> = done.into_iter().flatten().collect();
    groups
        .into_iter()
        .zip(done)
        .map(|(group, outcomes)| (group.subject, group.scenario, outcomes))
        .collect()
}

/// Runs the groups of one job, which is one group, or several that share a
/// sandbox.
fn carry_out(
    job: &[Group],
    equipment: &Equipment,
) -> Vec<Vec<(Launcher, Outcome)>> {
    let of_launchers =
        |(group, outcomes): (&Group, Vec<(Launcher, Outcome)>)| {
            let step = group.subject.step;
            let one = |(it, outcome): (Launcher, Outcome)| match it
                .lacks(step, machine::kernel())
            {
                Some(why) => {
                    let lacks = Refusal::Unavailable(why.to_owned());
                    (it, outcome.and(Err(lacks)))
                }
                None => (it, of_launcher(outcome)),
            };
            outcomes.into_iter().map(one).collect()
        };
    let outcomes = outcomes(job, equipment);
    job.iter().zip(outcomes).map(of_launchers).collect()
}

fn outcomes(
    job: &[Group],
    equipment: &Equipment,
) -> Vec<Vec<(Launcher, Outcome)>> {
    let situations: Vec<_> = job
        .iter()
        .filter_map(|group| match group.work {
            Work::Situation(situation, _) => Some(situation),
            _ => None,
        })
        .collect();
    let Group { work, scenario, launchers, .. } = &job[0];
    match work {
        Work::Step(step) => vec![job[0].at_once(|launcher, barrier| {
            let trial = Trial { step, launcher, scenario: *scenario };
            trial.run(equipment, barrier)
        })],
        Work::Join(maker) => {
            vec![join::outcomes(*maker, launchers, *scenario, equipment)]
        }
        Work::Situation(first, step) => {
            let outcomes = |launchers: &[Launcher]| {
                let all = &situations;
                situation::outcomes(all, step, launchers, *scenario, equipment)
            };
            if first.leaves_the_sandbox() {
                return outcomes(launchers);
            }
            let alone = |launcher, _: &Barrier| {
                let one = outcomes(&[launcher]).pop();
                let one = one.and_then(|mut it| it.pop());
                one.expect("one situation by one launcher").1
            };
            vec![job[0].at_once(alone)]
        }
    }
}

impl Group {
    /// Runs its trials, all at the same time.
    pub fn run(&self, equipment: &Equipment) -> Vec<(Launcher, Outcome)> {
        carry_out(std::slice::from_ref(self), equipment).remove(0)
    }

    /// True if the next group can be tried in the sandbox of this one.
    fn shares_a_sandbox(&self, next: &Group) -> bool {
        match (self.work, next.work) {
            (Work::Situation(one, of), Work::Situation(other, step)) => {
                of.name == step.name
                    && self.scenario == next.scenario
                    && one.leaves_the_sandbox()
                    && other.leaves_the_sandbox()
            }
            _ => false,
        }
    }

    /// Runs one trial per launcher, all at the same time.
    fn at_once(
        &self,
        trial: impl Fn(Launcher, &Barrier) -> Outcome + Sync,
    ) -> Vec<(Launcher, Outcome)> {
        let barrier = Barrier::new(self.launchers.len());
        // No trial begins before all have a thread: the others would wait at the
        // barrier without end for one that has none.
        let begin: OnceLock<std::result::Result<(), Refusal>> = OnceLock::new();
        std::thread::scope(|scope| {
            let running: Vec<_> = self
                .launchers
                .iter()
                .map(|launcher| {
                    let (trial, barrier, begin) = (&trial, &barrier, &begin);
                    let work = move || {
                        begin.wait().clone()?;
                        trial(*launcher, barrier)
                    };
                    let thread = Builder::new().spawn_scoped(scope, work);
                    (*launcher, thread.map_err(|error| no_thread(&error)))
                })
                .collect();
            let missing = running.iter().find_map(|(_, it)| it.as_ref().err());
            let _ = begin.set(missing.map_or(Ok(()), |it| Err(it.clone())));
            running
                .into_iter()
                .map(|(launcher, thread)| {
                    let outcome = thread.and_then(|thread| {
                        thread.join().unwrap_or_else(|_| {
                            let why = "the trial panicked".to_owned();
                            Err(Refusal::Broken(why))
                        })
                    });
                    (launcher, outcome)
                })
                .collect()
        })
    }
}

/// The outcome of a launcher, or the reason why it is not compared: launchers
/// that fail because this machine lacks something would seem to agree with each
/// other and to differ from one that does not need it.
fn of_launcher(outcome: Outcome) -> Outcome {
    let Ok(observed) = &outcome else { return outcome };
    let error_messages = ["refused", "message", "stderr"];
    error_messages
        .iter()
        .filter_map(|key| observed.effect.0.get(*key))
        .flat_map(|text| {
            [text.clone(), error_message(&text.replace('|', "\n"))]
        })
        .find_map(|words| shortage(&words).or_else(|| lack_of_memory(&words)))
        .map_or(outcome, |why| Err(Refusal::Unavailable(why)))
}

/// Compares the outcomes with each other and with the expected effects.
///
/// # Errors
///
/// Fails if a file of expected effects cannot be read.
pub fn compare(
    outcomes: &Outcomes,
    layout: &Layout,
) -> Result<Vec<Comparison>> {
    let mut blessed: BTreeMap<String, Expected> = BTreeMap::new();
    for (subject, ..) in outcomes {
        let file = expected::file_of(subject);
        let path = layout.expected().join(&file);
        if let Entry::Vacant(it) = blessed.entry(file) {
            it.insert(Expected::read(&path)?);
        }
    }
    Ok(outcomes
        .iter()
        .map(|(subject, scenario, outcomes)| {
            let expected = blessed.get(&expected::file_of(subject));
            Comparison::of(subject.clone(), *scenario, outcomes, expected)
        })
        .collect())
}

/// Writes the effects of the languages in this run as the expected ones.
pub fn bless(outcomes: &Outcomes, layout: &Layout) -> Result<()> {
    let mut files: BTreeMap<String, (&Subject, Expected)> = BTreeMap::new();
    for (subject, scenario, outcomes) in outcomes {
        let file = expected::file_of(subject);
        let path = layout.expected().join(&file);
        let (_, expected) = match files.entry(file) {
            Entry::Occupied(it) => it.into_mut(),
            Entry::Vacant(it) => it.insert((subject, Expected::read(&path)?)),
        };
        for (launcher, outcome) in outcomes {
            if let Ok(observed) = outcome
                && LANGUAGES.contains(launcher)
            {
                let changes = &observed.effect.0;
                expected.bless(subject, *scenario, *launcher, changes);
            }
        }
    }
    std::fs::create_dir_all(layout.expected().join("situations"))
        .context("make the directories of expected effects")?;
    for (file, (subject, expected)) in files {
        let path = layout.expected().join(file);
        std::fs::write(&path, expected.text(subject))
            .context(format_args!("write {}", path.display()))?;
    }
    Ok(())
}

/// The explanations that no comparison needed, if everything was compared.
pub fn stale(
    selection: &Selection,
    comparisons: &[Comparison],
) -> Vec<&'static KnownDifference> {
    let some_missing = comparisons.iter().any(|it| !it.unavailable.is_empty());
    if !selection.everything || some_missing {
        return Vec::new();
    }
    let seen: Vec<_> =
        comparisons.iter().flat_map(Comparison::explanations).collect();
    KNOWN_DIFFERENCES
        .iter()
        .filter(|it| it.seen == Seen::Always && !seen.contains(it))
        .collect()
}
