//! The claims and what became of them, as a person, a program and a page read
//! them.  Nothing is decided here but what is expected.

use super::{Claim, Finding, Found, Verdict};
use crate::checked::{Checked, some};
use crate::sandbox::Refusal;
use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};
use std::fmt::Write;

const GOOD: Style = AnsiColor::Green.on_default();
const NOTE: Style = AnsiColor::Yellow.on_default();
const REFUTED: Style = AnsiColor::Magenta.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const FAINT: Style = Style::new().dimmed();
const STRONG: Style = Style::new().bold();

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
    /// In every case.
    pub hold: usize,
    /// In some.
    pub only_where: usize,
    /// In none.
    pub refuted: usize,
}

impl Tally {
    /// Counts.
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

    /// For a program.
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
    /// The whole report, with colours; the stream drops them where they are
    /// not wanted.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for (claim, outcome) in self.outcomes {
            let Claim { number, sentence, because, .. } = claim;
            let (style, word) = verdict(outcome);
            let source = claim.source();
            let _ = writeln!(
                out,
                "{STRONG}{number:>2}{STRONG:#}  {style}{word}{style:#}  \
                 {FAINT}{source}{FAINT:#}"
            );
            out.push_str(&wrapped(sentence, SENTENCE, Style::new()));
            match outcome {
                Ok(finding) => {
                    for line in &finding.evidence {
                        out.push_str(&wrapped(line, EVIDENCE, FAINT));
                    }
                    let expected = finding.verdict() == claim.expected;
                    if expected && !because.is_empty() {
                        let because = format!("Because {because}.");
                        out.push_str(&wrapped(
                            &because,
                            SENTENCE,
                            Style::new(),
                        ));
                    }
                    if !expected {
                        let _ = writeln!(
                            out,
                            "    {BAD}expected: {}{BAD:#}",
                            claim.expected
                        );
                    }
                }
                Err(Refusal::Unavailable(why) | Refusal::Broken(why)) => {
                    out.push_str(&wrapped(why, EVIDENCE, Style::new()));
                }
            }
        }
        let Report { machine, seconds, .. } = self;
        let _ = writeln!(
            out,
            "{STRONG}{}{STRONG:#}  {machine}, {seconds:.1} s",
            Tally::of(self.outcomes)
        );
        out
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
const SENTENCE: &str = "    ";
/// How far in evidence is.
const EVIDENCE: &str = "      ";
/// Beyond this many columns a text goes on in the next line.
const WIDTH: usize = 80;

/// A text in lines that fit; those of evidence go on a little further in.
fn wrapped(text: &str, indent: &str, style: Style) -> String {
    let further = if indent == EVIDENCE { "  " } else { "" };
    let mut lines: Vec<String> = Vec::new();
    let mut line = indent.to_owned();
    for word in text.split(' ') {
        let fits = line.chars().count() + 1 + word.chars().count() <= WIDTH;
        if line.trim().is_empty() {
            line.push_str(word);
        } else if fits {
            line.push(' ');
            line.push_str(word);
        } else {
            let next = format!("{indent}{further}{word}");
            lines.push(std::mem::replace(&mut line, next));
        }
    }
    lines.push(line);
    lines
        .iter()
        .map(|line| {
            let (blank, text) =
                line.split_at(line.len() - line.trim_start().len());
            format!("{blank}{style}{text}{style:#}\n")
        })
        .collect()
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
        let text = anstream::adapter::strip_str(&report.text()).to_string();
        assert!(text.contains("refuted  crosby/network"), "{text}");
        assert!(text.contains("lo is up\n    expected: holds"), "{text}");
        assert!(text.contains("1 not as expected"), "{text}");
        assert!(report.json().contains("\"as_expected\": false"));
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
