//! The mount table: mount_namespaces(7).
//!
//! Its effect is the hardest to name. Mount ids, device numbers and peer
//! groups are counters of the machine, most of the table is the machine's
//! own, and a launcher that pivots its root changes every line of it. So:
//!
//! - A mount is known by its mount point and, where several are stacked on
//!   one point, by its place in the stack: `mnt./proc`, `mnt./proc#2`. The
//!   order is that of the mount tree and not of the ids: first a mount, then
//!   what is mounted below it, then what covers it.
//! - It is *the same* mount if superblock and root are the same. Device
//!   numbers are compared between the two tables, which were taken while both
//!   lived, and then forgotten.
//! - A new mount of a superblock that the baseline already had is called
//!   `bind of PATH`, whether it was made by MS_BIND or not: the kernel knows
//!   no difference. PATH is where the baseline saw that directory.
//! - A peer group is named by the first mount of the baseline in it.
//! - What happened to every mount of a kind (MS_REC), or to the options of
//!   every mount, is one line.
//! - Under a new root the table is listed in full, `NEWROOT` standing for the
//!   path at which the baseline had the new root.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::Property;
use super::namespaces::is_new;
use crate::effect::{Effect, word_changes};
use crate::mount::{Mount, parse_table};
use crate::observation::{Key, Observation, Unread};
use crate::proc::Proc;

pub(super) const PROPERTY: Property = Property {
    name: "mounts",
    about: "the mount table: what is mounted where, options, propagation",
    observe,
    effect,
};

/// Reads the table from `/proc/self/mountinfo` or, where that is missing or
/// masked, by listmount(2) and statmount(2); `mounts.from` says which.
fn observe(proc: &Proc, observation: &mut Observation) {
    const FILE: &str = "self/mountinfo";
    let read = proc.read(FILE).and_then(|file| {
        parse_table(&file).map_err(|error| {
            let path = proc.path().join(FILE);
            Unread::senseless(format!("{}: {error}", path.display()))
        })
    });
    let (table, from) = match read {
        // A file masked by /dev/null is empty; so is the table of a process
        // whose root is no mount point, and then asking again does no harm.
        Ok(table) if !table.is_empty() => (Ok(table), Ok("mountinfo")),
        read => match (crate::statmount::table(), read) {
            (Ok(table), _) => (Ok(table), Ok("statmount")),
            (Err(_), Ok(table)) => (Ok(table), Ok("mountinfo")),
            // The first failure is the one that tells.
            (Err(_), Err(unread)) => (Err(unread.clone()), Err(unread)),
        },
    };
    observation.mounts = table;
    observation.read("mounts.from", from);
}

/// Every mount as one line, for an observation in print.
pub(crate) fn lines(table: &[Mount]) -> Vec<(Key, String)> {
    let places = places(table);
    places
        .iter()
        .map(|place| {
            let mount = place.mount;
            let mut words = vec![
                mount.fs_type.clone(),
                match mount.source.as_str() {
                    "" => "\"\"".to_owned(),
                    source => source.to_owned(),
                },
                mount.options.clone(),
                format!("(super {})", mount.super_options),
            ];
            if mount.root != "/" {
                words.push(format!("root {}", mount.root));
            }
            let (major, minor) = mount.device;
            words.push(format!("device {major}:{minor}"));
            words.push(kind(mount).to_owned());
            for (word, group) in [
                ("group", mount.shared),
                ("master", mount.master),
                ("from", mount.propagate_from),
            ] {
                words.extend(group.map(|group| format!("{word} {group}")));
            }
            words.extend(mount.other.iter().cloned());
            if let Some(state) = place.state() {
                words.push(state.to_owned());
            }
            (place.key(), words.join(" "))
        })
        .collect()
}

/// A mount, in its place among the others.
#[derive(Clone, Copy, Debug)]
struct Place<'a> {
    mount: &'a Mount,
    /// Its place in the stack on its mount point, from 1.
    nth: usize,
    /// Whether another mount is stacked on it.
    covered: bool,
    /// Whether a mount further up covers the directory it is mounted in.
    hidden: bool,
}

impl Place<'_> {
    fn key(&self) -> Key {
        match self.nth {
            1 => format!("mnt.{}", self.mount.at),
            nth => format!("mnt.{}#{nth}", self.mount.at),
        }
    }

    /// Why no path leads to it, if none does.
    fn state(&self) -> Option<&'static str> {
        match (self.hidden, self.covered) {
            (true, _) => Some("hidden"),
            (_, true) => Some("over-mounted"),
            _ => None,
        }
    }
}

/// The mounts of a table in the order of the mount tree: a mount, everything
/// mounted below it, and then what covers it.
fn places(table: &[Mount]) -> Vec<Place<'_>> {
    let ids: HashSet<u64> = table.iter().map(|mount| mount.id).collect();
    let mut children: HashMap<u64, Vec<&Mount>> = HashMap::new();
    let mut tops = Vec::new();
    for mount in table {
        if ids.contains(&mount.parent) && mount.parent != mount.id {
            children.entry(mount.parent).or_default().push(mount);
        } else {
            tops.push(mount);
        }
    }
    // The sort keeps the kernel's order where two are equal.
    tops.sort_by(|a, b| a.at.cmp(&b.at));

    let mut places = Vec::with_capacity(table.len());
    let mut stacked: HashMap<&str, usize> = HashMap::new();
    let mut visited: HashSet<u64> = HashSet::new();
    // A text that is not the kernel's may have a circle of parents, which no
    // top leads to; its mounts come last, in their own order.
    let mut waiting: Vec<(&Mount, bool)> =
        tops.into_iter().chain(table).rev().map(|top| (top, false)).collect();
    while let Some((mount, hidden)) = waiting.pop() {
        if !visited.insert(mount.id) {
            continue;
        }
        let nth = stacked.entry(&mount.at).or_insert(0);
        *nth += 1;
        let mut below = children.remove(&mount.id).unwrap_or_default();
        let covered = below.iter().any(|child| child.at == mount.at);
        places.push(Place { mount, nth: *nth, covered, hidden });
        // What covers the root of a process does not hide anything from it:
        // its paths begin below.
        let hides = hidden || (covered && mount.at != "/");
        below.sort_by(|a, b| {
            let covers = |child: &Mount| child.at == mount.at;
            covers(a).cmp(&covers(b)).then_with(|| a.at.cmp(&b.at))
        });
        waiting.extend(below.into_iter().rev().map(|child| {
            (child, if child.at == mount.at { hidden } else { hides })
        }));
    }
    places
}

fn effect(baseline: &Observation, seen: &Observation, effect: &mut Effect) {
    let (before, after) = match (&baseline.mounts, &seen.mounts) {
        (Ok(before), Ok(after)) => (before, after),
        (Ok(_), Err(unread)) if seen.readings.contains_key("mounts.from") => {
            effect.change("mnt", format!("unread: {unread}"));
            return;
        }
        _ => return,
    };
    let (before, after) = (places(before), places(after));
    let comparison = Comparison {
        new_root: new_root(&before, &after),
        before: &before,
        after: &after,
        new_cgroup: is_new(baseline, seen, "cgroup"),
    };
    match comparison.new_root {
        None => comparison.changes(effect),
        Some(_) => comparison.listing(effect),
    }
}

/// Whether the two roots are different mounts and, if so, where the baseline
/// had the new one; empty where it did not have it.
fn new_root(before: &[Place<'_>], after: &[Place<'_>]) -> Option<String> {
    let root = |places: &[Place<'_>]| {
        let root = places.iter().find(|place| place.mount.at == "/")?;
        Some((root.mount.device, root.mount.root.clone()))
    };
    if root(before) == root(after) {
        return None;
    }
    Some(
        after
            .iter()
            .find(|place| place.mount.at == "/")
            .and_then(|root| Some(origin(before, root.mount)?.1))
            .unwrap_or_default(),
    )
}

/// The mount of the baseline whose superblock and directory `mount` shows,
/// and the path of that directory in the baseline.
fn origin<'a>(
    before: &[Place<'a>],
    mount: &Mount,
) -> Option<(&'a Mount, String)> {
    before
        .iter()
        .map(|place| place.mount)
        .filter(|candidate| candidate.device == mount.device)
        .filter_map(|candidate| {
            Some((candidate, below(&mount.root, &candidate.root)?))
        })
        // The nearest; `min_by_key` keeps the first of equals.
        .min_by_key(|(_, rest)| rest.len())
        .map(|(candidate, rest)| {
            let path = format!("{}{rest}", candidate.at.trim_end_matches('/'));
            let path = if path.is_empty() { "/".to_owned() } else { path };
            (candidate, path)
        })
}

/// What `path` has more than `above`, beginning with a slash; nothing where
/// it does not lie below.
fn below(path: &str, above: &str) -> Option<String> {
    if path == above {
        return Some(String::new());
    }
    let rest = path.strip_prefix(above.trim_end_matches('/'))?;
    (rest.starts_with('/') && path.starts_with('/')).then(|| rest.to_owned())
}

/// Two tables beside each other.
struct Comparison<'a> {
    before: &'a [Place<'a>],
    after: &'a [Place<'a>],
    /// See [`new_root`].
    new_root: Option<String>,
    /// In a new cgroup namespace the kernel writes the roots of all cgroup
    /// mounts anew, though nothing was mounted.
    new_cgroup: bool,
}

/// A mount of the baseline and the one now in its place.
struct Pair<'a> {
    before: Place<'a>,
    after: Place<'a>,
    replaced: bool,
}

impl<'a> Comparison<'a> {
    /// Names what changed under the same root.
    fn changes(&self, effect: &mut Effect) {
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

    /// Finds which mounts of one stack are those of the other: the bottoms
    /// that are the same, the tops that are, and what is between them in
    /// order.
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

    /// Whether both are mounts of the same directory of one superblock.
    fn same(&self, before: &Place<'_>, after: &Place<'_>) -> bool {
        let (before, after) = (before.mount, after.mount);
        before.device == after.device
            && before.fs_type == after.fs_type
            && (before.root == after.root || self.renamed(after))
    }

    /// Whether the root of this mount is written differently only because the
    /// reader is in another cgroup namespace.
    fn renamed(&self, mount: &Mount) -> bool {
        self.new_cgroup && matches!(&*mount.fs_type, "cgroup" | "cgroup2")
    }

    /// The kinds of propagation that changed in the same way on every mount
    /// that had them, of which there must be several; enters one line for
    /// each.
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
        // A new mount of a new superblock cannot be in the old one's group.
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

    /// A mount that the baseline did not have.
    fn plus(&self, place: &Place<'_>) -> String {
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

    /// The propagation of a new mount, in relation to the baseline.
    fn propagation(&self, mount: &Mount) -> String {
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

    /// A path of the baseline, with `NEWROOT` for where it had the new root:
    /// that is a temporary directory, more often than not.
    fn rename(&self, path: &str) -> String {
        match self.new_root.as_deref() {
            None | Some("" | "/") => path.to_owned(),
            Some(new_root) => match below(path, new_root) {
                Some(rest) => format!("NEWROOT{rest}"),
                None => path.to_owned(),
            },
        }
    }

    /// Lists the whole table under a new root.
    fn listing(&self, effect: &mut Effect) {
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

    /// The mounts below an earlier root that are where they were in it.
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

impl<'a> Pair<'a> {
    fn kept(before: &Place<'a>, after: &Place<'a>) -> Pair<'a> {
        Pair { before: *before, after: *after, replaced: false }
    }
}

/// The differences of two mounts but those of propagation, and but those of
/// the options that every mount has.
fn differences(
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

/// The options, as `+ro` and `-rw`, that several mounts won or lost and that
/// now every mount has, or none, as far as paths lead to them; enters one line
/// for all of them.
fn options_everywhere(pairs: &[Pair<'_>], effect: &mut Effect) -> Vec<String> {
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

fn by_point<'a>(places: &[Place<'a>]) -> BTreeMap<&'a str, Vec<Place<'a>>> {
    let mut points: BTreeMap<&str, Vec<Place<'_>>> = BTreeMap::new();
    for place in places {
        points.entry(&place.mount.at).or_default().push(*place);
    }
    points
}

/// How events travel to and from this mount, in the words of the manual.
fn kind(mount: &Mount) -> &'static str {
    match (mount.shared, mount.master, mount.unbindable) {
        (_, _, true) => "unbindable",
        (Some(_), Some(_), _) => "shared+slave",
        (Some(_), None, _) => "shared",
        (None, Some(_), _) => "slave",
        (None, None, _) => "private",
    }
}

/// The source of a mount; a disk is the machine's.
fn source(mount: &Mount) -> &str {
    match (mount.device, mount.source.as_str()) {
        ((1.., _), _) => "blk",
        (_, "") => "\"\"",
        (_, source) => source,
    }
}

/// The options of the superblock that do not depend on the size of the
/// machine, on how its kernel was built or on who runs the comparison.
fn stable_options(mount: &Mount) -> impl Iterator<Item = &str> + Clone {
    const MACHINE: [&str; 11] = [
        "size",
        "nr_inodes",
        "nr_blocks",
        "inode32",
        "inode64",
        "uid",
        "gid",
        "resuid",
        "resgid",
        "seclabel",
        "stripe",
    ];
    mount.super_options.split(',').filter(|option| {
        let name = option.split('=').next().unwrap_or(option);
        !MACHINE.contains(&name)
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::observation;
    use super::*;

    /// A host as systemd leaves it: everything shared, and two mounts stacked
    /// below /proc. Ids and groups are as jumbled as they are there.
    const SHARED: &[&str] = &[
        "30 28 0:31 / /proc/sys/fs/binfmt_misc rw shared:15 - \
         autofs systemd-1 rw,fd=29",
        "26 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw",
        "28 26 0:21 / /proc rw,relatime shared:12 - proc proc rw",
        "29 26 0:5 / /dev rw,nosuid shared:2 - \
         devtmpfs udev rw,size=100k,mode=755",
        "41 30 0:32 / /proc/sys/fs/binfmt_misc rw,relatime shared:16 - \
         binfmt_misc binfmt_misc rw",
    ];

    fn observed(lines: &[&str], namespaces: &[(&str, &str)]) -> Observation {
        let mut observation = observation(namespaces);
        observation.mounts = Ok(lines
            .iter()
            .map(|line| line.parse().expect("a line of mountinfo"))
            .collect());
        observation
    }

    fn changes(before: &[&str], after: &[&str]) -> String {
        let mut changes = Effect::default();
        effect(&observed(before, &[]), &observed(after, &[]), &mut changes);
        changes.to_string()
    }

    /// The table as a new mount namespace has it: other ids, the same groups.
    fn copy(lines: &[&str]) -> Vec<String> {
        lines
            .iter()
            .map(|line| {
                let mut mount: Mount = line.parse().expect("a line");
                mount.id += 1000;
                mount.parent += 1000;
                mount.to_string()
            })
            .collect()
    }

    /// A copy, with `edit` applied to every mount, and more lines.
    fn edited(
        lines: &[&str],
        edit: impl Fn(&mut Mount),
        more: &[&str],
    ) -> Vec<String> {
        let mut table: Vec<String> = copy(lines)
            .iter()
            .map(|line| {
                let mut mount: Mount = line.parse().expect("a line");
                edit(&mut mount);
                mount.to_string()
            })
            .collect();
        table.extend(more.iter().map(|line| (*line).to_owned()));
        table
    }

    fn change_of(before: &[&str], after: &[String]) -> String {
        let after: Vec<&str> = after.iter().map(String::as_str).collect();
        changes(before, &after)
    }

    const MYTMP: &str = "1099 1026 0:60 / /mytmp rw,relatime - tmpfs none rw";

    #[test]
    fn a_copy_of_the_table_is_no_change() {
        assert_eq!(change_of(SHARED, &copy(SHARED)), "");
        let backwards: Vec<String> = copy(SHARED).into_iter().rev().collect();
        assert_eq!(change_of(SHARED, &backwards), "");
    }

    #[test]
    fn a_tmpfs_is_added() {
        let after = edited(SHARED, |_| {}, &[MYTMP]);
        assert_eq!(
            change_of(SHARED, &after),
            "mnt./mytmp  + tmpfs none rw,relatime (super rw) private\n"
        );
    }

    #[test]
    fn the_size_of_a_tmpfs_is_the_machines() {
        let line = "1099 1026 0:60 / /mytmp rw shared:77 - \
                    tmpfs none rw,size=4k,nr_inodes=7,mode=700,inode64,uid=5";
        assert_eq!(
            change_of(SHARED, &edited(SHARED, |_| {}, &[line])),
            "mnt./mytmp  + tmpfs none rw (super rw,mode=700) shared\n"
        );
    }

    #[test]
    fn every_mount_private_is_one_line() {
        let after = edited(SHARED, |mount| mount.shared = None, &[]);
        assert_eq!(
            change_of(SHARED, &after),
            "mnt.propagation  every shared mount: shared -> private\n"
        );
    }

    #[test]
    fn without_ms_rec_only_the_root_is_private() {
        let edit = |mount: &mut Mount| {
            if mount.at == "/" {
                mount.shared = None;
            }
        };
        assert_eq!(
            change_of(SHARED, &edited(SHARED, edit, &[MYTMP])),
            "mnt./       propagation shared -> private\n\
             mnt./mytmp  + tmpfs none rw,relatime (super rw) private\n"
        );
    }

    #[test]
    fn a_new_user_namespace_makes_every_mount_a_slave() {
        let edit = |mount: &mut Mount| mount.master = mount.shared.take();
        assert_eq!(
            change_of(SHARED, &edited(SHARED, edit, &[])),
            "mnt.propagation  every shared mount: shared -> slave\n"
        );
        let edit = |mount: &mut Mount| {
            mount.shared = None;
            mount.master = Some(99);
        };
        assert_eq!(
            change_of(SHARED, &edited(SHARED, edit, &[])),
            "mnt.propagation  every shared mount: \
             shared -> slave of another peer group\n"
        );
    }

    #[test]
    fn the_same_word_may_be_another_peer_group() {
        let edit = |mount: &mut Mount| {
            if mount.at == "/dev" {
                mount.shared = Some(500);
            }
        };
        assert_eq!(
            change_of(SHARED, &edited(SHARED, edit, &[])),
            "mnt./dev  propagation shared -> shared in another peer group\n"
        );
    }

    /// What umount("/proc") and mount("proc") leave where nothing is nested.
    const FLAT: &[&str] = &[
        "26 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw",
        "28 26 0:21 / /proc rw,relatime shared:12 - proc proc rw",
    ];

    #[test]
    fn proc_is_replaced() {
        let after = [
            "36 35 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw",
            "39 36 0:70 / /proc rw,nosuid shared:90 - proc proc rw",
        ];
        assert_eq!(
            changes(FLAT, &after),
            "mnt./proc  superblock new, options -relatime +nosuid\n"
        );
    }

    #[test]
    fn proc_is_replaced_after_rprivate() {
        let after = [
            "36 35 8:1 / / rw,relatime - ext4 /dev/sda1 rw",
            "39 36 0:70 / /proc rw,relatime - proc proc rw",
        ];
        assert_eq!(
            changes(FLAT, &after),
            "mnt./proc        superblock new\n\
             mnt.propagation  every shared mount: shared -> private\n"
        );
    }

    #[test]
    fn proc_is_detached_with_what_was_nested() {
        let after = [
            "36 35 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw",
            "39 36 0:70 / /proc rw,relatime shared:90 - proc proc rw",
            "40 36 0:5 / /dev rw,nosuid shared:2 - \
             devtmpfs udev rw,size=100k,mode=755",
        ];
        assert_eq!(
            changes(SHARED, &after),
            "mnt./proc                       superblock new\n\
             mnt./proc/sys/fs/binfmt_misc    - gone\n\
             mnt./proc/sys/fs/binfmt_misc#2  - gone\n"
        );
    }

    #[test]
    fn proc_is_over_mounted() {
        let line =
            "1099 1028 0:70 / /proc rw,relatime shared:90 - proc proc rw";
        assert_eq!(
            change_of(SHARED, &edited(SHARED, |_| {}, &[line])),
            "mnt./proc                       over-mounted\n\
             mnt./proc#2                     \
             + proc proc rw,relatime (super rw) shared\n\
             mnt./proc/sys/fs/binfmt_misc    hidden\n\
             mnt./proc/sys/fs/binfmt_misc#2  hidden\n"
        );
    }

    #[test]
    fn the_tops_of_two_stacks_are_matched_too() {
        let before = [
            "26 1 8:1 / / rw - ext4 /dev/sda1 rw",
            "28 26 0:21 / /a rw - tmpfs x rw",
        ];
        let after = [
            "26 1 8:1 / / rw - ext4 /dev/sda1 rw",
            "29 26 0:50 / /a rw - tmpfs beneath rw",
            "28 29 0:21 / /a rw - tmpfs x rw",
        ];
        assert_eq!(
            changes(&before, &after),
            "mnt./a  + tmpfs beneath rw (super rw) private over-mounted\n"
        );
    }

    #[test]
    fn another_type_in_the_same_place_is_another_mount() {
        let after = [
            "26 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw",
            "28 26 0:50 / /proc rw - tmpfs mask rw",
        ];
        assert_eq!(
            changes(FLAT, &after),
            "mnt./proc  - gone; + tmpfs mask rw (super rw) private\n"
        );
    }

    #[test]
    fn a_mount_of_an_old_superblock_is_a_bind() {
        let line = "1099 1026 8:1 /etc/skel /mytmp ro,relatime shared:1 - \
                    ext4 /dev/sda1 rw";
        assert_eq!(
            change_of(SHARED, &edited(SHARED, |_| {}, &[line])),
            "mnt./mytmp  + bind of /etc/skel options -rw +ro shared with /\n"
        );
        let line = "1099 1026 0:5 /shm /mytmp rw,nosuid master:2 - \
                    devtmpfs udev rw,size=100k,mode=755";
        assert_eq!(
            change_of(SHARED, &edited(SHARED, |_| {}, &[line])),
            "mnt./mytmp  + bind of /dev/shm slave of /dev\n"
        );
    }

    #[test]
    fn options_and_super_options() {
        let edit = |mount: &mut Mount| {
            if mount.at == "/" {
                mount.options = "ro,nodev,relatime".to_owned();
                mount.super_options = "ro".to_owned();
            }
        };
        assert_eq!(
            change_of(SHARED, &edited(SHARED, edit, &[])),
            "mnt./  options -rw +ro +nodev, super -rw +ro\n"
        );
    }

    #[test]
    fn what_every_mount_has_won_is_one_line() {
        let before = [
            "26 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw",
            "28 26 0:21 / /proc rw,nosuid - proc proc rw",
            "29 26 0:22 / /dev rw,relatime - tmpfs dev rw",
            "30 29 0:23 / /dev rw,relatime - tmpfs dev rw",
        ];
        let after = [
            "26 1 8:1 / / ro,nosuid,relatime - ext4 /dev/sda1 rw",
            "28 26 0:21 / /proc ro,nosuid - proc proc rw",
            "29 26 0:22 / /dev rw,relatime - tmpfs dev rw",
            "30 29 0:23 / /dev ro,nosuid,noexec,relatime - tmpfs dev rw",
        ];
        assert_eq!(
            changes(&before, &after),
            "mnt./dev#2   options +noexec\n\
             mnt.options  every mount: -rw +ro +nosuid\n"
        );
    }

    #[test]
    fn a_bound_namespace_has_no_number() {
        let line = "1099 1026 0:4 net:[4026532211] /run/a rw - nsfs nsfs rw";
        assert_eq!(
            change_of(SHARED, &edited(SHARED, |_| {}, &[line])),
            "mnt./run/a  + net namespace private\n"
        );
    }

    #[test]
    fn a_new_cgroup_namespace_renames_the_roots() {
        let before = [
            "26 1 8:1 / / rw - ext4 /dev/sda1 rw",
            "28 26 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw",
        ];
        let after = [
            "26 1 8:1 / / rw - ext4 /dev/sda1 rw",
            "28 26 0:26 /.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw",
        ];
        let mut text = Effect::default();
        effect(
            &observed(&before, &[("ns.cgroup", "cgroup:[1]")]),
            &observed(&after, &[("ns.cgroup", "cgroup:[2]")]),
            &mut text,
        );
        assert_eq!(text.to_string(), "");
    }

    /// The root of this table is a directory of the old root's superblock.
    const PIVOTED: &[&str] = &[
        "70 60 8:1 /tmp/x/root / rw,relatime - ext4 /dev/sda1 rw",
        "71 70 0:80 / /dev rw,nosuid - tmpfs tmpfs rw,size=9k,mode=755",
        "72 70 0:81 / /proc rw,relatime - proc proc rw",
    ];

    #[test]
    fn under_a_new_root_the_table_is_listed() {
        assert_eq!(
            changes(SHARED, PIVOTED),
            "mnt        new root: none of the earlier mounts remains\n\
             mnt./      + bind of NEWROOT private\n\
             mnt./dev   + tmpfs tmpfs rw,nosuid (super rw,mode=755) private\n\
             mnt./proc  + proc proc rw,relatime (super rw) private\n"
        );
    }

    #[test]
    fn what_is_left_of_the_earlier_root_is_told() {
        let mut after = PIVOTED.to_vec();
        after.push("80 70 8:1 / /.old rw,relatime - ext4 /dev/sda1 rw");
        after.push("81 80 0:21 / /.old/proc rw,relatime - proc proc rw");
        assert!(changes(SHARED, &after).contains(
            "mnt./.old  + the earlier root, with some of the \
                           mounts below it private\n"
        ));
        after.push(
            "82 80 0:5 / /.old/dev rw - devtmpfs udev rw,size=100k,mode=755",
        );
        let text = changes(FLAT, &after[..5]);
        assert!(text.contains(
            "mnt./.old  + the earlier root, with every mount below it private"
        ));
        assert!(text.contains(
            "mnt        new root: of the earlier mounts remain /.old\n"
        ));
        assert!(!text.contains("mnt./.old/proc"));
    }

    #[test]
    fn a_new_root_of_its_own_superblock() {
        let after = [
            "70 60 0:90 / / rw,relatime - tmpfs root rw",
            "71 70 8:1 /usr /usr ro,relatime - ext4 /dev/sda1 rw",
        ];
        assert_eq!(
            changes(SHARED, &after),
            "mnt       new root: of the earlier mounts remain /usr\n\
             mnt./     + tmpfs root rw,relatime (super rw) private\n\
             mnt./usr  + bind of /usr options -rw +ro private\n"
        );
    }

    #[test]
    fn a_root_that_is_no_mount_point() {
        let after = ["71 70 0:81 / /proc rw,relatime - proc proc rw"];
        assert_eq!(
            changes(SHARED, &after),
            "mnt        new root, which is no mount point: \
             none of the earlier mounts remains\n\
             mnt./proc  + proc proc rw,relatime (super rw) private\n"
        );
    }

    #[test]
    fn the_order_is_that_of_the_tree() {
        let lines = [
            "5 1 0:5 / /a rw - tmpfs cover rw",
            "4 5 0:4 / /a/b rw - tmpfs above rw",
            "3 1 0:3 / /a rw - tmpfs never-read rw",
            "2 3 0:2 / /a/b rw - tmpfs below rw",
            "1 0 0:1 / / rw - tmpfs root rw",
        ];
        // Two mounts on one point of one parent cannot be; whatever they are
        // they must not be lost.
        let table: Vec<Mount> =
            lines.iter().map(|line| line.parse().expect("a line")).collect();
        assert_eq!(places(&table).len(), 5);

        let lines = [
            "5 3 0:5 / /a rw - tmpfs cover rw",
            "4 5 0:4 / /a/b rw - tmpfs above rw",
            "3 1 0:3 / /a rw - tmpfs first rw",
            "2 3 0:2 / /a/b rw - tmpfs below rw",
            "1 0 0:1 / / rw - tmpfs root rw",
        ];
        let table: Vec<Mount> =
            lines.iter().map(|line| line.parse().expect("a line")).collect();
        let order: Vec<(Key, &str, Option<&str>)> = places(&table)
            .iter()
            .map(|place| {
                (place.key(), place.mount.source.as_str(), place.state())
            })
            .collect();
        let expected = [
            ("mnt./", "root", None),
            ("mnt./a", "first", Some("over-mounted")),
            ("mnt./a/b", "below", Some("hidden")),
            ("mnt./a#2", "cover", None),
            ("mnt./a/b#2", "above", None),
        ];
        let expected: Vec<(Key, &str, Option<&str>)> = expected
            .into_iter()
            .map(|(key, source, state)| (key.to_owned(), source, state))
            .collect();
        assert_eq!(order, expected);
    }

    #[test]
    fn a_circle_of_parents_ends() {
        let lines = [
            "1 2 0:1 / /a rw - tmpfs x rw",
            "2 1 0:2 / /b rw - tmpfs x rw",
            "3 3 0:3 / /c rw - tmpfs x rw",
        ];
        let table: Vec<Mount> =
            lines.iter().map(|line| line.parse().expect("a line")).collect();
        assert_eq!(places(&table).len(), 3);
    }

    mod any_table {
        use proptest::prelude::*;

        use super::*;

        fn one_of(
            words: &'static [&'static str],
        ) -> impl Strategy<Value = &'static str> {
            prop::sample::select(words)
        }

        prop_compose! {
            /// A mount with few possible values, so that a table of some has
            /// stacks, circles, orphans and pairs in it.
            fn mount()(
                id in 1u64..8,
                parent in 0u64..8,
                device in (0u32..2, 1u32..4),
                root in one_of(&["/", "/a", "/a/b", "uts:[1]"]),
                at in one_of(&["/", "/a", "/a/b", "/c", "/ab"]),
                options in one_of(&["rw", "ro", "rw,nosuid"]),
                shared in prop::option::of(1u64..3),
                master in prop::option::of(1u64..3),
                unbindable: bool,
                fs_type in one_of(&["tmpfs", "nsfs", "cgroup"]),
            ) -> Mount {
                Mount {
                    id,
                    parent,
                    device,
                    root: root.to_owned(),
                    at: at.to_owned(),
                    options: options.to_owned(),
                    shared,
                    master,
                    propagate_from: None,
                    unbindable,
                    other: vec![],
                    fs_type: fs_type.to_owned(),
                    source: "none".to_owned(),
                    super_options: "rw".to_owned(),
                }
            }
        }

        fn table() -> impl Strategy<Value = Vec<Mount>> {
            prop::collection::vec(mount(), 0..7).prop_map(|mut table| {
                table.sort_by_key(|mount| mount.id);
                table.dedup_by_key(|mount| mount.id);
                table
            })
        }

        fn changes(before: &[Mount], after: &[Mount]) -> Effect {
            let observed = |table: &[Mount]| Observation {
                mounts: Ok(table.to_vec()),
                ..Observation::default()
            };
            let mut changes = Effect::default();
            effect(&observed(before), &observed(after), &mut changes);
            changes
        }

        proptest! {
            #[test]
            fn has_every_mount_in_one_place(table in table()) {
                prop_assert_eq!(places(&table).len(), table.len());
                let keys: HashSet<Key> =
                    places(&table).iter().map(Place::key).collect();
                prop_assert_eq!(keys.len(), table.len());
            }

            #[test]
            fn is_the_same_as_itself(table in table()) {
                prop_assert!(changes(&table, &table).is_empty());
            }

            #[test]
            fn can_become_any_other(before in table(), after in table()) {
                changes(&before, &after);
            }

            #[test]
            fn is_not_known_by_its_ids(before in table(), after in table()) {
                let renumbered: Vec<Mount> = after
                    .iter()
                    .cloned()
                    .map(|mut mount| {
                        mount.id += 100;
                        mount.parent += 100;
                        mount
                    })
                    .collect();
                prop_assert_eq!(
                    changes(&before, &after),
                    changes(&before, &renumbered)
                );
            }
        }
    }

    #[test]
    fn a_table_that_cannot_be_read_any_more() {
        use nix::errno::Errno;
        let before = observed(SHARED, &[]);
        let mut after = Observation::default();
        let unread = Unread::new("open /proc/self/mountinfo", Errno::ENOENT);
        after.mounts = Err(unread.clone());
        after.read("mounts.from", Err::<String, _>(unread));
        let mut text = Effect::default();
        effect(&before, &after, &mut text);
        assert_eq!(
            text.to_string(),
            "mnt  unread: open /proc/self/mountinfo: ENOENT\n"
        );
        let mut text = Effect::default();
        effect(&before, &Observation::default(), &mut text);
        assert!(text.is_empty());
    }
}
