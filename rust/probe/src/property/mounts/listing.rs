//! Lists the complete mount table, for a payload with a new root, where every
//! line has changed.

use std::collections::HashSet;

use super::comparison::TwoTables;
use super::place::{Place, below, origin};
use crate::effect::Effect;

impl TwoTables<'_> {
    /// Adds every mount of the payload to the effect, and under `mnt` the
    /// earlier mounts that remain. An earlier root is one line together with
    /// the earlier mounts below it.
    pub(super) fn listing(&self, effect: &mut Effect) {
        let new_root = self.new_root.as_deref().unwrap_or_default();
        let in_new_root = |path: &str| {
            !new_root.is_empty() && below(path, new_root).is_some()
        };
        let earlier_root =
            self.before.iter().find(|place| place.mount.at == "/");
        let mut remaining = Vec::new();
        let mut collapsed: HashSet<u64> = HashSet::new();
        for place in self.after {
            if collapsed.contains(&place.mount.id) {
                continue;
            }
            let is_earlier_root = earlier_root
                .is_some_and(|root| self.same(root, place))
                && place.mount.at != "/";
            if is_earlier_root {
                let below = self.earlier_mounts_below(place);
                let expected = self
                    .before
                    .iter()
                    .filter(|b| b.mount.at != "/" && !in_new_root(&b.mount.at))
                    .count();
                let extent = match below.len() {
                    _ if expected == 0 => "",
                    0 => ", without the mounts below it",
                    n if n >= expected => ", with every mount below it",
                    _ => ", with some of the mounts below it",
                };
                collapsed.extend(below);
                effect.change(
                    place.key(),
                    format!(
                        "+ the earlier root{extent} {}",
                        self.propagation(place.mount)
                    ),
                );
                remaining.push(place.mount.at.as_str());
                continue;
            }
            effect.change(place.key(), self.plus(place));
            let is_earlier = origin(self.before, place.mount)
                .is_some_and(|(_, path)| !in_new_root(&path));
            if is_earlier && place.mount.at != "/" {
                remaining.push(place.mount.at.as_str());
            }
        }
        let root = match self.after.iter().any(|place| place.mount.at == "/") {
            true => "new root",
            false => "new root, which is no mount point",
        };
        effect.change(
            "mnt",
            match remaining.as_slice() {
                [] => format!("{root}: none of the earlier mounts remains"),
                some => format!(
                    "{root}: of the earlier mounts remain {}",
                    some.join(" ")
                ),
            },
        );
    }

    /// The ids of the mounts below an earlier root whose path below it is the
    /// same as before.
    fn earlier_mounts_below(&self, root: &Place<'_>) -> Vec<u64> {
        self.after
            .iter()
            .filter(|place| {
                let Some(at) = below(&place.mount.at, &root.mount.at) else {
                    return false;
                };
                self.before.iter().any(|b| {
                    b.mount.at == at
                        && b.nth == place.nth
                        && self.same(b, place)
                })
            })
            .map(|place| place.mount.id)
            .collect()
    }
}
