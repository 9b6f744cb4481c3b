//! Prints checks and their outcomes as text for a terminal. Nothing is decided
//! here.

use crate::checks::check::{Check, Outcomes, is_expected};
use crate::terminal::style::{BAD, FAINT, NOTE, PLAIN, STRONG};
use crate::terminal::text::{Cell, paragraph, table};
use anstyle::Style;
use harness::found::{Found, Refusal};
use serde::Serialize;
use std::fmt::{Display, Write};

/// How checks of one kind are printed.
pub trait Shown: Check {
    /// The number of outcomes of each kind, for text and JSON.
    type Tally: Display;
    /// The JSON form of a report.
    type Form: Serialize;

    /// The headings of the columns of a summary.
    const HEAD: &'static [&'static str];
    /// What the flag `--verbose` adds to a summary, in a few words.
    const VERBOSE: &'static str;

    /// The name of the check in a heading.
    fn name(self) -> String;
    /// What a heading adds in a faint style, such as the source or the
    /// languages.
    fn note(self) -> String;
    /// The sentence that is checked.
    fn sentence(self) -> &'static str;
    /// The cells of its line in a summary.
    fn row(self, found: &Found<Self::Seen>) -> Vec<Cell>;
    /// The style and the words of a verdict.
    fn verdict(self, seen: &Self::Seen) -> (Style, String);
    /// Adds what the check saw to a full report.
    fn evidence(self, out: &mut String, seen: &Self::Seen);
    /// Counts the outcomes of checks.
    fn tally(outcomes: &[(Self, Found<Self::Seen>)]) -> Self::Tally;
    /// The JSON form of the report.
    fn form(report: &Report<Self>) -> Self::Form;
}

/// Some checks, their outcomes, and where they ran.
pub struct Report<C: Check> {
    /// Each check with its outcome.
    pub outcomes: Outcomes<C>,
    /// The machine: kernel, distribution and the user's privilege, in a few words.
    pub machine: String,
    /// How long all checks took together, in seconds.
    pub seconds: f64,
}

/// The indentation of sentences, in columns.
const SENTENCE: usize = 4;
/// The indentation of evidence, in columns.
pub const EVIDENCE: usize = 6;

impl<C: Shown> Report<C> {
    /// A line for each check, and everything that is known about those whose
    /// outcome is not as expected. It has colours, which the stream removes if
    /// they are not wanted.
    pub fn summary(&self, width: Option<usize>) -> String {
        let rows: Vec<Vec<Cell>> =
            self.outcomes.iter().map(|(it, found)| it.row(found)).collect();
        let mut out = String::new();
        table(&mut out, C::HEAD, &rows, width);
        for outcome in self.outcomes.iter().filter(|it| !is_expected(it)) {
            out.push('\n');
            in_full(&mut out, outcome);
        }
        let verbose = C::VERBOSE;
        let _ = writeln!(out, "\n{FAINT}--verbose: {verbose}{FAINT:#}");
        self.tally(&mut out);
        out
    }

    /// Everything that is known about every check.
    pub fn evidence(&self) -> String {
        let mut out = String::new();
        for outcome in &self.outcomes {
            in_full(&mut out, outcome);
        }
        self.tally(&mut out);
        out
    }

    fn tally(&self, out: &mut String) {
        let Report { outcomes, machine, seconds } = self;
        let _ = writeln!(
            out,
            "{STRONG}{}{STRONG:#}  {machine}, {seconds:.1} s",
            C::tally(outcomes)
        );
    }
}

/// Everything that is known about one check.
fn in_full<C: Shown>(out: &mut String, outcome: &(C, Found<C::Seen>)) {
    let (check, found) = outcome;
    let (style, word) = verdict(*check, found);
    let (name, note) = (check.name(), check.note());
    let _ = writeln!(
        out,
        "{STRONG}{name}{STRONG:#}  {style}{word}{style:#}  \
         {FAINT}{note}{FAINT:#}"
    );
    paragraph(out, check.sentence(), SENTENCE, 0, PLAIN);
    match found {
        Ok(seen) => check.evidence(out, seen),
        Err(Refusal::Unavailable(why) | Refusal::Broken(why)) => {
            paragraph(out, why, EVIDENCE, 0, PLAIN);
        }
    }
}

/// The style and the words of an outcome.
pub fn verdict<C: Shown>(check: C, found: &Found<C::Seen>) -> (Style, String) {
    match found {
        Ok(seen) => check.verdict(seen),
        Err(Refusal::Unavailable(_)) => (NOTE, "unavailable".to_owned()),
        Err(Refusal::Broken(_)) => (BAD, "broken".to_owned()),
    }
}

/// The reason why a check saw nothing, if it saw nothing.
pub fn reason<T>(found: &Found<T>) -> Option<&str> {
    match found {
        Ok(_) => None,
        Err(Refusal::Unavailable(why) | Refusal::Broken(why)) => Some(why),
    }
}
