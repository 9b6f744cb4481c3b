//! Criterion's figures, in a short form.

use crate::record::file::part;
use harness::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// Criterion's figures for one operation by one peer, in nanoseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Absolute {
    /// The operation and the peer: `OPERATION/PEER`.
    pub name: String,
    /// The smallest of the samples, each of which is a mean.
    pub min: f64,
    /// The median of the samples.
    pub median: f64,
    /// The mean over all times.
    pub mean: f64,
    /// The 95 % interval of the mean.
    pub interval: (f64, f64),
}

/// The content of a benchmark.json of criterion.
#[derive(Deserialize)]
struct Benchmark {
    full_id: String,
}

/// The content of an estimates.json of criterion.
#[derive(Deserialize)]
struct Estimates {
    mean: Estimated,
    median: Estimated,
}

#[derive(Deserialize)]
struct Estimated {
    confidence_interval: Interval,
    point_estimate: f64,
}

#[derive(Deserialize)]
struct Interval {
    lower_bound: f64,
    upper_bound: f64,
}

/// The content of a sample.json of criterion.
#[derive(Deserialize)]
struct Samples {
    iters: Vec<f64>,
    times: Vec<f64>,
}

/// Reads all figures below a directory of criterion, in the order of their
/// names.
///
/// # Errors
///
/// Fails if there are none, or if a file is not what criterion 0.8 writes.
pub fn collect(from: &Path) -> Result<Vec<Absolute>> {
    let mut found = Vec::new();
    walk(from, &mut found)?;
    found.sort_by(|a, b| a.name.cmp(&b.name));
    if found.is_empty() {
        let from = from.display();
        return Err(Error::new(format!("criterion wrote nothing to {from}")));
    }
    Ok(found)
}

fn walk(directory: &Path, found: &mut Vec<Absolute>) -> Result<()> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let below: Vec<PathBuf> =
        entries.map(|it| it.path()).filter(|it| it.is_dir()).collect();
    for path in below {
        if path.ends_with("new") {
            found.push(read(&path)?);
        } else {
            walk(&path, found)?;
        }
    }
    Ok(())
}

fn read(from: &Path) -> Result<Absolute> {
    let missing =
        |name: &str| Error::new(format!("no {}", from.join(name).display()));
    let benchmark: Benchmark = part(&from.join("benchmark.json"))?
        .ok_or_else(|| missing("benchmark.json"))?;
    let estimates: Estimates = part(&from.join("estimates.json"))?
        .ok_or_else(|| missing("estimates.json"))?;
    let samples: Samples = part(&from.join("sample.json"))?
        .ok_or_else(|| missing("sample.json"))?;
    let each = samples.times.iter().zip(&samples.iters);
    let means = each.map(|(time, count)| time / count);
    let interval = estimates.mean.confidence_interval;
    Ok(Absolute {
        name: benchmark.full_id,
        min: means.fold(f64::INFINITY, f64::min),
        median: estimates.median.point_estimate,
        mean: estimates.mean.point_estimate,
        interval: (interval.lower_bound, interval.upper_bound),
    })
}
