//! The expected effects: what each language is expected to do. There is one
//! committed file per step, and one per situation for all steps that it is
//! tried with.
//!
//! A file consists of blocks. A block begins with the scenarios that it holds
//! for. Before them stand the steps, in the file of a situation, or the
//! container that was joined. Each line after that is a key, its value and the
//! languages that show it, two or more spaces apart.

use crate::subject::Subject;
use harness::error::{Context, Result};
use harness::launcher::{LANGUAGES, Launcher};
use harness::scenario::Scenario;
use probe::Key;
use std::collections::BTreeMap;
use std::path::Path;

/// The changes that one language makes: key and value.
pub type Changes = BTreeMap<Key, String>;
/// The changes that each language makes in one scenario.
pub type Block = BTreeMap<Launcher, Changes>;

/// The path of a subject's file, below the directory of the expected effects.
pub fn file_of(subject: &Subject) -> String {
    match subject.situation() {
        Some(situation) => format!("situations/{}.txt", situation.name),
        None => format!("{}.txt", subject.step),
    }
}

/// The heading of a subject's blocks: the step in the file of a situation, the
/// joined container in that of a step, else `None`.
fn heading_of(subject: &Subject) -> Option<String> {
    match subject.situation() {
        Some(_) => Some(subject.step.to_owned()),
        None => subject.situation.clone(),
    }
}

/// The comment at the beginning of a subject's file.
fn title_of(subject: &Subject) -> String {
    match subject.situation() {
        Some(it) => format!(
            "# `{}`: {}.\n# What comes of it, by step and language; \
             `make bless` rewrites this.\n",
            it.name, it.about
        ),
        None => format!(
            "# What `{}` changes, for its payload and around it; \
             `make bless` rewrites this.\n",
            subject.step
        ),
    }
}

/// The expected effects of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    blocks: BTreeMap<(Option<String>, Scenario), Block>,
}

impl Expected {
    /// Reads one file. If there is none, there are no expected effects.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read, or if it has a line that is neither a
    /// heading nor a key with its value and languages.
    pub fn read(path: &Path) -> Result<Expected> {
        match std::fs::read_to_string(path) {
            Ok(text) => Expected::parse(&text).map_err(|mut error| {
                error.message =
                    format!("{}: {}", path.display(), error.message);
                error
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Ok(Expected::default())
            }
            Err(error) => {
                Err(error).context(format_args!("read {}", path.display()))
            }
        }
    }

    /// Reads the text of one file.
    ///
    /// # Errors
    ///
    /// Fails as [`read`](Self::read) does on a line that it cannot understand.
    pub fn parse(text: &str) -> Result<Expected> {
        let mut expected = Expected::default();
        let mut open: Vec<(Option<String>, Scenario)> = Vec::new();
        let mut begun = String::new();
        for (number, line) in text.lines().enumerate() {
            if line.starts_with('#') || line.trim().is_empty() {
                continue;
            }
            // A line that ends with a comma is continued on the next line.
            begun.push_str(line);
            if line.ends_with(',') {
                begun.push(' ');
                continue;
            }
            let line = std::mem::take(&mut begun);
            let wrong = || {
                harness::error::Error::new(format!(
                    "line {} cannot be understood: {line}",
                    number + 1
                ))
            };
            if let Some(entry) = line.strip_prefix("  ") {
                let mut fields = entry
                    .split("  ")
                    .map(str::trim)
                    .filter(|field| !field.is_empty());
                let (Some(key), Some(value), Some(who), None) = (
                    fields.next(),
                    fields.next(),
                    fields.next(),
                    fields.next(),
                ) else {
                    return Err(wrong());
                };
                for name in who.split(' ') {
                    let launcher = Launcher::named(name).ok_or_else(wrong)?;
                    for at in &open {
                        let block =
                            expected.blocks.entry(at.clone()).or_default();
                        let changes = block.entry(launcher).or_default();
                        changes.insert(key.to_owned(), value.to_owned());
                    }
                }
            } else {
                let (headings, scenarios) = match line.split_once(": ") {
                    Some((headings, rest)) => {
                        let headings = headings.split(", ");
                        (headings.map(|it| Some(it.to_owned())).collect(), rest)
                    }
                    None => (vec![None], line.as_str()),
                };
                open.clear();
                for name in scenarios.split(' ') {
                    let scenario = Scenario::named(name).ok_or_else(wrong)?;
                    let headings = headings.iter().cloned();
                    open.extend(headings.map(|it| (it, scenario)));
                }
                for at in &open {
                    let block = expected.blocks.entry(at.clone()).or_default();
                    for launcher in LANGUAGES {
                        block.entry(*launcher).or_default();
                    }
                }
            }
        }
        Ok(expected)
    }

    /// The expected effects of a subject in a scenario, if there are any.
    pub fn block(
        &self,
        subject: &Subject,
        scenario: Scenario,
    ) -> Option<&Block> {
        self.blocks.get(&(heading_of(subject), scenario))
    }

    /// Makes `changes` what is expected of one language.
    pub fn bless(
        &mut self,
        subject: &Subject,
        scenario: Scenario,
        launcher: Launcher,
        changes: &Changes,
    ) {
        let tidy = |text: &String| {
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        let changes = changes
            .iter()
            .map(|(key, value)| (key.clone(), tidy(value)))
            .collect();
        self.blocks
            .entry((heading_of(subject), scenario))
            .or_default()
            .insert(launcher, changes);
    }

    /// The text of a subject's file. Headings with equal blocks share one
    /// block.
    pub fn text(&self, subject: &Subject) -> String {
        let mut headings: Vec<&Option<String>> = Vec::new();
        for (heading, _) in self.blocks.keys() {
            if headings.last() != Some(&heading) {
                headings.push(heading);
            }
        }
        // Each block, the scenarios it holds for, and under which headings.
        let mut parts: Vec<(&Block, Vec<Scenario>, Vec<&str>)> = Vec::new();
        for heading in headings {
            for (block, scenarios) in self.under(heading) {
                let name = heading.as_deref().unwrap_or_default();
                match parts
                    .iter_mut()
                    .find(|(other, at, _)| *other == block && *at == scenarios)
                {
                    Some((.., names)) => names.push(name),
                    None => parts.push((block, scenarios, vec![name])),
                }
            }
        }
        let mut text = title_of(subject);
        for (block, scenarios, names) in parts {
            text.push('\n');
            text.push_str(&heading(&names, &scenarios));
            text.push_str(&lines(block));
        }
        text
    }

    /// The different blocks of one heading, each with its scenarios.
    fn under(&self, heading: &Option<String>) -> Vec<(&Block, Vec<Scenario>)> {
        let mut under: Vec<(&Block, Vec<Scenario>)> = Vec::new();
        for ((of, scenario), block) in &self.blocks {
            if of != heading {
                continue;
            }
            match under.iter_mut().find(|(other, _)| *other == block) {
                Some((_, scenarios)) => scenarios.push(*scenario),
                None => under.push((block, vec![*scenario])),
            }
        }
        under
    }
}

/// `NAME, NAME: SCENARIO SCENARIO`, on several lines where one is too narrow.
fn heading(names: &[&str], scenarios: &[Scenario]) -> String {
    let scenarios: Vec<_> = scenarios.iter().map(Scenario::to_string).collect();
    let mut text = match names {
        [""] => String::new(),
        _ => format!("{}: ", names.join(", ")),
    };
    text.push_str(&scenarios.join(" "));
    text.push('\n');
    let mut at = 0;
    while let Some(cut) = text.get(at..at + 80).and_then(|it| it.rfind(", ")) {
        text.replace_range(at + cut + 1..at + cut + 2, "\n");
        at += cut + 2;
    }
    text
}

/// The lines of a block: keys in order, and beside each value the launchers
/// that show it.
fn lines(block: &Block) -> String {
    let mut rows: BTreeMap<(&Key, &String), Vec<&str>> = BTreeMap::new();
    for (launcher, changes) in block {
        for change in changes {
            rows.entry(change).or_default().push(launcher.name());
        }
    }
    let width = |of: fn(&(&Key, &String)) -> usize| {
        rows.keys().map(of).max().unwrap_or(0)
    };
    let key_width = width(|(key, _)| key.chars().count());
    let value_width = width(|(_, value)| value.chars().count());
    rows.iter()
        .map(|((key, value), who)| {
            let who = who.join(" ");
            format!("  {key:key_width$}  {value:value_width$}  {who}\n")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use harness::step::{STEPS, Step};

    #[test]
    fn what_is_written_can_be_read_again() {
        let subject = Subject { step: "uts", situation: None };
        let join = Subject { step: "uts", situation: Some("c's uts".into()) };
        let changes = BTreeMap::from([
            ("exit".to_owned(), "0".to_owned()),
            ("uts.hostname".to_owned(), "my  host".to_owned()),
        ]);
        let mut expected = Expected::default();
        for scenario in harness::scenario::SCENARIOS {
            for launcher in LANGUAGES {
                expected.bless(&subject, *scenario, *launcher, &changes);
            }
        }
        expected.bless(
            &join,
            harness::scenario::SCENARIOS[0],
            Launcher::C,
            &BTreeMap::new(),
        );
        for launcher in LANGUAGES {
            expected.bless(
                &join,
                harness::scenario::SCENARIOS[0],
                *launcher,
                &changes,
            );
        }
        let text = expected.text(&subject);
        assert_eq!(Expected::parse(&text), Ok(expected), "{text}");
    }

    #[test]
    fn the_steps_of_a_situation_that_do_the_same_stand_together() {
        let of = |step: &Step| Subject {
            step: step.name,
            situation: Some("exit_0".into()),
        };
        let scenario = harness::scenario::SCENARIOS[0];
        let mut expected = Expected::default();
        for step in STEPS {
            for launcher in LANGUAGES {
                let exit = if step.name == "uts" { "1" } else { "0" };
                let changes =
                    BTreeMap::from([("exit".to_owned(), exit.to_owned())]);
                expected.bless(&of(step), scenario, *launcher, &changes);
            }
        }
        let text = expected.text(&of(&STEPS[0]));
        assert_eq!(Expected::parse(&text).as_ref(), Ok(&expected), "{text}");
        assert!(text.contains("\nuts: private/root\n"), "{text}");
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
        let block = expected.block(&of(&STEPS[0]), scenario);
        let exit = &block.expect("it was blessed")[&Launcher::C]["exit"];
        assert_eq!(exit, "0");
    }

    #[test]
    fn a_line_that_makes_no_sense_is_named() {
        let error = Expected::parse("private/root\n  exit\n")
            .expect_err("it makes none");
        assert!(error.message.contains("line 2"), "{error}");
    }
}
