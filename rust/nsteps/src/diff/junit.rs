//! Writes the report as JUnit's XML: a suite for each pair of launchers, a case
//! for each key.

use super::Report;
use harness::error::{Context, Result};
use harness::host::pids::PidNamespace;
use launchers::matrix::Row;
use launchers::verdict::{Judged, Outcome};
use quick_junit::{
    NonSuccessKind, Report as Document, TestCase, TestCaseStatus, TestSuite,
};
use std::time::Duration;

/// The report as an XML document.
///
/// # Errors
///
/// Fails if a text cannot be written as XML.
pub fn junit(report: &Report) -> Result<String> {
    let mut document = Document::new("nsteps diff");
    document.set_time(Duration::from_secs_f64(report.seconds));
    let ran: Vec<usize> =
        report.verdict.clusters.iter().flatten().copied().collect();
    for (against, launcher) in pairs(report, &ran) {
        document.add_test_suite(pair(report, against, launcher));
    }
    if !report.verdict.faults.is_empty() {
        document.add_test_suite(faults(report));
    }
    if !report.verdict.troubles.is_empty() {
        document.add_test_suite(troubles(report));
    }
    document.to_string().context("write the report as XML")
}

/// The pairs of the first launcher that ran with each other one, and the pairs
/// of a difference that is about another launcher than the first.
fn pairs(report: &Report, ran: &[usize]) -> Vec<(usize, usize)> {
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    if let Some(first) = ran.iter().min() {
        let others = ran.iter().filter(|it| *it != first);
        pairs.extend(others.map(|it| (*first, *it)));
    }
    let cases = report.verdict.differences.iter().flat_map(|it| &it.cases);
    pairs.extend(cases.map(|it| (it.against, it.launcher)));
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

fn pair(report: &Report, against: usize, launcher: usize) -> TestSuite {
    let name = |index: usize| report.launchers[index].name.as_str();
    let title = format!("{} = {}", name(launcher), name(against));
    let mut suite = TestSuite::new(title);
    suite.add_property(("cgroups", report.cgroups.cgroups.name()));
    if let Some(why) = &report.cgroups.why {
        suite.add_property(("cgroups-why", why.as_str()));
    }
    if report.pids == PidNamespace::Callers {
        suite.add_property(("pid-namespace", report.pids.name()));
    }
    for judged in &report.verdict.differences {
        let case = judged
            .cases
            .iter()
            .find(|it| (it.against, it.launcher) == (against, launcher));
        let status = match case {
            Some(case) => {
                let text = report.sentence(judged, launcher, against);
                status(report, judged, case.outcome, &text)
            }
            None if knows(&judged.row, [against, launcher]) => {
                TestCaseStatus::success()
            }
            None => not_compared(),
        };
        suite.add_test_case(TestCase::new(judged.row.title(), status));
    }
    for row in &report.verdict.unknown {
        suite.add_test_case(TestCase::new(row.title(), not_compared()));
    }
    for key in report.verdict.alike.iter().map(|it| &it.key) {
        let status = TestCaseStatus::success();
        suite.add_test_case(TestCase::new(key.as_str(), status));
    }
    suite
}

/// True if both launchers show a value that can be compared.
fn knows(row: &Row, launchers: [usize; 2]) -> bool {
    launchers.iter().all(|it| super::value_of(row, *it).is_known())
}

fn not_compared() -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message("not the same twice under one launcher, or not read");
    status
}

fn status(
    report: &Report,
    judged: &Judged,
    outcome: Outcome,
    text: &str,
) -> TestCaseStatus {
    match outcome {
        Outcome::Failed => {
            let mut status = failure(text);
            status.set_type(judged.level.name());
            status
        }
        Outcome::Waived(index) => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(format!("waived: {}", report.reasons[index]));
            status.set_description(text);
            status
        }
        Outcome::Allowed => {
            let mut status = TestCaseStatus::skipped();
            let level = judged.level.name();
            status.set_message(format!("{level} is not denied"));
            status.set_description(text);
            status
        }
    }
}

/// A case that failed, for this reason.
pub fn failure(text: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_message(text);
    status
}

fn faults(report: &Report) -> TestSuite {
    let mut suite = TestSuite::new("expectations and waivers");
    for fault in &report.verdict.faults {
        let name = fault.launcher.map(|it| &report.launchers[it].name);
        let place = match (&report.file, fault.line) {
            (Some(file), Some(line)) => format!("{file}:{line}: "),
            _ => String::new(),
        };
        let title = match name {
            Some(name) => format!("{} of {name}", fault.key),
            None => fault.key.clone(),
        };
        let text = format!("{place}{}", fault.text);
        suite.add_test_case(TestCase::new(title, failure(&text)));
    }
    suite
}

fn troubles(report: &Report) -> TestSuite {
    let mut suite = TestSuite::new("launchers");
    for trouble in &report.verdict.troubles {
        let mut status = match trouble.is_allowed {
            true => TestCaseStatus::skipped(),
            false => TestCaseStatus::non_success(NonSuccessKind::Error),
        };
        status.set_message(trouble.text.as_str());
        let name = report.launchers[trouble.launcher].name.as_str();
        suite.add_test_case(TestCase::new(name, status));
    }
    suite
}
