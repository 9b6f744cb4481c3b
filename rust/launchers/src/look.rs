//! Observes launchers several times in each state, each time in a new sandbox.
//! What is not the same every time depends on more than the launcher.

use crate::adapter::{OfBound, Prepared};
use crate::matrix::Column;
use crate::state::{PLAIN, State};
use harness::error::{Context, Error, Result};
use harness::found::{Found, Refusal};
use harness::host::Equipment;
use harness::host::cgroups::Shown;
use harness::host::pids::PidNamespace;
use harness::interrupt;
use harness::paths::SOCKET_IN_CONTAINER;
use harness::sandbox::Sandbox;
use harness::sandbox::plan::{Plan, Tree};
use harness::sandbox::start::Start;
use harness::scenario::{Mounts, Scenario};
use harness::trial::daemon::{self, Bound};
use harness::trial::{
    Alone, Depth, Launch, Meeting, Observed, Place, baseline_of, hold_and_look,
};
use harness::workers;
use std::path::PathBuf;

/// How many looks show what is not the same every time.
pub const TWICE: usize = 2;

/// Where launchers are looked at, and what they may change.
#[derive(Debug)]
pub struct Conditions<'a> {
    /// What this machine provides for trials.
    pub equipment: &'a Equipment,
    /// The mounts and the user of the sandbox.
    pub scenario: Scenario,
    /// The paths of the host that a launcher may write to.
    pub writable: &'a [PathBuf],
    /// Which cgroups a launcher sees.
    pub cgroups: &'a Shown,
    /// The pid namespace of the sandboxes.
    pub pids: PidNamespace,
}

impl Conditions<'_> {
    /// How many launchers may run at the same time, if there are processors for
    /// them. A launcher gives its cgroup the same name every time: where that is
    /// one of the host's, it is one.
    pub fn most_at_once(&self) -> usize {
        if self.cgroups.writable { 1 } else { usize::MAX }
    }
}

/// One observation of a launcher that is to be made.
struct Look<'a> {
    state: &'static State,
    name: &'a str,
    prepared: &'a Prepared,
}

/// Observes each launcher `repeat` times in each state, on all processors. The
/// first item of each pair is the name above the launcher's column. The mounts
/// are those of the scenario, unless the state has others. Returns a column for
/// each launcher, which is about the first state and contains columns for the
/// others.
///
/// # Errors
///
/// Fails if the machine allows no sandbox, if the caller's directory does not
/// exist in it, or after an interrupt. It is no error if a launcher does not
/// run the probe, or if a state is unavailable: the column says so.
pub fn all(
    launchers: &[(&str, &Prepared)],
    states: &[&'static State],
    repeat: usize,
    conditions: &Conditions<'_>,
) -> Result<Vec<Column>> {
    let mut looks = Vec::new();
    for (name, prepared) in launchers.iter().copied() {
        for state in states.iter().copied() {
            let look = || Look { state, name, prepared };
            looks.extend((0..repeat).map(|_| look()));
        }
    }
    let seen = workers::in_order_by(
        conditions.most_at_once(),
        &looks,
        |it| once(it.prepared, it.state, conditions),
        |it| format!("{} {}", it.state.name, it.name),
    );
    interrupt::check()?;
    let mut seen = seen.into_iter();
    let mut columns = Vec::new();
    for (name, prepared) in launchers.iter().copied() {
        let in_states: Result<Vec<Column>> = states
            .iter()
            .copied()
            .map(|state| {
                let looks = seen.by_ref().take(repeat).collect();
                column(Look { state, name, prepared }, looks)
            })
            .collect();
        let mut in_states = in_states?.into_iter();
        if let Some(first) = in_states.next() {
            columns.push(Column { others: in_states.collect(), ..first });
        }
    }
    Ok(columns)
}

/// Makes the column of a launcher in one state from its observations.
fn column(of: Look<'_>, looks: Vec<Found<Observed>>) -> Result<Column> {
    let Look { state, name, prepared } = of;
    let looks: Found<Vec<Observed>> = looks.into_iter().collect();
    let column = match looks {
        Ok(looks) => {
            Column::of(name.to_owned(), looks).expecting(&prepared.always)
        }
        Err(Refusal::Unavailable(why)) if state != PLAIN => Column {
            unavailable: true,
            ..Column::not_started(name.to_owned(), why, true)
        },
        Err(refusal) => return Err(Error::new(refusal.into_reason())),
    };
    Ok(Column { state: state.name, ..column })
}

/// Observes a launcher twice in the plain state; `name` is the name above its
/// column.
///
/// # Errors
///
/// Fails if the machine allows no sandbox, or if the caller's directory does
/// not exist in it. It is no error if a launcher does not run the probe: the
/// column says so.
pub fn twice(
    name: String,
    prepared: &Prepared,
    conditions: &Conditions<'_>,
) -> Result<Column> {
    let look = || {
        once(prepared, PLAIN, conditions)
            .map_err(|refusal| Error::new(refusal.into_reason()))
    };
    Ok(Column::of(name, vec![look()?, look()?]).expecting(&prepared.always))
}

/// Observes once. A state in which not even the probe alone can be started is
/// unavailable.
fn once(
    prepared: &Prepared,
    state: &State,
    conditions: &Conditions<'_>,
) -> Found<Observed> {
    if let Some(argv) = &prepared.on_host {
        return on_host(argv, prepared, state, conditions.equipment);
    }
    let mut sandbox = enter(prepared, state.mounts, conditions)?;
    let files = match (&prepared.files_on_terminal, state.start) {
        (Some(files), Start::Terminal) => files,
        _ => &prepared.files,
    };
    let launch = Launch::in_root(|probe| (prepared.argv)(probe))
        .with_files(|probe| files(probe))
        .in_directory(here()?)
        .in_state(state.start)
        .looked_at(Depth::Deep);
    let baseline = baseline_of(&mut sandbox, &launch)
        .map_err(|error| Refusal::Unavailable(error.message))?;
    let mut meeting = Meeting::new(&Alone);
    let observed =
        hold_and_look(&mut sandbox, &baseline, &launch, &mut meeting);
    let observed = observed.unwrap_or_else(|error| Observed {
        did_not_answer: Some(error.message),
        ..Observed::default()
    });
    Ok(masked(observed, &prepared.masks))
}

/// Looks once at a launcher whose payload a daemon starts on the host: in the
/// state of the daemon, whatever the state of the launcher is.
fn on_host(
    argv: &OfBound,
    prepared: &Prepared,
    state: &State,
    equipment: &Equipment,
) -> Found<Observed> {
    if state != PLAIN {
        return Err(Refusal::Unavailable(
            "a daemon starts the payload, which inherits nothing of the state \
             of its launcher"
                .to_owned(),
        ));
    }
    let bound = Bound::new(&equipment.layout)?;
    let observed =
        daemon::look(&bound, SOCKET_IN_CONTAINER, |probe| argv(&bound, probe));
    let observed = observed.unwrap_or_else(|error| Observed {
        did_not_answer: Some(error.message),
        place: Place::Host,
        ..Observed::default()
    });
    Ok(masked(observed, &prepared.masks))
}

/// The working directory of the caller, in which launchers are started.
///
/// # Errors
///
/// Fails if it is not there.
pub fn here() -> Result<PathBuf> {
    std::env::current_dir().context("find the working directory")
}

/// Makes a sandbox for a launcher; with these mounts, if they are not those of
/// the scenario.
///
/// # Errors
///
/// It is unavailable if the machine allows no sandbox, or lacks what the
/// launcher needs in it.
pub fn enter(
    prepared: &Prepared,
    mounts: Option<Mounts>,
    conditions: &Conditions<'_>,
) -> Found<Sandbox> {
    let Conditions { equipment, scenario, writable, cgroups, pids } =
        conditions;
    let mounts = mounts.unwrap_or(scenario.mounts);
    let scenario = Scenario { mounts, ..*scenario };
    let mut plan = Plan::of(scenario, Tree::Whole, equipment);
    plan.bundle.clone_from(&prepared.bundle);
    plan.of_init.clone_from(&prepared.of_init);
    plan.writable = writable.to_vec();
    plan.cgroups = Some(cgroups.cgroups);
    plan.pids = *pids;
    if prepared.needs_rootfs {
        let rootfs = equipment.rootfs.as_ref();
        let rootfs = rootfs.map_err(|it| Error::new(it.message.clone()))?;
        plan.rootfs = Some(rootfs.clone());
    }
    Sandbox::enter(&plan, equipment).map_err(no_sandbox)
}

/// The same refusal, with the words of an error.
fn no_sandbox(refusal: Refusal) -> Refusal {
    let words = |refusal: &Refusal| Error::from(refusal.clone()).message;
    match &refusal {
        Refusal::Unavailable(_) => Refusal::Unavailable(words(&refusal)),
        Refusal::Broken(_) => Refusal::Broken(words(&refusal)),
    }
}

/// A text without the words that stand for this launcher alone.
pub fn mask(text: &str, masks: &[(String, &str)]) -> String {
    masks.iter().fold(text.to_owned(), |text, (word, instead)| {
        text.replace(word, instead)
    })
}

/// The key whose value is a list of files, in the order of their names.
const RESIDUE: &str = "residue.files";

/// A list in order again: a mask has another place in it than the word that it
/// stands for.
fn in_order(list: &str) -> String {
    let mut parts: Vec<&str> = list.split("; ").collect();
    parts.sort_unstable();
    parts.join("; ")
}

/// The same without the words that stand for this launcher alone.
fn masked(mut observed: Observed, masks: &[(String, &str)]) -> Observed {
    let mask = |text: &str| mask(text, masks);
    let effect = std::mem::take(&mut observed.effect.0);
    for (key, value) in effect {
        let masked = mask(&value);
        let value = match key == RESIDUE && masked != value {
            true => in_order(&masked),
            false => masked,
        };
        // Two keys may have become equal: then both changes are kept.
        observed.effect.change(mask(&key), value);
    }
    observed.said = mask(&observed.said);
    observed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masked_files_have_one_order() {
        let residue = |id: &str, after: &str| {
            let mut observed = Observed::default();
            let files = match id < "containers" {
                true => format!("+ /run/{id}; + /run/{after}"),
                false => format!("+ /run/{after}; + /run/{id}"),
            };
            observed.effect.change(RESIDUE, files);
            let masks = [(id.to_owned(), "CID")];
            masked(observed, &masks).effect.0.remove(RESIDUE)
        };
        let (one, other) = ("a0b1", "f0e1");
        assert_eq!(residue(one, "containers"), residue(other, "containers"));
    }
}
