//! The blessed effect of a step: what each language is expected to do, one
//! committed file per step.
//!
//! A file is made of blocks.  A block opens with the scenarios it holds for
//! (and the situation, if it is not the plain step); its lines are a key, its
//! value and the languages that show it, two or more spaces apart.

use crate::compare::Subject;
use crate::error::{Context, Result};
use crate::launcher::{LANGUAGES, Launcher};
use crate::sandbox::Scenario;
use probe::Key;
use std::collections::BTreeMap;
use std::path::Path;

/// What one language does: key by key.
pub type Changes = BTreeMap<Key, String>;
/// What each language does, in one scenario.
pub type Block = BTreeMap<Launcher, Changes>;

/// Everything blessed for one step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    blocks: BTreeMap<(Option<String>, Scenario), Block>,
}

impl Expected {
    /// Reads the file of a step; nothing is blessed where there is none.
    ///
    /// # Errors
    ///
    /// The file cannot be read or understood.
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

    fn parse(text: &str) -> Result<Expected> {
        let mut expected = Expected::default();
        let mut open: Vec<(Option<String>, Scenario)> = Vec::new();
        for (number, line) in text.lines().enumerate() {
            if line.starts_with('#') || line.trim().is_empty() {
                continue;
            }
            let wrong = || {
                crate::error::Error::new(format!(
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
                let (situation, scenarios) = match line.split_once(": ") {
                    Some((situation, rest)) => {
                        (Some(situation.to_owned()), rest)
                    }
                    None => (None, line),
                };
                open = scenarios
                    .split(' ')
                    .map(|name| {
                        let scenario = Scenario::named(name)?;
                        Some((situation.clone(), scenario))
                    })
                    .collect::<Option<_>>()
                    .ok_or_else(wrong)?;
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

    /// What is blessed for a subject in a scenario.
    pub fn block(
        &self,
        subject: &Subject,
        scenario: Scenario,
    ) -> Option<&Block> {
        self.blocks.get(&(subject.situation.clone(), scenario))
    }

    /// Blesses what one language does now.
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
            .entry((subject.situation.clone(), scenario))
            .or_default()
            .insert(launcher, changes);
    }

    /// The file of a step, scenarios with the same block together.
    pub fn text(&self, step: &str) -> String {
        let mut text = format!(
            "# What `{step}` changes, for its payload and around it; \
             `make bless` rewrites this.\n"
        );
        let mut written: Vec<(Option<&String>, &Block)> = Vec::new();
        for ((situation, _), block) in &self.blocks {
            let this = (situation.as_ref(), block);
            if written.contains(&this) {
                continue;
            }
            written.push(this);
            let scenarios: Vec<_> = self
                .blocks
                .iter()
                .filter(|((other, _), it)| other == situation && *it == block)
                .map(|((_, scenario), _)| scenario.to_string())
                .collect();
            text.push('\n');
            if let Some(situation) = situation {
                text.push_str(&format!("{situation}: "));
            }
            text.push_str(&scenarios.join(" "));
            text.push('\n');
            text.push_str(&lines(block));
        }
        text
    }
}

/// The lines of a block: keys in order, who shows each value beside it.
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

    #[test]
    fn what_is_written_can_be_read_again() {
        let subject = Subject { step: "uts", situation: None };
        let join = Subject { step: "uts", situation: Some("exit_3".into()) };
        let changes = BTreeMap::from([
            ("exit".to_owned(), "0".to_owned()),
            ("uts.hostname".to_owned(), "my  host".to_owned()),
        ]);
        let mut expected = Expected::default();
        for scenario in crate::sandbox::SCENARIOS {
            for launcher in LANGUAGES {
                expected.bless(&subject, *scenario, *launcher, &changes);
            }
        }
        expected.bless(
            &join,
            crate::sandbox::SCENARIOS[0],
            Launcher::C,
            &BTreeMap::new(),
        );
        for launcher in LANGUAGES {
            expected.bless(
                &join,
                crate::sandbox::SCENARIOS[0],
                *launcher,
                &changes,
            );
        }
        let text = expected.text("uts");
        assert_eq!(Expected::parse(&text), Ok(expected), "{text}");
    }

    #[test]
    fn a_line_that_makes_no_sense_is_named() {
        let error = Expected::parse("private/root\n  exit\n")
            .expect_err("it makes none");
        assert!(error.message.contains("line 2"), "{error}");
    }
}
