//! A record of measurements, kept in the repository: bench/record/DATE-MACHINE.
//!
//! A record is written under another name and renamed when it is complete. An
//! interrupted write therefore loses no earlier record.

use crate::record::absolute::Absolute;
use crate::record::counted::Counters;
use crate::record::curve;
use crate::record::file::part;
use crate::record::outcome::{self, Figures, Outcome};
use crate::record::statistics::{Estimate, sorted};
use crate::rows::PUBLISHED;
use harness::error::{Context, Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Where the records are, from the top of the repository.
pub const RECORDS: &str = "bench/record";

/// A record of measurements: several runs on one machine, on one day.
#[derive(Clone, Debug)]
pub struct Record {
    /// The name of its directory, which begins with its date.
    pub name: String,
    /// How the record was made.
    pub about: About,
    /// Every run of the paired runner, in order.
    pub runs: Vec<outcome::Record>,
    /// How costs grow, if that was measured.
    pub growth: Option<curve::Record>,
    /// The counters, which do not drift from run to run.
    pub counters: Counters,
    /// The figures of criterion, in the order of their names.
    pub absolute: Vec<Absolute>,
}

/// How a record was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The day, as date(1) has it with `+%F`.
    pub date: String,
    /// The command line that made the record.
    pub command: String,
    /// True if it was a short run, whose figures only show that everything
    /// works.
    pub short: bool,
    /// What the figures depend on besides the programs, by name.
    pub machine: BTreeMap<String, String>,
}

/// The names of the files of a record, except those of the runs.
const ABOUT: &str = "machine.json";
const GROWTH: &str = "growth.json";
const COUNTERS: &str = "counters.json";
const ABSOLUTE: &str = "absolute.json";

fn run_file(number: usize) -> String {
    format!("paired-{number}.json")
}

/// A ratio over the rounds of all runs, and its interval.
#[derive(Clone, Copy, Debug)]
pub struct Ratio {
    /// The median over all rounds, with its interval: what to quote.
    pub estimate: Estimate,
    /// The largest of the runs' medians divided by the smallest, minus one.
    pub apart: f64,
}

/// How long a column took in a row, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// The smallest time of all runs.
    pub min: f64,
    /// The median of that run whose median is in the middle.
    pub median: f64,
    /// The 99th percentile of that run whose percentile is in the middle.
    pub p99: f64,
}

impl Record {
    /// The names of the rows, in the order they were measured.
    pub fn rows(&self) -> impl Iterator<Item = &str> {
        let first = self.runs.first().into_iter();
        first.flat_map(|run| &run.outcomes).map(|it| it.name.as_str())
    }

    /// The outcome of a row in each run that measured it.
    pub fn outcomes(&self, row: &str) -> impl Iterator<Item = &Outcome> {
        self.runs
            .iter()
            .filter_map(move |it| it.outcomes.iter().find(|it| it.name == row))
    }

    /// Whether a column was measured in any row of a group.
    pub fn has(&self, group: &str, column: &str) -> bool {
        let rows = self.runs.iter().flat_map(|it| &it.outcomes);
        rows.filter(|it| it.name.split('/').next() == Some(group))
            .any(|it| it.of(column).is_some())
    }

    /// The column of C with which Rust is compared in a row: careful C if it
    /// takes part, else published C.
    pub fn base(&self, row: &str) -> &'static str {
        self.outcomes(row).next().map_or(PUBLISHED, Outcome::base)
    }

    fn figures<'a>(
        &'a self,
        row: &'a str,
        column: &'a str,
    ) -> impl Iterator<Item = &'a Figures> {
        self.outcomes(row).filter_map(move |it| it.of(column))
    }

    /// The times of one column divided by those of another, over all rounds;
    /// `None` if one of them was not measured.
    pub fn ratio(&self, row: &str, column: &str, base: &str) -> Option<Ratio> {
        let runs = self.outcomes(row).filter_map(|it| it.ratios(column, base));
        let runs: Vec<Vec<f64>> = runs.collect();
        let medians = runs.iter().filter_map(|it| Estimate::of(it));
        let medians: Vec<f64> = medians.map(|it| it.median).collect();
        let medians = sorted(&medians);
        Some(Ratio {
            estimate: Estimate::of(&runs.concat())?,
            apart: medians.last()? / medians.first()? - 1.0,
        })
    }

    /// How long a column took in a row; `None` if it was not measured.
    pub fn times(&self, row: &str, column: &str) -> Option<Times> {
        let mut each: Vec<&Figures> = self.figures(row, column).collect();
        each.sort_by(|a, b| a.median.total_cmp(&b.median));
        let middle = each.get(each.len() / 2)?;
        let min = each.iter().map(|it| it.min).fold(f64::INFINITY, f64::min);
        Some(Times { min, median: middle.median, p99: middle.p99 })
    }

    /// The growth curve of that name, if it was measured.
    pub fn curve(&self, name: &str) -> Option<&curve::Curve> {
        self.growth.as_ref()?.curves.iter().find(|it| it.name == name)
    }

    /// Reads the latest record, which is the last by name; `None` if there is
    /// none.
    ///
    /// # Errors
    ///
    /// Fails if a file of it is missing, cannot be read or does not parse.
    pub fn newest(root: &Path) -> Result<Option<Record>> {
        let entries = fs::read_dir(root.join(RECORDS)).into_iter().flatten();
        let directories = entries.flatten().map(|it| it.path());
        let newest =
            directories.filter(|it| it.is_dir() && !is_unfinished(it)).max();
        newest.map(|it| Record::read(&it)).transpose()
    }

    /// Reads the record in the directory `from`.
    ///
    /// # Errors
    ///
    /// Fails if a file of it is missing, cannot be read or does not parse.
    pub fn read(from: &Path) -> Result<Record> {
        let name = from.file_name().unwrap_or_default();
        let mut runs = Vec::new();
        while let Some(run) = part(&from.join(run_file(runs.len() + 1)))? {
            runs.push(run);
        }
        if runs.is_empty() {
            let first = from.join(run_file(1));
            return Err(Error::new(format!("no {}", first.display())));
        }
        let needed =
            |file| move || Error::new(format!("a record without {file}"));
        Ok(Record {
            name: name.to_string_lossy().into_owned(),
            about: part(&from.join(ABOUT))?.ok_or_else(needed(ABOUT))?,
            runs,
            growth: part(&from.join(GROWTH))?,
            counters: part(&from.join(COUNTERS))?
                .ok_or_else(needed(COUNTERS))?,
            absolute: part(&from.join(ABSOLUTE))?
                .ok_or_else(needed(ABSOLUTE))?,
        })
    }

    /// Writes the record below `root`, the top of the repository, in place of
    /// one of the same name. Returns its directory.
    ///
    /// # Errors
    ///
    /// Fails if a file cannot be written or a directory cannot be renamed. An
    /// earlier record of that name is then put back. If even that fails, it is
    /// `.NAME.old`, and the error of the rename is returned.
    pub fn write(&self, root: &Path) -> Result<PathBuf> {
        let records = root.join(RECORDS);
        let to = records.join(&self.name);
        let new = records.join(format!(".{}.new", self.name));
        let old = records.join(format!(".{}.old", self.name));
        for left in [&new, &old] {
            if left.exists() {
                fs::remove_dir_all(left)
                    .context(format_args!("remove {}", left.display()))?;
            }
        }
        fs::create_dir_all(&new)
            .context(format_args!("make {}", new.display()))?;
        put(&new.join(ABOUT), &self.about)?;
        for (number, run) in self.runs.iter().enumerate() {
            put(&new.join(run_file(number + 1)), run)?;
        }
        if let Some(growth) = &self.growth {
            put(&new.join(GROWTH), growth)?;
        }
        put(&new.join(COUNTERS), &self.counters)?;
        put(&new.join(ABSOLUTE), &self.absolute)?;
        let replace = || {
            if to.exists() {
                fs::rename(&to, &old)?;
            }
            fs::rename(&new, &to).inspect_err(|_| {
                let _ = fs::rename(&old, &to);
            })
        };
        replace().context(format_args!("put {} there", to.display()))?;
        // No reader uses it any more. If this fails, the next write removes it.
        let _ = fs::remove_dir_all(&old);
        Ok(to)
    }
}

fn is_unfinished(directory: &Path) -> bool {
    let name = directory.file_name().unwrap_or_default();
    name.to_string_lossy().starts_with('.')
}

fn put(path: &Path, what: &impl Serialize) -> Result<()> {
    let doing = format!("write {}", path.display());
    let mut value = serde_json::to_value(what).context(&doing)?;
    round(&mut value);
    fs::write(path, lines(&value)).context(&doing)
}

/// Rounds every number to five significant digits.
fn round(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            let rounded = number.as_f64().and_then(|it| {
                let text = format!("{it:.4e}");
                serde_json::Number::from_f64(text.parse().ok()?)
            });
            if let Some(rounded) = rounded {
                *number = rounded;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(round),
        Value::Object(values) => values.values_mut().for_each(round),
        _ => {}
    }
}

/// JSON with a line for each element of the outer lists. It is short, and
/// diff(1) shows which element has changed.
fn lines(value: &Value) -> String {
    let list = |values: &[Value]| {
        let each: Vec<String> = values.iter().map(Value::to_string).collect();
        format!("[\n{}\n]", each.join(",\n"))
    };
    let text = match value {
        Value::Array(values) => list(values),
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| match value {
                Value::Array(values) => format!("{name:?}: {}", list(values)),
                Value::Object(fields) => {
                    let each: Vec<String> = fields
                        .iter()
                        .map(|(name, value)| format!("  {name:?}: {value}"))
                        .collect();
                    format!("{name:?}: {{\n{}\n}}", each.join(",\n"))
                }
                other => format!("{name:?}: {other}"),
            };
            let each: Vec<String> = fields.iter().map(field).collect();
            format!("{{\n{}\n}}", each.join(",\n"))
        }
        other => other.to_string(),
    };
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn five_digits_are_kept() {
        let mut value = json!({"a": [1.234_567_8, 123_456.78, 7], "b": "1.5"});
        round(&mut value);
        let kept = json!({"a": [1.2346, 123_460.0, 7], "b": "1.5"});
        assert_eq!(value, kept);
    }

    #[test]
    fn lines_are_the_same_json() {
        let value =
            json!({"list": [{"a": 1}, {"b": 2}], "of": {"c": "d"}, "e": 3});
        let text = lines(&value);
        let again: Value = serde_json::from_str(&text).expect("it is JSON");
        assert_eq!(again, value);
        assert_eq!(text.lines().count(), 10);
    }

    #[test]
    fn what_was_not_finished_is_no_record() {
        assert!(is_unfinished(Path::new("bench/record/.2026-01-01-x.new")));
        assert!(!is_unfinished(Path::new("bench/record/2026-01-01-x")));
    }
}
