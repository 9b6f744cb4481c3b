//! What a requirement is, and the ways not to meet it.

use crate::known::fits;
use harness::scenario::Scenario;
use harness::step::{Namespace, Step};

/// The key of what a launcher does with its payload: it is no key of an effect.
pub const PAYLOAD: &str = "payload";
/// The key of what inside and outside do not say alike.
pub const TWO_SIDES: &str = "inside/outside";

/// What a step has to do, in one respect.
#[derive(Debug)]
pub struct Requirement {
    /// Its name, one word.
    pub name: &'static str,
    /// What has to be so, without a full stop.
    pub about: &'static str,
    /// Of which steps it is required.
    pub of: Of,
    /// What may be wrong. The first that fits what was seen gives the hint.
    pub mistakes: &'static [Mistake],
}

/// Of which steps something is required.
#[derive(Debug)]
pub enum Of {
    /// Of every step.
    Every,
    /// Of those whose expected effect has a key that fits one of these.
    Expecting(&'static [&'static str]),
    /// Of those that this is true of.
    Those(fn(&Step) -> bool),
    /// Of those that are tried in one of these situations.
    Situations(&'static [&'static str]),
}

/// One way not to meet a requirement.
#[derive(Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The keys that differ (`*` at either end).
    pub keys: &'static [&'static str],
    /// The values that are expected (`-` for none); empty: any.
    pub wanted: &'static [&'static str],
    /// The values that were seen (`-` for none); empty: any.
    pub seen: &'static [&'static str],
    /// What is wrong: sentences that do not say how to do it. `{key}` stands
    /// for the key.
    pub hint: &'static str,
    /// How to do it. `{flags}` stands for the flags of the step's namespaces,
    /// `{wanted}` for what is expected, `{key}` for the key.
    pub answer: &'static str,
    /// The page that explains it, in the book; `{step}` stands for the step.
    pub page: &'static str,
}

/// A key that is not as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The situation; none for the step alone.
    pub situation: Option<&'static str>,
    /// The mounts and the user of the sandbox.
    pub scenario: Scenario,
    /// The key.
    pub key: String,
    /// What is expected; nothing where the key may not change.
    pub wanted: Option<String>,
    /// What was seen; nothing where the key did not change.
    pub seen: Option<String>,
}

/// Whether one of these patterns fits a text.
pub fn any(patterns: &[&str], text: &str) -> bool {
    patterns.iter().any(|it| fits(it, text))
}

impl Mistake {
    /// Whether this is what is wrong with a key.
    pub fn is(&self, it: &Mismatch) -> bool {
        let may = |patterns: &[&str], value: &Option<String>| {
            let value = value.as_deref().unwrap_or("-");
            patterns.is_empty() || any(patterns, value)
        };
        any(self.keys, &it.key)
            && may(self.wanted, &it.wanted)
            && may(self.seen, &it.seen)
    }

    /// One sentence that says what is wrong. `{key}` in it becomes the key of the
    /// first mismatch.
    pub fn hint(&self, mismatches: &[Mismatch]) -> String {
        let key = mismatches.first().map_or("", |it| it.key.as_str());
        self.hint.replace("{key}", key)
    }

    /// The page that explains it.
    pub fn page(&self, step: &Step) -> String {
        self.page.replace("{step}", step.name)
    }

    /// How to do it right, in this step.
    pub fn answer(&self, step: &Step, mismatches: &[Mismatch]) -> String {
        let flags: Vec<String> =
            step.namespaces.iter().map(|it| flag(*it)).collect();
        let first = mismatches.first();
        let wanted = first.and_then(|it| it.wanted.as_deref());
        self.answer
            .replace("{flags}", &flags.join(" | "))
            .replace("{wanted}", wanted.unwrap_or("unchanged"))
            .replace("{key}", first.map_or("", |it| it.key.as_str()))
    }
}

/// The flag by which clone and unshare make a namespace.
fn flag(namespace: Namespace) -> String {
    let name = match namespace {
        Namespace::Mnt => "ns",
        other => other.proc_name(),
    };
    format!("CLONE_NEW{}", name.to_uppercase())
}
