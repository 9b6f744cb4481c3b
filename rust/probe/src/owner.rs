//! Mode and owner of a file in words, and whether an owner is another one or
//! only has another number in the payload's user namespace.

use crate::observation::Observation;

/// `0644 0:0`: the permission bits, the user and the group.
pub(crate) fn words(mode: u32, uid: u32, gid: u32) -> String {
    format!("{:04o} {uid}:{gid}", mode & 0o7777)
}

/// True if two descriptions of a file say the same: they are equal word by
/// word, except that an owner may have the number that the payload's new user
/// namespace gives it.
pub(crate) fn is_same(
    baseline: &Observation,
    seen: &Observation,
    before: &str,
    after: &str,
) -> bool {
    if before == after {
        return true;
    }
    let namespace = |of: &Observation| of.value("ns.user").map(str::to_owned);
    if namespace(baseline) == namespace(seen) {
        return false;
    }
    let (before, after) = (before.split(' '), after.split(' '));
    before.clone().count() == after.clone().count()
        && before.zip(after).all(|(before, after)| {
            before == after || is_renamed(seen, before, after)
        })
}

/// True if the payload's id maps give the owner `before` the number `after`.
fn is_renamed(seen: &Observation, before: &str, after: &str) -> bool {
    let (Some((uid, gid)), Some(after)) = (pair(before), pair(after)) else {
        return false;
    };
    let inside = |key, id| Some(inner(seen.value(key)?, id));
    inside("id_maps.uid", uid) == Some(after.0)
        && inside("id_maps.gid", gid) == Some(after.1)
}

fn pair(word: &str) -> Option<(u64, u64)> {
    let (uid, gid) = word.split_once(':')?;
    Some((uid.parse().ok()?, gid.parse().ok()?))
}

/// The id that the kernel shows if a user namespace does not map an id.
const OVERFLOW: u64 = 65534;

/// The id inside that a map (`INSIDE OUTSIDE COUNT, ...`) gives to an id
/// outside.
fn inner(map: &str, id: u64) -> u64 {
    let inner = map.split(", ").find_map(|line| {
        let mut numbers = line.split(' ').map(str::parse::<u64>);
        let [inside, outside, count] =
            [numbers.next()?, numbers.next()?, numbers.next()?];
        let at = id.checked_sub(outside.ok()?)?;
        (at < count.ok()?).then_some(inside.ok()? + at)
    });
    inner.unwrap_or(OVERFLOW)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(namespace: &str, map: &str) -> Observation {
        let mut observation = Observation::default();
        observation.read("ns.user", Ok(namespace));
        observation.read("id_maps.uid", Ok(map));
        observation.read("id_maps.gid", Ok(map));
        observation
    }

    #[test]
    fn an_owner_by_another_number_is_the_same() {
        let host = seen("user:[1]", "0 0 4294967295");
        let inside = seen("user:[2]", "0 1000 1, 1 100000 65536");
        let same = |before, after| is_same(&host, &inside, before, after);
        assert!(same("0644 1000:1000", "0644 0:0"));
        assert!(same("0644 100004:0", "0644 5:65534"));
        assert!(!same("0644 1000:1000", "0600 0:0"));
        assert!(!same("0644 1000:1000", "0644 0:65534"));
        assert!(!same("0644 1000:1000", "0644 0:0 opens"));
    }

    #[test]
    fn in_the_same_namespace_another_number_is_another_owner() {
        let host = seen("user:[1]", "0 0 4294967295");
        assert!(!is_same(&host, &host, "0644 0:0", "0644 1:0"));
        assert_eq!(words(0o100_1777, 0, 5), "1777 0:5");
    }
}
