//! Measures everything, and makes a record of it.

use crate::measure::selection::rows;
use crate::measure::{asked, programs};
use crate::record::counted::Counters;
use crate::record::file::part;
use crate::record::stored::{About, Record};
use crate::record::{absolute, curve, outcome};
use harness::error::{Context, Error, Result};
use harness::host::layout::Layout;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Measures everything, the ratios `runs` times, and writes a record. Returns
/// its path.
///
/// # Errors
///
/// Fails if something could not be measured; then the older records are not
/// changed.
pub fn measure(layout: &Layout, runs: usize) -> Result<PathBuf> {
    let short = asked::is_short();
    as_released(layout, short)?;
    // The results are first written here. Criterion's directory is new, so that
    // it contains nothing of an earlier run.
    let unfinished = Unfinished { at: layout.programs().join("bench/report") };
    if !asked::is_resumed() {
        unfinished.clear()?;
    }
    // The longest measurement is the last: an error in the others is seen
    // before.
    unfinished.part(layout, "counters", "counters")?;
    unfinished.part(layout, "growth", "growth")?;
    unfinished.part(layout, "absolute", "absolute")?;
    for number in 1..=runs {
        eprintln!("bench-report: paired, run {number} of {runs}");
        let name = format!("paired-{number}");
        unfinished.part(layout, "paired", &name)?;
        unfinished.complete(layout, &name)?;
    }
    unfinished.record(runs, short)?.write(layout.root())
}

/// Refuses to measure programs that are built in another way than the released
/// ones: with other flags, or without musl.
fn as_released(layout: &Layout, short: bool) -> Result<()> {
    let target = Command::new("./setup.sh")
        .arg("target")
        .current_dir(layout.root())
        .output()
        .context("ask setup.sh for the target of the Rust programs")?;
    let target = String::from_utf8_lossy(&target.stdout).trim().to_owned();
    if !target.contains("musl") && !short {
        return Err(Error::new(format!(
            "the Rust programs would be built for {target}, which starts more \
             slowly: `make setup` installs the musl target, or only try with \
             NSTEPS_BENCH=short"
        )));
    }
    let changed = std::env::vars()
        .map(|(name, _)| name)
        .find(|name| name.starts_with("CARGO_PROFILE_") || name == "RUSTFLAGS");
    match changed {
        Some(name) if !short => Err(Error::new(format!(
            "${name} changes how the programs are built: unset it, or only \
             try with NSTEPS_BENCH=short"
        ))),
        _ => Ok(()),
    }
}

/// The directory of the results until all of them are there.
struct Unfinished {
    at: PathBuf,
}

impl Unfinished {
    fn clear(&self) -> Result<()> {
        if self.at.exists() {
            fs::remove_dir_all(&self.at)
                .context(format_args!("remove {}", self.at.display()))?;
        }
        fs::create_dir_all(&self.at)
            .context(format_args!("make {}", self.at.display()))
    }

    fn criterion(&self) -> PathBuf {
        self.at.join("criterion")
    }

    /// Runs one of the programs in `benches/`.
    fn bench(
        &self,
        layout: &Layout,
        name: &str,
        words: &[String],
    ) -> Result<()> {
        let status = programs::foreign("cargo")
            .args(["bench", "--locked", "-p", "nsteps-bench", "--bench", name])
            .arg("--")
            .args(words)
            .current_dir(layout.root())
            .env("CRITERION_HOME", self.criterion())
            .status()
            .context("run cargo")?;
        match status.success() {
            true => Ok(()),
            false => {
                Err(Error::new(format!("cargo bench --bench {name} failed")))
            }
        }
    }

    /// Runs a program and keeps the file it wrote as `name`, before the next
    /// program writes. Does nothing if an earlier run has done that.
    fn part(&self, layout: &Layout, bench: &str, name: &str) -> Result<()> {
        if self.file(name).exists() {
            eprintln!("bench-report: {name} was measured before");
            return Ok(());
        }
        self.bench(layout, bench, &[])?;
        // Criterion has a directory. The file says that it is complete.
        if bench == "absolute" {
            return fs::write(self.file(name), "{}").context("mark criterion");
        }
        let from = layout.programs().join(format!("bench/{bench}.json"));
        fs::copy(&from, self.file(name))
            .context(format_args!("keep {}", from.display()))?;
        Ok(())
    }

    /// Measures again the rows of a run of `paired` that others disturbed, and
    /// those that it lacks: an interrupted report may be older than they are.
    /// A row that is disturbed again keeps its first figures.
    fn complete(&self, layout: &Layout, name: &str) -> Result<()> {
        let mut run: outcome::Record = self.needed(name)?;
        let is_right = |row: &String| {
            let mut outcomes = run.outcomes.iter();
            outcomes.any(|it| it.name == *row && !it.used.is_too_much())
        };
        let mut words: Vec<String> =
            rows().filter(|it| !is_right(it)).collect();
        if words.is_empty() {
            return Ok(());
        }
        words.push("--exact".to_owned());
        self.bench(layout, "paired", &words)?;
        let from = layout.programs().join("bench/paired.json");
        let more: Option<outcome::Record> = part(&from)?;
        for it in more.into_iter().flat_map(|it| it.outcomes) {
            match run.outcomes.iter().position(|old| old.name == it.name) {
                Some(_) if it.used.is_too_much() => {}
                Some(at) => run.outcomes[at] = it,
                None => run.outcomes.push(it),
            }
        }
        let text = serde_json::to_string_pretty(&run)
            .context("write down the figures")?;
        fs::write(self.file(name), text)
            .context(format_args!("add rows to {name}"))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.at.join(format!("{name}.json"))
    }

    fn needed<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        let from = self.file(name);
        part(&from)?.ok_or_else(|| {
            Error::new(format!("there is no {}", from.display()))
        })
    }

    fn record(&self, runs: usize, short: bool) -> Result<Record> {
        let runs: Vec<outcome::Record> = (1..=runs)
            .map(|number| self.needed(&format!("paired-{number}")))
            .collect::<Result<_>>()?;
        let growth: curve::Record = self.needed("growth")?;
        let counters: Counters = self.needed("counters")?;
        let absolute = absolute::collect(&self.criterion())?;
        let first = runs.first().ok_or_else(|| Error::new("no run"))?;
        let about = about(&first.machine.facts, runs.len(), short)?;
        let machine = std::env::var("MACHINE").ok().filter(|it| !it.is_empty());
        let machine = machine.unwrap_or_else(|| named(&about.machine));
        Ok(Record {
            name: format!("{}-{}", about.date, slug(&machine)),
            about,
            runs,
            growth: Some(growth),
            counters,
            absolute,
        })
    }
}

fn about(
    facts: &BTreeMap<String, String>,
    runs: usize,
    short: bool,
) -> Result<About> {
    let date = Command::new("date").args(["-u", "+%F"]).output();
    let date = date.context("run date")?.stdout;
    let prefix = if short { "NSTEPS_BENCH=short " } else { "" };
    Ok(About {
        date: String::from_utf8_lossy(&date).trim().to_owned(),
        command: format!("{prefix}make bench-report RUNS={runs}"),
        short,
        machine: facts.clone(),
    })
}

/// Names a machine by its processor and its kernel, not by its owner.
fn named(facts: &BTreeMap<String, String>) -> String {
    let fact = |name| facts.get(name).map_or("", String::as_str);
    let release = fact("kernel").split([' ', '-']).next().unwrap_or_default();
    format!("{} linux {release}", fact("cpu"))
}

/// Small letters and digits, with a dash or a point between them.
fn slug(words: &str) -> String {
    let words = words.to_lowercase().replace("(r)", " ").replace("(tm)", " ");
    let keep = |it: char| it.is_ascii_alphanumeric() || it == '.';
    let parts: Vec<&str> = words
        .split(|it| !keep(it))
        .map(|it| it.trim_matches('.'))
        .filter(|it| !it.is_empty())
        .collect();
    parts.join("-")
}

/// A path relative to the top of the repository, for messages.
pub fn shown(path: &Path, root: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_named_by_processor_and_kernel() {
        let facts = [
            ("cpu", "2 x Intel(R) Xeon(R) CPU @ 2.20GHz"),
            ("kernel", "6.1.0-13-amd64 #1 SMP by user@host"),
        ];
        let facts = facts.map(|(name, it)| (name.to_owned(), it.to_owned()));
        let facts = BTreeMap::from(facts);
        let name = slug(&named(&facts));
        assert_eq!(name, "2-x-intel-xeon-cpu-2.20ghz-linux-6.1.0");
    }

    #[test]
    fn a_slug_stays_in_its_directory() {
        assert_eq!(slug("../../etc"), "etc");
        assert_eq!(slug("My machine/2"), "my-machine-2");
    }
}
