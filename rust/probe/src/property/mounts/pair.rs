//! Compares a mount of the baseline with the current one.

use super::place::Place;
use super::words::{source, stable_options};
use crate::effect::{Effect, word_changes};

/// A mount of the baseline and the current mount in its place.
pub(super) struct Pair<'a> {
    pub(super) before: Place<'a>,
    pub(super) after: Place<'a>,
    pub(super) replaced: bool,
}

impl<'a> Pair<'a> {
    pub(super) fn kept(before: &Place<'a>, after: &Place<'a>) -> Pair<'a> {
        Pair { before: *before, after: *after, replaced: false }
    }
}

/// The differences of two mounts, except those of propagation, and those of
/// options that all mounts have.
pub(super) fn differences(
    pair: &Pair<'_>,
    everywhere: &[String],
    words: &mut Vec<String>,
) {
    let (before, after) = (pair.before.mount, pair.after.mount);
    if before.source != after.source {
        words.push(format!("source {}", source(after)));
    }
    let options = option_changes(pair);
    let options: Vec<&str> = options
        .split(' ')
        .filter(|word| !word.is_empty())
        .filter(|word| !everywhere.iter().any(|other| other == word))
        .collect();
    if !options.is_empty() {
        words.push(format!("options {}", options.join(" ")));
    }
    let super_options =
        word_changes(stable_options(before), stable_options(after));
    if !super_options.is_empty() {
        words.push(format!("super {super_options}"));
    }
}

fn option_changes(pair: &Pair<'_>) -> String {
    word_changes(
        pair.before.mount.options.split(','),
        pair.after.mount.options.split(','),
    )
}

/// The options that several mounts won or lost, as `+ro` and `-rw`, and that
/// now every mount has, or none, among the mounts that paths lead to. Adds one
/// line for all of them.
pub(super) fn options_everywhere(
    pairs: &[Pair<'_>],
    effect: &mut Effect,
) -> Vec<String> {
    let reachable: Vec<&Pair<'_>> = pairs
        .iter()
        .filter(|pair| !pair.replaced && pair.after.state().is_none())
        .collect();
    let changes: Vec<String> =
        reachable.iter().map(|pair| option_changes(pair)).collect();
    let mut everywhere: Vec<String> = Vec::new();
    for word in changes.iter().flat_map(|change| change.split(' ')) {
        let changed = |change: &&String| change.split(' ').any(|w| w == word);
        let several = changes.iter().filter(changed).count() > 1;
        let Some(option) = word.get(1..).filter(|_| several) else {
            continue;
        };
        let has = |pair: &&Pair<'_>| {
            pair.after.mount.options.split(',').any(|w| w == option)
        };
        let all = match word.starts_with('+') {
            true => reachable.iter().all(has),
            false => !reachable.iter().any(has),
        };
        if all && !everywhere.iter().any(|other| other == word) {
            everywhere.push(word.to_owned());
        }
    }
    if !everywhere.is_empty() {
        let words = everywhere.join(" ");
        effect.change("mnt.options", format!("every mount: {words}"));
    }
    everywhere
}
