//! The effect of a launcher: what its payload observes and the baseline does
//! not, in words that are the same on every machine.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::observation::{Key, Observation, Reading};
use crate::text;

/// Each changed key and the change, as in `ns.uts` and `new`.
#[derive(
    Clone,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
)]
#[serde(transparent)]
pub struct Effect(pub BTreeMap<Key, String>);

impl Effect {
    /// True if the payload observed the same as the baseline.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a change; a second one under the same key is appended to the first.
    pub fn change(&mut self, key: impl Into<Key>, change: impl AsRef<str>) {
        let text = self.0.entry(key.into()).or_default();
        if !text.is_empty() {
            text.push_str("; ");
        }
        text.push_str(change.as_ref());
    }

    /// Compares the readings under `key`. If they differ, `name` makes the
    /// change from the value of the baseline (`None` if it had none) and the
    /// present value; it returns `None` if the difference is only noise.
    ///
    /// If something cannot be read any more, or not for the same reason as
    /// before, that is a change whatever `name` returns. If one side did not
    /// read the key, there is no change.
    pub(crate) fn compare(
        &mut self,
        key: &str,
        baseline: &Observation,
        seen: &Observation,
        name: impl FnOnce(Option<&str>, &str) -> Option<String>,
    ) {
        let (Some(before), Some(after)) =
            (baseline.readings.get(key), seen.readings.get(key))
        else {
            return;
        };
        let change = match (before, after) {
            (
                Reading::Unread { errno: before, .. },
                Reading::Unread { errno: after, .. },
            ) if before == after => None,
            (_, Reading::Unread { .. }) => after.why_unread(),
            (_, Reading::Value(_)) if before == after => None,
            (_, Reading::Value(after)) => name(before.value(), after),
        };
        if let Some(change) = change {
            self.change(key, change);
        }
    }

    /// Compares the readings under `key`; the change is the current value.
    pub(crate) fn compare_value(
        &mut self,
        key: &str,
        baseline: &Observation,
        seen: &Observation,
    ) {
        self.compare(key, baseline, seen, |_, after| Some(after.to_owned()));
    }
}

/// The words that only `after` has, and those that only `before` has, as `-rw
/// +ro`; empty if both have the same words.
pub(crate) fn word_changes<'a>(
    before: impl Iterator<Item = &'a str> + Clone,
    after: impl Iterator<Item = &'a str> + Clone,
) -> String {
    let gone = before
        .clone()
        .filter(|word| !after.clone().any(|other| other == *word))
        .map(|word| format!("-{word}"));
    let new = after
        .clone()
        .filter(|word| !before.clone().any(|other| other == *word))
        .map(|word| format!("+{word}"));
    gone.chain(new).collect::<Vec<_>>().join(" ")
}

/// One line for each change, the keys in a column of their own.
impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = text::column(self.0.keys());
        for (key, change) in &self.0 {
            writeln!(f, "{key:width$}  {change}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observation::Unread;
    use nix::errno::Errno;

    fn observation(reading: impl Into<Reading>) -> Observation {
        let mut observation = Observation::default();
        observation.read("uts.hostname", reading);
        observation
    }

    fn value(text: &str) -> Observation {
        observation(Reading::Value(text.to_owned()))
    }

    fn unread(errno: Errno) -> Observation {
        let unread = Unread::new("uname", errno);
        observation(Err::<String, _>(unread))
    }

    fn compared(before: &Observation, after: &Observation) -> String {
        let mut effect = Effect::default();
        effect.compare_value("uts.hostname", before, after);
        effect.to_string()
    }

    #[test]
    fn the_same_is_no_change() {
        assert_eq!(compared(&value("vm"), &value("vm")), "");
        let masked = unread(Errno::EPERM);
        assert_eq!(compared(&masked, &masked), "");
    }

    #[test]
    fn another_value_is_the_change() {
        let text = compared(&value("vm"), &value("myhostname"));
        assert_eq!(text, "uts.hostname  myhostname\n");
        let text = compared(&unread(Errno::EPERM), &value("myhostname"));
        assert_eq!(text, "uts.hostname  myhostname\n");
    }

    #[test]
    fn what_cannot_be_read_any_more_is_a_change() {
        let text = compared(&value("vm"), &unread(Errno::EPERM));
        assert_eq!(text, "uts.hostname  unread: uname: EPERM\n");
        let text = compared(&unread(Errno::ENOENT), &unread(Errno::EPERM));
        assert_eq!(text, "uts.hostname  unread: uname: EPERM\n");
    }

    #[test]
    fn what_was_not_looked_at_is_no_change() {
        assert_eq!(compared(&Observation::default(), &value("vm")), "");
        assert_eq!(compared(&value("vm"), &Observation::default()), "");
    }

    #[test]
    fn a_second_change_is_added() {
        let mut effect = Effect::default();
        effect.change("mnt./proc", "- gone");
        effect.change("mnt./proc", "+ proc");
        assert_eq!(effect.to_string(), "mnt./proc  - gone; + proc\n");
    }

    #[test]
    fn words_lost_come_before_words_won() {
        let change = word_changes(
            "rw,nodev,relatime".split(','),
            "ro,nodev,relatime".split(','),
        );
        assert_eq!(change, "-rw +ro");
    }
}
