//! The mount table: mount_namespaces(7).
//!
//! Its effect is the hardest to name. Mount ids, device numbers and peer groups
//! are counters of the machine, most of the table depends on the machine, and a
//! launcher that pivots its root changes every line. So these rules hold:
//!
//! - A mount is named by its mount point and, if several are stacked on one
//!   point, by its position in the stack: `mnt./proc`, `mnt./proc#2`. The order
//!   is that of the mount tree and not of the ids: first a mount, then what is
//!   mounted below it, then what covers it.
//! - Two mounts are *the same* if superblock and root are the same. Device
//!   numbers are compared between the two tables, which were read while the
//!   superblocks existed, and do not appear in the effect.
//! - A new mount of a superblock that the baseline already had is called `bind
//!   of PATH`, whether it was made by MS_BIND or not: the kernel knows no
//!   difference. PATH is where the baseline had that directory.
//! - A peer group is named by the first mount of the baseline in it.
//! - What happened to every mount of a kind (MS_REC), or to the options of
//!   every mount, is one line.
//! - Under a new root the table is listed completely, with `NEWROOT` for the
//!   path at which the baseline had the new root.

mod comparison;
mod listing;
mod pair;
mod place;
#[cfg(test)]
mod tests;
mod words;

use super::Property;
use super::namespaces::is_new;
use crate::effect::Effect;
use crate::mount::{Mount, parse_table};
use crate::observation::{Key, Observation, Unread};
use crate::proc::Proc;
use comparison::TwoTables;
use place::{new_root, places};
use std::collections::HashMap;
use words::kind;

pub(super) const PROPERTY: Property = Property {
    name: "mounts",
    families: &["mnt", "mounts"],
    about: "the mount table: what is mounted where, options, propagation",
    observe,
    effect,
};

/// Reads the table from `/proc/self/mountinfo` or, if that is missing or
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
        // A file masked by /dev/null is empty. The table of a process whose
        // root is no mount point is empty too, and then asking again does no
        // harm.
        Ok(table) if !table.is_empty() => (Ok(table), Ok("mountinfo")),
        read => match (crate::statmount::table(), read) {
            (Ok(table), _) => (Ok(table), Ok("statmount")),
            (Err(_), Ok(table)) => (Ok(table), Ok("mountinfo")),
            // The first failure is reported, because it is the cause.
            (Err(_), Err(unread)) => (Err(unread.clone()), Err(unread)),
        },
    };
    observation.mounts = table;
    observation.read("mounts.from", from);
}

/// The key of each mount of a table, in the order of the table: `mnt.PATH`, and
/// `mnt.PATH#2` for one that is stacked on it.
pub fn keys(table: &[Mount]) -> Vec<Key> {
    let keys: HashMap<u64, Key> = places(table)
        .iter()
        .map(|place| (place.mount.id, place.key()))
        .collect();
    table
        .iter()
        .map(|it| keys.get(&it.id).cloned().unwrap_or_default())
        .collect()
}

/// Every mount as one line, with its key, for printing an observation.
pub fn lines(table: &[Mount]) -> Vec<(Key, String)> {
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
    let comparison = TwoTables {
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
