//! The differences and what became of them, as a person and as a program read
//! them.  Nothing is decided here.

use super::{Difference, Found};
use crate::checked::{Checked, some};
use crate::checks::pitfalls::pitfall::{Evidence, Sight};
use crate::terminal::style::{BAD, FAINT, GOOD, NOTE, PLAIN, STRONG};
use crate::terminal::text::{Cell, paragraph, table};
use anstyle::Style;
use harness::found::Refusal;
use serde_json::{Value, json};
use std::fmt::Write;

/// The version of the form [`Report::json`] writes; it grows when a field
/// changes its meaning.
pub const SCHEMA: &str = "nsteps.differences/1";

/// What became of some differences.
pub struct Report<'a> {
    /// Each with what became of it, in order.
    pub outcomes: &'a [(Difference, Found<Evidence>)],
    /// What the machine is, in a few words.
    pub machine: String,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// How many differences ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// With how many something is not as described, and why the rest was not
    /// looked at.
    pub checked: Checked,
    /// Everything that was seen is as described.
    pub reproduced: usize,
}

impl Tally {
    /// Counts how the differences ended.
    pub fn of(outcomes: &[(Difference, Found<Evidence>)]) -> Tally {
        let mut tally = Tally::default();
        for (_, found) in outcomes {
            tally.checked.count(found, Evidence::reproduced);
            let reproduced = found.as_ref().is_ok_and(Evidence::reproduced);
            tally.reproduced += usize::from(reproduced);
        }
        tally
    }

    /// As JSON.
    fn json(&self) -> Value {
        json!({
            "differences": self.checked.all,
            "reproduced": self.reproduced,
            "not_reproduced": self.checked.unexpected,
            "unavailable": self.checked.unavailable,
            "broken": self.checked.broken,
        })
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Checked { all, unavailable, broken, unexpected, .. } = self.checked;
        write!(
            f,
            "{all} difference{}: {} reproduced{}{}{}",
            if all == 1 { "" } else { "s" },
            self.reproduced,
            some(unexpected, "not reproduced"),
            some(unavailable, "unavailable"),
            some(broken, "broken"),
        )
    }
}

impl Report<'_> {
    /// A line for each difference, and all there is to say of those that were
    /// not reproduced; with colours, which the stream drops where they are
    /// not wanted.
    pub fn summary(&self, width: Option<usize>) -> String {
        let rows: Vec<Vec<Cell>> = self
            .outcomes
            .iter()
            .map(|(difference, outcome)| {
                let (style, word) = verdict(outcome);
                vec![
                    difference.slug().into(),
                    Cell::new(style, word),
                    Cell::new(FAINT, difference.bites().join(" ")),
                    difference.about().into(),
                ]
            })
            .collect();
        let mut out = String::new();
        table(&mut out, &["name", "here", "in", "what"], &rows, width);
        for (difference, outcome) in self.outcomes {
            if !outcome.as_ref().is_ok_and(Evidence::reproduced) {
                out.push('\n');
                in_text(&mut out, *difference, outcome);
            }
        }
        let _ = writeln!(out, "\n{FAINT}--verbose: what was seen{FAINT:#}");
        self.tally(&mut out);
        out
    }

    /// All there is to say of every difference.
    pub fn evidence(&self) -> String {
        let mut out = String::new();
        for (difference, outcome) in self.outcomes {
            in_text(&mut out, *difference, outcome);
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
        let differences: Vec<Value> = self
            .outcomes
            .iter()
            .map(|(difference, outcome)| in_json(*difference, outcome))
            .collect();
        let value = json!({
            "schema": SCHEMA,
            "machine": self.machine,
            "seconds": self.seconds,
            "tally": Tally::of(self.outcomes).json(),
            "differences": differences,
        });
        format!("{value:#}\n")
    }
}

/// The style and the word of an outcome.
fn verdict(outcome: &Found<Evidence>) -> (Style, &'static str) {
    match outcome {
        Ok(it) if it.reproduced() => (GOOD, "reproduced"),
        Ok(_) => (BAD, "not reproduced"),
        Err(Refusal::Unavailable(_)) => (NOTE, "unavailable"),
        Err(Refusal::Broken(_)) => (BAD, "broken"),
    }
}

/// All there is to say of one difference.
fn in_text(
    out: &mut String,
    difference: Difference,
    outcome: &Found<Evidence>,
) {
    let (style, word) = verdict(outcome);
    let (slug, bites) = (difference.slug(), difference.bites().join(" "));
    let _ = writeln!(
        out,
        "{STRONG}{slug}{STRONG:#}  {style}{word}{style:#}  \
         {FAINT}{bites}{FAINT:#}"
    );
    paragraph(out, difference.about(), 4, 0, PLAIN);
    match outcome {
        Ok(evidence) => {
            for Sight { who, seen, described } in &evidence.sights {
                paragraph(out, &format!("{who}: {seen}"), 6, 2, FAINT);
                if let Some(described) = described {
                    let described = format!("described: {described}");
                    paragraph(out, &described, 8, 2, BAD);
                }
            }
        }
        Err(Refusal::Unavailable(why) | Refusal::Broken(why)) => {
            paragraph(out, why, 6, 0, PLAIN);
        }
    }
}

fn in_json(difference: Difference, outcome: &Found<Evidence>) -> Value {
    let (_, word) = verdict(outcome);
    let (evidence, reason) = match outcome {
        Ok(evidence) => {
            let sights: Vec<Value> = evidence
                .sights
                .iter()
                .map(|Sight { who, seen, described }| {
                    json!({
                        "who": who,
                        "seen": seen,
                        "as_described": described.is_none(),
                        "described": described.as_ref().unwrap_or(seen),
                    })
                })
                .collect();
            (json!(sights), Value::Null)
        }
        Err(Refusal::Unavailable(why) | Refusal::Broken(why)) => {
            (json!([]), json!(why))
        }
    };
    json!({
        "slug": difference.slug(),
        "about": difference.about(),
        "bites": difference.bites(),
        "verdict": word,
        "evidence": evidence,
        "reason": reason,
    })
}

#[cfg(test)]
mod tests {
    use super::super::PITFALLS;
    use super::*;

    #[test]
    fn what_is_not_as_described_is_said() {
        let mut evidence = Evidence::new();
        evidence.see("rust", "ends with 141", "ends with 1");
        let pitfall = Difference::Pitfall(&PITFALLS[0]);
        let outcomes = [(pitfall, Ok(evidence))];
        let report = Report {
            outcomes: &outcomes,
            machine: "a machine".to_owned(),
            seconds: 0.0,
        };
        for text in [report.summary(None), report.evidence()] {
            let text = anstream::adapter::strip_str(&text).to_string();
            assert!(text.contains("  not reproduced  "), "{text}");
            assert!(
                text.contains("rust: ends with 141\n        described: ends"),
                "{text}"
            );
            assert!(text.contains("0 reproduced, 1 not reproduced"), "{text}");
        }
        assert!(report.json().contains("\"as_described\": false"));
    }

    #[test]
    fn what_was_seen_as_described_is_shown_when_asked_for() {
        let mut evidence = Evidence::new();
        evidence.see("rust", "ends with 1", "ends with 1");
        let pitfall = Difference::Pitfall(&PITFALLS[0]);
        let outcomes = [(pitfall, Ok(evidence))];
        let machine = "a machine".to_owned();
        let report = Report { outcomes: &outcomes, machine, seconds: 0.0 };
        assert!(report.evidence().contains("ends with 1"));
        let summary = report.summary(None);
        assert!(!summary.contains("ends with 1"), "{summary}");
        assert!(summary.contains(pitfall.about()), "{summary}");
    }
}
