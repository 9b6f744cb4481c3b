//! How differences and their outcomes are shown: text and JSON.

use super::{Difference, Evidence, Sight};
use crate::checked::{Checked, some};
use crate::checks::check::{Check, count};
use crate::checks::report::{EVIDENCE, Report, Shown, reason, verdict};
use crate::terminal::style::{BAD, FAINT, GOOD};
use crate::terminal::text::{Cell, paragraph};
use anstyle::Style;
use harness::found::Found;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt;

/// The version of [`Form`]; it grows when a member changes its meaning.
pub const SCHEMA: &str = "nsteps.differences/2";

/// The output of `nsteps differences --json`
#[derive(Serialize, JsonSchema)]
pub struct Form {
    /// `nsteps.differences/2`
    schema: &'static str,
    /// The kernel's name and release, and whether the caller is root.
    machine: String,
    /// How long the checks took, in seconds.
    seconds: f64,
    /// How many differences had which outcome.
    tally: Tally,
    /// One for each difference.
    differences: Vec<DifferenceForm>,
}

/// How many differences had which outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Tally {
    /// Differences in all.
    pub differences: usize,
    /// Differences of which everything that was seen is as described.
    pub reproduced: usize,
    /// Differences of which something is not as described.
    pub not_reproduced: usize,
    /// Differences that cannot be reproduced on this machine.
    pub unavailable: usize,
    /// Differences whose check broke.
    pub broken: usize,
}

/// One difference and its outcome.
#[derive(Serialize, JsonSchema)]
struct DifferenceForm {
    /// The stem of its page.
    slug: &'static str,
    /// The difference, in one line.
    about: &'static str,
    /// The languages it affects.
    affects: Vec<&'static str>,
    /// `reproduced`, `not reproduced`, `unavailable`, `broken`.
    verdict: String,
    /// What the check saw: one for each launcher, or for each situation.
    evidence: Vec<SightForm>,
    /// Why the check saw nothing; null if it did.
    reason: Option<String>,
}

/// One thing that a check saw.
#[derive(Serialize, JsonSchema)]
struct SightForm {
    /// The launcher and its way to launch; for a surprise of the kernel the
    /// situation.
    case: String,
    /// What the check saw there.
    seen: String,
    /// What the page says.
    described: String,
    /// Whether the two are the same.
    as_described: bool,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { differences, reproduced, .. } = self;
        write!(
            f,
            "{differences} difference{}: {reproduced} reproduced{}{}{}",
            if *differences == 1 { "" } else { "s" },
            some(self.not_reproduced, "not reproduced"),
            some(self.unavailable, "unavailable"),
            some(self.broken, "broken"),
        )
    }
}

impl Shown for Difference {
    type Tally = Tally;
    type Form = Form;

    const HEAD: &'static [&'static str] = &["name", "here", "in", "what"];
    const VERBOSE: &'static str = "what was seen";

    fn name(self) -> String {
        self.slug().to_owned()
    }

    fn note(self) -> String {
        self.affects().join(" ")
    }

    fn sentence(self) -> &'static str {
        self.about()
    }

    fn row(self, found: &Found<Evidence>) -> Vec<Cell> {
        let (style, word) = verdict(self, found);
        vec![
            self.slug().into(),
            Cell::new(style, word),
            Cell::new(FAINT, self.note()),
            self.about().into(),
        ]
    }

    fn verdict(self, seen: &Evidence) -> (Style, String) {
        match self.is_expected(seen) {
            true => (GOOD, "reproduced".to_owned()),
            false => (BAD, "not reproduced".to_owned()),
        }
    }

    fn evidence(self, out: &mut String, seen: &Evidence) {
        for Sight { case, seen, described } in &seen.sights {
            paragraph(out, &format!("{case}: {seen}"), EVIDENCE, 2, FAINT);
            if let Some(described) = described {
                let described = format!("described: {described}");
                paragraph(out, &described, EVIDENCE + 2, 2, BAD);
            }
        }
    }

    fn tally(outcomes: &[(Self, Found<Evidence>)]) -> Tally {
        let Checked { all, unavailable, broken, unexpected, .. } =
            count(outcomes);
        Tally {
            differences: all,
            reproduced: all - unavailable - broken - unexpected,
            not_reproduced: unexpected,
            unavailable,
            broken,
        }
    }

    fn form(report: &Report<Self>) -> Form {
        let outcomes = report.outcomes.iter();
        Form {
            schema: SCHEMA,
            machine: report.machine.clone(),
            seconds: report.seconds,
            tally: Self::tally(&report.outcomes),
            differences: outcomes.map(|it| form(it.0, &it.1)).collect(),
        }
    }
}

fn form(difference: Difference, found: &Found<Evidence>) -> DifferenceForm {
    let sight = |Sight { case, seen, described }: &Sight| SightForm {
        case: case.clone(),
        seen: seen.clone(),
        as_described: described.is_none(),
        described: described.as_ref().unwrap_or(seen).clone(),
    };
    let sights = found.as_ref().map_or(&[][..], |it| &it.sights);
    DifferenceForm {
        slug: difference.slug(),
        about: difference.about(),
        affects: difference.affects(),
        verdict: verdict(difference, found).1,
        evidence: sights.iter().map(sight).collect(),
        reason: reason(found).map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::super::PITFALLS;
    use super::*;
    use crate::form::json;

    const PITFALL: Difference = Difference::Pitfall(&PITFALLS[0]);

    fn report(seen: &str, described: &str) -> Report<Difference> {
        let mut evidence = Evidence::new();
        evidence.see("rust", seen, described);
        Report {
            outcomes: vec![(PITFALL, Ok(evidence))],
            machine: "a machine".to_owned(),
            seconds: 0.0,
        }
    }

    #[test]
    fn what_is_not_as_described_is_said() {
        let report = report("ends with 141", "ends with 1");
        for text in [report.summary(None), report.evidence()] {
            let text = anstream::adapter::strip_str(&text).to_string();
            assert!(text.contains("  not reproduced  "), "{text}");
            assert!(
                text.contains("rust: ends with 141\n        described: ends"),
                "{text}"
            );
            assert!(text.contains("0 reproduced, 1 not reproduced"), "{text}");
        }
        let form = json(&Difference::form(&report));
        assert!(form.contains("\"as_described\": false"));
    }

    #[test]
    fn what_was_seen_as_described_is_shown_when_asked_for() {
        let report = report("ends with 1", "ends with 1");
        assert!(report.evidence().contains("ends with 1"));
        let summary = report.summary(None);
        assert!(!summary.contains("ends with 1"), "{summary}");
        assert!(summary.contains(PITFALL.about()), "{summary}");
    }
}
