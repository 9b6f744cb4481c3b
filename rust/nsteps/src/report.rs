//! Prints a comparison as text for a terminal. Nothing is decided here.

mod launchers;
mod situations;
mod steps;
mod tally;

pub use tally::{Tally, status};

use crate::checked::{Checked, some};
use crate::terminal::style::{BAD, FAINT, GOOD, NOTE, PLAIN, STRONG};
use crate::terminal::text::paragraph;
use anstyle::Style;
use compare::comparison::{Comparison, Row, Verdict};
use compare::known::KnownDifference;
use compare::refusal::refusal;
use harness::host::layout::Book;
use harness::launcher::Launcher;
use harness::step::Namespace;
use harness::trial::join::{IDENTICAL, THE_CONTAINERS};
use launchers::listed;
use std::fmt::Write;

/// The report at the end of a comparison.
pub struct Report<'a> {
    /// All comparisons, in the order of the report.
    pub comparisons: &'a [Comparison],
    /// The explanations that no comparison needed.
    pub stale: &'a [&'static KnownDifference],
    /// How many of the posts' claims have which outcome, if all of them were
    /// checked.
    pub claims: Option<crate::checks::claims::report::Tally>,
    /// True if every key is shown.
    pub verbose: bool,
    /// Where the pages are that explain what differs or is refused.
    pub book: Book,
    /// The machine: the kernel's name and release, and whether the caller is
    /// root.
    pub machine: String,
    /// How long the comparison took, in seconds.
    pub seconds: f64,
}

impl Report<'_> {
    /// The report as text, with colours; the stream removes them if they are
    /// not wanted.
    pub fn text(&self) -> String {
        let mut out = String::new();
        self.everywhere(&mut out);
        steps::print(&mut out, self.comparisons);
        self.joins(&mut out);
        situations::print(&mut out, self.comparisons);
        if self.verbose {
            self.everything(&mut out);
        }
        self.explanations(&mut out);
        self.refusals(&mut out);
        self.unavailable(&mut out);
        self.trouble(&mut out);
        self.summary(&mut out);
        out
    }

    /// The explanations that every trial of a launcher needs, printed once.
    fn everywhere(&self, out: &mut String) {
        let known = slugs_everywhere(self.comparisons);
        for known in &known {
            let _ = writeln!(
                out,
                "{NOTE}everywhere{NOTE:#}  {STRONG}{}{STRONG:#}: {}",
                known.slug, known.about
            );
        }
        if !known.is_empty() {
            let _ = writeln!(
                out,
                "{FAINT}            the table is about everything else\
                 {FAINT:#}\n"
            );
        }
    }

    /// Which launcher joined the container of which other one.
    fn joins(&self, out: &mut String) {
        let joins: Vec<&Comparison> = self
            .comparisons
            .iter()
            .filter(|it| it.subject.is_a_join())
            .collect();
        if joins.is_empty() {
            return;
        }
        let all: usize = joins
            .iter()
            .map(|it| it.launchers.len() - it.unavailable.len())
            .sum();
        if all == 0 {
            return;
        }
        let good: usize = joins.iter().map(|it| joined(it)).sum();
        let style = if good == all { Style::new() } else { BAD };
        let whose = match launchers::observed(joins.iter().copied()).as_slice()
        {
            [one] => format!("{one}'s container by itself"),
            _ => "one language's container by another".to_owned(),
        };
        let _ = writeln!(
            out,
            "{STRONG}join{STRONG:#}  {style}{good} of {all}{style:#} joins of \
             {whose}:\n      literally the same namespace inodes and mount \
             table\n"
        );
    }

    /// Every key of every comparison.
    fn everything(&self, out: &mut String) {
        for it in self.comparisons {
            let _ = writeln!(
                out,
                "{STRONG}{}{STRONG:#} {FAINT}{}{FAINT:#}",
                it.subject, it.scenario
            );
            rows(out, &self.book, it, |_| true);
            out.push('\n');
        }
    }

    /// Each explanation that was needed, once.
    fn explanations(&self, out: &mut String) {
        let mut uses: Vec<(&'static KnownDifference, Vec<String>)> = Vec::new();
        for it in self.comparisons {
            let not_everywhere = |it: &&KnownDifference| !it.everywhere;
            for known in it.explanations().into_iter().filter(not_everywhere) {
                let name = it.subject.to_string();
                match uses.iter_mut().find(|(other, _)| *other == known) {
                    Some((_, names)) if names.contains(&name) => {}
                    Some((_, names)) => names.push(name),
                    None => uses.push((known, vec![name])),
                }
            }
        }
        if uses.is_empty() {
            return;
        }
        let _ = writeln!(out, "{STRONG}what differs, and why{STRONG:#}");
        for (known, names) in uses {
            let about = format!("~ {}: {}", known.slug, known.about);
            paragraph(out, &about, 0, 2, PLAIN);
            let uses = format!("{}; {}", known.cause.name(), few(&names));
            paragraph(out, &uses, 2, 0, FAINT);
        }
        let _ = writeln!(
            out,
            "{FAINT}  each has its page: {}{FAINT:#}\n",
            self.book.page("differences/<name>.md")
        );
    }

    /// Each call that was refused, once, with the page about it.
    fn refusals(&self, out: &mut String) {
        let mut all: Vec<(&str, Vec<String>)> = Vec::new();
        for it in self.comparisons {
            let name = it.subject.to_string();
            for value in it.rows.iter().flat_map(refused) {
                match all.iter_mut().find(|(other, _)| *other == value) {
                    Some((_, names)) if names.contains(&name) => {}
                    Some((_, names)) => names.push(name.clone()),
                    None => all.push((value, vec![name.clone()])),
                }
            }
        }
        if all.is_empty() {
            return;
        }
        let _ = writeln!(out, "{STRONG}what is refused, and why{STRONG:#}");
        for (value, names) in all {
            let known = refusal(value);
            let why = known.map(|it| format!(": {}", it.about));
            let line = format!("{value}{}", why.unwrap_or_default());
            paragraph(out, &line, 0, 2, PLAIN);
            paragraph(out, &few(&names), 2, 0, FAINT);
            if let Some(known) = known {
                let page = self.book.page(known.page);
                paragraph(out, &format!("page: {page}"), 2, 2, FAINT);
            }
        }
        out.push('\n');
    }

    /// Each reason why something was not possible, printed once.
    fn unavailable(&self, out: &mut String) {
        let mut reasons: Vec<(&str, usize, Vec<String>)> = Vec::new();
        for it in self.comparisons {
            for (_, reason) in &it.unavailable {
                let name = it.scenario.to_string();
                match reasons.iter_mut().find(|(other, ..)| other == reason) {
                    Some((_, count, names)) => {
                        *count += 1;
                        if !names.contains(&name) {
                            names.push(name);
                        }
                    }
                    None => reasons.push((reason, 1, vec![name])),
                }
            }
        }
        if reasons.is_empty() {
            return;
        }
        let _ = writeln!(out, "{STRONG}not possible here{STRONG:#}");
        for (reason, count, names) in reasons {
            let why = format!("{count} trials ({}): {reason}", few(&names));
            paragraph(out, &why, 2, 2, PLAIN);
        }
        out.push('\n');
    }

    /// The results that the user has to act on.
    fn trouble(&self, out: &mut String) {
        for it in self.comparisons {
            for (launcher, why) in &it.broken {
                let _ = writeln!(
                    out,
                    "{BAD}broken{BAD:#} {} {} {launcher}: {why}",
                    it.subject, it.scenario
                );
            }
            if it.differing().next().is_some() {
                let _ = writeln!(
                    out,
                    "{BAD}differs{BAD:#} {STRONG}{}{STRONG:#} {}",
                    it.subject, it.scenario
                );
                rows(out, &self.book, it, |verdict| {
                    matches!(verdict, Verdict::Differs(_))
                });
            }
        }
        for known in self.stale {
            let _ = writeln!(
                out,
                "{BAD}stale{BAD:#} {}: explained, but no longer seen",
                known.slug
            );
        }
    }

    fn summary(&self, out: &mut String) {
        let tally = Tally::of(self.comparisons);
        let Tally { same, explained, everywhere, not_compared, checked } =
            tally;
        let Checked { all, unavailable, broken, unexpected, .. } = checked;
        let compared = same + explained + unexpected;
        let style =
            if unexpected + broken + self.stale.len() > 0 || compared == 0 {
                BAD
            } else {
                GOOD
            };
        let but: Vec<&str> = slugs_everywhere(self.comparisons)
            .iter()
            .map(|it| it.slug)
            .collect();
        let but = match but.as_slice() {
            [] => String::new(),
            slugs => format!(" but for {}", listed(slugs)),
        };
        if let Some(claims) = self.claims {
            let style =
                if claims.unexpected + claims.broken > 0 { BAD } else { GOOD };
            let _ = writeln!(
                out,
                "{style}{claims}{style:#} {FAINT}(nsteps claims){FAINT:#}"
            );
        }
        let _ = writeln!(
            out,
            "{style}{compared} comparisons of {all} trials: {} the same{but}, \
             {} explained, {unexpected} unexplained{}{}{}{style:#}\n\
             {FAINT}{}, {:.1} s{FAINT:#}",
            same + everywhere,
            explained - everywhere,
            some(not_compared, "not compared (fewer than two launchers)"),
            some(unavailable, "trials not possible here"),
            some(broken, "trials broken"),
            self.machine,
            self.seconds
        );
    }
}

/// The explanations that every trial of a launcher needs.
fn slugs_everywhere(
    comparisons: &[Comparison],
) -> Vec<&'static KnownDifference> {
    let mut found: Vec<&KnownDifference> = Vec::new();
    for known in comparisons.iter().flat_map(Comparison::explanations) {
        if known.everywhere && !found.contains(&known) {
            found.push(known);
        }
    }
    found
}

/// The number of joins of a comparison in which the launcher is in all
/// namespaces of the container and has its mount table.
fn joined(it: &Comparison) -> usize {
    let shows = |row: &Row, launcher: &Launcher, value: &str| {
        row.groups.iter().any(|group| {
            group.launchers.contains(launcher)
                && group.value.as_deref() == Some(value)
        })
    };
    let row = |key: &str| it.rows.iter().find(|row| row.key == key);
    let is_joined = |launcher: &&Launcher| {
        Namespace::ALL.iter().all(|namespace| {
            row(&format!("ns.{namespace}"))
                .is_some_and(|row| shows(row, launcher, THE_CONTAINERS))
        }) && row("mounts").is_some_and(|row| shows(row, launcher, IDENTICAL))
    };
    it.observed().iter().filter(is_joined).count()
}

/// The rows of a comparison whose verdict is selected.
fn rows(
    out: &mut String,
    book: &Book,
    it: &Comparison,
    wanted: impl Fn(&Verdict) -> bool,
) {
    let width =
        it.rows.iter().map(|row| row.key.chars().count()).max().unwrap_or(0);
    for row in it.rows.iter().filter(|row| wanted(&row.verdict)) {
        let mut key = row.key.as_str();
        for group in &row.groups {
            let names: Vec<_> =
                group.launchers.iter().map(|it| it.name()).collect();
            let value = group.value.as_deref().unwrap_or("unchanged");
            let _ = writeln!(
                out,
                "  {key:<width$}  {value}  {FAINT}{}{FAINT:#}",
                names.join(" ")
            );
            key = "";
        }
        for known in refused(row).filter_map(refusal) {
            let page = book.page(known.page);
            let _ = writeln!(out, "  {key:<width$}  {FAINT}{page}{FAINT:#}");
        }
        match &row.verdict {
            Verdict::Same | Verdict::NotCompared => {}
            Verdict::Explained(reasons) => {
                for known in reasons {
                    let _ = writeln!(
                        out,
                        "  {:<width$}  {NOTE}~ {}{NOTE:#}",
                        key, known.slug
                    );
                }
            }
            Verdict::Differs(why) => {
                let _ = writeln!(out, "  {key:<width$}  {BAD}! {why}{BAD:#}");
                if row.groups.is_empty() {
                    continue;
                }
            }
        }
    }
}

/// The calls that a row says were refused.
fn refused(row: &Row) -> impl Iterator<Item = &str> {
    let is_about_calls = row.key == "refused";
    let groups = row.groups.iter().filter(move |_| is_about_calls);
    groups.filter_map(|it| it.value.as_deref())
}

/// At most three names, and the number of the others.
fn few(names: &[String]) -> String {
    match names {
        [a, b, c, rest @ ..] if !rest.is_empty() => {
            format!("{a}, {b}, {c} and {} more", rest.len())
        }
        _ => names.join(", "),
    }
}
