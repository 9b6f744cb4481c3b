//! The differences and what became of them, as a person and as a program read
//! them.  Nothing is decided here.

use super::{Difference, Outcome, Sight};
use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};
use std::fmt::Write;

const GOOD: Style = AnsiColor::Green.on_default();
const NOTE: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const FAINT: Style = Style::new().dimmed();
const STRONG: Style = Style::new().bold();

/// The version of the form [`Report::json`] writes; it grows when a field
/// changes its meaning.
pub const SCHEMA: &str = "nsteps.differences/1";

/// What became of some differences.
pub struct Report<'a> {
    /// Each with what became of it, in order.
    pub outcomes: &'a [(Difference, Outcome)],
    /// What the machine is, in a few words.
    pub machine: String,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// How many differences ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Differences in all.
    pub differences: usize,
    /// Everything that was seen is as described.
    pub reproduced: usize,
    /// Something is not.
    pub not_reproduced: usize,
    /// Not possible on this machine.
    pub unavailable: usize,
    /// Should have been possible.
    pub broken: usize,
}

impl Tally {
    /// Counts.
    pub fn of(outcomes: &[(Difference, Outcome)]) -> Tally {
        let mut tally =
            Tally { differences: outcomes.len(), ..Tally::default() };
        for (_, outcome) in outcomes {
            *match outcome {
                Outcome::Seen(it) if it.reproduced() => &mut tally.reproduced,
                Outcome::Seen(_) => &mut tally.not_reproduced,
                Outcome::Unavailable(_) => &mut tally.unavailable,
                Outcome::Broken(_) => &mut tally.broken,
            } += 1;
        }
        tally
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let s = if self.differences == 1 { "" } else { "s" };
        write!(
            f,
            "{} difference{s}: {} reproduced",
            self.differences, self.reproduced
        )?;
        for (count, word) in [
            (self.not_reproduced, "not reproduced"),
            (self.unavailable, "unavailable"),
            (self.broken, "broken"),
        ] {
            if count > 0 {
                write!(f, ", {count} {word}")?;
            }
        }
        Ok(())
    }
}

impl Report<'_> {
    /// The whole report, with colours; the stream drops them where they are
    /// not wanted.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for (difference, outcome) in self.outcomes {
            let (style, word) = verdict(outcome);
            let (slug, about) = (difference.slug(), difference.about());
            let bites = difference.bites().join(", ");
            let _ = writeln!(
                out,
                "{STRONG}{slug}{STRONG:#}  {style}{word}{style:#}  \
                 {FAINT}{bites}{FAINT:#}"
            );
            let _ = writeln!(out, "    {about}");
            match outcome {
                Outcome::Seen(evidence) => {
                    for sight in &evidence.sights {
                        in_text(&mut out, sight);
                    }
                }
                Outcome::Unavailable(why) | Outcome::Broken(why) => {
                    let _ = writeln!(out, "      {why}");
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
        let tally = Tally::of(self.outcomes);
        let differences: Vec<Value> = self
            .outcomes
            .iter()
            .map(|(difference, outcome)| in_json(*difference, outcome))
            .collect();
        let value = json!({
            "schema": SCHEMA,
            "machine": self.machine,
            "seconds": self.seconds,
            "tally": {
                "differences": tally.differences,
                "reproduced": tally.reproduced,
                "not_reproduced": tally.not_reproduced,
                "unavailable": tally.unavailable,
                "broken": tally.broken,
            },
            "differences": differences,
        });
        format!("{value:#}\n")
    }
}

/// The style and the word of an outcome.
fn verdict(outcome: &Outcome) -> (Style, &'static str) {
    match outcome {
        Outcome::Seen(it) if it.reproduced() => (GOOD, "reproduced"),
        Outcome::Seen(_) => (BAD, "not reproduced"),
        Outcome::Unavailable(_) => (NOTE, "unavailable"),
        Outcome::Broken(_) => (BAD, "broken"),
    }
}

fn in_text(out: &mut String, Sight { who, seen, described }: &Sight) {
    let _ = writeln!(out, "      {who}: {FAINT}{seen}{FAINT:#}");
    if let Some(described) = described {
        let _ = writeln!(out, "        {BAD}described: {described}{BAD:#}");
    }
}

fn in_json(difference: Difference, outcome: &Outcome) -> Value {
    let (_, word) = verdict(outcome);
    let (evidence, reason) = match outcome {
        Outcome::Seen(evidence) => {
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
        Outcome::Unavailable(why) | Outcome::Broken(why) => {
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
    use super::super::{Evidence, PITFALLS};
    use super::*;

    #[test]
    fn what_is_not_as_described_is_said() {
        let mut evidence = Evidence::new();
        evidence.see("rust", "ends with 141", "ends with 1");
        let pitfall = Difference::Pitfall(&PITFALLS[0]);
        let outcomes = [(pitfall, Outcome::Seen(evidence))];
        let report = Report {
            outcomes: &outcomes,
            machine: "a machine".to_owned(),
            seconds: 0.0,
        };
        let text = anstream::adapter::strip_str(&report.text()).to_string();
        assert!(text.contains("  not reproduced  "), "{text}");
        assert!(
            text.contains("rust: ends with 141\n        described: ends"),
            "{text}"
        );
        assert!(text.contains("0 reproduced, 1 not reproduced"), "{text}");
        assert!(report.json().contains("\"as_described\": false"));
    }
}
