//! Launchers tried in situations, each time in a sandbox of its own.

mod payload;

use crate::adapter::Prepared;
use crate::look::{Conditions, enter, here, mask};
use crate::matrix::{Column, Value};
use crate::situation::Situation;
use harness::error::{Error, Result};
use harness::found::{Found, Refusal};
use harness::interrupt;
use harness::trial::Launch;
use harness::trial::act::HANGS;
use harness::workers;

/// One launcher, by its index, in one situation.
struct Try<'a> {
    launcher: usize,
    prepared: &'a Prepared,
    situation: &'static Situation,
}

/// Tries each launcher that runs the probe `repeat` times in each situation,
/// and enters in its column what was seen.
///
/// # Errors
///
/// Fails if the machine allows no sandbox, or if it was interrupted.
pub fn all(
    launchers: &[(&str, &Prepared)],
    columns: &mut [Column],
    situations: &[&'static Situation],
    repeat: usize,
    conditions: &Conditions<'_>,
) -> Result<()> {
    let mut tries = Vec::new();
    for (launcher, (_, prepared)) in launchers.iter().enumerate() {
        if columns.get(launcher).is_some_and(Column::ran) {
            for situation in situations.iter().copied() {
                let one = || Try { launcher, prepared, situation };
                tries.extend((0..repeat).map(|_| one()));
            }
        }
    }
    let seen = workers::in_order_by(
        conditions.most_at_once(),
        &tries,
        |it| look(it, conditions),
        |it| format!("{} {}", it.situation.name, launchers[it.launcher].0),
    );
    interrupt::check()?;
    for (of_one, seen) in tries.chunks(repeat).zip(seen.chunks(repeat)) {
        let seen: Found<Vec<String>> = seen.iter().cloned().collect();
        let seen = seen.map_err(|refusal| {
            let (Refusal::Unavailable(why) | Refusal::Broken(why)) = refusal;
            Error::new(why)
        })?;
        let Try { launcher, situation, .. } = of_one[0];
        let value = Value::of_looks(seen.iter().map(Some).collect());
        columns[launcher].values.insert(situation.key(), value);
    }
    Ok(())
}

/// What a launcher shows in a situation.
fn look(of: &Try<'_>, conditions: &Conditions<'_>) -> Found<String> {
    let times = of.situation.times;
    let mut seen: Vec<String> = Vec::new();
    for _ in 0..times {
        interrupt::check()?;
        let now = once(of, conditions)?;
        if now.contains(HANGS) && times > 1 {
            // Each of them takes long.
            return Ok(format!("{now} in one of {times} times"));
        }
        if !seen.contains(&now) {
            seen.push(now);
        }
    }
    seen.sort_unstable();
    Ok(seen.join(" or "))
}

fn once(of: &Try<'_>, conditions: &Conditions<'_>) -> Found<String> {
    let Try { prepared, situation, .. } = of;
    let mut sandbox = enter(prepared, None, conditions)?;
    let payload = situation.payload;
    let files = payload::files(payload);
    if !files.is_empty() {
        sandbox.put(files)?;
    }
    let argv = |probe: &[String]| payload::argv(payload, prepared, probe);
    let launch = Launch::in_root(argv)
        .with_files(|probe| payload::put(payload, prepared, probe))
        .in_directory(here()?);
    let seen = situation.act.on(&mut sandbox, &launch);
    let seen = seen.unwrap_or_else(|error| error.message);
    Ok(mask(&seen, &prepared.masks))
}
