//! The session keyring: which user owns it, and what it allows the process.

use super::Property;
use crate::attempt::{Outcome, attempt, session_keyring};
use crate::effect::Effect;
use crate::observation::{Observation, Unread};
use crate::owner;
use crate::proc::Proc;
use crate::text::lossless;

pub(super) const PROPERTY: Property = Property {
    name: "keyring",
    families: &["keyring"],
    about: "the session keyring: which one, its rights and owner",
    observe,
    effect,
};

const KEY: &str = "keyring.session";
const SERIAL: &str = "keyring.session.serial";

/// Reads `keyring.session`, as in `_ses rights 3f130000 owner 0:0`, and its
/// serial number, which identifies it as long as it exists. A child asks,
/// because the question gives a process without a session keyring that of its
/// user.
fn observe(_: &Proc, observation: &mut Observation) {
    let outcome = attempt(|| {
        let (serial, description) = session_keyring()?;
        let mut answer = serial.to_string().into_bytes();
        answer.push(b';');
        answer.extend(description);
        Ok(answer)
    });
    let answer = outcome.and_then(|outcome| match outcome {
        Outcome::Answered(Ok(answer)) => {
            parse(&lossless(&answer)).ok_or_else(|| {
                Unread::senseless("keyctl KEYCTL_DESCRIBE: malformed")
            })
        }
        Outcome::Answered(Err(errno)) => {
            Err(Unread::new("keyctl KEYCTL_DESCRIBE", errno))
        }
        other => Err(Unread::senseless(format!("keyctl: {}", other.words("")))),
    });
    match answer {
        Ok((serial, words)) => {
            observation.read(SERIAL, Ok(serial));
            observation.read(KEY, Ok(words));
        }
        Err(unread) => observation.read(KEY, Err::<String, _>(unread)),
    }
}

/// Parses `SERIAL;TYPE;UID;GID;RIGHTS;DESCRIPTION`. Returns the serial number,
/// and the rest in words.
fn parse(answer: &str) -> Option<(String, String)> {
    let fields: Vec<&str> = answer.splitn(6, ';').collect();
    let [serial, _, uid, gid, rights, description] = fields.try_into().ok()?;
    let words = format!("{description} rights {rights} owner {uid}:{gid}");
    Some((serial.to_owned(), words))
}

fn effect(baseline: &Observation, seen: &Observation, effect: &mut Effect) {
    let other = baseline.value(SERIAL) != seen.value(SERIAL);
    if other
        && let (Some(_), Some(after)) = (baseline.value(KEY), seen.value(KEY))
    {
        effect.change(KEY, format!("another: {after}"));
        return;
    }
    effect.compare(KEY, baseline, seen, |before, after| {
        let before = before.unwrap_or_default();
        let is_same = owner::is_same(baseline, seen, before, after);
        (!is_same).then(|| after.to_owned())
    });
}

#[cfg(test)]
mod tests {
    use super::super::tests::effect_of;
    use super::*;

    #[test]
    fn a_keyring_has_a_name_rights_and_an_owner() {
        let answer = "77;keyring;0;5;3f1b0000;_ses;1";
        let words = "_ses;1 rights 3f1b0000 owner 0:5";
        let parsed = parse(answer);
        assert_eq!(parsed, Some(("77".to_owned(), words.to_owned())));
        assert_eq!(parse("77;keyring"), None);
    }

    #[test]
    fn another_keyring_is_known_by_its_number() {
        let words = "_ses rights 3f130000 owner 0:0";
        let before = [(SERIAL, "1"), (KEY, words)];
        let after = [(SERIAL, "2"), (KEY, words)];
        assert_eq!(
            effect_of(&PROPERTY, &before, &after),
            format!("keyring.session  another: {words}\n")
        );
        assert_eq!(effect_of(&PROPERTY, &before, &before), "");
    }
}
