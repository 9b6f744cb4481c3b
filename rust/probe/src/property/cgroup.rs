//! The cgroups of the process: cgroups(7).

use super::Property;
use crate::effect::Effect;
use crate::observation::Observation;
use crate::proc::Proc;
use crate::text::lossless;

pub(super) const PROPERTY: Property = Property {
    name: "cgroup",
    families: &["cgroup"],
    about: "the cgroup in each hierarchy",
    observe,
    effect,
};

/// Reads `cgroup`, the names of the hierarchies, and for each
/// `cgroup.NAME`, the path in it. The unified hierarchy, whose line has no
/// name, is called `unified`.
fn observe(proc: &Proc, observation: &mut Observation) {
    let text = match proc.read_text("self/cgroup") {
        Ok(text) => text,
        Err(unread) => {
            observation.read("cgroup", Err::<String, _>(unread));
            return;
        }
    };
    let mut names = Vec::new();
    for line in text.lines() {
        // The form is NUMBER:CONTROLLERS:PATH, and a path may contain colons.
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(name), Some(path)) = (fields.next(), fields.next()) else {
            continue;
        };
        let name = if name.is_empty() { "unified" } else { name };
        names.push(name);
        observation
            .read(format!("cgroup.{name}"), Ok(lossless(path.as_bytes())));
    }
    names.sort_unstable();
    let names = match names.is_empty() {
        true => "none".to_owned(),
        false => names.join(" "),
    };
    observation.read("cgroup", Ok(names));
}

fn effect(baseline: &Observation, seen: &Observation, effect: &mut Effect) {
    effect.compare_value("cgroup", baseline, seen);
    let paths: Vec<(&str, &str)> = seen
        .readings
        .iter()
        .filter_map(|(key, reading)| {
            Some((key.strip_prefix("cgroup.")?, reading.value()?))
        })
        .collect();
    let changed: Vec<(&str, String)> = paths
        .iter()
        .filter_map(|(name, path)| {
            let before = baseline.value(&format!("cgroup.{name}"))?;
            Some((*name, relation(before, path)?))
        })
        .collect();
    // The number of hierarchies depends on the machine, and so do the ones in
    // which the process was not at the root.
    if !changed.is_empty() && paths.iter().all(|(_, path)| *path == "/") {
        effect.change("cgroup", "/ in every hierarchy");
        return;
    }
    for (name, relation) in changed {
        effect.change(format!("cgroup.{name}"), relation);
    }
}

/// The relation of a path to that of the baseline; `None` if they are equal. It
/// contains no part of a path that depends on the machine.
fn relation(before: &str, after: &str) -> Option<String> {
    let below = |path: &str, above: &str| {
        let rest = path.strip_prefix(above.trim_end_matches('/'))?;
        rest.starts_with('/').then(|| rest.to_owned())
    };
    Some(match after {
        after if after == before => return None,
        "/" => "/".to_owned(),
        after if after == "/.." || after.starts_with("/../") => {
            "outside the cgroup namespace".to_owned()
        }
        after => match (below(after, before), below(before, after)) {
            (Some(path), _) => format!("below: {path}"),
            (_, Some(_)) => "above".to_owned(),
            _ => "elsewhere".to_owned(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::effect_of;
    use super::*;

    #[test]
    fn a_new_cgroup_namespace_begins_at_the_root() {
        let before = [("cgroup.unified", "/trial"), ("cgroup.memory", "/")];
        let after = [("cgroup.unified", "/"), ("cgroup.memory", "/")];
        assert_eq!(
            effect_of(&PROPERTY, &before, &after),
            "cgroup  / in every hierarchy\n"
        );
        assert_eq!(effect_of(&PROPERTY, &after, &after), "");
    }

    #[test]
    fn paths_are_named_by_their_relation() {
        let tell = |before, after| relation(before, after);
        assert_eq!(tell("/a", "/a/b").as_deref(), Some("below: /b"));
        assert_eq!(tell("/", "/a/b").as_deref(), Some("below: /a/b"));
        assert_eq!(tell("/a/b", "/a").as_deref(), Some("above"));
        assert_eq!(tell("/a", "/ab").as_deref(), Some("elsewhere"));
        assert_eq!(
            tell("/a", "/../b").as_deref(),
            Some("outside the cgroup namespace")
        );
    }
}
