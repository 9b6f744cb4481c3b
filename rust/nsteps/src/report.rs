//! A comparison as a person reads it.  Nothing is decided here.

use crate::checked::{Checked, some};
use crate::terminal::style::{BAD, FAINT, GOOD, NOTE, PLAIN, STRONG};
use crate::terminal::text::{self, Breaks, Cell, GAP, Painted, paragraph};
use anstyle::Style;
use compare::comparison::{Comparison, Row, Standing, Verdict};
use compare::known::KnownDifference;
use harness::error::TROUBLE;
use harness::launcher::{LANGUAGES, LAUNCHERS, Launcher};
use harness::scenario::{Mounts, SCENARIOS, Scenario};
use harness::step::{Namespace, STEPS, Step};
use harness::trial::join::{IDENTICAL, THE_CONTAINERS};
use std::collections::BTreeMap;
use std::fmt::Write;

/// What is printed at the end of a comparison.
pub struct Report<'a> {
    /// Everything compared, in order.
    pub comparisons: &'a [Comparison],
    /// Explanations that nothing needed any more.
    pub stale: &'a [&'static KnownDifference],
    /// How the posts' claims stand, when all of them were checked.
    pub claims: Option<crate::checks::claims::report::Tally>,
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
    /// How many comparisons have the same effect in every language.
    pub same: usize,
    /// Some differ, and why is known.
    pub explained: usize,
    /// Of these, those in which they differ only in what every trial of a
    /// launcher shows.
    pub everywhere: usize,
    /// Fewer than two launchers were observed.
    pub not_compared: usize,
    /// Of trials; what differs does so in a comparison.
    pub checked: Checked,
}

impl Tally {
    /// Counts how the comparisons ended.
    pub fn of(comparisons: &[Comparison]) -> Tally {
        let mut tally = Tally::default();
        for it in comparisons {
            tally.checked.all += it.launchers.len();
            tally.checked.broken += it.broken.len();
            for (_, why) in &it.unavailable {
                tally.checked.not_possible(why);
            }
            match it.standing() {
                Standing::NotCompared => tally.not_compared += 1,
                Standing::Same => tally.same += 1,
                Standing::SameButEverywhere => {
                    tally.explained += 1;
                    tally.everywhere += 1;
                }
                Standing::Explained => tally.explained += 1,
                Standing::Differs => tally.checked.unexpected += 1,
            }
        }
        tally
    }

    /// 0, 1 or 2, as diff(1) has it: where nothing was compared, the question
    /// was not answered.
    pub fn status(&self) -> u8 {
        let Tally { same, explained, not_compared, checked, .. } = self;
        let nothing = same + explained + checked.unexpected == 0;
        if nothing && *not_compared > 0 { TROUBLE } else { checked.status() }
    }
}

/// The exit status of a comparison: 0, 1 or 2, as diff(1) has it.
pub fn status(
    comparisons: &[Comparison],
    stale: &[&'static KnownDifference],
) -> u8 {
    let mut tally = Tally::of(comparisons);
    tally.checked.unexpected += stale.len();
    tally.status()
}

impl Report<'_> {
    /// The whole report, with colours; the stream drops them where they are
    /// not wanted.
    pub fn text(&self) -> String {
        let mut out = String::new();
        self.everywhere(&mut out);
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

    /// The comparisons of plain steps.
    fn plain(&self) -> impl Iterator<Item = &Comparison> {
        self.comparisons.iter().filter(|it| it.subject.situation.is_none())
    }

    /// What every trial of a launcher shows, said once.
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

    /// One line per step, one column per kind of mounts.
    fn table(&self, out: &mut String) {
        let seen =
            |step: &Step| self.plain().any(|it| it.subject.step == step.name);
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
        let ran = who_ran(self.plain());
        let rows: Vec<Vec<Cell>> = steps
            .iter()
            .map(|step| {
                let made = step.namespace_names();
                let mut row = vec![step.name.into(), made.into()];
                let places = columns.iter();
                row.extend(places.map(|it| self.place(step, *it, &ran)));
                row
            })
            .collect();
        text::table(out, &head, &rows, text::width());
        for line in self.legend(&ran).lines() {
            paragraph(out, line, 0, 2, FAINT);
        }
        out.push('\n');
    }

    /// What a step comes to under one kind of mounts.
    fn place(&self, step: &Step, mounts: Mounts, ran: &[Launcher]) -> Cell {
        let cells: Vec<(Style, String)> = SCENARIOS
            .iter()
            .filter(|it| it.mounts == mounts)
            .filter_map(|it| self.of(step, None, *it))
            .map(|it| cell(it, ran))
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

    /// What the words in the table mean: the first line names the launchers
    /// that ran, and what does not stand in the table is left out.
    fn legend(&self, ran: &[Launcher]) -> String {
        let languages: Vec<&str> = ran
            .iter()
            .filter(|it| LANGUAGES.contains(it))
            .map(|it| it.name())
            .collect();
        let control = ran.contains(&Launcher::Unshare);
        let mut lines = match (languages.as_slice(), control) {
            ([one], true) => vec![format!("= {one} does what unshare(1) does")],
            ([], _) | ([_], _) => Vec::new(),
            (some, true) => vec![format!(
                "= {} do the same, and so does unshare(1) where it can",
                listed(some)
            )],
            (some, false) => vec![format!("= {} do the same", listed(some))],
        };
        let partly = |it: &Comparison| {
            it.observed().len() >= 2 && !all_of(&ran_of(it, ran), it)
        };
        if self.plain().any(partly) {
            lines.push(
                "(=) the same in those that could be observed: below is which \
                 could not"
                    .to_owned(),
            );
        }
        if self.plain().any(|it| it.observed().len() == 1) {
            lines.push(
                "alone  one launcher was observed: nothing to compare it with"
                    .to_owned(),
            );
        }
        lines.push(
            "~ explained below   ! unexplained   ERRNO all refuse with it"
                .to_owned(),
        );
        lines.push(
            "n/a not possible here   x|y as root | in a user namespace"
                .to_owned(),
        );
        lines.join("\n")
    }

    /// Which launcher joined the container of which.
    fn joins(&self, out: &mut String) {
        let joins: Vec<&Comparison> =
            self.comparisons.iter().filter(|it| is_a_join(it)).collect();
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
        let whose = match who_ran(joins.iter().copied()).as_slice() {
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

    /// Where the languages differ around the steps, and where they do not: what
    /// is the same for most steps stands there once.
    fn situations(&self, out: &mut String) {
        let situations = Tried::all(self.comparisons);
        let alone = Tried::not_compared(self.comparisons);
        if situations.is_empty() && alone.is_empty() {
            return;
        }
        let _ = writeln!(out, "{STRONG}around the steps{STRONG:#}");
        let mut same: Vec<String> = Vec::new();
        for alike in situations.chunk_by(|one, next| one.ways == next.ways) {
            let [most, others @ ..] = alike[0].ways.as_slice() else {
                continue;
            };
            let names: Vec<_> =
                alike.iter().map(|it| it.name_with(&most.steps)).collect();
            if most.rows.is_empty() {
                same.extend(names);
            } else {
                most.print(out, &names.join(" "));
            }
            let mut reworded = 0;
            for way in others {
                if way.ends_as(most) {
                    reworded += way.steps.len();
                    continue;
                }
                let names: Vec<_> =
                    way.steps.iter().map(|it| format!("{it}:")).collect();
                paragraph(out, &names.join(" "), 0, 0, PLAIN);
                way.print(out, alike[0].name);
            }
            if reworded > 0 {
                let text = format!("{reworded} steps in other words (-v)");
                beside_label(out, "", "", vec![Painted::new(FAINT, &text)]);
            }
        }
        for (what, style, names) in
            [("the same in all", GOOD, &same), ("not compared", FAINT, &alone)]
        {
            if !names.is_empty() {
                let _ = writeln!(out, "{what}");
                paragraph(out, &names.join(" "), 2, 0, style);
            }
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

/// One situation, and what came of it, which is often the same for all steps.
struct Tried<'a> {
    name: &'a str,
    /// What most steps show comes first.
    ways: Vec<Way<'a>>,
}

/// What came of a situation, and for which steps.
#[derive(PartialEq)]
struct Way<'a> {
    /// Each row in which the launchers differ.
    rows: Vec<&'a Row>,
    steps: Vec<&'a str>,
}

impl Way<'_> {
    /// Whether the launchers end as they do there, whatever they say.
    fn ends_as(&self, other: &Way<'_>) -> bool {
        let exit = |way: &Way<'_>| {
            let exit = way.rows.iter().find(|row| row.key == "exit");
            exit.map(|row| row.groups.clone())
        };
        exit(self) == exit(other)
    }

    /// The rows, beside a label of one line or several.
    fn print(&self, out: &mut String, label: &str) {
        let mut label = label;
        for row in &self.rows {
            let style = match &row.verdict {
                Verdict::Differs(_) => BAD,
                _ => NOTE,
            };
            beside_label(out, label, &row.key, values(row, style));
            label = "";
        }
    }
}

/// A label, a key and what is to be said of them, in columns.
fn beside_label(
    out: &mut String,
    label: &str,
    key: &str,
    values: Vec<Painted>,
) {
    let label = text::wrap(label, LABEL, 0, Breaks::Spaces);
    let label = label.iter().map(|it| Painted::new(PLAIN, it)).collect();
    let key = vec![Painted::new(PLAIN, key)];
    text::beside(out, &[label, key, values], &[LABEL, KEY, 0]);
}

impl<'a> Tried<'a> {
    /// All of them but the joins, in the order of the comparisons. Of the
    /// scenarios of each one speaks for all: one in which something differs,
    /// if there is one, and none in which nothing was compared.
    fn all(comparisons: &'a [Comparison]) -> Vec<Tried<'a>> {
        let mut all: Vec<Tried<'a>> = Vec::new();
        let rank = |it: &&Comparison| match it.standing() {
            Standing::NotCompared => None,
            Standing::Same | Standing::SameButEverywhere => Some(2),
            Standing::Explained => Some(1),
            Standing::Differs => Some(0),
        };
        for it in comparisons.iter().filter(|it| !is_a_join(it)) {
            let Some(name) = it.subject.situation.as_deref() else { continue };
            let telling = comparisons
                .iter()
                .filter(|other| other.subject == it.subject)
                .filter(|other| rank(other).is_some())
                .min_by_key(rank);
            let Some(it) = telling else { continue };
            let at = all.iter().position(|other| other.name == name);
            let at = at.unwrap_or_else(|| {
                all.push(Tried { name, ways: Vec::new() });
                all.len() - 1
            });
            all[at].add(it.subject.step, parting(it));
        }
        for it in &mut all {
            it.ways.sort_by_key(|way| std::cmp::Reverse(way.steps.len()));
        }
        all
    }

    /// Those of which nothing can be said in any scenario; `STEP:*` where that
    /// is so of every situation around a step.
    fn not_compared(comparisons: &[Comparison]) -> Vec<String> {
        // Of each step, every situation, and whether it was compared.
        let mut steps: Vec<(&str, BTreeMap<&str, bool>)> = Vec::new();
        for it in comparisons.iter().filter(|it| !is_a_join(it)) {
            let Some(name) = it.subject.situation.as_deref() else { continue };
            let step = it.subject.step;
            if steps.last().is_none_or(|(last, _)| *last != step) {
                steps.push((step, BTreeMap::new()));
            }
            let Some((_, situations)) = steps.last_mut() else { continue };
            let compared = it.standing() != Standing::NotCompared;
            *situations.entry(name).or_default() |= compared;
        }
        steps
            .into_iter()
            .flat_map(|(step, situations)| {
                if situations.len() > 1 && situations.values().all(|it| !it) {
                    return vec![format!("{step}:*")];
                }
                let alone = situations.into_iter().filter(|(_, it)| !it);
                alone.map(|(name, _)| format!("{step}:{name}")).collect()
            })
            .collect()
    }

    fn add(&mut self, step: &'a str, rows: Vec<&'a Row>) {
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

/// Whether it is about a launcher that joins a container.
fn is_a_join(it: &Comparison) -> bool {
    it.subject.situation.is_some() && it.subject.situation().is_none()
}

/// The rows in which the launchers differ.
fn parting(it: &Comparison) -> Vec<&Row> {
    let differs = |row: &&Row| {
        !matches!(row.verdict, Verdict::Same | Verdict::NotCompared)
    };
    it.rows.iter().filter(differs).collect()
}

/// What one comparison comes to, in a word; in parentheses where not all that
/// ran elsewhere could be observed.
fn cell(it: &Comparison, ran: &[Launcher]) -> (Style, String) {
    let standing = it.standing();
    if standing == Standing::Differs || !it.broken.is_empty() {
        return (BAD, "!".to_owned());
    }
    let observed = it.observed();
    if standing == Standing::NotCompared {
        let word = if observed.is_empty() { "n/a" } else { "alone" };
        return (FAINT, word.to_owned());
    }
    let errno =
        it.rows.iter().find(|row| row.key == "refused").and_then(|row| {
            let values: Vec<_> = row.groups.iter().collect();
            let first = values.first()?.value.as_ref()?;
            let all = values.iter().all(|group| group.value.is_some());
            all.then(|| first.split(' ').nth(1).unwrap_or("?").to_owned())
        });
    let plain = standing != Standing::Explained;
    let (style, word) = match (errno, plain) {
        (Some(errno), true) => (GOOD, errno),
        (Some(errno), false) => (NOTE, format!("{errno}~")),
        (None, true) => (GOOD, "=".to_owned()),
        (None, false) => (NOTE, "~".to_owned()),
    };
    if all_of(&ran_of(it, ran), it) {
        (style, word)
    } else {
        (NOTE, format!("({word})"))
    }
}

/// Those languages of a comparison that ran anywhere; of the control the legend
/// says that it cannot do everything.
fn ran_of(it: &Comparison, ran: &[Launcher]) -> Vec<Launcher> {
    it.launchers
        .iter()
        .copied()
        .filter(|it| ran.contains(it) && LANGUAGES.contains(it))
        .collect()
}

/// Whether all these were observed here.
fn all_of(launchers: &[Launcher], it: &Comparison) -> bool {
    let observed = it.observed();
    launchers.iter().all(|launcher| observed.contains(launcher))
}

/// The launchers that were observed anywhere, in the order of tables.
fn who_ran<'a>(
    comparisons: impl Iterator<Item = &'a Comparison>,
) -> Vec<Launcher> {
    let observed: Vec<Launcher> =
        comparisons.flat_map(Comparison::observed).collect();
    LAUNCHERS.iter().copied().filter(|it| observed.contains(it)).collect()
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

/// In how many joins of a comparison the launcher is in all namespaces of the
/// container, with its mount table.
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

/// `a, b and c`.
fn listed(names: &[&str]) -> String {
    match names {
        [] => "none".to_owned(),
        [one] => (*one).to_owned(),
        [some @ .., last] => format!("{} and {last}", some.join(", ")),
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

/// How wide the name of a situation is.
const LABEL: usize = 22;
/// How wide the key of a situation is.
const KEY: usize = 9;

/// The value all agree on, or each value with the launchers that show it; on
/// several lines where one has not the room.
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
