//! Launchers, looked at several times in each state, each time in a sandbox of
//! its own: what is not the same every time depends on more than the launcher.

use crate::adapter::Prepared;
use crate::matrix::Column;
use crate::state::{PLAIN, State};
use harness::error::{Context, Error, Result};
use harness::found::{Found, Refusal};
use harness::host::Equipment;
use harness::interrupt;
use harness::sandbox::Sandbox;
use harness::sandbox::plan::{Plan, Tree};
use harness::scenario::Scenario;
use harness::trial::{
    Alone, Launch, Met, Observed, baseline_of, hold_and_look,
};
use harness::workers;
use std::path::PathBuf;

/// Where launchers are looked at, and what they may change.
#[derive(Debug)]
pub struct Conditions<'a> {
    /// What the machine provides.
    pub equipment: &'a Equipment,
    /// The mounts and the user of the sandbox.
    pub scenario: Scenario,
    /// What a launcher may write to on the host.
    pub writable: &'a [PathBuf],
}

/// A launcher that is to be looked at.
pub struct Launcher {
    /// What stands above its column.
    pub name: String,
    /// What starts the probe under it, or why nothing can.
    pub prepared: std::result::Result<Prepared, String>,
}

/// All launchers in one state.
#[derive(Debug)]
pub struct InState {
    /// The state.
    pub state: &'static State,
    /// A column for each launcher; none if the state is unavailable.
    pub columns: Vec<Column>,
    /// Why no launcher could be started in this state here.
    pub unavailable: Option<String>,
}

/// One look at a launcher.
struct Look<'a> {
    state: &'static State,
    name: &'a str,
    prepared: &'a Prepared,
}

/// Looks at each launcher in each state, `repeat` times, on all processors.
/// The scenario's mounts are those of every state that has no others.
///
/// # Errors
///
/// Fails if the machine allows no sandbox, if the caller's directory is not
/// there, or if it was interrupted. A launcher that does not run the probe is no
/// error: its column says so.
pub fn all(
    launchers: &[Launcher],
    states: &[&'static State],
    repeat: usize,
    conditions: &Conditions<'_>,
) -> Result<Vec<InState>> {
    let mut looks = Vec::new();
    for state in states {
        for Launcher { name, prepared } in launchers {
            if let Ok(prepared) = prepared {
                looks.extend((0..repeat).map(|_| Look {
                    state,
                    name,
                    prepared,
                }));
            }
        }
    }
    let seen = workers::in_order(
        &looks,
        |it| once(it.prepared, it.state, conditions),
        |it| format!("{} {}", it.state.name, it.name),
    );
    interrupt::check()?;
    let mut seen = seen.into_iter();
    states
        .iter()
        .map(|state| in_state(state, launchers, repeat, &mut seen))
        .collect()
}

/// Puts the looks of one state together.
fn in_state(
    state: &'static State,
    launchers: &[Launcher],
    repeat: usize,
    seen: &mut impl Iterator<Item = Found<Observed>>,
) -> Result<InState> {
    let mut columns = Vec::new();
    let mut unavailable = None;
    for Launcher { name, prepared } in launchers {
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(why) => {
                let column = Column::not_started(name.clone(), why.clone());
                columns.push(column);
                continue;
            }
        };
        let looks: Found<Vec<Observed>> = seen.by_ref().take(repeat).collect();
        match looks {
            Ok(looks) => columns.push(
                Column::of(name.clone(), looks).expecting(&prepared.always),
            ),
            Err(Refusal::Unavailable(why)) if state != PLAIN => {
                unavailable = Some(why);
            }
            Err(Refusal::Unavailable(why) | Refusal::Broken(why)) => {
                return Err(Error::new(why));
            }
        }
    }
    if unavailable.is_some() {
        columns.clear();
    }
    Ok(InState { state, columns, unavailable })
}

/// Looks at a launcher twice in the plain state; `name` stands above its column.
///
/// # Errors
///
/// Fails if the machine allows no sandbox, or if the caller's directory is not
/// there. A launcher that does not run the probe is no error: its column says
/// so.
pub fn twice(
    name: String,
    prepared: &Prepared,
    conditions: &Conditions<'_>,
) -> Result<Column> {
    let look = || {
        once(prepared, PLAIN, conditions).map_err(|refusal| {
            let (Refusal::Unavailable(why) | Refusal::Broken(why)) = refusal;
            Error::new(why)
        })
    };
    Ok(Column::of(name, vec![look()?, look()?]).expecting(&prepared.always))
}

/// Looks once. A state in which not even the bare probe can be started is
/// unavailable.
fn once(
    prepared: &Prepared,
    state: &State,
    conditions: &Conditions<'_>,
) -> Found<Observed> {
    let Conditions { equipment, scenario, writable } = conditions;
    let mounts = state.mounts.unwrap_or(scenario.mounts);
    let scenario = Scenario { mounts, ..*scenario };
    let mut plan = Plan::of(scenario, Tree::Whole, equipment);
    plan.bundle.clone_from(&prepared.bundle);
    plan.writable = writable.to_vec();
    if prepared.needs_rootfs {
        let rootfs = equipment.rootfs.as_ref();
        let rootfs = rootfs.map_err(|it| Error::new(it.message.clone()))?;
        plan.rootfs = Some(rootfs.clone());
    }
    let mut sandbox = Sandbox::enter(&plan, equipment).map_err(no_sandbox)?;
    let here = std::env::current_dir().context("find the working directory")?;
    let launch = Launch::in_root(|probe| (prepared.argv)(probe))
        .with_files(|probe| (prepared.files)(probe))
        .in_directory(here)
        .in_state(state.start);
    let baseline = baseline_of(&mut sandbox, &launch)
        .map_err(|error| Refusal::Unavailable(error.message))?;
    let mut met = Met::new(&Alone);
    let observed = hold_and_look(&mut sandbox, &baseline, &launch, &mut met);
    let observed = observed.unwrap_or_else(|error| Observed {
        unheard: Some(error.message),
        ..Observed::default()
    });
    Ok(masked(observed, &prepared.masks))
}

/// The same refusal, with the words of an error.
fn no_sandbox(refusal: Refusal) -> Refusal {
    let words = |refusal: &Refusal| Error::from(refusal.clone()).message;
    match &refusal {
        Refusal::Unavailable(_) => Refusal::Unavailable(words(&refusal)),
        Refusal::Broken(_) => Refusal::Broken(words(&refusal)),
    }
}

/// The same without the words that stand for this launcher alone.
fn masked(mut observed: Observed, masks: &[(String, &str)]) -> Observed {
    let mask = |text: &str| {
        masks.iter().fold(text.to_owned(), |text, (word, instead)| {
            text.replace(word, instead)
        })
    };
    let effect = std::mem::take(&mut observed.effect.0);
    for (key, value) in effect {
        // Two keys may have become one: neither change may be lost.
        observed.effect.change(mask(&key), mask(&value));
    }
    observed.said = mask(&observed.said);
    observed
}
