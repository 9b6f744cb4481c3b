//! One launcher, looked at twice, each time in a sandbox of its own: what is not
//! the same both times depends on more than the launcher.

use crate::adapter::Prepared;
use crate::matrix::Column;
use crate::said::masked_change;
use harness::error::{Context, Error, Result};
use harness::host::Equipment;
use harness::sandbox::Sandbox;
use harness::sandbox::plan::{Plan, Tree};
use harness::scenario::Scenario;
use harness::trial::{
    Alone, Depth, Launch, Met, Observed, baseline_of, hold_and_look,
};
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

/// Looks at a launcher twice; `name` stands above its column.
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
    let first = once(prepared, conditions)?;
    let second = once(prepared, conditions)?;
    Ok(Column::of(name, first, second).expecting(&prepared.always))
}

fn once(prepared: &Prepared, conditions: &Conditions<'_>) -> Result<Observed> {
    let Conditions { equipment, scenario, writable } = conditions;
    let mut plan = Plan::of(*scenario, Tree::Whole, equipment);
    plan.bundle.clone_from(&prepared.bundle);
    plan.writable = writable.to_vec();
    if prepared.needs_rootfs {
        let rootfs = equipment.rootfs.as_ref();
        let rootfs = rootfs.map_err(|it| Error::new(it.message.clone()))?;
        plan.rootfs = Some(rootfs.clone());
    }
    let mut sandbox = Sandbox::enter(&plan, equipment)?;
    let here = std::env::current_dir().context("find the working directory")?;
    let launch = Launch::in_root(|probe| (prepared.argv)(probe))
        .with_files(|probe| (prepared.files)(probe))
        .in_directory(here)
        .looked_at(Depth::Deep);
    let baseline = baseline_of(&mut sandbox, &launch)?;
    let mut met = Met::new(&Alone);
    let observed = hold_and_look(&mut sandbox, &baseline, &launch, &mut met);
    let observed = observed.unwrap_or_else(|error| Observed {
        unheard: Some(error.message),
        ..Observed::default()
    });
    Ok(masked(observed, &prepared.masks))
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
        let (key, value) = masked_change(&mask(&key), &mask(&value));
        // Two keys may have become one: neither change may be lost.
        observed.effect.change(key, value);
    }
    observed.said = mask(&observed.said);
    observed
}
