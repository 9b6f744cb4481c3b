//! Runs launchers, decides, and makes the report for all writers.

use super::{Compared, Report};
use harness::error::{Error, Result};
use harness::found::Refusal;
use harness::host::cgroups::{Cgroups, Shown};
use harness::host::pids::PidNamespace;
use harness::host::{Equipment, machine};
use harness::interrupt;
use harness::scenario::Scenario;
use harness::workers;
use launchers::adapter::{Prepared, is_missing};
use launchers::consequence::Level;
use launchers::date::Date;
use launchers::look::{self, Conditions};
use launchers::matrix::Column;
use launchers::policy::{Named, Policy};
use launchers::provenance::{self, Provenance};
use launchers::record::{self, Circumstances, Kept};
use launchers::redaction::Redaction;
use launchers::situation::{self, Incident};
use launchers::spec::Spec;
use launchers::state::{PLAIN, State};
use launchers::suggest::{Suggestions, suggest};
use launchers::trying;
use launchers::verdict::{Terms, decide};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

/// A request: which launchers are compared, and how.
#[derive(Debug)]
pub struct Request {
    /// The launchers; the file of a `nsteps record` counts as one.
    pub launchers: Vec<Named>,
    /// What may differ, and what is expected.
    pub policy: Policy,
    /// A difference of this level or a higher one fails.
    pub deny: Level,
    /// The conditions: mounts and user of the sandboxes.
    pub scenario: Scenario,
    /// The paths of the host that the launchers may write to.
    pub write: Vec<PathBuf>,
    /// Which cgroups the launchers see, if the user chose.
    pub cgroups: Option<Cgroups>,
    /// The pid namespace of the sandboxes.
    pub pids: PidNamespace,
    /// Whether a launcher that this machine lacks is no failure.
    pub allow_unavailable: bool,
    /// True if secrets are shown in the report.
    pub show_values: bool,
    /// The states in which the launchers are started, at least one.
    pub states: Vec<&'static State>,
    /// The situations in which the launchers are tried.
    pub situations: Vec<&'static Incident>,
    /// How many times each is looked at in each state, at least once.
    pub repeat: usize,
    /// True if changes are tried that make the others do as the first launcher.
    pub suggest: bool,
}

/// A launcher before it runs.
enum Source {
    Launcher(Box<(Spec, Prepared)>),
    Kept(Box<Kept>),
    /// The reason why it cannot be started, and true if this machine lacks it.
    Unusable(String, bool),
}

/// Runs each launcher and decides.
///
/// # Errors
///
/// Fails if no adapter has the name with which a launcher begins, if the
/// machine allows no sandbox, or after an interrupt. It is no error if a
/// launcher cannot be started: its column says why.
pub fn run(request: Request) -> Result<Report> {
    let begun = Instant::now();
    let sources = sources(&request)?;
    let equipment = Equipment::for_launchers()?;
    let cgroups = shown(request.cgroups, &request.write, &equipment)?;
    same_cgroups(&sources, &cgroups)?;
    possible(request.pids, &cgroups, &equipment)?;
    let conditions = Conditions {
        equipment: &equipment,
        scenario: request.scenario,
        writable: &request.write,
        cgroups: &cgroups,
        pids: request.pids,
    };
    let mut subjects = looks(&request, &sources, &conditions)?;
    let is_redacted =
        |it: &Source| matches!(it, Source::Kept(kept) if kept.redacted);
    if sources.iter().any(is_redacted) {
        // What is redacted on one side has to be redacted on the other.
        for it in &mut subjects {
            it.column = redacted(&it.column);
        }
    }
    let columns: Vec<Column> =
        subjects.iter().map(|it| it.column.clone()).collect();
    let names: Vec<String> =
        subjects.iter().map(|it| it.name.clone()).collect();
    let verdict = decide(
        &columns,
        &Terms {
            policy: &request.policy,
            names: &names,
            deny: request.deny,
            allow_unavailable: request.allow_unavailable,
            today: Date::today(),
        },
    );
    let suggestions = match request.suggest {
        true => suggestions(&sources, &columns, &conditions)?,
        false => Vec::new(),
    };
    let report = Report {
        launchers: subjects,
        verdict,
        file: request.policy.path,
        reasons: request.policy.waivers.into_iter().map(|it| it.why).collect(),
        suggestions,
        deny: request.deny,
        scenario: request.scenario,
        cgroups,
        pids: request.pids,
        machine: machine::in_a_few_words(),
        day: Date::today().to_string(),
        seconds: begun.elapsed().as_secs_f64(),
        book: equipment.layout.book(),
    };
    Ok(match request.show_values {
        true => report,
        false => without_secrets(report, &columns),
    })
}

/// The cgroups that launchers see.
///
/// # Errors
///
/// Fails if the machine cannot give those that the user chose, with the reason.
pub fn shown(
    wanted: Option<Cgroups>,
    write: &[PathBuf],
    equipment: &Equipment,
) -> Result<Shown> {
    Shown::decide(wanted, write, &equipment.layout).map_err(|refusal| {
        Error::new(match (refusal, wanted) {
            (Refusal::Unavailable(why), Some(it)) => {
                format!("--cgroups {it} is unavailable: {why}")
            }
            (Refusal::Unavailable(why) | Refusal::Broken(why), _) => why,
        })
    })
}

/// Fails if the machine cannot give sandboxes with this pid namespace, or not
/// together with these cgroups.
///
/// # Errors
///
/// As [`PidNamespace::check`].
pub fn possible(
    pids: PidNamespace,
    cgroups: &Shown,
    equipment: &Equipment,
) -> Result<()> {
    pids.check(cgroups, &equipment.layout)
        .map_err(|refusal| Error::new(refusal.into_reason()))
}

/// Fails if a record was made with other cgroups than these.
fn same_cgroups(sources: &[Source], cgroups: &Shown) -> Result<()> {
    let now = cgroups.cgroups.name();
    for source in sources {
        if let Source::Kept(kept) = source
            && kept.circumstances.cgroups != now
        {
            return Err(Error::new(format!(
                "{} was recorded with --cgroups {}, and this is {cgroups}: \
                 choose the same by --cgroups",
                kept.column.line, kept.circumstances.cgroups
            )));
        }
    }
    Ok(())
}

/// What each launcher is, before any is started.
fn sources(request: &Request) -> Result<Vec<Source>> {
    let source = |it: &Named| {
        if let Some(kept) = record::read(&it.run)? {
            let scenario = request.scenario.to_string();
            if kept.circumstances.scenario != scenario {
                return Err(Error::new(format!(
                    "{} was recorded in {}, and this is {scenario}: choose the \
                     same by --scenario",
                    it.run, kept.circumstances.scenario
                )));
            }
            if request.pids != PidNamespace::Own {
                return Err(Error::new(format!(
                    "{} was recorded in a sandbox with a pid namespace of its \
                     own: leave out --pid-namespace no",
                    it.run
                )));
            }
            if request.states != [PLAIN] || !request.situations.is_empty() {
                return Err(Error::new(format!(
                    "{} was recorded in the plain state and in no situation: \
                     leave out --state, --states, --situation and --situations",
                    it.run
                )));
            }
            return Ok(Source::Kept(Box::new(kept)));
        }
        let spec = Spec::parse(&it.run)?;
        match spec.prepare() {
            Ok(prepared) => Ok(Source::Launcher(Box::new((spec, prepared)))),
            Err(error) => {
                let missing = is_missing(&error);
                Ok(Source::Unusable(error.message, missing))
            }
        }
    };
    let located = |it: &Named| {
        source(it).map_err(|error| match &request.policy.path {
            Some(path) if it.line > 0 => {
                let message = format!("{path}:{}: {error}", it.line);
                Error { message, ..error }
            }
            _ => error,
        })
    };
    request.launchers.iter().map(located).collect()
}

/// Observes each launcher, and reads the recorded ones.
fn looks(
    request: &Request,
    sources: &[Source],
    conditions: &Conditions<'_>,
) -> Result<Vec<Compared>> {
    workers::make_room()?;
    let runnable: Vec<(&str, &Prepared)> = request
        .launchers
        .iter()
        .zip(sources)
        .filter_map(|(named, source)| match source {
            Source::Launcher(it) => Some((named.run.as_str(), &it.1)),
            _ => None,
        })
        .collect();
    let programs = programs(&runnable, conditions)?;
    let Request { states, situations, repeat, .. } = request;
    let mut columns = look::all(&runnable, states, *repeat, conditions)?;
    trying::all(&runnable, &mut columns, situations, *repeat, conditions)?;
    let mut seen = columns.into_iter().zip(programs);
    let mut subjects = Vec::new();
    for (named, source) in request.launchers.iter().zip(sources) {
        let line = Some(named.line).filter(|it| *it > 0);
        let run = named.run.clone();
        let (column, program, recorded) = match source {
            Source::Launcher(_) => {
                let (column, program) = seen.next().ok_or_else(|| {
                    Error::new(format!("{run} was not observed"))
                })?;
                (column, Some(program), None)
            }
            Source::Kept(it) => {
                let recorded = Some(it.circumstances.clone());
                (it.column.clone(), Some(it.program.clone()), recorded)
            }
            Source::Unusable(why, missing) => {
                let why = why.clone();
                (Column::not_started(run, why, *missing), None, None)
            }
        };
        let name = named.name.clone();
        subjects.push(Compared { name, column, program, line, recorded });
    }
    Ok(subjects)
}

/// Identifies the program of each launcher.
fn programs(
    launchers: &[(&str, &Prepared)],
    conditions: &Conditions<'_>,
) -> Result<Vec<Provenance>> {
    let Conditions { equipment, scenario, .. } = conditions;
    let program =
        |it: &Prepared| (it.program.clone(), it.names_runtime.clone());
    // Each takes a sandbox: one that several launchers have is asked once.
    let mut different = launchers.to_vec();
    different.sort_by_key(|(_, it)| program(it));
    different.dedup_by_key(|(_, it)| program(it));
    let asked = workers::in_order(
        &different,
        |(_, it)| Ok((program(it), provenance::of(it, *scenario, equipment)?)),
        |(name, _)| (*name).to_owned(),
    );
    interrupt::check()?;
    let asked: Result<BTreeMap<_, _>> = asked.into_iter().collect();
    let asked = asked?;
    Ok(launchers.iter().map(|(_, it)| asked[&program(it)].clone()).collect())
}

/// The changes that make each other launcher do as the first one.
fn suggestions(
    sources: &[Source],
    columns: &[Column],
    conditions: &Conditions<'_>,
) -> Result<Vec<(usize, Suggestions)>> {
    let mut found = Vec::new();
    // What a launcher does in a situation is not tried again.
    let columns: Vec<Column> = columns.iter().map(without_situations).collect();
    let Some(wanted) = columns.first().filter(|it| it.ran()) else {
        return Ok(found);
    };
    for (index, source) in sources.iter().enumerate().skip(1) {
        if let Source::Launcher(it) = source
            && columns[index].ran()
        {
            let column = &columns[index];
            found.push((index, suggest(wanted, &it.0, column, conditions)?));
        }
    }
    Ok(found)
}

fn without_situations(column: &Column) -> Column {
    let mut column = column.clone();
    column.values.retain(|key, _| situation::of_key(key).is_none());
    column
}

fn redacted(column: &Column) -> Column {
    Redaction::of(std::slice::from_ref(column)).column(column)
}

/// The report without secrets; the decisions do not change.
fn without_secrets(report: Report, columns: &[Column]) -> Report {
    let redaction = Redaction::of(columns);
    let mut report = report;
    for it in &mut report.launchers {
        it.name = redaction.line(&it.name);
        it.column = redaction.column(&it.column);
    }
    let verdict = &mut report.verdict;
    for it in &mut verdict.differences {
        redaction.row(&mut it.row);
    }
    for it in verdict.unknown.iter_mut().chain(&mut verdict.alike) {
        redaction.row(it);
    }
    for it in &mut verdict.faults {
        it.text = redaction.about_key(&it.key, &it.text);
    }
    for it in &mut verdict.troubles {
        it.text = redaction.text(&it.text);
    }
    report.cgroups.why = report.cgroups.why.map(|it| redaction.text(&it));
    for (_, it) in &mut report.suggestions {
        it.line = redaction.line(&it.line);
        it.patch = it.patch.as_ref().map(|it| redaction.text(it));
        for one in &mut it.found {
            one.change = redaction.text(&one.change);
        }
    }
    report
}

/// The circumstances of this run.
pub fn circumstances(scenario: Scenario, cgroups: Cgroups) -> Circumstances {
    Circumstances {
        day: Date::today().to_string(),
        machine: machine::in_a_few_words(),
        scenario: scenario.to_string(),
        cgroups: cgroups.to_string(),
    }
}
