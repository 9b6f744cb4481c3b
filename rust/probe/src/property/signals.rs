//! The blocked, the ignored and the pending signals: signal(7). All survive
//! execve(2), so those of a launcher are passed on to its payload.

use super::Property;
use crate::effect::{Effect, word_changes};
use crate::observation::{Observation, Unread};
use crate::proc::Proc;
use crate::sys;

pub(super) const PROPERTY: Property = Property {
    name: "signals",
    families: &["signals"],
    about: "blocked, ignored and pending signals",
    observe,
    effect,
};

const KEYS: [&str; 5] = [
    "signals.blocked",
    "signals.blocked.internal",
    "signals.ignored",
    "signals.ignored.internal",
    "signals.pending",
];

/// Reads the sets by the system calls themselves: the C library hides signals
/// 32 and 33, with which it cancels threads and changes their ids.
///
/// These two have readings of their own, `.internal`, because posix_spawn of
/// some C libraries leaves them ignored, which a payload does not notice.
fn observe(_: &Proc, observation: &mut Observation) {
    let ignored =
        (1..=64).try_fold(0u64, |set, signal| match sys::is_ignored(signal) {
            Ok(ignored) => Ok(set | (u64::from(ignored) << (signal - 1))),
            Err(errno) => Err(Unread::new("rt_sigaction", errno)),
        });
    let blocked = sys::blocked_signals()
        .map_err(|errno| Unread::new("rt_sigprocmask", errno));
    let [
        blocked_key,
        blocked_internal,
        ignored_key,
        ignored_internal,
        pending_key,
    ] = KEYS;
    for (key, internal, set) in [
        (blocked_key, blocked_internal, blocked),
        (ignored_key, ignored_internal, ignored),
    ] {
        observation.read(key, set.clone().map(|set| words(set & !INTERNAL)));
        observation.read(internal, set.map(|set| words(set & INTERNAL)));
    }
    let pending = sys::pending_signals()
        .map_err(|errno| Unread::new("rt_sigpending", errno));
    observation.read(pending_key, pending.map(words));
}

/// The bits of signals 32 and 33.
const INTERNAL: u64 = 0b11 << 31;

/// The names of signal(7) on most architectures. A real-time signal is called
/// by its number, because the first one depends on the C library.
fn name(signal: u32) -> String {
    use nix::sys::signal::Signal;
    i32::try_from(signal)
        .ok()
        .and_then(|number| Signal::try_from(number).ok())
        .map_or_else(|| signal.to_string(), |s| s.as_str().to_owned())
}

/// A set of signals, bit n-1 for signal n, in the words of a reading.
pub fn words(set: u64) -> String {
    let words: Vec<String> =
        (1..=64).filter(|n| set & (1 << (n - 1)) != 0).map(name).collect();
    match words.is_empty() {
        true => "none".to_owned(),
        false => words.join(" "),
    }
}

fn effect(baseline: &Observation, seen: &Observation, effect: &mut Effect) {
    for key in KEYS {
        effect.compare(key, baseline, seen, |before, after| {
            Some(word_changes(
                members(before.unwrap_or("none")),
                members(after),
            ))
        });
    }
}

fn members(set: &str) -> impl Iterator<Item = &str> + Clone {
    set.split(' ').filter(|word| *word != "none")
}

#[cfg(test)]
mod tests {
    use super::super::tests::effect_of;
    use super::*;

    #[test]
    fn signals_have_their_names() {
        assert_eq!(words(0), "none");
        assert_eq!(words(1 << 12 | 1), "SIGHUP SIGPIPE");
        assert_eq!(words(INTERNAL), "32 33");
        assert_eq!(words(1 << 63), "64");
    }

    #[test]
    fn a_runtime_that_ignores_sigpipe_is_seen() {
        let before = [("signals.ignored", "SIGHUP")];
        let after = [("signals.ignored", "SIGHUP SIGPIPE")];
        assert_eq!(
            effect_of(&PROPERTY, &before, &after),
            "signals.ignored  +SIGPIPE\n"
        );
        assert_eq!(
            effect_of(&PROPERTY, &after, &[("signals.ignored", "none")]),
            "signals.ignored  -SIGHUP -SIGPIPE\n"
        );
    }
}
