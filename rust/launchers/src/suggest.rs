//! What makes one launcher do as another: each fix of a record is tried, and
//! only what was seen to close a difference and to open none is kept.

use crate::adapter::Prepared;
use crate::adapter::run::before_image;
use crate::consequence::{self, Change, Edit, Fix, Level};
use crate::look::{Conditions, twice};
use crate::matrix::{Column, Row, Standing, Value, rows_of};
use crate::spec::Spec;
use globset::Glob;
use harness::error::Result;
use harness::interrupt;
use harness::sandbox::protocol::{Content, PutFile};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

mod edit;
mod template;

/// A fix that was seen to work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// What is changed, in one line.
    pub change: String,
    /// The keys that differed and do not any more; and those that still differ
    /// and matter less, with both levels.
    pub closes: Vec<String>,
}

/// All fixes of a launcher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestions {
    /// Each was tried with those before it.
    pub found: Vec<Suggestion>,
    /// The launcher with all of them.
    pub line: String,
    /// The patch of its config.json with all of them, as RFC 6902 has it;
    /// nothing for a launcher that has none.
    pub patch: Option<String>,
    /// How many differences there were.
    pub before: usize,
    /// The keys that still differ.
    pub left: Vec<String>,
}

/// A launcher with the fixes so far.
#[derive(Clone)]
struct Candidate {
    spec: Spec,
    patch: Vec<Json>,
}

/// Tries to make a launcher do as `wanted`.
///
/// # Errors
///
/// Fails if the machine allows no sandbox, or if it was interrupted. A launcher
/// that fails with a fix is no error: the fix is not kept.
pub fn suggest(
    wanted: &Column,
    spec: &Spec,
    column: &Column,
    conditions: &Conditions<'_>,
) -> Result<Suggestions> {
    let mut best = Candidate { spec: spec.clone(), patch: Vec::new() };
    let mut shown = column.clone();
    let before = differing(wanted, column).len();
    let mut found = Vec::new();
    let mut tried = BTreeSet::new();
    // A fix may be possible only after another one.
    loop {
        let count = found.len();
        for row in differing(wanted, &shown) {
            for (change, candidate) in fixes(&row, &best) {
                if !tried.insert((change.clone(), found.len())) {
                    continue;
                }
                interrupt::check()?;
                let Some(now) = look(&candidate, conditions)? else { continue };
                let Some(closes) = closed(wanted, &shown, &now) else {
                    continue;
                };
                found.push(Suggestion { change, closes });
                (best, shown) = (candidate, now);
                break;
            }
        }
        if found.len() == count {
            break;
        }
    }
    let left = differing(wanted, &shown).into_iter().map(|it| it.key);
    Ok(Suggestions {
        found,
        line: best.spec.text.clone(),
        patch: (!best.patch.is_empty())
            .then(|| Json::Array(best.patch.clone()).to_string()),
        before,
        left: left.collect(),
    })
}

/// The rows in which two launchers do not agree.
fn differing(wanted: &Column, column: &Column) -> Vec<Row> {
    let mut rows = rows_of(&[(0, wanted), (1, column)]);
    rows.retain(|it| it.standing == Standing::Differs);
    rows
}

/// The keys that differed before and agree now, and those that matter less;
/// nothing if there are none, or if another key does not agree any more or
/// matters more.
fn closed(
    wanted: &Column,
    before: &Column,
    now: &Column,
) -> Option<Vec<String>> {
    let agree_not = |column: &Column| -> BTreeSet<String> {
        let rows = rows_of(&[(0, wanted), (1, column)]).into_iter();
        rows.filter(|it| it.standing != Standing::Agrees)
            .map(|it| it.key)
            .collect()
    };
    let worse = now.disagreements.len() > before.disagreements.len();
    let levels = |column: &Column| -> BTreeMap<String, Level> {
        let rows = differing(wanted, column).into_iter();
        rows.map(|it| (it.key.clone(), level(&it))).collect()
    };
    let (differed, differ) = (levels(before), levels(now));
    let (old, new) = (agree_not(before), agree_not(now));
    let opened = new.difference(&old).count();
    let mut closed = Vec::new();
    let mut matters_more = false;
    for (key, before) in differed {
        match differ.get(&key) {
            Some(now) if *now < before => closed.push(format!(
                "{key} (from {} to {})",
                before.name(),
                now.name()
            )),
            Some(now) => matters_more |= *now > before,
            None if !new.contains(&key) => closed.push(key),
            None => {}
        }
    }
    let well = now.ran() && !worse && opened == 0 && !matters_more;
    (well && !closed.is_empty()).then_some(closed)
}

/// How much a row matters.
fn level(row: &Row) -> Level {
    consequence::of(row).map_or(Level::Changes, |it| it.level)
}

/// The launcher with each fix of a row that it can have, and the fix in words.
fn fixes(row: &Row, launcher: &Candidate) -> Vec<(String, Candidate)> {
    let wanted = row
        .values
        .iter()
        .find(|(_, who)| who.contains(&0))
        .map(|(value, _)| value);
    let (Some(wanted), Some(record)) = (wanted, consequence::of(row)) else {
        return Vec::new();
    };
    let fits = |fix: &&Fix| {
        wanted.is_known()
            && is_for(fix.launcher, &launcher.spec)
            && Glob::new(fix.wanted).is_ok_and(|it| {
                it.compile_matcher().is_match(wanted.to_string())
            })
    };
    let fixes = record.fixes.iter().filter(fits);
    fixes
        .filter_map(|fix| apply(&fix.change, &row.key, wanted, launcher))
        .collect()
}

/// The engines of containers whose options stand between `run` and an image.
const ENGINES: &[&str] = &["podman", "docker"];

/// Whether a fix is for this launcher.
fn is_for(name: &str, spec: &Spec) -> bool {
    let adapter = spec.adapter.name;
    let program = spec.words.first().and_then(|it| it.rsplit('/').next());
    let is_program = |name: &str| adapter == "cmd" && program == Some(name);
    match name {
        "oci" => ["runc", "crun", "youki", "oci"].contains(&adapter),
        // The options of both are the same.
        "podman" => ENGINES.iter().any(|it| adapter == *it || is_program(it)),
        _ if name == adapter => true,
        _ => is_program(name),
    }
}

fn apply(
    change: &Change,
    key: &str,
    wanted: &Value,
    launcher: &Candidate,
) -> Option<(String, Candidate)> {
    let text = wanted.to_string();
    let words = |it: &[&str]| template::words(it, key, &text);
    let of_words = |shown: String, changed: Vec<String>| {
        let spec = with_words(&launcher.spec, changed);
        (shown, Candidate { spec, patch: launcher.patch.clone() })
    };
    let old = &launcher.spec.words;
    match change {
        Change::Add(added) => {
            let added = words(added)?;
            let at = place_of_option(&launcher.spec);
            let all = [&old[..at], &added, &old[at..]].concat();
            Some(of_words(format!("add {}", shell_words::join(&added)), all))
        }
        Change::Around(around) => {
            let around = words(around)?;
            let all = [&around[..], old].concat();
            let shown =
                format!("put before it: {}", shell_words::join(&around));
            Some(of_words(shown, all))
        }
        Change::Swap(from, to) => {
            let at = old.windows(from.len()).position(|it| it == *from)?;
            let to: Vec<String> =
                to.iter().map(|it| (*it).to_owned()).collect();
            let after = &old[at + from.len()..];
            let all = [&old[..at], &to, after].concat();
            let shown =
                format!("{} in the place of {}", to.join(" "), from.join(" "));
            Some(of_words(shown, all))
        }
        Change::Edit(edits) => edited(edits, key, &text, launcher),
    }
}

fn edited(
    edits: &[Edit],
    key: &str,
    wanted: &str,
    launcher: &Candidate,
) -> Option<(String, Candidate)> {
    let mut config = config(launcher)?;
    let mut added = Vec::new();
    for it in edits {
        for operation in edit::operations(it, key, wanted, &config)? {
            edit::apply(&mut config, &operation)?;
            added.push(operation);
        }
    }
    if added.is_empty() {
        return None;
    }
    let shown = format!("patch config.json: {}", Json::Array(added.clone()));
    let patch = [launcher.patch.clone(), added].concat();
    Some((shown, Candidate { spec: launcher.spec.clone(), patch }))
}

/// Where an option is put among the words of a launcher: before the image of an
/// engine of containers, behind the program of a command line, else first.
fn place_of_option(spec: &Spec) -> usize {
    let program = spec.words.first().and_then(|it| it.rsplit('/').next());
    match spec.adapter.name {
        name if ENGINES.contains(&name) => {
            before_image(&spec.words).unwrap_or(0)
        }
        "cmd" if program.is_some_and(|it| ENGINES.contains(&it)) => {
            before_image(&spec.words[1..]).map_or(1, |it| it + 1)
        }
        "cmd" => 1.min(spec.words.len()),
        _ => 0,
    }
}

/// The same launcher with other words.
fn with_words(spec: &Spec, words: Vec<String>) -> Spec {
    let line = shell_words::join(&words);
    let has_prefix =
        spec.text.trim_start().starts_with(&format!("{}:", spec.adapter.name));
    let text = match has_prefix {
        true => format!("{}: {line}", spec.adapter.name),
        false => line,
    };
    Spec { text, adapter: spec.adapter, words }
}

/// The config.json of a launcher with the fixes so far, if it has one.
fn config(launcher: &Candidate) -> Option<Json> {
    let prepared = launcher.spec.prepare().ok()?;
    let files = (prepared.files)(&[]);
    let text = files.iter().find_map(of_config)?;
    let mut config = serde_json::from_str(text).ok()?;
    for operation in &launcher.patch {
        edit::apply(&mut config, operation)?;
    }
    Some(config)
}

/// The text of the file, if it is a config.json.
fn of_config(file: &PutFile) -> Option<&str> {
    match &file.content {
        Content::Text(text) if file.at.ends_with("config.json") => Some(text),
        _ => None,
    }
}

/// What the launcher does with the fixes so far; nothing where it cannot be
/// made.
fn look(
    launcher: &Candidate,
    conditions: &Conditions<'_>,
) -> Result<Option<Column>> {
    let Ok(prepared) = launcher.spec.prepare() else { return Ok(None) };
    let prepared = patched(prepared, launcher.patch.clone());
    let line = launcher.spec.text.clone();
    twice(line, &prepared, conditions).map(Some)
}

/// The launcher with its config.json patched.
fn patched(prepared: Prepared, patch: Vec<Json>) -> Prepared {
    let files = prepared.files;
    let files = move |arguments: &[String]| {
        let mut files = files(arguments);
        for file in &mut files {
            let config = of_config(file).and_then(|it| {
                let mut config = serde_json::from_str(it).ok()?;
                patch.iter().try_for_each(|it| edit::apply(&mut config, it))?;
                Some(config)
            });
            if let Some(config) = config {
                let config: Json = config;
                file.content = Content::Text(format!("{config:#}\n"));
            }
        }
        files
    };
    Prepared { files: Box::new(files), ..prepared }
}
