//! A comparison as a person reads it.  Nothing is decided here.

use crate::checked::{Checked, some};
use crate::compare::{Comparison, Row, Verdict};
use crate::known::KnownDifference;
use crate::sandbox::{Mounts, SCENARIOS, Scenario};
use crate::step::{STEPS, Step};
use crate::style::{BAD, FAINT, GOOD, NOTE, PLAIN, STRONG};
use crate::text::{self, Breaks, Cell, GAP, Painted, paragraph};
use anstyle::Style;
use std::fmt::Write;

/// What is printed at the end of a comparison.
pub struct Report<'a> {
    /// Everything compared, in order.
    pub comparisons: &'a [Comparison],
    /// Explanations that nothing needed any more.
    pub stale: &'a [&'static KnownDifference],
    /// How the posts' claims stand, when all of them were checked.
    pub claims: Option<crate::claims::report::Tally>,
    /// Whether to show every key.
    pub verbose: bool,
    /// What the machine is, in a few words.
    pub machine: String,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// How many comparisons ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All agree.
    pub same: usize,
    /// Some differ, and why is known.
    pub explained: usize,
    /// Of trials; what differs does so in a comparison.
    pub checked: Checked,
}

impl Tally {
    /// Counts.
    pub fn of(comparisons: &[Comparison]) -> Tally {
        let mut tally = Tally::default();
        for it in comparisons {
            tally.checked.all += it.launchers.len();
            tally.checked.broken += it.broken.len();
            for (_, why) in &it.unavailable {
                tally.checked.not_possible(why);
            }
            if it.unavailable.len() + it.broken.len() == it.launchers.len() {
                continue;
            }
            match (it.differing().next(), it.languages_agree()) {
                (Some(_), _) => tally.checked.unexpected += 1,
                (None, false) => tally.explained += 1,
                (None, true) => tally.same += 1,
            }
        }
        tally
    }
}

impl Report<'_> {
    /// The whole report, with colours; the stream drops them where they are
    /// not wanted.
    pub fn text(&self) -> String {
        let mut out = String::new();
        self.table(&mut out);
        self.joins(&mut out);
        self.situations(&mut out);
        if self.verbose {
            self.everything(&mut out);
        }
        self.explanations(&mut out);
        self.unavailable(&mut out);
        self.trouble(&mut out);
        self.summary(&mut out);
        out
    }

    fn of(
        &self,
        step: &Step,
        situation: Option<&str>,
        scenario: Scenario,
    ) -> Option<&Comparison> {
        self.comparisons.iter().find(|it| {
            it.subject.step == step.name
                && it.subject.situation.as_deref() == situation
                && it.scenario == scenario
        })
    }

    /// One line per step, one column per kind of mounts.
    fn table(&self, out: &mut String) {
        let seen = |step: &Step| {
            self.comparisons.iter().any(|it| {
                it.subject.step == step.name && it.subject.situation.is_none()
            })
        };
        let steps: Vec<&Step> =
            STEPS.iter().filter(|step| seen(step)).collect();
        if steps.is_empty() {
            return;
        }
        let mut columns: Vec<Mounts> = Vec::new();
        for it in self.comparisons {
            if !columns.contains(&it.scenario.mounts) {
                columns.push(it.scenario.mounts);
            }
        }
        let mut head = vec!["step", "new namespaces"];
        head.extend(columns.iter().map(|it| it.name()));
        let rows: Vec<Vec<Cell>> = steps
            .iter()
            .map(|step| {
                let made = step.namespace_names();
                let mut row = vec![step.name.into(), made.into()];
                row.extend(columns.iter().map(|it| self.place(step, *it)));
                row
            })
            .collect();
        text::table(out, &head, &rows, text::width());
        let legend = "= c, go and rust do the same, and so does unshare(1) \
             where it can\n\
             ~ explained below   ! unexplained   ERRNO all refuse with it\n\
             n/a not possible here   x|y as root | in a user namespace";
        for line in legend.lines() {
            paragraph(out, line, 0, 2, FAINT);
        }
        out.push('\n');
    }

    /// What a step comes to under one kind of mounts.
    fn place(&self, step: &Step, mounts: Mounts) -> Cell {
        let cells: Vec<(Style, String)> = SCENARIOS
            .iter()
            .filter(|it| it.mounts == mounts)
            .filter_map(|it| self.of(step, None, *it))
            .map(cell)
            .collect();
        let Some(((style, first), rest)) = cells.split_first() else {
            return "".into();
        };
        let (mut style, mut shown) = (*style, first.clone());
        for (other, word) in rest {
            if word != first {
                shown.push('|');
                shown.push_str(word);
                style = if *other == BAD { BAD } else { NOTE };
            }
        }
        Cell::new(style, shown)
    }

    /// Who joined whose container.
    fn joins(&self, out: &mut String) {
        let joins: Vec<&Comparison> = self
            .comparisons
            .iter()
            .filter(|it| {
                it.subject.step == "join" && it.subject.situation.is_some()
            })
            .collect();
        if joins.is_empty() {
            return;
        }
        let possible =
            |it: &&Comparison| it.launchers.len() - it.unavailable.len();
        let all: usize = joins.iter().map(possible).sum();
        let good: usize = joins
            .iter()
            .copied()
            .filter(|it| it.differing().next().is_none())
            .map(|it| possible(&it))
            .sum();
        let _ = writeln!(
            out,
            "{STRONG}join{STRONG:#}  {good} of {all} joins of one language's \
             container by another:\n      literally the same namespace \
             inodes and mount table\n"
        );
    }

    /// Where the languages part around a step, and where they do not.
    fn situations(&self, out: &mut String) {
        let mut seen: Vec<String> = Vec::new();
        let mut same: Vec<String> = Vec::new();
        for it in self.comparisons {
            let name = it.subject.to_string();
            if it.subject.situation.is_none()
                || it.subject.step == "join"
                || it.rows.is_empty()
                || seen.contains(&name)
            {
                continue;
            }
            if seen.is_empty() {
                let _ = writeln!(out, "{STRONG}around the steps{STRONG:#}");
            }
            let mut label = name.as_str();
            for row in &it.rows {
                let style = match &row.verdict {
                    Verdict::Same => continue,
                    Verdict::Explained(_) => NOTE,
                    Verdict::Differs(_) => BAD,
                };
                text::beside(
                    out,
                    &[
                        vec![Painted::new(PLAIN, label)],
                        vec![Painted::new(PLAIN, &row.key)],
                        values(row, style),
                    ],
                    &[LABEL, KEY, 0],
                );
                label = "";
            }
            if !label.is_empty() {
                same.push(name.clone());
            }
            seen.push(name);
        }
        if !same.is_empty() {
            let _ = writeln!(out, "the same in all");
            paragraph(out, &same.join(" "), 2, 0, GOOD);
        }
        if !seen.is_empty() {
            out.push('\n');
        }
    }

    /// Every key of every comparison.
    fn everything(&self, out: &mut String) {
        for it in self.comparisons {
            let _ = writeln!(
                out,
                "{STRONG}{}{STRONG:#} {FAINT}{}{FAINT:#}",
                it.subject, it.scenario
            );
            rows(out, it, |_| true);
            out.push('\n');
        }
    }

    /// Each explanation that was needed, once.
    fn explanations(&self, out: &mut String) {
        let mut uses: Vec<(&'static KnownDifference, Vec<String>)> = Vec::new();
        for it in self.comparisons {
            for known in it.explanations() {
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
            "{FAINT}  each has its page: docs/src/differences/\
             <name>.md{FAINT:#}\n"
        );
    }

    /// Each reason why something was not possible, once.
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

    /// Everything a person must act on.
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
                rows(out, it, |verdict| matches!(verdict, Verdict::Differs(_)));
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
        let Tally { same, explained, checked } = tally;
        let Checked { all, unavailable, broken, unexpected, .. } = checked;
        let style =
            if unexpected + broken + self.stale.len() > 0 { BAD } else { GOOD };
        if let Some(claims) = self.claims {
            let Checked { unexpected, broken, .. } = claims.checked;
            let style = if unexpected + broken > 0 { BAD } else { GOOD };
            let _ = writeln!(
                out,
                "{style}{claims}{style:#} {FAINT}(nsteps claims){FAINT:#}"
            );
        }
        let _ = writeln!(
            out,
            "{style}{} comparisons of {all} trials: {same} the same, \
             {explained} explained, {unexpected} unexplained{}{}{style:#}\n\
             {FAINT}{}, {:.1} s{FAINT:#}",
            same + explained + unexpected,
            some(unavailable, "trials not possible here"),
            some(broken, "trials broken"),
            self.machine,
            self.seconds
        );
    }
}

/// What one comparison comes to, in at most six characters.
fn cell(it: &Comparison) -> (Style, String) {
    if it.differing().next().is_some() || !it.broken.is_empty() {
        return (BAD, "!".to_owned());
    }
    if it.unavailable.len() == it.launchers.len() {
        return (FAINT, "n/a".to_owned());
    }
    let errno =
        it.rows.iter().find(|row| row.key == "refused").and_then(|row| {
            let values: Vec<_> = row.groups.iter().collect();
            let first = values.first()?.value.as_ref()?;
            let all = values.iter().all(|group| group.value.is_some());
            all.then(|| first.split(' ').nth(1).unwrap_or("?").to_owned())
        });
    let plain = it.languages_agree();
    match (errno, plain) {
        (Some(errno), true) => (GOOD, errno),
        (Some(errno), false) => (NOTE, format!("{errno}~")),
        (None, true) => (GOOD, "=".to_owned()),
        (None, false) => (NOTE, "~".to_owned()),
    }
}

/// The rows of a comparison whose verdict is wanted.
fn rows(out: &mut String, it: &Comparison, wanted: impl Fn(&Verdict) -> bool) {
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
        match &row.verdict {
            Verdict::Same => {}
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

/// How wide the name of a situation is.
const LABEL: usize = 22;
/// How wide the key of a situation is.
const KEY: usize = 9;

/// The value all agree on, or each value behind who shows it; on several lines
/// where one has not the room.
fn values(row: &Row, style: Style) -> Vec<Painted> {
    let room = text::sentence_width().saturating_sub(LABEL + KEY + 2 * GAP);
    let each: Vec<String> = row
        .groups
        .iter()
        .map(|group| {
            let value = group.value.as_deref().unwrap_or("-");
            let names: Vec<_> =
                group.launchers.iter().map(|it| it.name()).collect();
            match row.groups.len() {
                1 => value.to_owned(),
                _ => format!("{}: {value}", names.join(" ")),
            }
        })
        .collect();
    let together = each.join("   ");
    let lines = if together.chars().count() <= room {
        vec![together]
    } else {
        let wrapped = |it: &String| text::wrap(it, room, 2, Breaks::Spaces);
        each.iter().flat_map(wrapped).collect()
    };
    lines.iter().map(|line| Painted::new(style, line)).collect()
}

/// At most three names, and how many more.
fn few(names: &[String]) -> String {
    match names {
        [a, b, c, rest @ ..] if !rest.is_empty() => {
            format!("{a}, {b}, {c} and {} more", rest.len())
        }
        _ => names.join(", "),
    }
}
