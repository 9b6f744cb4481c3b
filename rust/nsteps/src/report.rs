//! A comparison as a person reads it.  Nothing is decided here.

use crate::checked::{Checked, some};
use crate::compare::{Comparison, Group, Row, Verdict};
use crate::known::KnownDifference;
use crate::sandbox::{Mounts, SCENARIOS, Scenario};
use crate::step::{STEPS, Step};
use anstyle::{AnsiColor, Style};
use std::fmt::Write;

const GOOD: Style = AnsiColor::Green.on_default();
const NOTE: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const FAINT: Style = Style::new().dimmed();
const STRONG: Style = Style::new().bold();

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
    /// Where the page of an explanation is, with `<name>` for its name.
    pub pages: String,
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
        let heads: String =
            columns.iter().map(|it| format!(" {:<10}", it.name())).collect();
        let heads = heads.trim_end();
        let _ = writeln!(
            out,
            "{STRONG}{:<21} {:<24}{heads}{STRONG:#}",
            "step", "new namespaces"
        );
        for step in steps {
            let made = step.namespace_names();
            let mut line = format!("{:<21} {made:<24}", step.name);
            for mounts in &columns {
                let cells: Vec<(Style, String)> = SCENARIOS
                    .iter()
                    .filter(|it| it.mounts == *mounts)
                    .filter_map(|it| self.of(step, None, *it))
                    .map(cell)
                    .collect();
                let Some(((style, first), rest)) = cells.split_first() else {
                    line.push_str("           ");
                    continue;
                };
                let mut shown = first.clone();
                let mut style = *style;
                for (other, word) in rest {
                    if word != first {
                        shown.push('|');
                        shown.push_str(word);
                        style = if *other == BAD { BAD } else { NOTE };
                    }
                }
                let gap = 10_usize.saturating_sub(shown.len());
                let _ = write!(line, " {style}{shown}{style:#}{:gap$}", "");
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        let _ = writeln!(
            out,
            "{FAINT}= c, go and rust do the same, and so does unshare(1) \
             where it can\n\
             ~ explained below   # unexplained   ERRNO all refuse with it\n\
             n/a not possible here   x|y as root | in a user namespace\
             {FAINT:#}\n"
        );
    }

    /// Who joined whose container.
    fn joins(&self, out: &mut String) {
        let joins: Vec<&Comparison> =
            self.comparisons.iter().filter(|it| is_a_join(it)).collect();
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

    /// Where the languages part around the steps, and where they do not: what
    /// is the same for most steps stands there once.
    fn situations(&self, out: &mut String) {
        let situations = Situation::all(self.comparisons);
        if situations.is_empty() {
            return;
        }
        let _ = writeln!(out, "{STRONG}around the steps{STRONG:#}");
        let mut same: Vec<String> = Vec::new();
        for alike in situations.chunk_by(|one, next| one.ways == next.ways) {
            let [most, others @ ..] = alike[0].ways.as_slice() else {
                continue;
            };
            let names = alike.iter().map(|it| it.name_with(&most.steps));
            if most.rows.is_empty() {
                same.extend(names);
            } else {
                let names: Vec<_> = names.collect();
                most.print(out, &wrapped(&names, 0, 23));
            }
            let mut reworded = 0;
            for way in others {
                if way.ends_as(most) {
                    reworded += way.steps.len();
                    continue;
                }
                let names: Vec<_> =
                    way.steps.iter().map(|it| format!("{it}:")).collect();
                let _ = writeln!(out, "{}", wrapped(&names, 0, 80));
                way.print(out, alike[0].name);
            }
            if reworded > 0 {
                let _ = writeln!(
                    out,
                    "{:23} {FAINT}{reworded} steps in other words (-v)\
                     {FAINT:#}",
                    ""
                );
            }
        }
        if !same.is_empty() {
            let _ = writeln!(
                out,
                "the same in all         {GOOD}{}{GOOD:#}",
                wrapped(&same, 24, 80)
            );
        }
        out.push('\n');
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
            let _ = writeln!(
                out,
                "{NOTE}~{NOTE:#} {STRONG}{}{STRONG:#}: {}",
                known.slug, known.about
            );
            let _ = writeln!(
                out,
                "  {FAINT}{}; {}{FAINT:#}",
                known.cause.name(),
                few(&names)
            );
        }
        let _ = writeln!(
            out,
            "{FAINT}  each has its page: {}{FAINT:#}\n",
            self.pages
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
            let _ =
                writeln!(out, "  {count} trials ({}): {reason}", few(&names));
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

/// One situation, and what came of it, which is often the same for all steps.
struct Situation<'a> {
    name: &'a str,
    /// What most steps show comes first.
    ways: Vec<Way<'a>>,
}

/// What came of a situation, and for which steps.
#[derive(PartialEq)]
struct Way<'a> {
    /// Each row in which the launchers part: its key, and who shows what.
    rows: Vec<(Style, &'a str, String)>,
    steps: Vec<&'a str>,
}

impl Way<'_> {
    /// Whether the launchers end as they do there, whatever they say.
    fn ends_as(&self, other: &Way<'_>) -> bool {
        let row = |way: &Way<'_>| {
            let exit = way.rows.iter().find(|(_, key, _)| *key == "exit");
            exit.map(|(_, _, row)| row.clone())
        };
        row(self) == row(other)
    }

    /// The rows, beside a label of one line or several.
    fn print(&self, out: &mut String, label: &str) {
        let mut labels = label.lines();
        for (style, key, row) in &self.rows {
            let label = labels.next().unwrap_or_default();
            let _ =
                writeln!(out, "{label:<23} {key:<10} {style}{row}{style:#}");
        }
        for label in labels {
            let _ = writeln!(out, "{label}");
        }
    }
}

impl<'a> Situation<'a> {
    /// All of them but the joins, in the order of the comparisons. Of the
    /// scenarios of each the first one speaks for all: in another way it would
    /// differ from what was blessed.
    fn all(comparisons: &'a [Comparison]) -> Vec<Situation<'a>> {
        let mut all: Vec<Situation<'a>> = Vec::new();
        let seen = comparisons.iter().filter(|it| !it.rows.is_empty());
        for it in seen.filter(|it| !is_a_join(it)) {
            let Some(name) = it.subject.situation.as_deref() else { continue };
            let at = all.iter().position(|other| other.name == name);
            let at = at.unwrap_or_else(|| {
                all.push(Situation { name, ways: Vec::new() });
                all.len() - 1
            });
            all[at].add(it.subject.step, parting(it));
        }
        for it in &mut all {
            it.ways.sort_by_key(|way| std::cmp::Reverse(way.steps.len()));
        }
        all
    }

    fn add(&mut self, step: &'a str, rows: Vec<(Style, &'a str, String)>) {
        if self.ways.iter().any(|way| way.steps.contains(&step)) {
            return;
        }
        match self.ways.iter_mut().find(|way| way.rows == rows) {
            Some(way) => way.steps.push(step),
            None => self.ways.push(Way { rows, steps: vec![step] }),
        }
    }

    /// Its name; for one step the subject's.
    fn name_with(&self, steps: &[&str]) -> String {
        match steps {
            [step] => format!("{step}:{}", self.name),
            _ => self.name.to_owned(),
        }
    }
}

/// Whether it is about who joined whose container.
fn is_a_join(it: &Comparison) -> bool {
    it.subject.situation.is_some() && it.subject.behaviour().is_none()
}

/// The rows in which the launchers part.
fn parting(it: &Comparison) -> Vec<(Style, &str, String)> {
    it.rows
        .iter()
        .filter_map(|row| {
            let style = match &row.verdict {
                Verdict::Same => return None,
                Verdict::Explained(_) => NOTE,
                Verdict::Differs(_) => BAD,
            };
            Some((style, row.key.as_str(), one_line(row)))
        })
        .collect()
}

/// What one comparison comes to, in at most six characters.
fn cell(it: &Comparison) -> (Style, String) {
    if it.differing().next().is_some() || !it.broken.is_empty() {
        return (BAD, "#".to_owned());
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
                let _ = writeln!(out, "  {key:<width$}  {BAD}# {why}{BAD:#}");
                if row.groups.is_empty() {
                    continue;
                }
            }
        }
    }
}

/// The value all agree on, or each value behind who shows it.
fn one_line(row: &Row) -> String {
    let value = |group: &Group| group.value.clone().unwrap_or("-".to_owned());
    match row.groups.as_slice() {
        [all] => value(all),
        groups => groups
            .iter()
            .map(|group| {
                let names: Vec<_> =
                    group.launchers.iter().map(|it| it.name()).collect();
                format!("{}: {}", names.join(" "), value(group))
            })
            .collect::<Vec<_>>()
            .join("   "),
    }
}

/// Words on lines of `width`, those after the first moved in by `indent`.
fn wrapped(words: &[String], indent: usize, width: usize) -> String {
    let mut text = String::new();
    let mut column = indent;
    for word in words {
        if column > indent && column + 1 + word.len() > width {
            text.push('\n');
            text.push_str(&" ".repeat(indent));
            column = indent;
        } else if column > indent {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += word.len();
    }
    text
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
