//! Launchers tried in situations, each time in a sandbox of its own.

mod payload;

use crate::adapter::Prepared;
use crate::look::{Conditions, enter, here, mask};
use crate::matrix::{Column, Value};
use crate::said::masked_change;
use crate::situation::Incident;
use harness::error::{Error, Result};
use harness::found::Found;
use harness::interrupt;
use harness::trial::Launch;
use harness::trial::act::Seen;
use harness::workers;

/// One launcher, by its index, in one situation.
struct Try<'a> {
    launcher: usize,
    prepared: &'a Prepared,
    situation: &'static Incident,
    /// What the launcher shows where nothing happens to it.
    usual: &'a Column,
}

/// Why a launcher is tried in no situation whose payload a daemon starts.
const OF_A_DAEMON: &str = "a daemon starts the payload on the host, and only \
    what a sandbox holds is let go, killed or left alone";

/// Tries each launcher that runs the probe `repeat` times in each situation,
/// and enters in its column what was seen. One that runs in no sandbox is not
/// tried, and its column says why.
///
/// # Errors
///
/// Fails if the machine allows no sandbox, or if it was interrupted.
pub fn all(
    launchers: &[(&str, &Prepared)],
    columns: &mut [Column],
    situations: &[&'static Incident],
    repeat: usize,
    conditions: &Conditions<'_>,
) -> Result<()> {
    let usual = columns.to_vec();
    let mut tries = Vec::new();
    for (launcher, (_, prepared)) in launchers.iter().enumerate() {
        if !columns.get(launcher).is_some_and(Column::ran) {
            continue;
        }
        if prepared.on_host.is_some() && !situations.is_empty() {
            columns[launcher].untried = Some(OF_A_DAEMON.to_owned());
        } else {
            for situation in situations.iter().copied() {
                let usual = &usual[launcher];
                let one = || Try { launcher, prepared, situation, usual };
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
        let seen = seen.map_err(|it| Error::new(it.into_reason()))?;
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
        let words = of.in_words(&now);
        if now.hangs() && times > 1 {
            // Each of them takes long.
            return Ok(format!("{words} in one of {times} times"));
        }
        if !seen.contains(&words) {
            seen.push(words);
        }
    }
    seen.sort_unstable();
    Ok(seen.join(" or "))
}

fn once(of: &Try<'_>, conditions: &Conditions<'_>) -> Found<Seen> {
    let Try { prepared, situation, .. } = *of;
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
    Ok(seen.unwrap_or_else(|error| Seen {
        words: error.message,
        ..Seen::default()
    }))
}

impl Try<'_> {
    /// What was seen, and what of that is left which is not left where nothing
    /// happens to the launcher.
    fn in_words(&self, seen: &Seen) -> String {
        let masks = &self.prepared.masks;
        let more = |key: &str| {
            let usual = self.usual.value(key).to_string();
            let left = seen.left.0.get(key).map_or("", String::as_str);
            let is_more = |it: &str| {
                let (_, it) = masked_change(key, &mask(it, masks));
                !it.is_empty() && !usual.contains(&it)
            };
            left.split("; ").any(is_more)
        };
        let left: Vec<&str> = LEFT
            .iter()
            .filter(|(key, _)| more(key))
            .map(|(_, word)| *word)
            .collect();
        let words = mask(&seen.words, masks);
        match left.is_empty() {
            true => words,
            false => format!("{words}; left: {}", left.join(", ")),
        }
    }
}

/// What may be left: the key, and the word for it.
const LEFT: [(&str, &str); 3] = [
    ("residue.files", "files"),
    ("residue.processes", "processes"),
    ("residue.cgroups", "cgroups"),
];
