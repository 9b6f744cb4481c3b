//! The cases of the tables beside this file: what launchers do was found out by
//! hand, with other programs, and is held against what `nsteps diff` says.

pub mod bundle;
pub mod closable;
pub mod page;

use crate::availability::{not_set_up, unavailable};
use crate::reported::reported;
use bundle::{Bundle, Edit};
use globset::Glob;
use harness::found::NEEDS_ROOT;
use harness::host::layout::Layout;
use harness::scenario::Identity;
use launchers::adapter::find;
use launchers::consequence::Level;
use launchers::state::STATES;
use libtest_mimic::{Completion, Failed};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex, OnceLock};

/// The runtimes of the OCI, each around the bundle of a case: the launchers of a
/// case that names none.
pub const RUNTIMES: [&str; 4] =
    ["runc:BUNDLE", "runc-1.4:BUNDLE", "crun:BUNDLE", "youki:BUNDLE"];

/// Launchers that `make setup` does not install: where one is missing, a case is
/// left out even under MUST_RUN=1.
const EXTRA: &[&str] = &[
    "FETCHED",
    "runc-1.4",
    "youki",
    "bwrap-0.11",
    "firejail",
    "systemd-nspawn",
    "python3",
    "script",
];

/// The level of a case in which a launcher refuses: that is no difference of a
/// key, and has the status 2.
const DID_NOT_RUN: &str = "did not run";

/// A report, or why the machine does not allow one.
type Reported = Result<Arc<Value>, String>;

/// The reports of the cases so far, by what was compared.
static REPORTS: LazyLock<Mutex<BTreeMap<String, Arc<OnceLock<Made>>>>> =
    LazyLock::new(Mutex::default);

/// A report, or what failed.
type Made = Result<Reported, String>;

/// A table of cases.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    case: Vec<Case>,
}

/// A word that a file of the kernel has where a case can be shown.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Needs {
    file: String,
    word: String,
    /// The same in words.
    pub what: String,
}

/// What launchers do under the same conditions.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Its name, which is that of its trial.
    pub id: String,
    /// Its numbers where it was found: `difference` in the list of differences,
    /// `check` in that of commands.
    #[serde(default)]
    difference: Option<String>,
    #[serde(default)]
    check: Option<String>,
    /// The public reports that tell of it.
    #[serde(default)]
    pub report: Option<String>,
    /// What differs, in a few words.
    pub title: String,
    /// The launchers; `BUNDLE`, `OTHER`, `ROOT` and `FETCHED` are replaced.
    #[serde(default)]
    pub launchers: Vec<String>,
    /// What differs from the configuration that all bundles have.
    #[serde(default)]
    pub edit: Vec<Edit>,
    /// The same for a second bundle.
    #[serde(default)]
    pub other: Vec<Edit>,
    /// A script of the shell, run in the root file system of each bundle.
    #[serde(default)]
    pub rootfs: String,
    /// The state in which the launchers are started.
    #[serde(default)]
    pub state: Option<String>,
    /// Options of `nsteps diff`.
    #[serde(default)]
    pub options: Vec<String>,
    /// The key that names the difference.
    #[serde(default)]
    pub key: String,
    /// What each launcher shows under it, as a glob; `unchanged`, `varies`
    /// and `refused (STATUS): WORDS` stand for what is no value; the status `*`
    /// is any.
    #[serde(default)]
    pub shows: Vec<String>,
    /// The level of the difference; `none`, or `did not run` where a launcher
    /// refuses.
    #[serde(default)]
    pub level: String,
    /// Whether no other key may differ.
    #[serde(default)]
    pub alone: bool,
    /// Whether it needs root, as making a device does.
    #[serde(default)]
    pub root: bool,
    /// What it needs of the kernel.
    #[serde(default)]
    pub needs: Option<Needs>,
    /// Why this machine cannot show it.
    #[serde(default)]
    pub without: Option<String>,
}

/// The cases of a table beside this file.
fn cases(name: &str) -> Vec<Case> {
    let layout = Layout::find().unwrap_or_else(|error| panic!("{error}"));
    let path = layout.root().join("rust/nsteps/tests/truth").join(name);
    let text = fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let table: Table =
        toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut ids = BTreeSet::new();
    for case in &table.case {
        assert!(ids.insert(&case.id), "{name}: {} is there twice", case.id);
        case.check();
    }
    table.case
}

/// What was found to differ between launchers, and how each was checked.
pub fn differences() -> Vec<Case> {
    cases("differences.toml")
}

/// What users reported of launchers in public.
pub fn reports() -> Vec<Case> {
    cases("reports.toml")
}

/// The caller's PATH, and behind it what `fetch.sh` has installed.
fn path_with_fetched(layout: &Layout) -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    let fetched = layout.programs().join("launchers/path");
    format!("{path}:{}", fetched.display())
}

/// Runs `nsteps diff`, and gives its report; a reason where the machine does not
/// allow it.
pub fn diff(
    options: &[String],
    launchers: &[String],
) -> Result<Result<Value, String>, Failed> {
    let layout = Layout::find().map_err(|it| it.message)?;
    let output = Command::new(layout.programs().join("bin/nsteps"))
        .args(["diff", "--json"])
        .args(options)
        .args(launchers)
        .env("PATH", path_with_fetched(&layout))
        .stdin(Stdio::null())
        .output()?;
    reported(&output)
}

/// The directory of the launchers that `fetch.sh` installs.
fn fetched() -> Option<String> {
    let layout = Layout::find().ok()?;
    Some(layout.programs().join("launchers").display().to_string())
}

/// A runtime of the OCI around a bundle, by the name of the cases; none if it is
/// not here.
pub fn around(runtime: &str, bundle: &str) -> Option<String> {
    let program = Path::new(&fetched()?).join(runtime);
    if program.exists() {
        return Some(format!("oci:{}:{bundle}", program.display()));
    }
    find(runtime).is_ok().then(|| format!("{runtime}:{bundle}"))
}

/// What a launcher shows under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Shown {
    /// A change, in words.
    Value(String),
    Unchanged,
    /// It is not the same twice.
    Varies,
    /// It is in no row.
    NotObserved,
}

/// The rows of a report: those that differ, with their levels, and the others.
fn rows(report: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let of = |list: &'static str| report[list].as_array().into_iter().flatten();
    let differing = of("differences")
        .map(|it| (it["level"].as_str().unwrap_or("?"), &it["row"]));
    let others = of("unknown").chain(of("alike")).map(|it| ("none", it));
    differing.chain(others)
}

/// What a launcher shows under a key, in words: a change, a reason, or what is
/// not the same twice; none where it shows no change or the key is in no row.
pub fn value_of(report: &Value, key: &str, launcher: usize) -> Option<String> {
    let of_key = rows(report).filter(|(_, row)| row["key"] == key);
    let mut shown = of_key.filter_map(|(_, row)| value_in(row, launcher));
    shown.next()?["value"].as_str().map(str::to_owned)
}

/// What a launcher shows in a row; none if the row is not about it.
fn shown_in(row: &Value, launcher: usize) -> Option<Shown> {
    let value = value_in(row, launcher)?;
    let words = value["value"].as_str().unwrap_or("").to_owned();
    Some(match value["kind"].as_str() {
        Some("unchanged") => Shown::Unchanged,
        Some("unstable") => Shown::Varies,
        Some("changed") => Shown::Value(words),
        Some("not read") => Shown::Value(format!("not read: {words}")),
        _ => Shown::NotObserved,
    })
}

/// The value of a launcher in a row, with its kind; none if the row is not about
/// it.
fn value_in(row: &Value, launcher: usize) -> Option<&Value> {
    let mut values = row["values"].as_array().into_iter().flatten();
    values.find(|it| {
        let mut launchers = it["launchers"].as_array().into_iter().flatten();
        launchers.any(|it| *it == json!(launcher))
    })
}

impl Case {
    /// The launchers, those of a case that names none included.
    pub fn launchers(&self) -> Vec<String> {
        match self.launchers.is_empty() {
            true => RUNTIMES.map(str::to_owned).to_vec(),
            false => self.launchers.clone(),
        }
    }

    /// Panics where the table itself is wrong.
    fn check(&self) {
        let id = &self.id;
        let is_id = |it: char| it.is_ascii_alphanumeric() || "_.".contains(it);
        assert!(id.chars().all(is_id), "{id}: no id");
        if self.without.is_some() {
            return;
        }
        let count = self.launchers().len();
        assert_eq!(self.shows.len(), count, "{id}: a value for each launcher");
        let refuses = self.shows.iter().any(|it| refusal(it).is_some());
        assert_eq!(refuses, self.level == DID_NOT_RUN, "{id}: level");
        if refuses {
            return;
        }
        assert!(
            self.level == "none" || Level::named(&self.level).is_some(),
            "{id}: level {}",
            self.level
        );
        if let Some(state) = &self.state {
            assert!(STATES.iter().any(|it| it.name == state), "{id}: {state}");
        }
        for shows in &self.shows {
            assert!(Glob::new(shows).is_ok(), "{id}: {shows}");
        }
        // Where all must show the same, nothing differs.
        let first = &self.shows[0];
        let mut known = self.shows.iter().filter(|it| *it != "varies");
        let differs = known.any(|it| it != first || it.contains('*'));
        assert_eq!(differs, self.level != "none", "{id}: level and values");
    }

    /// Runs the launchers and holds what is said of them against the case.
    pub fn is_as_found_out(&self) -> Result<Completion, Failed> {
        if let Some(reason) = &self.without {
            return Ok(Completion::ignored_with(reason.clone()));
        }
        if let Some(Needs { file, word, what }) = &self.needs {
            let text = fs::read_to_string(file).unwrap_or_default();
            if !text.contains(word) {
                return Ok(Completion::ignored_with(format!("needs {what}")));
            }
        }
        let is_user = Identity::natural() == Identity::User;
        let needs_bundle = |it: &String| {
            ["BUNDLE", "OTHER", "ROOT"].iter().any(|word| it.contains(word))
        };
        let all = self.launchers();
        if is_user && (self.root || all.iter().any(needs_bundle)) {
            return unavailable(NEEDS_ROOT);
        }
        let bundle = Bundle::new(&self.edit, &self.rootfs)?;
        let other = Bundle::new(&self.other, &self.rootfs)?;
        let (mut launchers, mut shows) = (Vec::new(), Vec::new());
        for (launcher, want) in all.iter().zip(&self.shows) {
            if let Some(it) = made(launcher, &bundle, &other) {
                launchers.push(it);
                shows.push(want);
            }
        }
        if launchers.len() < all.len().min(2) {
            return left_out("a launcher of the case is not here", &all);
        }
        let report = match self.report(&launchers)? {
            Ok(report) => report,
            Err(reason) => return unavailable(&reason),
        };
        for launcher in report["launchers"].as_array().into_iter().flatten() {
            let why = launcher["did_not_run"].as_str().unwrap_or("");
            if why.contains("is not in PATH") || why.starts_with("there is no ")
            {
                return left_out(why, &all);
            }
        }
        self.judged(&report, &shows, launchers.len() == all.len())
    }

    /// What `nsteps diff` says; once for all cases with the same launchers under
    /// the same conditions.
    fn report(&self, launchers: &[String]) -> Result<Reported, Failed> {
        let Case { edit, other, rootfs, .. } = self;
        let (options, all) = (self.options(), self.launchers());
        let like = format!("{options:?} {all:?} {edit:?} {other:?} {rootfs:?}");
        let once = {
            let mut reports = REPORTS.lock().map_err(|_| "a trial panicked")?;
            Arc::clone(reports.entry(like).or_default())
        };
        let made = once.get_or_init(|| {
            diff(&options, launchers)
                .map(|it| it.map(Arc::new))
                .map_err(|it| it.message().unwrap_or("it failed").to_owned())
        });
        made.clone().map_err(Failed::from)
    }

    /// The options of `nsteps diff`.
    fn options(&self) -> Vec<String> {
        let mut options = self.options.clone();
        // Whether a launcher runs is a difference only beside another state.
        let plain = (self.key == "ran").then_some("plain");
        for state in plain.into_iter().chain(self.state.as_deref()) {
            options.extend(["--state".to_owned(), state.to_owned()]);
        }
        // Only a second look shows what is not the same twice.
        if !self.shows.iter().any(|it| it == "varies") {
            options.push("--repeat=1".to_owned());
        }
        options
    }

    fn judged(
        &self,
        report: &Value,
        shows: &[&String],
        all_here: bool,
    ) -> Result<Completion, Failed> {
        let mut wrong = String::new();
        let state = self.state.as_deref().unwrap_or("plain");
        for (launcher, want) in shows.iter().enumerate() {
            let shown = self.shown(report, launcher, state);
            let it = &report["launchers"][launcher];
            if !is_right(want, &shown, it) {
                let (name, said) = (&it["name"], &it["said"]);
                let _ = writeln!(
                    wrong,
                    "{name}: {} must be {want}, and is {shown:?} (said: {said})",
                    self.key
                );
            }
        }
        let levels: Vec<&str> = rows(report)
            .filter(|(level, row)| {
                *level != "none" && self.is_about(row, state)
            })
            .map(|(level, _)| level)
            .collect();
        let judged = match self.level == DID_NOT_RUN {
            // The launchers that refuse may all be missing here.
            true => {
                let refuses = shows.iter().any(|it| refusal(it).is_some());
                !refuses || report["status"] == 2
            }
            false if self.level == "none" => levels.is_empty(),
            false if all_here => levels.contains(&self.level.as_str()),
            false => levels.iter().all(|it| *it == self.level),
        };
        if !judged {
            let _ = writeln!(wrong, "levels {levels:?}, not {:?}", self.level);
        }
        let others = rows(report).filter(|(level, row)| {
            *level != "none" && !self.is_about(row, state)
        });
        if self.alone {
            for (_, row) in others {
                let _ = writeln!(wrong, "{} differs, too", row["key"]);
            }
        }
        if wrong.is_empty() {
            return Ok(Completion::Completed);
        }
        let found = [("difference", &self.difference), ("check", &self.check)];
        for (list, number) in found {
            if let Some(number) = number {
                let _ = writeln!(wrong, "found as {list} {number}");
            }
        }
        Err(wrong.into())
    }

    /// Whether a row is about the key of the case, in this state.
    fn is_about(&self, row: &Value, state: &str) -> bool {
        let mut states = row["state"].as_array().into_iter().flatten();
        row["key"] == *self.key && states.any(|it| it == state)
    }

    fn shown(&self, report: &Value, launcher: usize, state: &str) -> Shown {
        let of_key = rows(report).filter(|(_, row)| self.is_about(row, state));
        let mut shown = of_key.filter_map(|(_, row)| shown_in(row, launcher));
        // A key that no launcher changes has no row.
        shown.next().unwrap_or(Shown::Unchanged)
    }
}

/// The exit status and the words of `refused (STATUS): WORDS`.
fn refusal(want: &str) -> Option<(&str, &str)> {
    want.strip_prefix("refused (")?.split_once("): ")
}

/// Whether a launcher shows what it must.
fn is_right(want: &str, shown: &Shown, launcher: &Value) -> bool {
    if let Some((status, words)) = refusal(want) {
        let said = launcher["said"].as_str().unwrap_or("");
        let pattern = format!("*{words}*");
        return !launcher["did_not_run"].is_null()
            && (status == "*" || launcher["exit"] == status)
            && Glob::new(&pattern)
                .is_ok_and(|it| it.compile_matcher().is_match(said));
    }
    let ran = launcher["did_not_run"].is_null();
    match (want, shown) {
        ("unchanged", shown) => ran && *shown == Shown::Unchanged,
        ("varies", shown) => ran && *shown == Shown::Varies,
        (want, Shown::Value(value)) => {
            Glob::new(want).is_ok_and(|it| it.compile_matcher().is_match(value))
        }
        _ => false,
    }
}

/// A case without a launcher: unavailable, and a failure under MUST_RUN=1 only
/// where the setup installs all of them.
fn left_out(why: &str, launchers: &[String]) -> Result<Completion, Failed> {
    let text = launchers.join(" ");
    match EXTRA.iter().any(|it| text.contains(it) || why.contains(it)) {
        true => not_set_up(why),
        false => unavailable(why),
    }
}

/// A launcher of a table as `nsteps diff` takes it; none if it is not here.
fn made(text: &str, bundle: &Bundle, other: &Bundle) -> Option<String> {
    let (bundle, other) = (bundle.text(), other.text());
    if let Some((runtime, which)) = text.split_once(':')
        && ["BUNDLE", "OTHER"].contains(&which)
    {
        let which = if which == "BUNDLE" { &bundle } else { &other };
        return around(runtime, which);
    }
    let fetched = fetched()?;
    let needs = text.split_whitespace().find_map(|it| {
        let name = it.strip_prefix("FETCHED/")?;
        Some(Path::new(&fetched).join(name))
    });
    if needs.is_some_and(|it| !it.exists()) {
        return None;
    }
    Some(
        text.replace("FETCHED", &fetched)
            .replace("ROOT", &format!("{bundle}/rootfs"))
            .replace("BUNDLE", &bundle)
            .replace("OTHER", &other),
    )
}

/// What a page is made of: the tables, and the launchers that are here.
pub fn versions() -> Result<Vec<String>, Failed> {
    let bundle = Bundle::new(&[], "")?;
    let fetched = fetched().ok_or("there is no target directory")?;
    let mut launchers: Vec<String> = RUNTIMES
        .iter()
        .filter_map(|it| around(it.split(':').next()?, &bundle.text()))
        .collect();
    launchers.extend(["bwrap:", "firejail:", "unshare"].map(str::to_owned));
    launchers.push(format!("nspawn: -D {}/rootfs", bundle.text()));
    let newer = format!("{fetched}/bwrap-0.11");
    if fs::exists(&newer)? {
        launchers.push(newer);
    }
    let report = diff(&[], &launchers)??;
    let version = |it: &Value| Some(it["version"].as_str()?.to_owned());
    let all = report["launchers"].as_array().into_iter().flatten();
    Ok(all.filter_map(version).collect())
}
