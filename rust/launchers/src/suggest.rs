//! Finds changes that make one launcher do as another. Each fix of a record is
//! tried; a fix is kept only if it closes a difference and opens none.

use crate::adapter::Prepared;
use crate::adapter::cmd::is_place;
use crate::adapter::run::before_image;
use crate::consequence::{self, Change, Edit, Fix, Level};
use crate::look::{self, Conditions, TWICE};
use crate::matrix::{Column, Row, Standing, Value, rows_of};
use crate::spec::Spec;
use crate::state::{STATES, State};
use globset::Glob;
use harness::error::Result;
use harness::interrupt;
use harness::sandbox::protocol::{Content, PutFile};
use probe::Observation;
use serde_json::Value as Json;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

mod edit;
mod template;

/// A fix that was tried and works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The change of the launcher, in one line.
    pub change: String,
    /// The keys that differed before and do not differ any more; and those that
    /// still differ but matter less, with both levels.
    pub closes: Vec<String>,
}

/// All fixes that were found for a launcher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestions {
    /// The fixes; each was tried together with those before it.
    pub found: Vec<Suggestion>,
    /// The command line of the launcher with all of them.
    pub line: String,
    /// The patch of its config.json with all of them, in the form of RFC 6902;
    /// `None` for a launcher without such a file.
    pub patch: Option<String>,
    /// The number of differences before the fixes.
    pub before: usize,
    /// The keys that still differ with all fixes.
    pub left: Vec<String>,
    /// True if fixes were left untried, because [`MOST_TRIES`] had been tried.
    pub stopped: bool,
}

impl Suggestions {
    /// How many differences remain, in words.
    pub fn remaining(&self) -> String {
        let (left, before) = (self.left.len(), self.before);
        let stopped = match self.stopped {
            true => format!(
                "; fixes were left untried after the first {MOST_TRIES}"
            ),
            false => String::new(),
        };
        format!("{left} of {before} differences remain{stopped}")
    }
}

/// How many fixes of a launcher are tried at most, so that the search ends in
/// minutes: each is two runs of the launcher in each state.
pub const MOST_TRIES: usize = 400;

/// A launcher with the fixes that have been kept so far.
#[derive(Clone)]
struct Candidate {
    spec: Spec,
    /// The patch of its config.json.
    patch: Vec<Json>,
    /// What starts it, where its adapter does not take that.
    around: Vec<String>,
    /// How many of its last words were put before the payload.
    inside: usize,
}

impl Candidate {
    /// The launcher as it is started, in one line.
    fn line(&self) -> String {
        let text = self.spec.text.clone();
        match self.around.is_empty() {
            true => text,
            false => {
                let around = shell_words::join(&self.around);
                format!("{text}, started by {around}")
            }
        }
    }
}

/// Tries to make a launcher do as `wanted`.
///
/// # Errors
///
/// Fails if the machine allows no sandbox, or after an interrupt. It is no
/// error if a launcher fails with a fix: that fix is not kept.
pub fn suggest(
    wanted: &Column,
    spec: &Spec,
    column: &Column,
    conditions: &Conditions<'_>,
) -> Result<Suggestions> {
    let mut best = Candidate {
        spec: spec.clone(),
        patch: Vec::new(),
        around: Vec::new(),
        inside: 0,
    };
    let mut shown = column.clone();
    let states = states(wanted);
    let search = Search {
        wanted,
        states,
        conditions,
        tries: Cell::new(0),
        unsteady: RefCell::default(),
    };
    let mut found = Vec::new();
    let mut tried = BTreeSet::new();
    // A fix may be possible only after another one.
    loop {
        let count = found.len();
        // A namespace decides what else can be closed.
        let mut rows: Vec<Row> =
            differing(wanted, &shown).into_values().collect();
        rows.sort_by_key(|it| !it.key.starts_with("ns."));
        for row in rows {
            for (change, candidate) in search.fixes(&row, &best) {
                if !tried.insert((change.clone(), found.len())) {
                    continue;
                }
                let kept = search.of(change, candidate, &shown)?;
                let Some((suggestion, candidate, now)) = kept else {
                    continue;
                };
                found.push(suggestion);
                (best, shown) = (candidate, now);
                break;
            }
        }
        if found.len() == count {
            break;
        }
    }
    let steady = |column: &Column| -> Vec<String> {
        let rows = differing(wanted, column).into_iter();
        rows.filter(|(_, row)| !search.is_unsteady(&row.key))
            .map(|(name, _)| name)
            .collect()
    };
    Ok(Suggestions {
        found,
        line: best.line(),
        patch: (!best.patch.is_empty())
            .then(|| Json::Array(best.patch.clone()).to_string()),
        before: steady(column).len(),
        left: steady(&shown),
        stopped: search.tries.get() > MOST_TRIES,
    })
}

/// What fixes are held against, and how they are tried.
struct Search<'a> {
    wanted: &'a Column,
    states: Vec<&'static State>,
    conditions: &'a Conditions<'a>,
    /// How many fixes were tried, or would have been.
    tries: Cell<usize>,
    /// The keys that the launcher does not show in the same way every time.
    unsteady: RefCell<BTreeSet<String>>,
}

/// How many more fixes are tried with one that closes a difference and opens
/// another one.
const MORE: usize = 8;

/// A fix that works, the launcher with it, and what it does.
type Kept = (Suggestion, Candidate, Column);

impl Search<'_> {
    /// Tries a fix. What it opens may be closed by another one: then both are
    /// one suggestion.
    fn of(
        &self,
        change: String,
        candidate: Candidate,
        shown: &Column,
    ) -> Result<Option<Kept>> {
        let (mut change, mut candidate) = (change, candidate);
        let Some(mut now) = self.look(&change, &candidate)? else {
            return Ok(None);
        };
        if self.is_doubtful(shown, &now)
            && let Some(again) = self.look(&change, &candidate)?
        {
            self.learn(shown, &now, &again);
            now = again;
        }
        let mut tries = MORE;
        loop {
            if let Some(closes) = self.closed(shown, &now) {
                let suggestion = Suggestion { change, closes };
                return Ok(Some((suggestion, candidate, now)));
            }
            let opened = self.opened(shown, &now);
            if !now.ran() || opened.is_empty() {
                return Ok(None);
            }
            let Some((more, next, then)) =
                self.another(&opened, &candidate, shown, &mut tries)?
            else {
                return Ok(None);
            };
            change = format!("{change}; and {more}");
            (candidate, now) = (next, then);
        }
    }

    /// Whether a fix is looked at again before it is rejected: the launcher ran
    /// once and another time it did not, a row that agreed before is not the
    /// same twice, or there is one such row.
    fn is_doubtful(&self, shown: &Column, now: &Column) -> bool {
        let opened = self.opened(shown, now);
        let is_unsteady = |it: &Value| matches!(it, Value::Unstable(_));
        is_unsteady(&now.probe_ran)
            || opened.len() == 1
            || opened
                .iter()
                .any(|row| row.values.iter().any(|(it, _)| is_unsteady(it)))
    }

    /// Learns which keys the launcher does not show in the same way every time,
    /// from two observations of one launcher: that they agreed before was
    /// chance, and no fix is to blame.
    fn learn(&self, shown: &Column, one: &Column, other: &Column) {
        for row in self.opened(shown, one) {
            let same = one.in_states().all(|it| {
                other.in_state(it.state).is_some_and(|other| {
                    let value = it.value(&row.key);
                    value.is_known() && value == other.value(&row.key)
                })
            });
            if !same && one.ran() && other.ran() {
                self.unsteady.borrow_mut().insert(row.key);
            }
        }
    }

    /// The rows that agreed before and do not now.
    fn opened(&self, before: &Column, now: &Column) -> Vec<Row> {
        let mut rows = opened(self.wanted, before, now);
        rows.retain(|it| !self.is_unsteady(&it.key));
        rows
    }

    /// The keys that differed before and agree now, and those that matter less;
    /// `None` if there are none, or if another key does not agree any more or
    /// matters more.
    fn closed(&self, before: &Column, now: &Column) -> Option<Vec<String>> {
        let wanted = self.wanted;
        let worse = now.disagreements.len() > before.disagreements.len();
        let levels = |column: &Column| -> BTreeMap<String, Level> {
            let rows = differing(wanted, column).into_iter();
            rows.filter(|(_, it)| !self.is_unsteady(&it.key))
                .map(|(name, it)| (name, level(&it)))
                .collect()
        };
        let (differed, differ) = (levels(before), levels(now));
        let agrees_not = |it: &Row| it.standing != Standing::Agrees;
        let new = by_name(wanted, now, agrees_not);
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
                None if !new.contains_key(&key) => closed.push(key),
                None => {}
            }
        }
        let ran_before = before.in_states().filter(|it| it.ran()).count();
        let ran = now.in_states().filter(|it| it.ran()).count() >= ran_before;
        let opens = !self.opened(before, now).is_empty();
        let well = now.ran() && ran && !worse && !opens && !matters_more;
        (well && !closed.is_empty()).then_some(closed)
    }

    /// Whether the launcher does not show a key in the same way every time.
    fn is_unsteady(&self, key: &str) -> bool {
        self.unsteady.borrow().contains(key)
    }

    /// The first fix with which fewer rows are open than these.
    fn another(
        &self,
        opened_now: &[Row],
        candidate: &Candidate,
        shown: &Column,
        tries: &mut usize,
    ) -> Result<Option<(String, Candidate, Column)>> {
        for row in opened_now {
            for (more, next) in self.fixes(row, candidate) {
                if *tries == 0 {
                    return Ok(None);
                }
                *tries -= 1;
                let Some(then) = self.look(&more, &next)? else { continue };
                let opened = self.opened(shown, &then);
                if then.ran() && opened.len() < opened_now.len() {
                    return Ok(Some((more, next, then)));
                }
            }
        }
        Ok(None)
    }

    /// The launcher with each fix of a row that it can have, and the fix in
    /// words. What the payload of the other launcher has read says it where the
    /// words of a change do not, and where that launcher changes nothing.
    fn fixes(
        &self,
        row: &Row,
        launcher: &Candidate,
    ) -> Vec<(String, Candidate)> {
        let shown =
            row.values.iter().find(|(_, launchers)| launchers.contains(&0));
        let (Some((wanted, _)), Some(record)) = (shown, consequence::of(row))
        else {
            return Vec::new();
        };
        if !wanted.is_known() {
            return Vec::new();
        }
        let payload = self.wanted.payload.as_ref();
        let mut texts = vec![wanted.to_string()];
        let read = match row.key.as_str() {
            ORDER => payload.and_then(variables),
            key => payload.and_then(|it| it.value(key)).map(str::to_owned),
        };
        texts.extend(read);
        let mut found: Vec<(String, Candidate)> = Vec::new();
        for text in texts {
            let fits = |fix: &&Fix| {
                is_for(fix, &launcher.spec)
                    && Glob::new(fix.wanted)
                        .is_ok_and(|it| it.compile_matcher().is_match(&text))
            };
            for fix in record.fixes.iter().filter(fits) {
                let made = apply(&fix.change, &row.key, &text, launcher);
                found.extend(made.filter(|(change, _)| {
                    found.iter().all(|(other, _)| other != change)
                }));
            }
        }
        found
    }

    /// What the launcher does with the fixes so far, in each state; nothing
    /// where it cannot be made, or after too many tries. A terminal shows the
    /// last change.
    fn look(
        &self,
        change: &str,
        launcher: &Candidate,
    ) -> Result<Option<Column>> {
        interrupt::check()?;
        self.tries.set(self.tries.get() + 1);
        if self.tries.get() > MOST_TRIES {
            return Ok(None);
        }
        let Ok(prepared) = launcher.spec.prepare() else { return Ok(None) };
        let prepared = patched(prepared, launcher);
        let name = format!("fix {}: {change}", self.tries.get());
        let looked = [(name.as_str(), &prepared)];
        let columns = look::all(&looked, &self.states, TWICE, self.conditions)?;
        Ok(columns.into_iter().next())
    }
}

/// The key of the order of the variables.
const ORDER: &str = "environment.order";

/// The variables of a payload in their order, one in a line; nothing if a value
/// could not be read, or is not the only one of its name.
fn variables(payload: &Observation) -> Option<String> {
    let assigned = |name: &str| {
        let value = payload.value(&format!("env.{name}"))?;
        (!value.contains('\n')).then(|| format!("{name}={value}"))
    };
    let names: Vec<&str> = payload.value(ORDER)?.split(' ').collect();
    let lines: Option<Vec<String>> =
        names.iter().map(|it| assigned(it)).collect();
    let lines = lines?;
    let different: BTreeSet<&String> = lines.iter().collect();
    (different.len() == lines.len()).then(|| lines.join("\n"))
}

/// The states in which a launcher was looked at.
fn states(column: &Column) -> Vec<&'static State> {
    let names: Vec<&str> = column.in_states().map(|it| it.state).collect();
    STATES.iter().filter(|it| names.contains(&it.name)).collect()
}

/// The rows in which two launchers do not agree, each by its key. A row of
/// another state than the first one is there if the key does not differ in that,
/// and its name says which state it is of.
fn differing(wanted: &Column, column: &Column) -> BTreeMap<String, Row> {
    by_name(wanted, column, |it| it.standing == Standing::Differs)
}

fn by_name(
    wanted: &Column,
    column: &Column,
    is_wanted: impl Fn(&Row) -> bool,
) -> BTreeMap<String, Row> {
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    for (index, of) in wanted.in_states().enumerate() {
        let Some(it) = column.in_state(of.state) else { continue };
        for row in rows_of(&[(0, of), (1, it)]) {
            if !is_wanted(&row) || rows.contains_key(&row.key) {
                continue;
            }
            let name = match index {
                0 => row.key.clone(),
                _ => format!("{} (in {})", row.key, of.state),
            };
            rows.insert(name, row);
        }
    }
    rows
}

/// The rows that agreed before and do not now.
fn opened(wanted: &Column, before: &Column, now: &Column) -> Vec<Row> {
    let agrees_not = |it: &Row| it.standing != Standing::Agrees;
    let old = by_name(wanted, before, agrees_not);
    let mut new = by_name(wanted, now, agrees_not);
    new.retain(|name, _| !old.contains_key(name));
    new.into_values().collect()
}

/// How much the difference of a row matters.
fn level(row: &Row) -> Level {
    consequence::of(row).map_or(Level::Changes, |it| it.level)
}

/// The engines of containers whose options stand between `run` and an image.
const ENGINES: &[&str] = &["podman", "docker"];

/// Whether a fix is for this launcher. What is put around a command line can be
/// put around bwrap and firejail, which hand on what they are started with.
fn is_for(fix: &Fix, spec: &Spec) -> bool {
    let (name, adapter) = (fix.launcher, spec.adapter.name);
    if matches!(fix.change, Change::Around(_)) && name == "cmd" {
        return ["cmd", "bwrap", "firejail"].contains(&adapter);
    }
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
    wanted: &str,
    launcher: &Candidate,
) -> Option<(String, Candidate)> {
    let words = |it: &[&str]| template::words(it, key, wanted);
    let of_words = |shown: String, changed: Vec<String>| {
        let spec = with_words(&launcher.spec, changed);
        (shown, Candidate { spec, ..launcher.clone() })
    };
    let old = &launcher.spec.words;
    match change {
        Change::Add(added) => {
            let added = words(added)?;
            if old.windows(added.len()).any(|it| it == added) {
                return None;
            }
            let at = place_of_option(&launcher.spec);
            let all = [&old[..at], &added, &old[at..]].concat();
            Some(of_words(format!("add {}", shell_words::join(&added)), all))
        }
        Change::First(added) => {
            let added = words(added)?;
            if old.windows(added.len()).any(|it| it == added) {
                return None;
            }
            let all = [&added, &old[..]].concat();
            let shown = format!("add first {}", shell_words::join(&added));
            Some(of_words(shown, all))
        }
        Change::All(changes) => {
            let mut shown = Vec::new();
            let mut made = launcher.clone();
            for it in *changes {
                let (change, next) = apply(it, key, wanted, &made)?;
                shown.push(change);
                made = next;
            }
            Some((shown.join("; and "), made))
        }
        Change::Around(around) => {
            let around = words(around)?;
            if launcher.around.starts_with(&around) {
                return None;
            }
            let shown =
                format!("put before it: {}", shell_words::join(&around));
            if launcher.spec.adapter.name == "cmd" {
                return Some(of_words(shown, [&around[..], old].concat()));
            }
            let around = [&around[..], &launcher.around].concat();
            Some((shown, Candidate { around, ..launcher.clone() }))
        }
        Change::Inside(_) | Change::Before(_) => {
            // Where the line says where its payload is, that stays so.
            if old.iter().any(|it| is_place(it)) {
                return None;
            }
            let inside = words(&change.inside()?)?;
            // What needs privileges stands before what takes them away.
            let at = match inside[0].as_str() {
                "setpriv" => old.len(),
                _ => old.len() - launcher.inside,
            };
            let all = [&old[..at], &inside, &old[at..]].concat();
            let count = launcher.inside + inside.len();
            let shown = format!(
                "put before the payload: {}",
                shell_words::join(&inside)
            );
            let (shown, made) = of_words(shown, all);
            Some((shown, Candidate { inside: count, ..made }))
        }
        Change::Swap(from, to) => {
            let from = words(from)?;
            let at = old.windows(from.len()).position(|it| *it == from)?;
            let to = words(to)?;
            let after = &old[at + from.len()..];
            let all = [&old[..at], &to, after].concat();
            let shown = match to.is_empty() {
                true => format!("leave out {}", from.join(" ")),
                false => {
                    format!(
                        "{} in the place of {}",
                        to.join(" "),
                        from.join(" ")
                    )
                }
            };
            Some(of_words(shown, all))
        }
        Change::Edit(edits) => edited(edits, key, wanted, launcher),
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
    Some((shown, Candidate { patch, ..launcher.clone() }))
}

/// Where an option is added among the words of a launcher: before the image of
/// an engine of containers; the mounts of bwrap are made in the order of its
/// options, and a runtime of the OCI takes those of its command `run` behind the
/// bundle.
fn place_of_option(spec: &Spec) -> usize {
    let all = spec.words.len();
    let program = spec.words.first().and_then(|it| it.rsplit('/').next());
    match spec.adapter.name {
        "bwrap" | "runc" | "crun" | "youki" | "oci" => all,
        name if ENGINES.contains(&name) => {
            before_image(&spec.words).unwrap_or(0)
        }
        "cmd" if program.is_some_and(|it| ENGINES.contains(&it)) => {
            before_image(&spec.words[1..]).map_or(1, |it| it + 1)
        }
        "cmd" => 1.min(all),
        _ => 0,
    }
}

/// The launcher with other words.
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

/// The text of the file, if the file is a config.json.
fn of_config(file: &PutFile) -> Option<&str> {
    match &file.content {
        Content::Text(text) if file.at.ends_with("config.json") => Some(text),
        _ => None,
    }
}

/// The launcher with its config.json patched, and with what starts it.
fn patched(prepared: Prepared, launcher: &Candidate) -> Prepared {
    let (files, argv) = (prepared.files, prepared.argv);
    let patch = launcher.patch.clone();
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
    let around = launcher.around.clone();
    let argv =
        move |arguments: &[String]| [around.clone(), argv(arguments)].concat();
    Prepared { files: Box::new(files), argv: Box::new(argv), ..prepared }
}
