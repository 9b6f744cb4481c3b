//! Compares two tables under the same root.

use std::collections::{BTreeMap, BTreeSet};

use super::pair::{Pair, differences, options_everywhere};
use super::place::{Place, below, by_point, origin};
use super::words::{kind, source, stable_options};
use crate::effect::{Effect, word_changes};
use crate::mount::Mount;

/// Two tables that are compared.
pub(super) struct TwoTables<'a> {
    pub(super) before: &'a [Place<'a>],
    pub(super) after: &'a [Place<'a>],
    /// The path of the new root, see [`new_root`].
    pub(super) new_root: Option<String>,
    /// True if the payload is in a new cgroup namespace: there the kernel
    /// writes the roots of all cgroup mounts otherwise, although nothing was
    /// mounted.
    pub(super) new_cgroup: bool,
}

impl<'a> TwoTables<'a> {
    /// Names what changed under the same root.
    pub(super) fn changes(&self, effect: &mut Effect) {
        let (before, after) = (by_point(self.before), by_point(self.after));
        let points: BTreeSet<&str> =
            before.keys().chain(after.keys()).copied().collect();
        let mut pairs = Vec::new();
        for point in points {
            let stack = |of: &BTreeMap<&str, Vec<Place<'a>>>| {
                of.get(point).cloned().unwrap_or_default()
            };
            self.align(&stack(&before), &stack(&after), &mut pairs, effect);
        }

        let everywhere = self.everywhere(&pairs, effect);
        let options_everywhere = options_everywhere(&pairs, effect);
        for pair in &pairs {
            let mut words = Vec::new();
            if pair.replaced {
                words.push("superblock new".to_owned());
            }
            differences(pair, &options_everywhere, &mut words);
            let transition = self.transition(pair);
            if !everywhere.contains(kind(pair.before.mount)) {
                words.extend(transition.map(|to| format!("propagation {to}")));
            }
            if let Some(state) = pair.after.state()
                && pair.before.state() != Some(state)
            {
                words.push(state.to_owned());
            }
            if !words.is_empty() {
                effect.change(pair.after.key(), words.join(", "));
            }
        }
    }

    /// Matches the mounts of two stacks: first the equal ones from the bottom,
    /// then the equal ones from the top, then those between them in order.
    fn align(
        &self,
        before: &[Place<'a>],
        after: &[Place<'a>],
        pairs: &mut Vec<Pair<'a>>,
        effect: &mut Effect,
    ) {
        let same = |(b, a): &(&Place<'a>, &Place<'a>)| self.same(b, a);
        let bottom = before.iter().zip(after).take_while(same).count();
        let (before, after) = match (before.get(bottom..), after.get(bottom..))
        {
            (Some(rest_before), Some(rest_after)) => {
                let bottoms = before.iter().zip(after).take(bottom);
                pairs.extend(bottoms.map(|(b, a)| Pair::kept(b, a)));
                (rest_before, rest_after)
            }
            _ => return,
        };
        let top = before
            .iter()
            .rev()
            .zip(after.iter().rev())
            .take_while(same)
            .count();
        let (before, tops_before) = before.split_at(before.len() - top);
        let (after, tops_after) = after.split_at(after.len() - top);
        pairs.extend(
            tops_before.iter().zip(tops_after).map(|(b, a)| Pair::kept(b, a)),
        );

        let both = before.len().min(after.len());
        for (b, a) in before.iter().zip(after) {
            if b.mount.fs_type == a.mount.fs_type
                && b.mount.device != a.mount.device
            {
                pairs.push(Pair { before: *b, after: *a, replaced: true });
            } else {
                effect.change(b.key(), "- gone");
                effect.change(a.key(), self.plus(a));
            }
        }
        for b in before.iter().skip(both) {
            effect.change(b.key(), "- gone");
        }
        for a in after.iter().skip(both) {
            effect.change(a.key(), self.plus(a));
        }
    }

    /// True if both are mounts of the same directory of one superblock.
    pub(super) fn same(&self, before: &Place<'_>, after: &Place<'_>) -> bool {
        let (before, after) = (before.mount, after.mount);
        before.device == after.device
            && before.fs_type == after.fs_type
            && (before.root == after.root || self.renamed(after))
    }

    /// True if the root of this mount is written otherwise only because the
    /// reader is in another cgroup namespace.
    fn renamed(&self, mount: &Mount) -> bool {
        self.new_cgroup && matches!(&*mount.fs_type, "cgroup" | "cgroup2")
    }

    /// The kinds of propagation that changed in the same way on every mount
    /// that had them, if there are several such mounts. Adds one line for each
    /// kind.
    fn everywhere(
        &self,
        pairs: &[Pair<'_>],
        effect: &mut Effect,
    ) -> BTreeSet<&'static str> {
        let mut transitions: BTreeMap<&str, Vec<Option<String>>> =
            BTreeMap::new();
        for pair in pairs {
            transitions
                .entry(kind(pair.before.mount))
                .or_default()
                .push(self.transition(pair));
        }
        let mut everywhere = BTreeSet::new();
        for (from, to) in transitions {
            if let [Some(first), _, ..] = to.as_slice()
                && to.iter().all(|to| to.as_ref() == Some(first))
            {
                effect.change(
                    "mnt.propagation",
                    format!("every {from} mount: {first}"),
                );
                everywhere.insert(from);
            }
        }
        everywhere
    }

    /// How the propagation changed, if it did.
    fn transition(&self, pair: &Pair<'_>) -> Option<String> {
        let (before, after) = (pair.before.mount, pair.after.mount);
        let (from, to) = (kind(before), kind(after));
        // A new mount of a new superblock cannot be in the old mount's group.
        let same_group = pair.replaced || before.shared == after.shared;
        let same_master = pair.replaced
            || before.master == after.master
            || before.shared == after.master;
        match to {
            "slave" if !same_master => {
                Some(format!("{from} -> slave of another peer group"))
            }
            "shared" if from == to && !same_group => {
                Some("shared -> shared in another peer group".to_owned())
            }
            _ if from != to => Some(format!("{from} -> {to}")),
            _ => None,
        }
    }

    /// The change that says that a mount is new.
    pub(super) fn plus(&self, place: &Place<'_>) -> String {
        let mount = place.mount;
        let mut words = vec!["+".to_owned()];
        let namespace = mount.root.split_once(":[").map(|(kind, _)| kind);
        if let Some(kind) = namespace
            && mount.fs_type == "nsfs"
        {
            words.push(format!("{kind} namespace"));
        } else if let Some((original, path)) = origin(self.before, mount) {
            words.push(format!("bind of {}", self.rename(&path)));
            let options = word_changes(
                original.options.split(','),
                mount.options.split(','),
            );
            if !options.is_empty() {
                words.push(format!("options {options}"));
            }
        } else {
            words.push(mount.fs_type.clone());
            words.push(source(mount).to_owned());
            words.push(mount.options.clone());
            let options: Vec<&str> = stable_options(mount).collect();
            words.push(format!("(super {})", options.join(",")));
            if mount.root != "/" {
                words.push(format!("root {}", mount.root));
            }
        }
        words.push(self.propagation(mount));
        if let Some(state) = place.state() {
            words.push(state.to_owned());
        }
        words.join(" ")
    }

    /// The propagation of a new mount, relative to the baseline.
    pub(super) fn propagation(&self, mount: &Mount) -> String {
        let member = |group: Option<u64>| {
            let of = |place: &&Place<'_>| place.mount.shared == group;
            let member = group.and_then(|_| self.before.iter().find(of))?;
            Some(self.rename(&member.mount.at))
        };
        let mut words = kind(mount).to_owned();
        if let Some(peer) = member(mount.shared) {
            words.push_str(&format!(" with {peer}"));
        }
        if let Some(master) = member(mount.master) {
            words.push_str(&format!(" of {master}"));
        }
        words
    }

    /// A path of the baseline with `NEWROOT` for the path of the new root,
    /// which is usually a temporary directory.
    fn rename(&self, path: &str) -> String {
        match self.new_root.as_deref() {
            None | Some("" | "/") => path.to_owned(),
            Some(new_root) => match below(path, new_root) {
                Some(rest) => format!("NEWROOT{rest}"),
                None => path.to_owned(),
            },
        }
    }
}
