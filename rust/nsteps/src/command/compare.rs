//! `nsteps compare`: every step in every language in every scenario.

use crate::behaviour::{self, BEHAVIOURS};
use crate::claims::CLAIMS;
use crate::cli::Compare;
use crate::compare::{Comparison, Subject};
use crate::equipment::Equipment;
use crate::error::{Context, Result};
use crate::expected::{self, Expected};
use crate::known::{KNOWN_DIFFERENCES, KnownDifference, Seen};
use crate::launcher::{LANGUAGES, LAUNCHERS, Launcher};
use crate::layout::Layout;
use crate::remedy::shortage;
use crate::report::{Report, Tally};
use crate::sandbox::{SCENARIOS, Scenario};
use crate::step::{Arguments, STEPS, Step};
use crate::trace::excerpt;
use crate::trial::{Outcome, Trial, error_message};
use crate::{claims, command, interrupt, join, json, output, workers};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Barrier;
use std::time::Instant;

/// What is to be compared.
#[derive(Clone, Debug)]
pub struct Selection {
    steps: Vec<&'static Step>,
    launchers: Vec<Launcher>,
    scenarios: Vec<Scenario>,
    /// Nothing was left out, so that an explanation not seen is stale.
    everything: bool,
}

/// Compares, reports, and says with its status whether all is explained.
///
/// # Errors
///
/// Fails if the root filesystem cannot be used.
pub fn run(options: &Compare) -> Result<u8> {
    let selection = Selection::from(options);
    if options.list {
        return list(&selection).map(|()| 0);
    }
    let equipment = Equipment::gather(options.rootfs.as_deref())?;
    let begun = Instant::now();
    let outcomes = observe(&selection, &equipment);
    interrupt::check()?;
    if options.bless {
        bless(&outcomes, &equipment.layout)?;
        bless_calls(&selection, &equipment)?;
    }
    let comparisons = compare(&outcomes, &equipment.layout)?;
    let stale = stale(&selection, &comparisons);
    // A comparison of everything also reports how the posts' claims stand.
    let claims = selection.everything.then(|| {
        let all: Vec<_> = CLAIMS.iter().collect();
        claims::report::Tally::of(&command::claims::check(&all, &equipment))
    });
    interrupt::check()?;
    let report = Report {
        comparisons: &comparisons,
        stale: &stale,
        claims,
        verbose: options.verbose,
        pages: equipment.layout.pages("differences/<name>.md"),
        machine: crate::machine::in_a_few_words(),
        seconds: begun.elapsed().as_secs_f64(),
    };
    let text =
        if options.json { json::compare(&report) } else { report.text() };
    output::print(&text)?;
    let claims = claims.map_or(0, |it| it.checked.status());
    Ok(status(&comparisons, &stale).max(claims))
}

/// 0, 1 or 2, as diff(1) has it.
pub fn status(
    comparisons: &[Comparison],
    stale: &[&'static KnownDifference],
) -> u8 {
    let mut tally = Tally::of(comparisons);
    tally.checked.unexpected += stale.len();
    tally.status()
}

impl Selection {
    /// All of it.
    pub fn everything() -> Selection {
        Selection {
            steps: STEPS.iter().collect(),
            launchers: LAUNCHERS.to_vec(),
            scenarios: SCENARIOS.to_vec(),
            everything: true,
        }
    }

    /// What was asked for.
    pub fn from(options: &Compare) -> Selection {
        let all = Selection::everything();
        let named: Vec<&str> = options
            .steps
            .iter()
            .chain(&options.only)
            .map(|step| step.name)
            .collect();
        let wanted: Vec<Scenario> =
            options.scenario.iter().flatten().copied().collect();
        let everything =
            named.is_empty() && options.lang.is_empty() && wanted.is_empty();
        Selection {
            steps: chosen(all.steps, &named, |step| step.name),
            launchers: chosen(all.launchers, &options.lang, |it| *it),
            scenarios: chosen(all.scenarios, &wanted, |it| *it),
            everything,
        }
    }
}

/// Those of `all` that were named, in the order of `all`; all of them if none
/// was.
fn chosen<T, N: PartialEq>(
    all: Vec<T>,
    named: &[N],
    name: impl Fn(&T) -> N,
) -> Vec<T> {
    all.into_iter()
        .filter(|it| named.is_empty() || named.contains(&name(it)))
        .collect()
}

/// One group of trials that run at the same time.
#[derive(Clone, Debug)]
pub struct Group {
    /// What is done.
    pub subject: Subject,
    /// Where.
    pub scenario: Scenario,
    work: Work,
    /// The launchers that do it.
    pub launchers: Vec<Launcher>,
}

#[derive(Clone, Copy, Debug)]
enum Work {
    Step(&'static Step),
    Join(Launcher),
    Behaviour(&'static crate::behaviour::Behaviour, &'static Step),
}

/// Everything there is to do, in the order it is reported.
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
            for behaviour in BEHAVIOURS
                .iter()
                .filter(|it| it.is_about(step) && it.mounts == scenario.mounts)
            {
                groups.push(Group {
                    subject: Subject {
                        step: step.name,
                        situation: Some(behaviour.name.to_owned()),
                    },
                    scenario: *scenario,
                    work: Work::Behaviour(behaviour, step),
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

/// Carries out the groups of one job, which is one group, or several that
/// share a sandbox.
fn carry_out(
    job: &[Group],
    equipment: &Equipment,
) -> Vec<Vec<(Launcher, Outcome)>> {
    let of_launchers = |outcomes: Vec<(Launcher, Outcome)>| {
        let outcomes = outcomes.into_iter();
        outcomes.map(|(it, outcome)| (it, of_launcher(outcome))).collect()
    };
    outcomes(job, equipment).into_iter().map(of_launchers).collect()
}

fn outcomes(
    job: &[Group],
    equipment: &Equipment,
) -> Vec<Vec<(Launcher, Outcome)>> {
    let behaviours: Vec<_> = job
        .iter()
        .filter_map(|group| match group.work {
            Work::Behaviour(behaviour, _) => Some(behaviour),
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
        Work::Behaviour(first, step) => {
            let outcomes = |launchers: &[Launcher]| {
                let all = &behaviours;
                behaviour::outcomes(all, step, launchers, *scenario, equipment)
            };
            if first.leaves_the_sandbox() {
                return outcomes(launchers);
            }
            let alone = |launcher, _: &Barrier| {
                let one = outcomes(&[launcher]).pop();
                let one = one.and_then(|mut it| it.pop());
                one.expect("one behaviour by one launcher").1
            };
            vec![job[0].at_once(alone)]
        }
    }
}

impl Group {
    /// Carries out its trials, all at the same time.
    pub fn run(&self, equipment: &Equipment) -> Vec<(Launcher, Outcome)> {
        carry_out(std::slice::from_ref(self), equipment).remove(0)
    }

    /// Whether the next group can be tried where this one was.
    fn shares_a_sandbox(&self, next: &Group) -> bool {
        match (self.work, next.work) {
            (Work::Behaviour(one, of), Work::Behaviour(other, step)) => {
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
        std::thread::scope(|scope| {
            let running: Vec<_> = self
                .launchers
                .iter()
                .map(|launcher| {
                    let (trial, barrier) = (&trial, &barrier);
                    let handle = scope.spawn(move || trial(*launcher, barrier));
                    (*launcher, handle)
                })
                .collect();
            running
                .into_iter()
                .map(|(launcher, handle)| {
                    let outcome = handle.join().unwrap_or_else(|_| {
                        Outcome::Broken("the trial panicked".to_owned())
                    });
                    (launcher, outcome)
                })
                .collect()
        })
    }
}

/// What a launcher did, or why that says nothing about it: all that failed for
/// want of the same thing would agree, and one that had it would differ.
fn of_launcher(outcome: Outcome) -> Outcome {
    let Outcome::Observed(observed) = &outcome else { return outcome };
    let error_messages = ["refused", "complaint", "stderr"];
    error_messages
        .iter()
        .filter_map(|key| observed.effect.0.get(*key))
        .flat_map(|text| {
            [text.clone(), error_message(&text.replace('|', "\n"))]
        })
        .find_map(|words| shortage(&words))
        .map_or(outcome, Outcome::Unavailable)
}

/// Compares the outcomes with each other and with what was blessed.
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

/// Writes what the languages do now as what is expected of them.
fn bless(outcomes: &Outcomes, layout: &Layout) -> Result<()> {
    let mut files: BTreeMap<String, (&Subject, Expected)> = BTreeMap::new();
    for (subject, scenario, outcomes) in outcomes {
        let file = expected::file_of(subject);
        let path = layout.expected().join(&file);
        let (_, expected) = match files.entry(file) {
            Entry::Occupied(it) => it.into_mut(),
            Entry::Vacant(it) => it.insert((subject, Expected::read(&path)?)),
        };
        for (launcher, outcome) in outcomes {
            if let Outcome::Observed(observed) = outcome
                && LANGUAGES.contains(launcher)
            {
                let changes = &observed.effect.0;
                expected.bless(subject, *scenario, *launcher, changes);
            }
        }
    }
    std::fs::create_dir_all(layout.expected().join("situations"))
        .context("make the directories of blessed effects")?;
    for (file, (subject, expected)) in files {
        let path = layout.expected().join(file);
        std::fs::write(&path, expected.text(subject))
            .context(format_args!("write {}", path.display()))?;
    }
    Ok(())
}

/// Does the same with the calls of each step, which the book shows beside each
/// other: in all languages or in none.
fn bless_calls(selection: &Selection, equipment: &Equipment) -> Result<()> {
    if LANGUAGES.iter().all(|it| selection.launchers.contains(it)) {
        for why in excerpt::bless(&selection.steps, equipment)? {
            eprintln!("nsteps: {why}");
        }
    }
    Ok(())
}

/// The explanations that nothing needed, when everything was looked at.
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

fn list(selection: &Selection) -> Result<()> {
    let mut text = String::new();
    for group in groups(selection) {
        let names: Vec<_> =
            group.launchers.iter().map(|it| it.name()).collect();
        text.push_str(&format!(
            "{:<34} {:<18} {}\n",
            group.subject,
            group.scenario,
            names.join(" ")
        ));
    }
    output::print(&text)
}
