//! The table of the steps: one line per step, one column for each kind of
//! mounts.

use super::launchers::{self, listed};
use crate::terminal::style::{BAD, FAINT, GOOD, NOTE};
use crate::terminal::text::{self, Cell, paragraph};
use anstyle::Style;
use compare::comparison::{Comparison, Standing};
use harness::launcher::{LANGUAGES, Launcher};
use harness::scenario::{Mounts, SCENARIOS, Scenario};
use harness::step::{STEPS, Step};

/// Prints one line per step, with one column for each kind of mounts.
pub fn print(out: &mut String, comparisons: &[Comparison]) {
    let seen =
        |step: &Step| plain(comparisons).any(|it| it.subject.step == step.name);
    let steps: Vec<&Step> = STEPS.iter().filter(|step| seen(step)).collect();
    if steps.is_empty() {
        return;
    }
    let mut columns: Vec<Mounts> = Vec::new();
    for it in comparisons {
        if !columns.contains(&it.scenario.mounts) {
            columns.push(it.scenario.mounts);
        }
    }
    let mut head = vec!["step", "new namespaces"];
    head.extend(columns.iter().map(|it| it.name()));
    let ran = launchers::observed(plain(comparisons));
    let rows: Vec<Vec<Cell>> = steps
        .iter()
        .map(|step| {
            let made = step.namespace_names();
            let mut row = vec![step.name.into(), made.into()];
            let places = columns.iter();
            row.extend(places.map(|it| place(comparisons, step, *it, &ran)));
            row
        })
        .collect();
    text::table(out, &head, &rows, text::width());
    for line in legend(comparisons, &ran).lines() {
        paragraph(out, line, 0, 2, FAINT);
    }
    out.push('\n');
}

/// The result of a step with one kind of mounts.
fn place(
    comparisons: &[Comparison],
    step: &Step,
    mounts: Mounts,
    ran: &[Launcher],
) -> Cell {
    let cells: Vec<(Style, String)> = SCENARIOS
        .iter()
        .filter(|it| it.mounts == mounts)
        .filter_map(|it| find(comparisons, step, *it))
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

/// Explains the words in the table: the first line names the launchers that
/// ran, and words that the table does not have are left out.
fn legend(comparisons: &[Comparison], ran: &[Launcher]) -> String {
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
    if plain(comparisons).any(partly) {
        lines.push(
            "(=) the same in those that could be observed: below is which \
             could not"
                .to_owned(),
        );
    }
    if plain(comparisons).any(|it| it.observed().len() == 1) {
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
        "n/a not possible here   x|y as root | in a user namespace".to_owned(),
    );
    lines.join("\n")
}

/// The comparison of the step alone in that scenario.
fn find<'a>(
    comparisons: &'a [Comparison],
    step: &Step,
    scenario: Scenario,
) -> Option<&'a Comparison> {
    plain(comparisons)
        .find(|it| it.subject.step == step.name && it.scenario == scenario)
}

/// The comparisons of steps alone, without a situation.
fn plain(comparisons: &[Comparison]) -> impl Iterator<Item = &Comparison> {
    comparisons.iter().filter(|it| it.subject.situation.is_none())
}

/// The result of one comparison in one word; in parentheses if not all
/// launchers that ran elsewhere could be observed.
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

/// The languages of a comparison that ran anywhere. The legend says that the
/// control cannot do everything.
fn ran_of(it: &Comparison, ran: &[Launcher]) -> Vec<Launcher> {
    it.launchers
        .iter()
        .copied()
        .filter(|it| ran.contains(it) && LANGUAGES.contains(it))
        .collect()
}

/// True if all these launchers were observed in the comparison.
fn all_of(launchers: &[Launcher], it: &Comparison) -> bool {
    let observed = it.observed();
    launchers.iter().all(|launcher| observed.contains(launcher))
}
