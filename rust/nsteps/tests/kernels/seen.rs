//! What the jobs of a guest have found: a cell for the table, and what is not as
//! on the kernel for which the book is written.

use libtest_mimic::Failed;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Every job of `guest-init`, in the order of the columns.
pub const JOBS: &[&str] = &[
    "doctor",
    "facts",
    "compare",
    "compare-user",
    "claims",
    "differences",
    "diff",
    "check",
];

/// What was found on one machine.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// The release of the kernel, as uname(2) has it.
    pub release: String,
    /// The day on which it was booted, as `2026-01-31`.
    pub day: String,
    /// How long the guest ran, in seconds.
    pub seconds: u64,
    /// What each job found, by its name.
    pub jobs: BTreeMap<String, Job>,
    /// The answer to each fact.
    pub facts: BTreeMap<String, String>,
}

/// What one job found.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Its exit status.
    pub status: i32,
    /// The result in a few words.
    pub cell: String,
    /// What is not as it should be, a line each.
    pub others: Vec<String>,
}

impl Seen {
    /// Reads what a guest has written into a directory.
    ///
    /// # Errors
    ///
    /// Fails if a job has written nothing that can be read.
    pub fn read(
        out: &Path,
        jobs: &[&str],
        seconds: u64,
    ) -> Result<Seen, Failed> {
        let release = fs::read_to_string(out.join("release"))?;
        let mut seen = Seen {
            release: release.trim().to_owned(),
            day: launchers::date::Date::today().to_string(),
            seconds,
            jobs: BTreeMap::new(),
            facts: BTreeMap::new(),
        };
        for name in jobs {
            let text = |end: &str| {
                fs::read_to_string(out.join(format!("{name}.{end}")))
                    .unwrap_or_default()
            };
            let status = text("status").trim().parse()?;
            let printed = text("out");
            let (cell, others) = match *name {
                "doctor" => doctor(&printed),
                _ => match serde_json::from_str::<Value>(&printed) {
                    Ok(value) => {
                        if *name == "facts" {
                            seen.facts = answers(&value);
                        }
                        of_json(name, &value)
                    }
                    // It did not get as far as a report.
                    Err(_) => ("no report".to_owned(), errors(&text("err"))),
                },
            };
            let job = Job { status, cell, others };
            seen.jobs.insert((*name).to_owned(), job);
        }
        Ok(seen)
    }
}

type Found = (String, Vec<String>);

fn errors(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

fn of_json(name: &str, report: &Value) -> Found {
    match name {
        "facts" => facts(report),
        "compare" | "compare-user" => compare(report),
        "claims" => claims(report),
        "differences" => differences(report),
        "diff" => diff(report),
        _ => check(report),
    }
}

fn list<'v>(value: &'v Value, member: &str) -> impl Iterator<Item = &'v Value> {
    value[member].as_array().into_iter().flatten()
}

fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value[member].as_str().unwrap_or_default()
}

/// The findings that something is missing.
fn doctor(printed: &str) -> Found {
    let lines = printed.lines();
    let missing: Vec<String> = lines
        .filter_map(|it| it.split_once(" missing "))
        .map(|(_, what)| what.trim().to_owned())
        .collect();
    let cell = match missing.len() {
        0 if printed.is_empty() => "no report".to_owned(),
        0 => "nothing missing".to_owned(),
        count => format!("{count} missing"),
    };
    (cell, missing)
}

fn answers(report: &Value) -> BTreeMap<String, String> {
    list(report, "facts")
        .map(|it| (text(it, "name").to_owned(), text(it, "seen").to_owned()))
        .collect()
}

fn facts(report: &Value) -> Found {
    let all = list(report, "facts").count();
    let others: Vec<String> = list(report, "facts")
        .filter(|it| it["seen"] != it["expected"])
        .map(|it| {
            let [name, seen, expected] =
                ["name", "seen", "expected"].map(|member| text(it, member));
            format!("{name}: {seen}, not {expected}")
        })
        .collect();
    (format!("{} of {all}", all - others.len()), others)
}

fn compare(report: &Value) -> Found {
    let mut others = Vec::new();
    let mut lacking: BTreeMap<&str, usize> = BTreeMap::new();
    for it in list(report, "comparisons") {
        let step = match it["situation"].as_str() {
            Some(situation) => format!("{}:{situation}", text(it, "step")),
            None => text(it, "step").to_owned(),
        };
        let of = format!("{step} {}", text(it, "scenario"));
        for row in list(it, "rows").filter(|it| it["verdict"] == "differs") {
            let groups: Vec<String> = list(row, "groups")
                .map(|group| {
                    let launchers: Vec<&str> = list(group, "launchers")
                        .filter_map(Value::as_str)
                        .collect();
                    let value = group["value"].as_str().unwrap_or("unchanged");
                    format!("{} {value}", launchers.join("+"))
                })
                .collect();
            let key = text(row, "key");
            others.push(format!("{of} {key}: {}", groups.join("; ")));
        }
        for (launcher, why) in it["broken"].as_object().into_iter().flatten() {
            let why = why.as_str().unwrap_or_default();
            others.push(format!("{of} {launcher} broke: {why}"));
        }
        for why in it["unavailable"].as_object().into_iter().flatten() {
            *lacking.entry(why.1.as_str().unwrap_or_default()).or_default() +=
                1;
        }
    }
    let lacking = lacking.into_iter();
    others.extend(
        lacking.map(|(why, count)| {
            format!("{count} trials are not possible: {why}")
        }),
    );
    let stale = list(report, "stale").filter_map(Value::as_str);
    others.extend(stale.map(|it| format!("not needed: {it}")));
    let tally = &report["tally"];
    let number = |member| tally[member].as_u64().unwrap_or(0);
    let mut cell = format!(
        "{} same, {} explained, {} not",
        number("same"),
        number("explained"),
        number("differs") + number("broken")
    );
    if number("unavailable") > 0 {
        cell += &format!(", {} not possible", number("unavailable"));
    }
    (cell, others)
}

fn claims(report: &Value) -> Found {
    let all = list(report, "claims").count();
    let others: Vec<String> = list(report, "claims")
        .filter(|it| it["as_expected"] != true)
        .map(|it| {
            let (number, verdict) = (&it["number"], text(it, "verdict"));
            let why = it["reason"].as_str();
            let why = why.unwrap_or_else(|| text(it, "expected"));
            format!("claim {number}: {verdict}: {why}")
        })
        .collect();
    (format!("{} of {all}", all - others.len()), others)
}

fn differences(report: &Value) -> Found {
    let all = list(report, "differences").count();
    let mut others = Vec::new();
    let mut reproduced = 0;
    for it in list(report, "differences") {
        let (slug, verdict) = (text(it, "slug"), text(it, "verdict"));
        if verdict == "reproduced" {
            reproduced += 1;
        } else if let Some(why) = it["reason"].as_str() {
            others.push(format!("{slug}: {verdict}: {why}"));
        }
        let evidence = list(it, "evidence");
        for one in evidence.filter(|it| it["as_described"] == false) {
            let [case, seen, described] =
                ["case", "seen", "described"].map(|member| text(one, member));
            others.push(format!("{slug}: {case}: {seen}, not {described}"));
        }
    }
    (format!("{reproduced} of {all}"), others)
}

fn diff(report: &Value) -> Found {
    let others: Vec<String> = list(report, "launchers")
        .filter_map(|it| {
            let why = it["did_not_run"].as_str()?;
            let said = it["said"].as_str().unwrap_or_default();
            Some(format!("{} did not run: {why}; {said}", text(it, "run")))
        })
        .collect();
    let rows = list(report, "differences").count();
    let cell = match others.is_empty() {
        true => format!("{rows} rows"),
        false => "did not run".to_owned(),
    };
    (cell, others)
}

fn check(report: &Value) -> Found {
    let all = list(report, "programs").count();
    let mut others = Vec::new();
    let mut done = 0;
    // One reason may be that of every requirement of every step.
    let mut unseen: BTreeMap<&str, usize> = BTreeMap::new();
    for it in list(report, "programs") {
        done += usize::from(it["verdict"] == "done");
        let step = text(it, "step");
        if let Some(why) = it["reason"].as_str() {
            others.push(format!("{step}: {why}"));
        }
        for one in list(it, "requirements") {
            let name = text(one, "name");
            match text(one, "verdict") {
                "passes" => {}
                "fails" => {
                    let hint = text(one, "hint");
                    others.push(format!("{step} {name}: {hint}"));
                }
                _ => *unseen.entry(text(one, "reason")).or_default() += 1,
            }
        }
    }
    let unseen = unseen.into_iter();
    others.extend(unseen.map(|(why, count)| {
        format!("{count} requirements are not looked at: {why}")
    }));
    (format!("{done} of {all} done"), others)
}
