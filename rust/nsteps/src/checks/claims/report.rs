//! Reports claims and their outcomes: as text, JSON, and a table of the book.

use super::{Claim, Finding, Verdict};
use crate::checked::{Checked, some};
use crate::checks::check::{Check, count};
use crate::checks::report::{EVIDENCE, Report, Shown, reason, verdict};
use crate::terminal::style::{BAD, FAINT, GOOD, NOTE, PLAIN, REFUTED};
use crate::terminal::text::{Cell, paragraph};
use anstyle::Style;
use harness::found::Found;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::{self, Write};

/// The version of [`Form`]; it grows when a member changes its meaning.
pub const SCHEMA: &str = "nsteps.claims/1";

/// The output of `nsteps claims --json`
#[derive(Serialize, JsonSchema)]
pub struct Form {
    /// The form and its version: `nsteps.claims/1`
    schema: &'static str,
    /// The kernel's name and release, and whether the caller is root.
    machine: String,
    /// How long the checks took, in seconds.
    seconds: f64,
    /// How many claims had which outcome.
    tally: Tally,
    /// One for each claim.
    claims: Vec<ClaimForm>,
}

/// How many claims had which outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Tally {
    /// The number of all claims.
    pub claims: usize,
    /// The number of claims that hold in every case.
    pub hold: usize,
    /// The number of claims that hold in some cases.
    pub only_where: usize,
    /// The number of claims that hold in no case.
    pub refuted: usize,
    /// The number of claims that cannot be checked on this machine.
    pub unavailable: usize,
    /// The number of claims whose check broke.
    pub broken: usize,
    /// The number of checked claims with another verdict than the expected one.
    pub unexpected: usize,
}

/// One claim and its outcome.
#[derive(Serialize, JsonSchema)]
struct ClaimForm {
    /// Its number, from 1.
    number: u8,
    /// The posts that make the claim: `crosby`, `jd`, `mitre`, `tejo`, `cdne`.
    posts: Vec<&'static str>,
    /// The part of the post, in one word.
    topic: &'static str,
    /// The claim, in this project's words.
    sentence: &'static str,
    /// `holds`, `holds only where ...`, `refuted`, `unavailable`, `broken`.
    verdict: String,
    /// The verdict that every machine has to confirm.
    expected: String,
    /// Whether the verdict is the expected one; null if there is none.
    as_expected: Option<bool>,
    /// The reason for the verdict; empty if it needs none.
    because: &'static str,
    /// What the check saw.
    evidence: Vec<String>,
    /// The reason why the check saw nothing; null if it saw something.
    reason: Option<String>,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { claims, hold, only_where, refuted, .. } = self;
        write!(
            f,
            "{claims} claim{}: {hold} hold, {only_where} hold only in part, \
             {refuted} refuted{}{}{}",
            if *claims == 1 { "" } else { "s" },
            some(self.unavailable, "unavailable"),
            some(self.broken, "broken"),
            some(self.unexpected, "not as expected"),
        )
    }
}

impl Shown for &'static Claim {
    type Tally = Tally;
    type Form = Form;

    const HEAD: &'static [&'static str] = &["", "verdict", "claim"];
    const VERBOSE: &'static str = "what was seen, and why it is so";

    fn name(self) -> String {
        format!("{:>2}", self.number)
    }

    fn note(self) -> String {
        self.source()
    }

    fn sentence(self) -> &'static str {
        self.sentence
    }

    fn row(self, found: &Found<Finding>) -> Vec<Cell> {
        let (style, word) = verdict(self, found);
        let word = match found.as_ref().map(Finding::verdict) {
            Ok(Verdict::OnlyWhere(_)) => "holds in part".to_owned(),
            _ => word,
        };
        vec![self.name().into(), Cell::new(style, word), self.sentence.into()]
    }

    fn verdict(self, seen: &Finding) -> (Style, String) {
        let verdict = seen.verdict();
        let style = match verdict {
            Verdict::Holds => GOOD,
            Verdict::OnlyWhere(_) => NOTE,
            Verdict::Refuted => REFUTED,
        };
        (style, verdict.to_string())
    }

    fn evidence(self, out: &mut String, seen: &Finding) {
        for line in &seen.evidence {
            paragraph(out, line, EVIDENCE, 2, FAINT);
        }
        if !self.is_expected(seen) {
            let expected = &self.expected;
            let _ = writeln!(out, "    {BAD}expected: {expected}{BAD:#}");
        } else if !self.because.is_empty() {
            let because = format!("Because {}.", self.because);
            paragraph(out, &because, 4, 0, PLAIN);
        }
    }

    fn tally(outcomes: &[(Self, Found<Finding>)]) -> Tally {
        let Checked { all, unavailable, broken, unexpected, .. } =
            count(outcomes);
        let with = |wanted: fn(&Verdict) -> bool| {
            let seen = outcomes.iter().filter_map(|it| it.1.as_ref().ok());
            seen.filter(|it| wanted(&it.verdict())).count()
        };
        Tally {
            claims: all,
            hold: with(|it| *it == Verdict::Holds),
            only_where: with(|it| matches!(it, Verdict::OnlyWhere(_))),
            refuted: with(|it| *it == Verdict::Refuted),
            unavailable,
            broken,
            unexpected,
        }
    }

    fn form(report: &Report<Self>) -> Form {
        let outcomes = report.outcomes.iter();
        Form {
            schema: SCHEMA,
            machine: report.machine.clone(),
            seconds: report.seconds,
            tally: Self::tally(&report.outcomes),
            claims: outcomes.map(|(it, found)| form(it, found)).collect(),
        }
    }
}

fn form(claim: &'static Claim, found: &Found<Finding>) -> ClaimForm {
    let seen = found.as_ref().ok();
    ClaimForm {
        number: claim.number,
        posts: claim.posts.iter().map(|it| it.key).collect(),
        topic: claim.topic,
        sentence: claim.sentence,
        verdict: verdict(claim, found).1,
        expected: claim.expected.to_string(),
        as_expected: seen.map(|it| claim.is_expected(it)),
        because: claim.because,
        evidence: seen.map(|it| it.evidence.clone()).unwrap_or_default(),
        reason: reason(found).map(str::to_owned),
    }
}

/// The claims and the expected verdicts, as a table for the book. It is the
/// same on every machine.
pub fn markdown(claims: &[&'static Claim]) -> String {
    let mut out =
        "| | where | claim | verdict |\n|--:|---|---|---|\n".to_owned();
    for claim in claims {
        let because = if claim.because.is_empty() {
            String::new()
        } else {
            format!(": {}", cell(claim.because))
        };
        let _ = writeln!(
            out,
            "| {} | {} | {} | **{}**{because} |",
            claim.number,
            cell(&claim.source()),
            cell(claim.sentence),
            cell(&claim.expected.to_string()),
        );
    }
    out
}

/// Escapes a text so that none of its characters ends a cell or begins
/// emphasis.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('_', "\\_")
}

#[cfg(test)]
mod tests {
    use super::super::CLAIMS;
    use super::*;
    use crate::form::json;

    fn report(finding: Finding) -> Report<&'static Claim> {
        Report {
            outcomes: vec![(&CLAIMS[0], Ok(finding))],
            machine: "a machine".to_owned(),
            seconds: 0.0,
        }
    }

    #[test]
    fn an_unexpected_verdict_is_reported() {
        let report = report(Finding::plainly(false).seen("lo is up"));
        for text in [report.summary(None), report.evidence()] {
            let text = anstream::adapter::strip_str(&text).to_string();
            assert!(text.contains("refuted  crosby/network"), "{text}");
            assert!(text.contains("lo is up\n    expected: holds"), "{text}");
            assert!(text.contains("1 not as expected"), "{text}");
        }
        let form = json(&<&Claim>::form(&report));
        assert!(form.contains("\"as_expected\": false"));
    }

    #[test]
    fn what_was_seen_of_an_expected_verdict_is_shown_when_asked_for() {
        let report = report(Finding::plainly(true).seen("lo is down"));
        assert!(report.evidence().contains("lo is down"));
        let summary = report.summary(None);
        assert!(!summary.contains("lo is down"), "{summary}");
        assert!(summary.contains(CLAIMS[0].sentence), "{summary}");
    }

    #[test]
    fn the_table_has_a_row_for_each_claim_and_four_cells_in_each() {
        let claims: Vec<_> = CLAIMS.iter().collect();
        let table = markdown(&claims);
        assert_eq!(table.lines().count(), 2 + CLAIMS.len());
        for line in table.lines() {
            let bars = line.replace("\\|", "").matches('|').count();
            assert_eq!(bars, 5, "{line}");
        }
    }
}
