//! Writes the report as SARIF 2.1.0: a rule for each key, a result for each
//! difference of two launchers that fails or is waived.

use super::Report;
use launchers::consequence::Level;
use launchers::keys;
use launchers::verdict::Outcome;
use serde::Serialize;
use std::collections::BTreeMap;

/// The SARIF log, which has one run.
#[derive(Serialize)]
pub struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
struct Run {
    tool: Tool,
    invocations: [Invocation; 1],
    results: Vec<Finding>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
struct Driver {
    name: &'static str,
    version: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: String,
    short_description: Message,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    exit_code: u8,
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Message,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    rule_id: String,
    level: &'static str,
    message: Message,
    locations: Vec<Location>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<Suppression>,
}

#[derive(Serialize)]
struct Suppression {
    kind: &'static str,
    justification: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    physical_location: Option<Physical>,
    logical_locations: Vec<Logical>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    region: Region,
}

#[derive(Serialize)]
struct Artifact {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
}

#[derive(Serialize)]
struct Logical {
    name: String,
}

/// The log of a report.
pub fn sarif(report: &Report) -> Log {
    let mut results: Vec<Finding> = report
        .failures()
        .into_iter()
        .map(|it| Finding {
            locations: locations(report, it.launcher, it.line),
            rule_id: it.key,
            level: level(it.level),
            message: Message { text: it.text },
            suppressions: Vec::new(),
        })
        .collect();
    results.extend(waived(report));
    let rules: BTreeMap<String, Rule> =
        results.iter().map(|it| (it.rule_id.clone(), rule(it))).collect();
    Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "nsteps",
                    version: env!("CARGO_PKG_VERSION"),
                    rules: rules.into_values().collect(),
                },
            },
            invocations: [invocation(report)],
            results,
        }],
    }
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Security | Level::Breaks => "error",
        Level::Changes => "warning",
        Level::Cosmetic => "note",
    }
}

fn rule(finding: &Finding) -> Rule {
    let about = keys::about(&finding.rule_id).unwrap_or(&finding.rule_id);
    let short_description = Message { text: about.to_owned() };
    Rule { id: finding.rule_id.clone(), short_description }
}

fn locations(
    report: &Report,
    launcher: Option<usize>,
    line: Option<usize>,
) -> Vec<Location> {
    let physical_location = match (&report.file, line) {
        (Some(file), Some(line)) => Some(Physical {
            artifact_location: Artifact { uri: file.clone() },
            region: Region { start_line: line },
        }),
        _ => None,
    };
    let name = |it: usize| Logical { name: report.launchers[it].name.clone() };
    let logical_locations = launcher.map(name).into_iter().collect();
    vec![Location { physical_location, logical_locations }]
}

fn waived(report: &Report) -> Vec<Finding> {
    let mut findings = Vec::new();
    for judged in &report.verdict.differences {
        for case in &judged.cases {
            let Outcome::Waived(index) = case.outcome else { continue };
            let line = report.launchers[case.launcher].line;
            findings.push(Finding {
                rule_id: judged.row.key.clone(),
                level: level(judged.level),
                message: Message {
                    text: report.sentence(judged, case.launcher, case.against),
                },
                locations: locations(report, Some(case.launcher), line),
                suppressions: vec![Suppression {
                    kind: "external",
                    justification: report.reasons[index].clone(),
                }],
            });
        }
    }
    findings
}

fn invocation(report: &Report) -> Invocation {
    let troubles = report.verdict.troubles.iter();
    let notification = |it: &launchers::verdict::Trouble| Notification {
        level: if it.is_allowed { "note" } else { "error" },
        message: Message {
            text: format!(
                "{}: {}",
                report.launchers[it.launcher].name, it.text
            ),
        },
    };
    Invocation {
        execution_successful: report.verdict.errors() == 0,
        exit_code: report.verdict.status,
        tool_execution_notifications: troubles.map(notification).collect(),
    }
}
