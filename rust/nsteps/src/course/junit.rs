//! The report as JUnit's XML: a suite for each program, a case for each
//! requirement.

use super::Result;
use super::text::{evidence, places};
use crate::diff::junit::failure;
use compare::requirement::judge::{Judged, Verdict};
use harness::error::Context;
use quick_junit::{
    NonSuccessKind, Report as Document, TestCase, TestCaseStatus, TestSuite,
};
use std::time::Duration;

/// The document.
///
/// # Errors
///
/// Fails if a text cannot be put in XML.
pub fn junit(
    results: &[&Result],
    missing: &[&str],
    seconds: f64,
) -> harness::error::Result<String> {
    let mut document = Document::new("nsteps check");
    document.set_time(Duration::from_secs_f64(seconds));
    for result in results {
        document.add_test_suite(suite(result));
    }
    for step in missing {
        let mut suite = TestSuite::new(*step);
        let status = failure("there is no program");
        suite.add_test_case(TestCase::new("program", status));
        document.add_test_suite(suite);
    }
    document.to_string().context("write the report as XML")
}

fn suite(result: &Result) -> TestSuite {
    let mut suite = TestSuite::new(result.step.name);
    match &result.judged {
        Err(why) => {
            suite.add_test_case(TestCase::new("program", not_looked_at(why)));
        }
        Ok(judged) => {
            for it in judged {
                let name = it.requirement.name;
                suite.add_test_case(TestCase::new(name, status(it, result)));
            }
        }
    }
    suite
}

fn status(judged: &Judged, result: &Result) -> TestCaseStatus {
    match &judged.verdict {
        Verdict::Passes => TestCaseStatus::success(),
        Verdict::NotLookedAt(why) => not_looked_at(why),
        Verdict::Fails(mistake, mismatches) => {
            let mut status = failure(&mistake.hint(mismatches));
            status.set_type(judged.requirement.name);
            let mut lines = vec![
                format!("{}: {}", judged.requirement.about, places(mismatches)),
                format!("page: {}", mistake.page(result.step)),
            ];
            lines.extend(evidence(mismatches));
            status.set_description(lines.join("\n"));
            status
        }
    }
}

/// What was not looked at has not passed.
fn not_looked_at(why: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_message(format!("not looked at: {why}"));
    status
}
