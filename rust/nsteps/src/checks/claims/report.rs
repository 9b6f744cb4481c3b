//! The claims and what became of them, as a person, a program and a page read
//! them.  Nothing is decided here but what is expected.

use super::{Claim, Finding, Verdict};
use crate::checked::{Checked, some};
use crate::terminal::style::{BAD, FAINT, GOOD, NOTE, PLAIN, REFUTED, STRONG};
use crate::terminal::text::{Cell, paragraph, table};
use anstyle::Style;
use harness::found::Found;
use harness::found::Refusal;
use serde_json::{Value, json};
use std::fmt::Write;

/// The version of the form [`Report::json`] writes; it grows when a field
/// changes its meaning.
pub const SCHEMA: &str = "nsteps.claims/1";

/// What was found about some claims.
pub struct Report<'a> {
    /// Each with what became of it, in order.
    pub outcomes: &'a [(&'static Claim, Found<Finding>)],
    /// What the machine is, in a few words.
    pub machine: String,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// How many claims ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// With how many another verdict than expected, and why the rest has none.
    pub checked: Checked,
    /// How many sentences hold in every case.
    pub hold: usize,
    /// How many sentences hold in some cases only.
    pub only_where: usize,
    /// How many sentences hold in no case.
    pub refuted: usize,
}

impl Tally {
    /// Counts how the claims ended.
    pub fn of(outcomes: &[(&'static Claim, Found<Finding>)]) -> Tally {
        let mut tally = Tally::default();
        for (claim, found) in outcomes {
            tally.checked.count(found, |it| it.verdict() == claim.expected);
            match found.as_ref().map(Finding::verdict) {
                Ok(Verdict::Holds) => tally.hold += 1,
                Ok(Verdict::OnlyWhere(_)) => tally.only_where += 1,
                Ok(Verdict::Refuted) => tally.refuted += 1,
                Err(_) => {}
            }
        }
        tally
    }

    /// The counts as a JSON object, one member for each.
    pub fn json(&self) -> Value {
        json!({
            "claims": self.checked.all,
            "hold": self.hold,
            "only_where": self.only_where,
            "refuted": self.refuted,
            "unavailable": self.checked.unavailable,
            "broken": self.checked.broken,
            "unexpected": self.checked.unexpected,
        })
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Checked { all, unavailable, broken, unexpected, .. } = self.checked;
        write!(
            f,
            "{all} claim{}: {} hold, {} hold only in part, {} refuted{}{}{}",
            if all == 1 { "" } else { "s" },
            self.hold,
            self.only_where,
            self.refuted,
            some(unavailable, "unavailable"),
            some(broken, "broken"),
            some(unexpected, "not as expected"),
        )
    }
}

impl Report<'_> {
    /// A line for each claim, and all there is to say of those that are not
    /// as expected; with colours, which the stream drops where they are not
    /// wanted.
    pub fn summary(&self, width: Option<usize>) -> String {
        let rows: Vec<Vec<Cell>> = self
            .outcomes
            .iter()
            .map(|(claim, outcome)| {
                let (style, word) = verdict(outcome);
                let word = match outcome.as_ref().map(Finding::verdict) {
                    Ok(Verdict::OnlyWhere(_)) => "holds in part".to_owned(),
                    _ => word,
                };
                vec![
                    format!("{:>2}", claim.number).into(),
                    Cell::new(style, word),
                    claim.sentence.into(),
                ]
            })
            .collect();
        let mut out = String::new();
        table(&mut out, &["", "verdict", "claim"], &rows, width);
        for (claim, outcome) in self.outcomes {
            if !is_as_expected(claim, outcome) {
                out.push('\n');
                in_text(&mut out, claim, outcome);
            }
        }
        let _ = writeln!(
            out,
            "\n{FAINT}--verbose: what was seen, and why it is so{FAINT:#}"
        );
        self.tally(&mut out);
        out
    }

    /// All there is to say of every claim.
    pub fn evidence(&self) -> String {
        let mut out = String::new();
        for (claim, outcome) in self.outcomes {
            in_text(&mut out, claim, outcome);
        }
        self.tally(&mut out);
        out
    }

    fn tally(&self, out: &mut String) {
        let Report { outcomes, machine, seconds } = self;
        let _ = writeln!(
            out,
            "{STRONG}{}{STRONG:#}  {machine}, {seconds:.1} s",
            Tally::of(outcomes)
        );
    }

    /// The same for a program.
    pub fn json(&self) -> String {
        let value = json!({
            "schema": SCHEMA,
            "machine": self.machine,
            "seconds": self.seconds,
            "tally": Tally::of(self.outcomes).json(),
            "claims": self
                .outcomes
                .iter()
                .map(|(claim, outcome)| in_json(claim, outcome))
                .collect::<Vec<_>>(),
        });
        format!("{value:#}\n")
    }
}

/// How far in sentences are.
const SENTENCE: usize = 4;
/// How far in evidence is.
const EVIDENCE: usize = 6;

fn is_as_expected(claim: &Claim, outcome: &Found<Finding>) -> bool {
    outcome.as_ref().is_ok_and(|it| it.verdict() == claim.expected)
}

/// All there is to say of one claim.
fn in_text(out: &mut String, claim: &Claim, outcome: &Found<Finding>) {
    let Claim { number, sentence, because, expected, .. } = claim;
    let (style, word) = verdict(outcome);
    let source = claim.source();
    let _ = writeln!(
        out,
        "{STRONG}{number:>2}{STRONG:#}  {style}{word}{style:#}  \
         {FAINT}{source}{FAINT:#}"
    );
    paragraph(out, sentence, SENTENCE, 0, PLAIN);
    match outcome {
        Ok(finding) => {
            for line in &finding.evidence {
                paragraph(out, line, EVIDENCE, 2, FAINT);
            }
            if !is_as_expected(claim, outcome) {
                let _ = writeln!(out, "    {BAD}expected: {expected}{BAD:#}");
            } else if !because.is_empty() {
                let because = format!("Because {because}.");
                paragraph(out, &because, SENTENCE, 0, PLAIN);
            }
        }
        Err(Refusal::Unavailable(why) | Refusal::Broken(why)) => {
            paragraph(out, why, EVIDENCE, 0, PLAIN);
        }
    }
}

/// The style and the word of an outcome.
fn verdict(outcome: &Found<Finding>) -> (Style, String) {
    match outcome {
        Ok(finding) => {
            let verdict = finding.verdict();
            let style = match verdict {
                Verdict::Holds => GOOD,
                Verdict::OnlyWhere(_) => NOTE,
                Verdict::Refuted => REFUTED,
            };
            (style, verdict.to_string())
        }
        Err(Refusal::Unavailable(_)) => (NOTE, "unavailable".to_owned()),
        Err(Refusal::Broken(_)) => (BAD, "broken".to_owned()),
    }
}

fn in_json(claim: &Claim, outcome: &Found<Finding>) -> Value {
    let (_, word) = verdict(outcome);
    let (evidence, reason, as_expected) = match outcome {
        Ok(finding) => (
            json!(finding.evidence),
            Value::Null,
            json!(finding.verdict() == claim.expected),
        ),
        Err(Refusal::Unavailable(why) | Refusal::Broken(why)) => {
            (json!([]), json!(why), Value::Null)
        }
    };
    json!({
        "number": claim.number,
        "posts": claim.posts.iter().map(|it| it.key).collect::<Vec<_>>(),
        "topic": claim.topic,
        "sentence": claim.sentence,
        "verdict": word,
        "expected": claim.expected.to_string(),
        "as_expected": as_expected,
        "because": claim.because,
        "evidence": evidence,
        "reason": reason,
    })
}

/// The claims and the verdicts that every machine must repeat, as a table for
/// the book.  It needs no machine, and so is the same on every one.
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

/// A text that may not end its cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('_', "\\_")
}

#[cfg(test)]
mod tests {
    use super::super::CLAIMS;
    use super::*;

    #[test]
    fn a_verdict_that_was_not_expected_is_said() {
        let claim = &CLAIMS[0];
        let seen = Ok(Finding::plainly(false).seen("lo is up"));
        let outcomes = [(claim, seen)];
        let report = Report {
            outcomes: &outcomes,
            machine: "a machine".to_owned(),
            seconds: 0.0,
        };
        for text in [report.summary(None), report.evidence()] {
            let text = anstream::adapter::strip_str(&text).to_string();
            assert!(text.contains("refuted  crosby/network"), "{text}");
            assert!(text.contains("lo is up\n    expected: holds"), "{text}");
            assert!(text.contains("1 not as expected"), "{text}");
        }
        assert!(report.json().contains("\"as_expected\": false"));
    }

    #[test]
    fn what_was_seen_of_an_expected_verdict_is_shown_when_asked_for() {
        let claim = &CLAIMS[0];
        let seen = Ok(Finding::plainly(true).seen("lo is down"));
        let outcomes = [(claim, seen)];
        let machine = "a machine".to_owned();
        let report = Report { outcomes: &outcomes, machine, seconds: 0.0 };
        assert!(report.evidence().contains("lo is down"));
        let summary = report.summary(None);
        assert!(!summary.contains("lo is down"), "{summary}");
        assert!(summary.contains(claim.sentence), "{summary}");
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
